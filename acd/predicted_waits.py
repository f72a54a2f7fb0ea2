"""Judges callers by how long they are expected to wait, where their queue limits that.

Newcomers are judged within a second of their entry, those whom the queue judges again every few seconds. One
play of the floor serves all, and there is at most one a second, however many callers come; meanwhile they
wait and may be offered. It decides nothing: what follows from an expected wait is the distributor's.
"""

from __future__ import annotations

import asyncio
import contextlib

from prometheus_client import CollectorRegistry, Counter

from acd.core.events import WaitPredicted
from acd.engine import Engine
from acd.forecaster import Forecaster
from hotline.journal import Envelope

LEAST_PAUSE_S = 1.0
AT_ONCE = 50
"""So many are judged before the loop goes on with its other work."""

AGAIN_S = 5.0


class PredictedWaits:
    """One per acd process."""

    def __init__(self, engine: Engine, forecaster: Forecaster, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._forecaster = forecaster
        self._came = asyncio.Event()
        self._judged = Counter(
            "hotline_acd_predicted_waits_total",
            "Waiting calls judged by their expected wait",
            registry=registry,
        )
        engine.follow(self._on_fact)

    def _on_fact(self, envelope: Envelope) -> None:
        if envelope.kind == "CallQueued" and envelope.body.get("rules", {}).get("max_predicted_ms"):
            self._came.set()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        judged_at = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S):
                    await self._came.wait()
            self._came.clear()
            again = loop.time() - judged_at >= AGAIN_S
            await self.judge(again=again)
            judged_at = loop.time() if again else judged_at
            await asyncio.sleep(LEAST_PAUSE_S)

    async def judge(self, *, again: bool) -> None:
        """Judge all newcomers, and if again those who have been judged and are to be anew."""
        fresh, known = self._engine.distributor.to_predict()
        contacts = [*fresh, *known] if again else fresh
        if not contacts:
            return
        entries = {contact: self._engine.picture.entries.get(contact) for contact in contacts}
        foreseen = await self._forecaster.foresee(contacts)
        for number, (contact, wait_ms) in enumerate(foreseen.items(), 1):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            entry = entries[contact]
            if entry is not None:
                self._engine.handle(WaitPredicted(contact, entry.entry, wait_ms))
                self._judged.inc()
