"""Recalls: who is due becomes one, once; who talks with an agent, or is dismissed, is one no more."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from stories import DAY_MS, Story

from acd.adapters.deeds import BadDeed
from acd.core.fact_codec import to_body
from acd.core.facts import OutgoingAnswered, OutgoingStarted
from acd.core.picture import Picture
from acd.recalls import Recalls

MINUTE_MS = 60_000


class Engine:
    """A picture with a clock and followers, as far as recalls look at an engine."""

    def __init__(self) -> None:
        self.picture = Picture(lambda _: DAY_MS)
        self.now_ms = DAY_MS
        self.clock = SimpleNamespace(now_ms=lambda: self.now_ms)
        self.followers: list[Any] = []
        self.told: list[Any] = []

    def follow(self, follower: Any) -> None:
        self.followers.append(follower)

    def record(self, fact: Any) -> None:
        body, kind = to_body(fact), type(fact).__name__
        self.told.append(fact)
        self.picture.apply(kind, fact.at_ms, body)
        for follower in self.followers:
            follower(SimpleNamespace(kind=kind, body=body))

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.told if type(fact).__name__.startswith("Recall")]


def house_left_by_a_caller() -> tuple[Engine, Recalls, CollectorRegistry]:
    """A caller has given up, in a queue that keeps the place for 5 minutes and recalls within the hour."""
    engine, registry = Engine(), CollectorRegistry()
    recalls = Recalls(engine, registry)  # type: ignore[arg-type]
    story = Story("c1").starts().queues(return_within_ms=5 * MINUTE_MS, recall_within_ms=60 * MINUTE_MS)
    for fact in story.after(MINUTE_MS).leaves("abandoned").ends().facts:
        engine.record(fact)
    return engine, recalls, registry


async def test_who_does_not_return_becomes_a_recall_once_with_its_deadline() -> None:
    engine, recalls, registry = house_left_by_a_caller()
    engine.now_ms = DAY_MS + 6 * MINUTE_MS
    recalls.look()
    assert engine.kinds() == []  # the last ms of the five minutes is still in time
    engine.now_ms += 1
    recalls.look()
    recalls.look()
    assert engine.kinds() == ["RecallDue"]
    assert engine.told[-1].deadline_ms == DAY_MS + 66 * MINUTE_MS
    assert registry.get_sample_value("hotline_recalls_open") == 1
    assert registry.get_sample_value("hotline_recalls_overdue") == 0
    engine.now_ms = DAY_MS + 67 * MINUTE_MS
    recalls.look()
    assert registry.get_sample_value("hotline_recalls_overdue") == 1


async def test_a_talk_with_an_agent_settles_the_callers_recalls() -> None:
    engine, recalls, _ = house_left_by_a_caller()
    engine.now_ms = DAY_MS + 7 * MINUTE_MS
    recalls.look()
    again = Story("c2", now_ms=engine.now_ms).starts().queues().rings().answered().connected()
    for fact in again.facts:
        engine.record(fact)
    await asyncio.sleep(0)
    assert engine.kinds() == ["RecallDue", "RecallSettled"]
    assert (engine.told[-1].contact, engine.told[-1].how, engine.told[-1].by) == ("c1", "served", "1001")


async def test_an_agent_who_reaches_the_caller_settles_the_recall() -> None:
    engine, recalls, _ = house_left_by_a_caller()
    engine.now_ms = DAY_MS + 7 * MINUTE_MS
    recalls.look()
    about = ("o-1", "c1", "1001")
    engine.record(OutgoingStarted(engine.now_ms, *about, "desk1", "caller-1", "carrier", "1", False))
    await asyncio.sleep(0)
    assert engine.kinds() == ["RecallDue"]  # it only rings there
    engine.record(OutgoingAnswered(engine.now_ms, *about, "2026/11/22/o-1"))
    await asyncio.sleep(0)
    assert engine.kinds() == ["RecallDue", "RecallSettled"]
    assert (engine.told[-1].contact, engine.told[-1].how, engine.told[-1].by) == ("c1", "done", "1001")


async def test_a_recall_can_be_dismissed_once() -> None:
    engine, recalls, _ = house_left_by_a_caller()
    engine.now_ms = DAY_MS + 7 * MINUTE_MS
    recalls.look()
    assert await recalls.dismiss({"contact": "c1", "by": "wei", "how": ""}) == ""
    assert await recalls.dismiss({"contact": "c1", "by": "wei", "how": "done"}) == "no_recall"
    assert engine.kinds() == ["RecallDue", "RecallSettled"]
    assert (engine.told[-1].how, engine.told[-1].by) == ("dismissed", "wei")


async def test_how_a_recall_was_settled_is_one_of_few() -> None:
    engine, recalls, _ = house_left_by_a_caller()
    engine.now_ms = DAY_MS + 7 * MINUTE_MS
    recalls.look()
    with pytest.raises(BadDeed, match="dismissed, done, unreached"):
        await recalls.dismiss({"contact": "c1", "by": "wei", "how": "served"})
    assert await recalls.dismiss({"contact": "c1", "by": "wei", "how": "unreached"}) == ""
    assert engine.told[-1].how == "unreached"
