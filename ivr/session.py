"""What the handlers need of a FastAGI session, and the few ways in which they talk to a caller.

`telephony.fastagi.AgiSession` fits `Session`; tests use a scripted one. A prompt that Asterisk cannot play is
logged and counted, and the call goes on: better a silent question than a lost caller.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from prometheus_client import Counter

from telephony.errors import AgiFailed

logger = logging.getLogger(__name__)

ALL_DIGITS = "0123456789*#"
MOST_TYPED_AHEAD = 20


class Session(Protocol):
    """A call under our control. Everything raises telephony.errors.HungUp once the session is over."""

    @property
    def args(self) -> tuple[str, ...]: ...
    @property
    def hung_up(self) -> bool: ...
    @property
    def closed(self) -> asyncio.Event: ...
    async def answer(self) -> None: ...
    async def get_variable(self, name: str) -> str: ...
    async def set_variable(self, name: str, value: str) -> None: ...
    async def stream_from(self, name: str, escape_digits: str, sample: int) -> tuple[str, int]: ...
    async def wait_for_digit(self, timeout_ms: int) -> str: ...
    async def record_file(
        self, path: str, file_format: str, escape_digits: str, timeout_ms: int, silence_s: int = 0
    ) -> str: ...


def caller_is_gone(session: Session) -> bool:
    """After HungUp: whether the caller hung up; else we ended the session, and the call goes on."""
    return session.hung_up or not session.closed.is_set()


class Speaker:
    """Says prompts of the catalogue to one caller and hears digits; keeps those typed ahead, in order."""

    def __init__(self, session: Session, failures: Counter) -> None:
        self._session = session
        self._failures = failures
        self._typed = ""  # not used so far; at most MOST_TYPED_AHEAD

    async def say(self, prompt: str, *, interruptible: bool) -> None:
        """Say one prompt. A digit cuts an interruptible one; of another, no word is lost by digits."""
        sample, listens = 0, True
        while listens:
            listens = interruptible or len(self._typed) < MOST_TYPED_AHEAD
            digit, sample = await self._stream(prompt, ALL_DIGITS if listens else "", sample)
            if not digit:
                return
            self._typed = (self._typed + digit)[:MOST_TYPED_AHEAD]
            if interruptible:
                return

    async def ask(self, prompts: tuple[str, ...], timeout_ms: int) -> str:
        """Say the prompts and wait for one digit, "" for none; with digits typed ahead nothing is said."""
        for prompt in prompts:
            if self._typed:
                break
            await self.say(prompt, interruptible=True)
        digit, self._typed = self._typed[:1], self._typed[1:]
        return digit or await self._session.wait_for_digit(timeout_ms)

    def forget_typed(self) -> None:
        """Digits typed ahead so far answer nothing any more."""
        self._typed = ""

    async def _stream(self, prompt: str, escape_digits: str, sample: int) -> tuple[str, int]:
        try:
            return await self._session.stream_from(f"hotline/{prompt}", escape_digits, sample)
        except AgiFailed:
            self._failures.inc()
            logger.error("prompt_not_played", extra={"prompt": prompt})
            return "", sample
