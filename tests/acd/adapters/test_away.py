"""What happened while acd was away is told at its time, also a conversation that began meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from acd.adapters.away import OVERLAP_MS, TOLD_AT_ONCE, Away
from acd.adapters.cel import EndedContact, EndedLeg, Ends, Talk
from acd.core.events import Event, LegEnded, OfferAnswered, OfferConnected
from acd.core.facts import ContactEnded, ContactStarted, Fact
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
    away = Away(cast(Engine, engine), lambda _: ends, lambda offer, at_ms: f"{at_ms}/{offer}", (), 0, 0)
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


def away_for_long(asked: list[int | None], recorded: list[Fact], ends: Ends) -> Away:
    """acd's journal goes back to 40 s, and had its last word at 90 s."""
    engine: Any = SimpleNamespace(
        record=recorded.append,
        picture=SimpleNamespace(agents={}, contacts={}, entries={}),
        clock=SimpleNamespace(now_ms=lambda: NOW_MS),
    )

    def read(since_ms: int | None) -> Ends:
        asked.append(since_ms)
        return ends

    return Away(cast(Engine, engine), read, lambda offer, at_ms: offer, {"known"}, 40_000, 90_000)


async def test_the_log_is_read_from_where_the_journal_ends_then_from_where_the_link_was_lost() -> None:
    asked: list[int | None] = []
    away = away_for_long(asked, [], Ends())
    await away.ends(())
    away.tell_after_snapshot(Ends(), (), ())
    assert await away.ends(()) == Ends()  # nothing is asked: nobody was away
    away.begin()
    away.begin()
    await away.ends(())
    assert asked == [90_000 - OVERLAP_MS, NOW_MS - OVERLAP_MS]


async def test_who_came_and_went_unseen_is_written_down_in_turns() -> None:
    """Many after a long absence: calls go on between. A link that is lost meanwhile loses none of them."""
    count, recorded = 2 * TOLD_AT_ONCE + 1, list[Fact]()
    one = EndedContact(50_000, 60_000, "survey", "", 0, False, "4001", "carrier", False, 16, "caller")
    ends = Ends(contacts={name: one for name in ("known", "seen", *map(str, range(count)))})
    away = away_for_long([], recorded, ends)
    away.tell_after_snapshot(ends, (), {"seen"})
    telling = asyncio.create_task(away.tell_unseen())
    await asyncio.sleep(0)
    assert len(recorded) == 2 * TOLD_AT_ONCE
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    await away.tell_unseen()
    started = [fact.contact for fact in recorded if isinstance(fact, ContactStarted)]
    ended = [fact.contact for fact in recorded if isinstance(fact, ContactEnded)]
    assert started == ended == list(map(str, range(count)))
