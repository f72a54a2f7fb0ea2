"""Asks whoever knows whether the digits that a caller entered are right; keeps and logs nothing of them.

The question is a POST of JSON {"contact", "digits"} to the address of the settings; {"verified": true} with
status 200 means yes, all else no.
"""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp

from hotline.http_bodies import read_at_most

logger = logging.getLogger(__name__)

LONGEST_ANSWER = 4096


class Checker:
    """One per ivr process; it holds no connection open between questions."""

    async def verified(self, url: str, contact: str, digits: str, timeout_s: float) -> bool | None:
        """Whether the digits are right; None when nobody could say within timeout_s."""
        try:
            timeout = aiohttp.ClientTimeout(total=timeout_s)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    url, json={"contact": contact, "digits": digits}, allow_redirects=False
                ) as response,
            ):
                if response.status != 200:
                    logger.error("verification_refused", extra={"status": response.status})
                    return None
                answer = json.loads(await read_at_most(response.content, LONGEST_ANSWER))
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            # Only the kind: the error's text may hold the address with a password in it.
            logger.error("verification_failed", extra={"why": type(error).__name__})
            return None
        return isinstance(answer, dict) and answer.get("verified") is True
