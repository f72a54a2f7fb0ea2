"""FastAGI application "verify": a caller whom an agent sent here enters digits; the agent learns yes or no.

The agent stays in the conversation and hears music meanwhile. Nothing of the digits is kept: not in a fact,
a log, a channel variable or a recording; only the checker is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter

from hotline.core.settings import Settings
from ivr.session import Session, Speaker

logger = logging.getLogger(__name__)

FIRST_DIGIT_MS = 10_000
NEXT_DIGIT_MS = 5_000
RESULT = "HL_VERIFIED"
"""Channel variable: verified or failed."""


class Knower(Protocol):
    """Who knows whether digits are right; `ivr.adapters.checker.Checker` is one."""

    async def verified(self, url: str, contact: str, digits: str, timeout_s: float) -> bool | None: ...


class Verification:
    """Its argument is the contact."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        knower: Knower,
        registry: CollectorRegistry,
        prompts_failed: Counter,
    ) -> None:
        self._settings = settings
        self._knower = knower
        self._prompts_failed = prompts_failed
        self._results = Counter(
            "hotline_ivr_verifications_total", "Callers verified", ["result"], registry=registry
        )

    async def __call__(self, session: Session) -> None:
        """Ask, at most as often as the settings say; the result stands in the channel variable RESULT."""
        contact = session.args[0] if session.args else ""
        rules = self._settings().verification
        speaker = Speaker(session, self._prompts_failed)
        result = "failed"
        for _ in range(rules.tries if rules.url else 0):
            digits = await self._read(session, speaker, rules.digits)
            known = (
                await self._knower.verified(rules.url, contact, digits, rules.timeout_s) if digits else False
            )
            if known is None:
                result = "unavailable"
                break
            if known:
                result = "verified"
                break
            await speaker.say("verify-wrong", interruptible=False)
        self._results.labels(result).inc()
        await session.set_variable(RESULT, "verified" if result == "verified" else "failed")

    async def _read(self, session: Session, speaker: Speaker, most: int) -> str:
        """Up to so many digits, ended by # or silence."""
        speaker.forget_typed()
        digits, digit = "", await speaker.ask(("verify-enter",), FIRST_DIGIT_MS)
        while digit and digit not in "#*":
            digits += digit
            if len(digits) >= most:
                break
            digit = await speaker.ask((), NEXT_DIGIT_MS)
        return digits
