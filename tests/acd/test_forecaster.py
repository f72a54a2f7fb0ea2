"""Promises: one play serves all who wait for a while, each promise is a fact, and none is broken lightly."""

import asyncio
from random import Random
from types import SimpleNamespace
from typing import Any

from decision_table import START_MS, Table, event_of

from acd import forecaster
from acd.core.expected_wait import USUAL_FROM_TALKS, ForwardPlay, Promise
from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from acd.core.picture import Picture
from acd.forecaster import Forecaster


class Engine:
    """A table of decisions with a picture and a clock, as far as a forecaster looks at an engine."""

    def __init__(self) -> None:
        self.table, self.picture = Table(), Picture(lambda _: 0)
        self.distributor = self.table.distributor
        self.now_ms = 0
        self.clock = SimpleNamespace(now_ms=lambda: START_MS + self.now_ms)
        self.facts: list[Fact] = []

    def play(self, *words: str) -> None:
        for one in words:
            for fact in self.table.handle(event_of(one.split()), self.now_ms).facts:
                self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))

    def record(self, fact: Any) -> None:
        self.facts.append(fact)
        self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))


def busy_house() -> tuple[Engine, Forecaster]:
    """1001 has begun to talk; every talk lasts a minute, and 10 s of after-contact work follow."""
    engine = Engine()
    for _ in range(USUAL_FROM_TALKS):
        engine.picture.handling.add("service", 60_000)
        engine.picture.rings.add("service", 0)
    engine.play("ready 1001", "arrive c1 service since=0", "rang 1-1", "answered 1-1", "bridged 1-1")
    return engine, Forecaster(engine, Random(1))


async def test_a_promise_is_told_and_is_a_fact() -> None:
    engine, promises = busy_house()
    engine.play("arrive c2 service since=0", "arrive c3 service since=0")
    end_ms = START_MS + 70_000
    assert await promises.promise("c2") == Promise(end_ms, end_ms, 1, 1)
    assert await promises.promise("c3") == Promise(end_ms + 70_000, end_ms + 70_000, 1, 2)
    assert [(fact.contact, fact.high_ms - START_MS) for fact in engine.facts] == [
        ("c2", 70_000),
        ("c3", 140_000),
    ]


async def test_a_slow_agent_is_waited_for_longer() -> None:
    engine, promises = busy_house()
    for _ in range(30):
        engine.picture.paces.add("1001", 120_000, 60_000, 300_000)
    engine.play("arrive c2 service since=0")
    end_ms = START_MS + round(1.75 * 60_000) + 10_000
    assert await promises.promise("c2") == Promise(end_ms, end_ms, 1, 1)


async def test_the_ring_is_part_of_the_promised_wait() -> None:
    engine, promises = busy_house()
    for _ in range(200):
        engine.picture.rings.add("service", 3_000)
    engine.play("arrive c2 service since=0")
    end_ms = START_MS + 73_000
    assert await promises.promise("c2") == Promise(end_ms, end_ms, 1, 1)


async def test_nothing_is_promised_where_nobody_can_serve() -> None:
    engine, promises = busy_house()
    engine.play("arrive c2 service english since=0")
    assert await promises.promise("c2") is None
    assert await promises.promise("unknown") is None
    assert engine.facts == []


async def test_a_later_end_needs_a_reason_also_after_a_restart() -> None:
    engine, promises = busy_house()
    engine.play("ready 1003", "arrive c2 service since=0", "rang 1-2", "answered 1-2", "bridged 1-2")
    engine.play("arrive c3 service since=0", "arrive c4 service since=0")
    first = await promises.promise("c4")
    assert first == Promise(START_MS + 70_000, START_MS + 70_000, 2, 2)
    engine.play("not_ready 1003 meal")
    restarted = Forecaster(engine, Random(2))
    assert await restarted.promise("c4") == Promise(
        START_MS + 140_000, START_MS + 140_000, 1, 2, "fewer_agents"
    )


async def test_what_was_told_in_one_queue_is_not_forgotten_in_the_next() -> None:
    engine, promises = busy_house()
    engine.play("arrive c2 service since=0", "arrive c3 orders since=0", "arrive c4 orders since=0")
    assert await promises.promise("c2") == Promise(START_MS + 70_000, START_MS + 70_000, 1, 1)
    engine.picture.contacts["c2"].promise["high_ms"] -= 1  # as if it had been a little earlier
    engine.play("send_on c2 queue:orders", "arrive c2 orders entry=2 since=0")
    later = await Forecaster(engine, Random(1)).promise("c2")
    assert later is not None and later.reason == "moved"
    assert engine.picture.contacts["c2"].promise["queue"] == "orders"


async def test_one_play_serves_all_for_a_while(monkeypatch: Any) -> None:
    engine, promises = busy_house()
    engine.play("arrive c2 service since=0", "arrive c3 service since=0")
    plays = 0

    def counted(*arguments: Any) -> dict[str, int]:
        nonlocal plays
        plays += 1
        return real(*arguments)

    real = ForwardPlay.once
    monkeypatch.setattr(ForwardPlay, "once", counted)
    await asyncio.gather(promises.promise("c2"), promises.promise("c3"))
    assert plays == forecaster.REPLICATIONS
    engine.play("arrive c4 service since=0")  # was not there when it was played
    await promises.promise("c4")
    assert plays == 2 * forecaster.REPLICATIONS


async def test_the_wait_of_each_is_foreseen_from_now_on() -> None:
    engine, waits = busy_house()
    engine.play("arrive c2 service since=0", "arrive c3 service since=0", "arrive c4 service english since=0")
    assert await waits.foresee(["c2", "c3", "c4", "gone"]) == {"c2": 70_000, "c3": 140_000, "c4": None}
    engine.now_ms += 400
    assert await waits.foresee(["c3"]) == {"c3": 139_600}  # the same play, a little later
    assert engine.facts == []  # nobody was told anything


async def test_one_behind_all_who_are_played_waits_as_long_as_the_last_of_the_same_queue(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr("acd.core.forecast.MOST_WAITING", 2)
    engine, waits = busy_house()
    engine.play("arrive c2 service since=0", "arrive c3 service since=1", "arrive c4 service since=2")
    engine.play("arrive c5 orders since=3")
    assert await waits.foresee(["c4", "c5"]) == {"c4": 140_000, "c5": None}
