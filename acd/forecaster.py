"""Expected waits of callers: plays the floor forward, a little at a time, and stands by what it told.

One play serves all who wait, and is good for a few seconds. Between two replications the loop goes on with
its work: no call is offered later for it. It decides nothing (`acd.core.expected_wait` does).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from random import Random

from acd.core.expected_wait import REPLICATIONS, ForwardPlay, Promise, next_promise, wait_range
from acd.core.facts import WaitPromised
from acd.engine import Engine

FRESH_S = 5.0
NEW_S = 1.0
"""A play may be so old where a wait is judged, not told."""


class Forecaster:
    """One per acd process."""

    def __init__(self, engine: Engine, chance: Random) -> None:
        self._engine = engine
        self._draw = chance.randrange
        self._playing = asyncio.Lock()
        self._taken: list[dict[str, int]] = []
        self._known: dict[str, str] = {}  # who waited when it was played, in order: contact -> queue
        self._played_at = -FRESH_S
        self._played_ms = 0

    async def promise(self, contact: str) -> Promise | None:
        """What this waiting caller is to be told now, written down as a fact; None: nothing.

        Times in ms since the epoch.
        """
        await self._play([contact], FRESH_S)
        now_ms = self._engine.clock.now_ms()
        distributor = self._engine.distributor
        entry, position = self._engine.picture.entries.get(contact), distributor.position(contact)
        waits = wait_range(self._taken, contact)
        if entry is None or position is None or waits is None:
            return None
        low_ms, high_ms = (max(now_ms, self._played_ms + wait_ms) for wait_ms in waits)
        before, queue = self._told_before(contact)
        fresh = Promise(low_ms, high_ms, distributor.who_can_serve(contact), position)
        told = next_promise(before, fresh, now_ms, moved=queue != entry.queue)
        if told is not None:
            self._engine.record(
                WaitPromised(
                    at_ms=now_ms,
                    contact=contact,
                    entry=entry.entry,
                    queue=entry.queue,
                    low_ms=told.low_ms,
                    high_ms=told.high_ms,
                    agents=told.agents,
                    position=told.position,
                    reason=told.reason,
                )
            )
        return told

    def _told_before(self, contact: str) -> tuple[Promise | None, str]:
        """What the caller was told last, and in which queue: it holds until they talk with an agent."""
        view = self._engine.picture.contacts.get(contact)
        if view is None or not view.promise:
            return None, ""
        promise = dict(view.promise)
        queue = promise.pop("queue")
        return Promise(**promise), queue

    async def foresee(self, contacts: Sequence[str]) -> dict[str, int | None]:
        """How long these callers, who wait, will wait from now, in ms: the 80 % quantile, None: nobody knows.

        One behind the MOST_WAITING who are played waits as long as the last of them in the same queue.
        """
        await self._play(contacts, NEW_S)
        passed_ms = self._engine.clock.now_ms() - self._played_ms
        last_of = {queue: contact for contact, queue in self._known.items()}
        foreseen: dict[str, int | None] = {}
        for contact in contacts:
            entry = self._engine.picture.entries.get(contact)
            if entry is None:
                continue
            stands_for = contact if contact in self._known else last_of.get(entry.queue, "")
            waits = wait_range(self._taken, stands_for)
            foreseen[contact] = None if waits is None else max(0, waits[1] - passed_ms)
        return foreseen

    async def _play(self, contacts: Iterable[str], fresh_s: float) -> None:
        async with self._playing:
            loop = asyncio.get_running_loop()
            if self._known.keys() >= set(contacts) and loop.time() - self._played_at < fresh_s:
                return
            self._played_ms = self._engine.clock.now_ms()
            waiting, servers = self._engine.distributor.forecast(self._played_ms)
            play = ForwardPlay(waiting, servers, self._engine.picture.paces.of)
            taken = []
            for _ in range(REPLICATIONS):
                picture = self._engine.picture
                taken.append(play.once(picture.handling, picture.rings, self._draw))
                await asyncio.sleep(0)
            self._taken, self._known = taken, {call.contact: call.queue for call in waiting}
            self._played_at = loop.time()
