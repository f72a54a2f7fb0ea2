"""A simulated house that tells its callers how long they will wait, and remembers what became of it.

The distributor, the picture and the forecaster are the live ones; callers, talks and time are simulated
(`acd.simulation.house`). Nobody gives up, so that every promise is kept or broken.
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from types import SimpleNamespace
from typing import Any

from acd.core.distributor import Decision
from acd.core.events import Event
from acd.core.fact_codec import to_body
from acd.core.facts import Fact, WaitPromised
from acd.core.picture import Picture
from acd.forecaster import Forecaster
from acd.simulation.house import START_MS, House
from acd.simulation.people import Contact
from acd.simulation.reading import read_scenario
from acd.simulation.scenario import Scenario
from acd.simulation.watch import Watch


@dataclass(frozen=True)
class Told:
    """What one caller was told first, and when somebody answered. Times in ms from the start."""

    queue: str
    at_ms: int
    low_ms: int
    high_ms: int
    answered_ms: int


class _FoldingWatch(Watch):
    """Folds the decided facts into a picture, as acd does."""

    picture: Picture

    def decided(self, event: Event, decision: Decision, now_ms: int) -> None:
        super().decided(event, decision, now_ms)
        for fact in decision.facts:
            self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))


class PromisingHouse(House):
    """Each caller who still waits tell_after_ms after the entry is told how long it will take."""

    def __init__(self, scenario: Scenario, replication: int, tell_after_ms: int) -> None:
        watch = _FoldingWatch(scenario, sha256())
        super().__init__(scenario, replication, watch)
        self.picture = watch.picture = Picture(lambda _: 0)
        self.clock = SimpleNamespace(now_ms=lambda: START_MS + self._now_ms)
        self._tell_after_ms = tell_after_ms
        self._told: list[tuple[Contact, WaitPromised]] = []
        self._forecaster = Forecaster(self, Random(replication))  # type: ignore[arg-type]

    # What a forecaster looks at in an engine, besides picture and clock.

    @property
    def distributor(self) -> Any:
        return self._distributor

    def record(self, fact: Fact) -> None:
        self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        if isinstance(fact, WaitPromised):
            self._told.append((self._watch.open_contacts[fact.contact], fact))

    def told(self) -> Iterator[Told]:
        """Play until the last caller has been answered, and give all who were told something."""
        with _virtual_loop(lambda: self._now_ms / 1000) as loop:
            self._loop = loop
            self.tally = self.run()
        for contact, fact in self._told:
            low_ms, high_ms = fact.low_ms - START_MS, fact.high_ms - START_MS
            at_ms = fact.at_ms - START_MS
            yield Told(contact.queue.name, at_ms, low_ms, high_ms, contact.answered_ms)

    def _arrive(self, source: Any) -> None:
        known = set(self._watch.open_contacts)
        super()._arrive(source)
        for name, contact in self._watch.open_contacts.items():
            if name not in known:
                self._at(self._now_ms + self._tell_after_ms, self._tell_wait, contact)

    def _tell_wait(self, contact: Contact) -> None:
        if contact.phase == "waiting":
            self._loop.run_until_complete(self._forecaster.promise(contact.id))


@contextmanager
def _virtual_loop(time_s: Any) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop whose clock is the house's: a play of the floor grows old as it does live."""
    loop = asyncio.new_event_loop()
    loop.time = time_s  # type: ignore[method-assign]
    try:
        yield loop
    finally:
        loop.close()


def promises_of(scenario: str, replications: Iterable[int], tell_after_s: float) -> list[list[Told]]:
    """All who were told something after the warm-up, by replication. scenario: TOML, docs/simulation.md."""
    read = read_scenario(tomllib.loads(scenario), "promises.toml", lambda _: "")
    return [
        [
            one
            for one in PromisingHouse(read, replication, round(tell_after_s * 1000)).told()
            if one.at_ms >= read.warmup_ms
        ]
        for replication in replications
    ]
