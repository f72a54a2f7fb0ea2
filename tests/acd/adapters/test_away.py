"""What happened while acd was away is told at its time, also a conversation that began meanwhile."""

from types import SimpleNamespace
from typing import Any, cast

from acd.adapters.away import Away
from acd.adapters.cel import EndedLeg, Ends, Talk
from acd.core.events import Event, LegEnded, OfferAnswered, OfferConnected
from acd.engine import Engine

NOW_MS = 1_700_000_100_000
TALK = Talk(answered_ms=5_000, connected_ms=5_500)


def events_told(ends: Ends, *, alive: dict[str, str]) -> list[Event]:
    """What the engine hears of agent 1001's leg 1-1 and agent 1002's leg 1-2."""
    told: list[Event] = []
    agents = {"1001": SimpleNamespace(offer="1-1"), "1002": SimpleNamespace(offer="1-2")}
    engine: Any = SimpleNamespace(
        handle=told.append,
        picture=SimpleNamespace(agents=agents, contacts={}, entries={}),
        clock=SimpleNamespace(now_ms=lambda: NOW_MS),
    )
    away = Away(cast(Engine, engine), lambda: ends, lambda offer, at_ms: f"{at_ms}/{offer}", (), NOW_MS)
    away.tell_before_snapshot(ends, gone=(), in_fallback=(), alive=alive)
    return told


def test_a_conversation_that_began_and_ended_meanwhile() -> None:
    ends = Ends(legs={"1-1": EndedLeg(8_000, 16, "transfer", TALK)})
    assert events_told(ends, alive={}) == [
        OfferAnswered("1-1", at_ms=5_000),
        OfferConnected("1-1", "5500/1-1", at_ms=5_500),
        LegEnded("1-1", 16, "transfer", at_ms=8_000),
    ]


def test_a_conversation_that_began_meanwhile_and_goes_on() -> None:
    ends = Ends(talks={"u2": TALK, "u9": TALK})
    assert events_told(ends, alive={"1-2": "u2"}) == [
        OfferAnswered("1-2", at_ms=5_000),
        OfferConnected("1-2", "5500/1-2", at_ms=5_500),
    ]


def test_a_leg_that_was_hung_up_in_the_whisper_has_not_talked() -> None:
    ends = Ends(legs={"1-1": EndedLeg(8_000, 16, "agent", Talk(answered_ms=5_000))})
    assert events_told(ends, alive={}) == [
        OfferAnswered("1-1", at_ms=5_000),
        LegEnded("1-1", 16, "agent", at_ms=8_000),
    ]
