"""The reducer by itself: halves make a whole, what is open survives a new program, ends have names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import DAY_MS, Story, random_day

from acd.core.fact_codec import to_body
from acd.core.facts import (
    AgentStateChanged,
    Fact,
    OutgoingAnswered,
    OutgoingEnded,
    OutgoingStarted,
    WaitPromised,
)
from acd.core.fold import Fold, flow_outcome
from acd.core.picture import Today
from acd.core.totals import AgentTotals, Totals


def counted(facts: list[Fact]) -> Today:
    books = Today(DAY_MS)
    fold = Fold(books)
    for fact in facts:
        fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return books


def added(one: dict[str, Any], two: dict[str, Any], zero: type[Totals] | type[AgentTotals]) -> dict[str, Any]:
    return {name: one.get(name, zero()) + two.get(name, zero()) for name in sorted({*one, *two})}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 39))
def test_totals_of_two_halves_make_the_totals_of_the_whole(seed: int, half: int) -> None:
    """The halves are contacts. Agents' states belong to neither, so they are left out everywhere."""
    facts = [fact for fact in random_day(seed, contacts=40) if not isinstance(fact, AgentStateChanged)]

    def belongs(fact: Fact) -> bool:
        return int(to_body(fact)["contact"].split(".")[1]) < half

    one = counted([fact for fact in facts if belongs(fact)])
    two = counted([fact for fact in facts if not belongs(fact)])
    whole = counted(facts)
    assert (one.day + two.day).to_dict() == whole.day.to_dict()
    assert added(one.by_queue, two.by_queue, Totals) == dict(sorted(whole.by_queue.items()))
    assert added(one.by_agent, two.by_agent, AgentTotals) == dict(sorted(whole.by_agent.items()))


def test_what_was_open_is_taken_over_from_another_version_of_the_program() -> None:
    books = Today(DAY_MS)
    fold = Fold(books)
    for fact in Story("c").starts().queues().rings().facts:
        fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    kept = fold.to_dict()
    kept["contacts"]["c"]["a_field_of_the_future"] = 1
    del kept["agents"]["1001"]["intent_reason"]
    restored = Fold(books)
    restored.load(kept)
    assert restored.contacts == fold.contacts
    assert restored.agents == fold.agents
    assert (restored.entries, restored.legs) == (fold.entries, fold.legs)


@pytest.mark.parametrize(
    ("outcome", "stage", "by", "expected"),
    [
        ("message", "flow", "us", "message"),
        ("voice_message", "fallback", "caller", "voice_message"),
        ("", "fallback", "lost", "fallback"),
        ("", "flow", "lost", "lost"),
        ("queued", "flow", "caller", "hung_up"),
        ("", "arrived", "caller", "hung_up"),
    ],
)
def test_every_end_in_the_flow_has_one_name(outcome: str, stage: str, by: str, expected: str) -> None:
    assert flow_outcome({"outcome": outcome, "stage": stage, "hung_up_by": by}) == expected


def test_short_abandonment_is_counted_by_each_queue_s_own_limit_up_to_its_last_ms() -> None:
    story = Story("c").starts()
    for queue, limit_ms, wait_ms in (
        ("sales", 2_000, 2_000),
        ("sales", 2_000, 2_001),
        ("service", 9_000, 9_000),
        ("service", 9_000, 9_001),
    ):
        story.queues(queue, short_abandon_ms=limit_ms).after(wait_ms).leaves("abandoned")
    story.queues("service", short_abandon_ms=9_000).leaves("out", "voicemail")
    books = counted(story.facts)
    assert [books.day.short_abandoned, books.day.abandoned] == [2, 4]
    assert [books.by_queue[name].short_abandoned for name in ("sales", "service")] == [1, 1]


def test_a_journal_without_short_abandon_limits_has_the_house_s_of_five_seconds() -> None:
    books = Today(DAY_MS)
    fold = Fold(books)
    for contact, wait_ms in (("c1", 5_000), ("c2", 5_001)):
        for fact in Story(contact).starts().queues().after(wait_ms).leaves("abandoned").facts:
            body = to_body(fact)
            body.pop("short_abandon_ms", None)
            fold.apply(type(fact).__name__, fact.at_ms, body)
    assert (books.day.short_abandoned, books.day.abandoned) == (1, 2)


def test_one_way_calls_are_counted_where_the_segment_is() -> None:
    story = Story("c").starts().queues("service").rings().answered().connected().after(9_000).silent()
    books = counted(story.facts)
    assert (books.day.one_way, books.by_queue["service"].one_way) == (1, 1)


