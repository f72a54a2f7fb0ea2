"""Callers who left unserved and did not return become recalls, until they talk with an agent.

It decides nothing (`acd.core.returns` does): once a second it looks who is due, and writes that down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

from acd.adapters.deeds import BadDeed
from acd.core.facts import RecallDue, RecallSettled
from acd.engine import Engine
from hotline.journal import Envelope

LOOK_EVERY_S = 1.0
HOWS = ("dismissed", "done", "unreached")


class Recalls:
    """Follows the engine's facts; `run` looks who is due."""

    def __init__(self, engine: Engine, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._open = Gauge("hotline_recalls_open", "Callers who are to be called back", registry=registry)
        self._overdue = Gauge(
            "hotline_recalls_overdue", "Callers who were to be called back by now", registry=registry
        )
        engine.follow(self._follow)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Write down who is due by now."""
        now_ms, returns = self._engine.clock.now_ms(), self._engine.picture.returns
        for gone in returns.due(now_ms):
            self._engine.record(
                RecallDue(
                    at_ms=now_ms,
                    contact=gone.contact,
                    caller=gone.caller,
                    queue=gone.queue,
                    left_ms=gone.left_ms,
                    deadline_ms=gone.until_ms + gone.recall_ms,
                )
            )
        self._open.set(len(returns.recalls))
        self._overdue.set(sum(recall.deadline_ms < now_ms for recall in returns.recalls.values()))

    def _follow(self, envelope: Envelope) -> None:
        settled: list[str] = []
        returns, contact = self._engine.picture.returns, envelope.body.get("contact", "")
        if envelope.kind == "CallConnected":
            view = self._engine.picture.contacts.get(contact)
            settled = returns.recalls_of(view.caller) if view is not None else []
        elif envelope.kind == "OutgoingAnswered" and contact in returns.recalls:
            settled = returns.recalls_of(returns.recalls[contact].caller)
        how = "served" if envelope.kind == "CallConnected" else "done"
        for one in settled:
            # Not from within the fact that is being told: the next one comes after it.
            asyncio.get_running_loop().call_soon(self._settle, one, how, envelope.body["agent"])

    def _settle(self, contact: str, how: str, by: str) -> str:
        if contact not in self._engine.picture.returns.recalls:
            return "no_recall"
        self._engine.record(RecallSettled(self._engine.clock.now_ms(), contact, how, by))
        return ""

    async def dismiss(self, words: Mapping[str, str]) -> str:
        """The deed "dismiss_recall" (see `acd.adapters.deeds`): nobody is to call this caller any more.

        how: done, unreached, or dismissed, which is meant when it is not given. Raises BadDeed.
        """
        how = words["how"] or HOWS[0]
        if how not in HOWS:
            raise BadDeed("how", how, ", ".join(HOWS))
        return self._settle(words["contact"], how, words["by"])
