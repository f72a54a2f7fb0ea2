"""The door by which callers come in: FastAGI is open while acd sees Asterisk, and a little longer.

An acd that cannot see Asterisk would hold its callers without end. Given back, they keep their places in the
dialplan, which asks again and falls back when it has waited enough. It must not know what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from acd.background import AGAIN_S
from telephony.fastagi import FastAgiServer

logger = logging.getLogger(__name__)

BLIND_S = 5.0
"""acd goes on so long without seeing Asterisk: time for a link that was cut to come back."""


class Door:
    """Opens and closes the server; `ready` is called whenever it is open and Asterisk seen."""

    def __init__(self, server: FastAgiServer, ready: Callable[[], None], registry: CollectorRegistry) -> None:
        self._server, self._ready = server, ready
        self._sees, self._blind = asyncio.Event(), asyncio.Event()
        self._given_back = Counter(
            "hotline_acd_blind_total",
            "Times acd gave its callers back to the dialplan because it could not see Asterisk.",
            registry=registry,
        )

    def see(self, sees: bool) -> None:
        """Tell whether Asterisk's channels are known now."""
        gained, lost = (self._sees, self._blind) if sees else (self._blind, self._sees)
        lost.clear()
        gained.set()
        if sees and self._server.listening:
            self._ready()

    async def run(self) -> None:
        """Open and close until cancelled."""
        while True:
            await self._sees.wait()
            await self._open()
            while self._server.listening:
                await self._blind.wait()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._sees.wait(), BLIND_S)
                    continue
                logger.error("acd_blind", extra={"after_s": BLIND_S})
                self._given_back.inc()
                await self._server.close()

    async def _open(self) -> None:
        while not self._server.listening:
            try:
                await self._server.start()
            except OSError as error:  # the port is taken, perhaps by one of us who is about to end
                logger.error("fastagi_not_opened", extra={"error": str(error)})
                await asyncio.sleep(AGAIN_S)
        if self._sees.is_set():
            self._ready()