def test_after_contact_work_that_is_prolonged_is_counted_whole() -> None:
    story = Story("c").starts().queues().rings().answered().connected().after(5_000)
    story.segment_ends(5_000)
    facts = story.facts[:-1]  # without becoming ready at once
    end_ms = story.now_ms
    for passed_ms, state in ((0, "acw"), (10_000, "acw"), (25_000, "ready")):
        about = ("1001", state, "", "ready", "phone-1001", "c", "sales", 0)
        facts.append(AgentStateChanged(end_ms + passed_ms, *about))
    books = counted(facts)
    assert books.day.acw_ms == books.by_queue["sales"].acw_ms == books.by_agent["1001"].acw_ms == 25_000


def test_a_promise_is_kept_when_the_answer_comes_by_its_first_end() -> None:
    kept = [_promised(wait_ms=3_000, ends_ms=(4_000,)), _promised(wait_ms=4_000, ends_ms=(4_000, 9_000))]
    broken = _promised(wait_ms=4_001, ends_ms=(4_000, 9_000))
    assert [(one.promised, one.promises_kept) for one in kept] == [(1, 1), (1, 1)]
    assert (broken.promised, broken.promises_kept) == (1, 0)
    assert _promised(wait_ms=4_000, ends_ms=()).promised == 0


def _promised(wait_ms: int, ends_ms: tuple[int, ...]) -> Totals:
    """The day of one answered caller who was promised these ends, in ms from the wait's beginning."""
    story = Story("c").starts().queues()
    since_ms = story.facts[-1].wait_since_ms  # type: ignore[attr-defined]
    for end_ms in ends_ms:
        story.facts.append(WaitPromised(story.now_ms, "c", 1, "sales", since_ms, since_ms + end_ms, 1, 1, ""))
    story.now_ms = since_ms + wait_ms
    return counted(story.answered().connected().facts).day


def test_talks_of_a_queue_are_remembered_for_the_expected_wait() -> None:
    fold = Fold(Today(DAY_MS))
    story = Story("c").starts().queues().rings().after(3_000).answered().connected()
    first = story.segment_ends(5_000, 1_000).facts
    for fact in first:
        fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert fold.handling.to_dict() == {"sales": [6_000]}
    assert fold.rings.to_dict() == {"sales": [3_000]}
    assert fold.paces.to_dict() == {}  # of too few there is nothing usual
    back = Story("b").starts().queues(rules={"reach_ms": 30_000}).rings().after(20_000).answered().connected()
    for fact in back.facts:
        fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert fold.rings.to_dict() == {"sales": [3_000]}  # the person was called meanwhile
    for talk in range(10):
        story = Story(f"d{talk}").starts().queues().rings().answered().connected().segment_ends(8_000, 1_000)
        for fact in story.facts:
            fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert fold.paces.to_dict() == {"1001": [1, 9_000, 8_700]}


def test_outgoing_calls_count_where_they_began_once() -> None:
    books = Today(DAY_MS)
    fold = Fold(books)
    about = ("o-1", "c1", "1001")
    for fact in (
        OutgoingStarted(DAY_MS, *about, "desk1", "callee", "carrier", "1", False),
        OutgoingStarted(DAY_MS, *about, "desk1", "callee", "carrier", "1", False),
        OutgoingAnswered(DAY_MS + 500, *about, "2026/01/01/o-1"),
    ):
        fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert fold.outgoing["o-1"].answered_ms == DAY_MS + 500
    ended = OutgoingEnded(DAY_MS + 1500, *about, "answered", 1000, 16)
    for _ in range(2):
        fold.apply("OutgoingEnded", ended.at_ms, to_body(ended))
    assert fold.outgoing == {}
    assert (books.by_agent["1001"].outgoing, books.by_agent["1001"].outgoing_ms) == (1, 1000)


def test_a_call_outside_by_a_queue_s_exit_is_on_nobody_s_day() -> None:
    books = Today(DAY_MS)
    fold = Fold(books)
    about = ("o-c1.1", "c1", "")
    for fact in (
        OutgoingStarted(DAY_MS, *about, "", "callee", "carrier", "", False),
        OutgoingAnswered(DAY_MS + 500, *about, "2026/01/01/o-c1.1"),
        OutgoingEnded(DAY_MS + 1500, *about, "answered", 1000, 16),
    ):
        fold.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        assert bool(fold.outgoing) == (fact.at_ms < DAY_MS + 1500)
    assert books.by_agent == {}
