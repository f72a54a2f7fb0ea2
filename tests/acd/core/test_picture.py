"""What the wallboard shows and acd recovers from, told as stories of contacts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

import pytest
from stories import DAY_MS, Story, agent_state, random_day

from acd.core.fact_codec import to_body
from acd.core.facts import CallConnected, DispositionGiven, DispositionMissed, Fact, SegmentEnded
from acd.core.picture import Picture
from acd.core.totals import Totals, Waits

HOUR_MS = 3_600_000


def midnight(at_ms: int) -> int:
    return at_ms - at_ms % (24 * HOUR_MS)


def picture_of(*parts: Story | Fact | Iterable[Fact]) -> Picture:
    picture = Picture(midnight)
    facts: list[Fact] = []
    for part in parts:
        facts += part.facts if isinstance(part, Story) else [part] if isinstance(part, Fact) else part
    for fact in sorted(facts, key=lambda fact: fact.at_ms):
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return picture


def served(contact: str = "c", wait_ms: int = 4_000) -> Story:
    story = Story(contact).starts().after(9_000).queues().rings().after(wait_ms).answered().after(1_000)
    story.connected().after(60_000).held(True).after(5_000).held(False).after(20_000)
    return story.segment_ends(80_000, 5_000, acw_ms=10_000).after(3_000).ends("queued", digit=5, asked=True)


def test_a_served_contact_is_counted_in_every_number() -> None:
    picture = picture_of(served())
    assert picture.contacts == {}
    assert picture.day == Totals(
        contacts=1,
        asked=1,
        timely=1,
        offered=1,
        answered_waits=Waits([4_000]),
        offers=1,
        handled=1,
        talk_ms=80_000,
        hold_ms=5_000,
        acw_ms=10_000,
        survey_asked=1,
        satisfaction={"5": 1},
    )
    assert picture.day_by_queue == {"sales": picture.day}
    agent = picture.day_by_agent["1001"]
    assert (agent.offers, agent.handled, agent.talk_ms, agent.hold_ms) == (1, 1, 80_000, 5_000)
    assert (agent.acw_ms, agent.satisfaction) == (10_000, {"5": 1})
    assert agent.states_ms == {"offered": 4_000, "on_contact": 86_000, "acw": 10_000}


@pytest.mark.parametrize(("wait_ms", "timely"), [(14_999, 1), (15_000, 1), (15_001, 0)])
def test_in_time_is_up_to_and_with_the_target(wait_ms: int, timely: int) -> None:
    assert picture_of(served(wait_ms=wait_ms)).day.timely == timely


@pytest.mark.parametrize(
    ("outcome", "by", "stage", "expected"),
    [
        ("blocked", "us", "", Totals(contacts=1, blocked=1)),
        ("closed", "us", "", Totals(contacts=1, closed=1)),
        ("voice_message", "caller", "", Totals(contacts=1, ended_in_flow={"voice_message": 1})),
        ("", "caller", "", Totals(contacts=1, ended_in_flow={"hung_up": 1})),
        ("queued", "caller", "", Totals(contacts=1, ended_in_flow={"hung_up": 1})),
        ("", "lost", "", Totals(contacts=1, ended_in_flow={"lost": 1})),
        ("", "caller", "fallback", Totals(contacts=1, ended_in_flow={"fallback": 1})),
    ],
)
def test_an_end_in_the_flow_is_counted_by_outcome(
    outcome: str, by: str, stage: str, expected: Totals
) -> None:
    picture = picture_of(Story("c").starts().after(5_000).ends(outcome, by=by, stage=stage))
    assert picture.day == expected
    assert picture.day.check() == []


def test_a_second_queueing_is_a_second_entry_not_a_second_contact() -> None:
    story = Story("c").starts().queues("sales").after(5_000).leaves("out", "menu:main").after(1_000)
    picture = picture_of(story.queues("service").rings().after(3_000).answered().connected())
    day = picture.day
    assert (day.contacts, day.asked, day.offered, day.out, day.answered, day.timely) == (1, 1, 2, 1, 1, 0)
    assert picture.day_by_queue["service"].contacts == 0
    assert picture.day_by_queue["service"].offered == 1
    for totals in (day, *picture.day_by_queue.values()):
        assert totals.check() == []


def test_a_call_that_came_back_after_our_restart_is_the_same_entry() -> None:
    again = Story("c").starts().queues().facts
    picture = picture_of([*again, again[1]])
    assert picture.day.offered == 1
    assert picture.waiting(DAY_MS) == {"sales": (1, 0)}


def test_waiting_callers_are_shown_per_queue_until_answered() -> None:
    one, two = Story("a").starts().queues(), Story("b").starts().after(2_000).queues()
    other = Story("d").starts().after(500).queues("service")
    assert picture_of(one, two, other).waiting(DAY_MS + 10_000) == {
        "sales": (2, 10_000),
        "service": (1, 9_500),
    }
    one.after(3_000).rings()
    picture = picture_of(one, two, other)
    assert picture.waiting(DAY_MS + 10_000)["sales"] == (2, 10_000)
    assert picture.contacts["a"].stage == "offered"
    one.answered()
    assert picture_of(one, two, other).waiting(DAY_MS + 10_000)["sales"] == (1, 8_000)


def test_a_failed_offer_gives_the_caller_back_to_the_line() -> None:
    story = Story("c").starts().queues().rings().after(20_000).offer_ends("no_answer")
    picture = picture_of(story)
    view = picture.contacts["c"]
    assert (view.stage, view.offer, view.agent, view.rang_ms) == ("waiting", "", "", 0)
    assert picture.waiting(DAY_MS + 25_000) == {"sales": (1, 25_000)}
    assert picture.day.offers_failed == picture.day_by_agent["1001"].offers_failed == {"no_answer": 1}
    assert picture.agents["1001"].state == "not_responding"


def test_an_agent_who_hung_up_before_the_bridge_has_not_answered_the_entry() -> None:
    story = Story("c").starts().queues().rings().after(3_000).answered().offer_ends("agent_gone")
    picture = picture_of(story)
    assert picture.waiting(DAY_MS + 5_000) == {"sales": (1, 5_000)}
    picture = picture_of(story.after(20_000).rings("1002").answered("1002").connected("1002"))
    assert picture.day.answered_waits == Waits([23_000])
    assert picture.day.timely == 0


def test_a_transfer_keeps_each_agents_own_talk_time() -> None:
    story = Story("c").starts().queues().rings().answered().connected()
    story.after(30_000).segment_ends(30_000, by="transfer").queues("service").rings("1002").answered("1002")
    picture = picture_of(story.connected("1002").after(50_000).segment_ends(50_000, agent="1002").ends())
    assert picture.day_by_agent["1001"].talk_ms == 30_000
    assert picture.day_by_agent["1002"].talk_ms == 50_000
    assert (picture.day.handled, picture.day.transferred, picture.day.contacts) == (2, 1, 1)
    assert picture.day.check() == []


def test_of_three_parties_whoever_is_left_is_shown() -> None:
    """The colleague, who joined last, leaves first; then the agent who took the colleague in."""
    story = Story("c").starts().queues().rings().answered().connected().after(5_000)
    joined = CallConnected(story.now_ms, "c", "s-9", "1002", "sales", "incoming/s-9", how="joined")
    story.facts.append(joined)
    view = picture_of(story).contacts["c"]
    assert (view.stage, view.offer, view.agent) == ("connected", "s-9", "1002")
    story.after(5_000).facts.append(
        SegmentEnded(story.now_ms, "c", "s-9", "1002", "sales", 5_000, 0, "agent", 16)
    )
    view = picture_of(story).contacts["c"]
    assert (view.stage, view.offer, view.agent, view.connected_ms) == ("connected", "c-o1", "1001", DAY_MS)
    view = picture_of(story.after(1_000).segment_ends(11_000)).contacts["c"]
    assert (view.stage, view.offer) == ("survey", "")


def test_an_open_conversation_can_be_recovered() -> None:
    story = Story("c").starts().queues("售后").after(1_000).rings().after(2_000).answered().after(500)
    story.connected().after(10_000).held(True).after(1_000).held(False).after(1_000).held(True)
    view = picture_of(story).contacts["c"]
    assert asdict(view) == {
        "started_ms": DAY_MS,
        "announced": True,
        "number": "12345",
        "trunk": "carrier",
        "direct": False,
        "caller": "caller-1",
        "stage": "connected",
        "entry": 1,
        "queue": "售后",
        "needs": "repair>=3",
        "prefer": [],
        "steps": [],
        "step": 0,
        "max_wait_ms": 0,
        "overflow": "",
        "priority": 1,
        "language": "zh",
        "queued_ms": DAY_MS,
        "wait_since_ms": DAY_MS,
        "line_rank": 0,
        "line_since_ms": DAY_MS,
        "offer": "c-o1",
        "agent": "1001",
        "rang_ms": DAY_MS + 1_000,
        "answered_ms": DAY_MS + 3_000,
        "connected_ms": DAY_MS + 3_500,
        "held_since_ms": DAY_MS + 15_500,
        "hold_ms": 1_000,
        "recording": "incoming/c-o1",
        "aims": "",
        "put_first": False,
        "taker": "",
        "taken_from": "",
        "legs": [],
        "place_since_ms": 0,
        "return_within_ms": 0,
        "recall_within_ms": 0,
        "rules": {},
        "promise": {},
    }


def test_an_agent_can_be_recovered() -> None:
    picture = picture_of(Story("c").starts().queues().after(1_000).rings())
    agent = picture.agents["1001"]
    assert (agent.state, agent.offer, agent.contact, agent.queue) == ("offered", "c-o1", "c", "sales")
    assert (agent.phone, agent.intent, agent.since_ms) == ("phone-1001", "ready", DAY_MS + 1_000)


def test_time_in_a_state_runs_on_until_now() -> None:
    picture = picture_of(
        agent_state(DAY_MS, "1001", "ready"),
        agent_state(DAY_MS + 60_000, "1001", "not_ready", reason="lunch"),
    )
    assert picture.day_by_agent["1001"].states_ms == {"ready": 60_000}
    assert picture.agent_day("1001", DAY_MS + 65_000).states_ms == {"ready": 60_000, "not_ready:lunch": 5_000}
    assert picture.day_by_agent["1001"].states_ms == {"ready": 60_000}
    assert picture.agent_day("9999", DAY_MS) == type(picture.agent_day("9999", DAY_MS))()


def test_since_changes_with_state_or_reason_only() -> None:
    first = agent_state(DAY_MS, "1001", "ready")
    moved = agent_state(DAY_MS + 5_000, "1001", "ready")
    assert picture_of(first, moved).agents["1001"].since_ms == DAY_MS
    rest = agent_state(DAY_MS + 6_000, "1001", "not_ready", reason="rest")
    lunch = agent_state(DAY_MS + 7_000, "1001", "not_ready", reason="lunch")
    assert picture_of(first, rest, lunch).agents["1001"].since_ms == DAY_MS + 7_000


def test_what_began_yesterday_is_shown_but_not_counted_today() -> None:
    late_ms = DAY_MS + 24 * HOUR_MS - 60_000
    waiting = Story("w", late_ms).starts().queues()
    served_late = Story("s", late_ms).starts().queues().rings().after(70_000).answered().connected()
    today = Story("t", DAY_MS + 24 * HOUR_MS + 1_000).starts()
    picture = picture_of(waiting, served_late, today)
    assert (picture.day.contacts, picture.day.offered, picture.day.answered) == (1, 0, 0)
    assert picture.day.check() == []
    assert picture.waiting(DAY_MS + 24 * HOUR_MS)["sales"] == (1, 60_000)
    assert picture.contacts["s"].stage == "connected"
    assert picture.day_by_agent["1001"].states_ms == {"offered": 10_000}  # split at midnight


def test_nothing_that_began_yesterday_counts_today_however_it_goes_on() -> None:
    late_ms = DAY_MS + 24 * HOUR_MS - 60_000
    flow = Story("f", late_ms).starts().after(70_000).ends("message")
    closed = Story("c", late_ms).starts().after(70_000).ends("closed")
    left = Story("a", late_ms).starts().queues().after(70_000).leaves("abandoned").ends("queued")
    unanswered = (
        Story("u", late_ms).starts().queues().after(50_000).rings().after(20_000).offer_ends("no_answer")
    )
    talked = Story("t", late_ms).starts().queues().rings("1002").answered("1002").connected("1002")
    talked.after(70_000).silent().segment_ends(70_000, 1_000, "transfer", 5_000, "1002")
    talked.ends("queued", digit=5, asked=True)
    picture = picture_of(flow, closed, left, unanswered, talked)
    assert picture.day_ms == DAY_MS + 24 * HOUR_MS
    assert picture.day == Totals()
    assert picture.day_by_queue == {}
    for totals in picture.day_by_agent.values():
        assert (totals.offers, totals.offers_failed, totals.handled, totals.talk_ms) == (0, {}, 0, 0)
        assert (totals.acw_ms, totals.satisfaction, totals.transferred) == (0, {}, 0)


def test_over_midnight_a_contact_is_yesterdays_and_what_begins_after_it_todays() -> None:
    story = Story("c", DAY_MS + 24 * HOUR_MS - 5_000).starts().after(10_000).queues().rings().answered()
    picture = picture_of(story.connected().after(9_000).segment_ends(9_000))
    day, queue = picture.day, picture.day_by_queue["sales"]
    assert (day.contacts, day.asked, day.timely, day.offered, day.answered, day.handled) == (0, 0, 0, 1, 1, 1)
    assert (queue.contacts, queue.asked, queue.timely, queue.offered) == (1, 1, 1, 1)
    assert day.check() == queue.check() == []


def test_a_conversation_belongs_where_it_began_not_where_it_was_offered() -> None:
    story = Story("c", DAY_MS + 24 * HOUR_MS - 5_000).starts().queues().rings().after(10_000).answered()
    picture = picture_of(story.connected().after(9_000).segment_ends(9_000))
    assert (picture.day.offers, picture.day.offered, picture.day.handled) == (0, 0, 1)
    assert picture.day_by_agent["1001"].talk_ms == 9_000


def test_a_survey_without_an_answer_is_asked_only() -> None:
    day = picture_of(Story("c").starts().queues().ends("queued", asked=True)).day
    assert (day.survey_asked, day.survey_answered, day.satisfaction) == (1, 0, {})


def test_a_survey_without_a_queue_is_the_houses_alone() -> None:
    picture = picture_of(Story("c").starts().ends("message", asked=True, digit=3))
    assert picture.day.satisfaction == {"3": 1}
    assert (picture.day_by_queue, picture.day_by_agent) == ({}, {})


def test_midnight_without_a_fact_begins_a_new_day() -> None:
    picture = picture_of(served())
    picture.roll(DAY_MS + 23 * HOUR_MS)
    assert picture.day.contacts == 1
    picture.roll(DAY_MS + 24 * HOUR_MS)
    assert picture.day == Totals()
    assert picture.day_ms == DAY_MS + 24 * HOUR_MS
    picture.roll(DAY_MS)  # never back
    assert picture.day_ms == DAY_MS + 24 * HOUR_MS


def test_facts_in_the_other_order_count_the_same() -> None:
    story = served()
    late = [fact for fact in story.facts if type(fact).__name__ in ("SegmentEnded", "CallLeftQueue")]
    rest = [fact for fact in story.facts if fact not in late]
    picture = Picture(midnight)
    for fact in (*rest, *late):
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert picture.day.answered == 1
    assert picture.day.talk_ms == 80_000
    assert picture.day.check() == []


def test_unknown_kinds_and_late_facts_change_nothing() -> None:
    picture = picture_of(served())
    before = picture.snapshot()
    picture.apply("SomethingNew", DAY_MS, {})
    for fact in served().facts[3:]:
        if type(fact).__name__ not in ("AgentStateChanged", "CallConnected"):
            picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert picture.snapshot() == before


@pytest.mark.parametrize("seed", range(20))
def test_a_snapshot_in_the_middle_of_any_day_changes_nothing(seed: int) -> None:
    facts = random_day(seed, contacts=60)
    whole = picture_of(facts)
    half = picture_of(facts[: len(facts) // 2])
    restored = Picture.restore(json.loads(json.dumps(half.snapshot())), midnight)
    for fact in facts[len(facts) // 2 :]:
        restored.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert restored.snapshot() == whole.snapshot()


@pytest.mark.parametrize("seed", range(20))
def test_any_day_adds_up_at_every_moment(seed: int) -> None:
    picture = Picture(midnight)
    for number, fact in enumerate(random_day(seed, contacts=60)):
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        if number % 7 == 0:
            assert picture.day.check() == []
            for totals in picture.day_by_queue.values():
                assert totals.check() == []
    assert picture.day.contacts == 60
    assert picture.day.offered == sum(totals.offered for totals in picture.day_by_queue.values())


def test_conversations_are_counted_by_the_code_given_last() -> None:
    """The second code replaces the first; a code that did not come is counted apart."""
    story = Story("a").starts().queues().rings().answered().connected().after(1000).segment_ends(1000)
    about = (story.now_ms, "a", story.offer, "1001", "sales")
    picture = picture_of(
        story,
        DispositionGiven(*about, "11", ""),
        DispositionGiven(*about, "12", "11"),
        DispositionMissed(*about),
    )
    for totals in (picture.day, picture.day_by_queue["sales"]):
        assert totals.dispositions == {"11": 0, "12": 1}
        assert totals.codes_missed == 1
