"""Asks the other services how they are and what they count, over their Unix sockets.

This module must not know what their answers mean.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from hotline.deployment import Deployment
from hotline.http_bodies import read_at_most

log = logging.getLogger(__name__)

OTHERS = ("acd", "ivr", "ledger", "keeper")
ASK_LIMIT_S = 1.0
KEPT_S = 1.0  # an answer about health serves everyone who asks within so long
_MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """state: ready, not_ready (with its reason), absent (does not answer)."""

    state: str
    why: str = ""


class Services:
    """The other services of this deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._asking = asyncio.Lock()
        self._health: Mapping[str, Health] = {}
        self._asked_s: float | None = None

    async def health(self) -> Mapping[str, Health]:
        """Every other service's health, at most KEPT_S old."""
        async with self._asking:
            if self._asked_s is None or time.monotonic() - self._asked_s > KEPT_S:
                answers = await asyncio.gather(*(self._health_of(name) for name in OTHERS))
                self._health = dict(zip(OTHERS, answers, strict=True))
                self._asked_s = time.monotonic()
            return self._health

    async def metrics(self) -> dict[str, str | None]:
        """Every other service's metrics as text; None for one that does not answer."""
        answers = await asyncio.gather(*(self._ask(name, "/metrics") for name in OTHERS))
        return {
            name: answer[1].decode("utf-8", "replace") if answer and answer[0] == 200 else None
            for name, answer in zip(OTHERS, answers, strict=True)
        }

    async def _health_of(self, name: str) -> Health:
        answer = await self._ask(name, "/healthz")
        if answer is None:
            return Health("absent", "does not answer")
        status, body = answer
        if status == 200:
            return Health("ready")
        try:
            why = str(json.loads(body).get("why", ""))
        except (ValueError, AttributeError):
            why = f"answers {status}"
        return Health("not_ready", why)

    async def _ask(self, name: str, path: str) -> tuple[int, bytes] | None:
        connector = aiohttp.UnixConnector(str(self._deployment.socket(name)))
        timeout = aiohttp.ClientTimeout(total=ASK_LIMIT_S)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.get(f"http://{name}{path}") as response,
            ):
                return response.status, await read_at_most(response.content, _MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.debug("service_silent", extra={"asked": name, "path": path, "why": type(error).__name__})
            return None
