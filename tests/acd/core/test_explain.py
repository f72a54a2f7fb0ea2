"""A contact's explanation follows the facts: each offer as it was then, whatever came later."""

from __future__ import annotations

from typing import Any

from decision_table import START_MS, settings
from played import REASONS, Played, clock

from acd.core.explain import Explainer
from acd.core.fact_codec import to_body
from acd.core.facts import AgentStateChanged, CallQueued
from hotline.words import in_words

STORY = """
    0     ready 1001
    10    ready 1002
    100   arrive c1 service since=100
    110   rang 1-1
    20110 failed 1-1 no_answer
    20120 leg_ended 1-1 0
    20130 ready 1001
    20200 rang 1-2
    20300 answered 1-2
    20400 bridged 1-2
    30000 leg_ended 1-2 16 agent
"""


def said(phrase: Any) -> str:
    return "" if phrase is None else in_words(phrase)


def test_each_offer_with_what_came_of_it() -> None:
    told = Played().play(STORY).explained("c1")
    [entry] = told.entries
    assert [(one.agents, one.cause) for one in entry.offers] == [
        (["1001"], "no_answer"),
        (["1002"], "connected"),
    ]
    first, second = entry.offers
    assert (first.rang_ms, first.ended_ms) == (START_MS + 110, START_MS + 20_110)
    assert second.answered_by == "1002"
    assert (first.mismatches, second.mismatches) == ((), ())
    assert entry.left is not None and entry.left["how"] == "answered"
    assert first.why_not is None and not told.mismatched


def test_why_another_did_not_ring_is_told_as_it_was_then() -> None:
    told = Played().play(STORY).explained("c1", "1001")
    first, second = told.entries[0].offers
    assert said(first.why_not) == "agent 1001's phone rang"
    # The phone has not hung up yet when the next is offered; ready again comes later.
    assert said(second.why_not) == "reserved for contact c1 since 100 (ringing)"


def test_what_comes_later_changes_no_answer() -> None:
    played = Played().play(STORY)
    early = played.explained("c1", "1001", upto=len(played.facts) // 2)
    late = played.explained("c1", "1001")
    for one, other in zip(early.entries[0].offers, late.entries[0].offers, strict=False):
        assert (one.body, one.why_not, one.mismatches) == (other.body, other.why_not, other.mismatches)


def test_other_contacts_are_not_told_but_known() -> None:
    played = Played().play(STORY).play("30010 arrive c2 service since=30010")
    told = played.explained("c2", "1002")
    assert [entry.body["contact"] for entry in told.entries] == ["c2"]
    [offer] = told.entries[0].offers
    assert said(offer.why_not) == "after-contact work until 40000"


def test_a_second_request_is_told_after_the_first() -> None:
    played = Played().play("100 arrive c1 service since=100\n200 arrive c1 orders entry=2 since=100")
    told = played.explained("c1")
    assert [(entry.body["entry"], entry.body["queue"]) for entry in told.entries] == [
        (1, "service"),
        (2, "orders"),
    ]
    assert told.entries[0].left is not None and told.entries[0].left["how"] == "out"


def test_one_who_still_waits_is_explained_as_it_is_now() -> None:
    played = Played().play("100 arrive c1 service sales >= 9 since=100\n200 ready 1001")
    [entry] = played.explained("c1", "1001").entries
    assert entry.offers == [] and entry.left is None
    assert said(entry.why_not) == "agent 1001 does not meet sales >= 9: level of sales 5 < 9"


def test_one_who_gave_up_is_explained_as_it_was_at_the_end() -> None:
    played = Played().play("100 arrive c1 service since=100\n200 hang_up c1\n300 ready 1001")
    [entry] = played.explained("c1", "1001").entries
    assert said(entry.why_not) == "not ready since 0: just signed in"


def test_one_who_waits_is_explained_by_the_settings_of_the_moment_as_far_as_a_fact_names_them() -> None:
    played = Played().play("100 arrive c1 service sales >= 9 since=100")
    played.tell(settings({"1001": {"sales": 9}}, version=2), 200)
    [entry] = played.explained("c1", "1001").entries
    assert said(entry.why_not) == "agent 1001 does not meet sales >= 9: level of sales 5 < 9"
    played.play("300 arrive c2 service english since=300")
    [entry] = played.explained("c1", "1001").entries
    assert said(entry.why_not) == "not ready since 0: just signed in"
    del played.versions[2]
    [entry] = played.explained("c1", "1001").entries
    assert said(entry.why_not) == "settings version 2 is not at hand"


def test_an_offer_names_the_settings_of_the_moment_too() -> None:
    played = Played().play("100 arrive c1 service sales >= 9 since=100\n110 arrive c2 service since=110")
    played.tell(settings({"1001": {"sales": 9}, "1003": {}}, version=2), 200)
    played.play("300 ready 1003")
    [entry] = played.explained("c1", "1001").entries
    assert said(entry.why_not) == "not ready since 0: just signed in"


def test_one_who_is_free_while_the_caller_has_no_session() -> None:
    played = Played().play("100 arrive c1 service since=100\n150 session_lost c1\n200 ready 1001")
    [entry] = played.explained("c1", "1001").entries
    assert said(entry.why_not).startswith("agent 1001 was ready and meets the needs; the call had no session")


def test_without_the_settings_of_that_time_nothing_is_judged() -> None:
    played = Played().play(STORY)
    played.versions.clear()
    first, _ = played.explained("c1", "1002").entries[0].offers
    assert first.mismatches is None
    assert said(first.why_not) == "settings version 1 is not at hand"


def test_a_proof_that_does_not_match_is_an_alarm() -> None:
    played = Played().play(STORY)
    # A fact that the distributor never wrote: agent 1002 is ready for longer than anybody.
    forged = AgentStateChanged(
        START_MS + 50, "1002", "ready", "", "ready", "p", "", "", 0, idle_since_ms=START_MS - 9
    )
    queued = next(n for n, fact in enumerate(played.facts) if isinstance(fact, CallQueued))
    played.facts.insert(queued, forged)
    told = played.explained("c1", "1002")
    assert told.mismatched
    first = told.entries[0].offers[0]
    assert "agent: the proof says 1001, the facts say 1002" in [
        in_words(one) for one in first.mismatches or ()
    ]
    assert said(first.why_not) == "ALARM: agent 1002 should have come before 1001"


# Facts as acd writes them with steps, preferred agents, and several phones at once


def explainer(asked: str) -> Explainer:
    played = Played()
    told = Explainer("c1", asked, lambda _: 0, played.versions.get, clock, REASONS)
    for fact in played.play("0 ready 1001\n10 ready 1002").facts:
        told.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return told


QUEUED = {
    "at_ms": START_MS + 100,
    "contact": "c1",
    "entry": 1,
    "queue": "service",
    "needs": "sales >= 5",
    "priority": 0,
    "language": "zh",
    "wait_since_ms": START_MS + 100,
    "settings_version": 1,
    "prefer": [],
    "steps": [
        {"after_ms": 1_000, "needs": "sales >= 3", "prefer": ["1001"]},
        {"after_ms": 2_000, "needs": "sales >= 2", "prefer": []},
    ],
}


def proof(**changed: Any) -> dict[str, Any]:
    return {
        "needs": "sales >= 5",
        "step": 0,
        "priority": 0,
        "wait_since_ms": START_MS + 100,
        "settings_version": 1,
        "excluded": {"lacks_skills": 2},
        "candidates": 1,
        "best": [{"agent": "1001", "idle_since_ms": START_MS, "key": START_MS}],
        "policy": "longest_idle",
        "tie_break": "longest idle, then lowest agent number",
        **changed,
    }


def offer(agent: str, name: str, at_ms: int, proved: dict[str, Any], **more: Any) -> dict[str, Any]:
    about = {"contact": "c1", "entry": 1, "offer": name, "agent": agent, "phone": "p", "queue": "service"}
    return {"at_ms": START_MS + at_ms, **about, "expires_ms": 0, "proof": proved, **more}


def test_a_step_that_was_not_open_is_named_with_its_time() -> None:
    told = explainer("1002")
    told.apply("CallQueued", START_MS + 100, QUEUED)
    told.apply("CallOffered", START_MS + 200, offer("1001", "1-1", 200, proof()))
    [first] = told.entries[0].offers
    assert said(first.why_not) == (
        "agent 1002 does not meet sales >= 5: level of sales 2 < 5; step 2 (sales >= 2) not open until 2100"
    )


def test_after_the_last_step_none_is_to_come() -> None:
    told = explainer("1002")
    told.apply("CallQueued", START_MS + 100, QUEUED)
    for number, step in enumerate(QUEUED["steps"], 1):
        told.apply(
            "CallWidened",
            START_MS + step["after_ms"],
            {**step, "at_ms": START_MS + step["after_ms"], "contact": "c1", "entry": 1, "step": number},
        )
    asked = proof(needs="sales >= 9", preferred=["1001"])
    told.apply("CallOffered", START_MS + 3_000, offer("1001", "1-1", 3_000, asked))
    [first] = told.entries[0].offers
    assert said(first.why_not) == "agent 1002 does not meet sales >= 9: level of sales 2 < 9"
    assert [step["step"] for step in told.entries[0].widened] == [1, 2]


def test_one_who_was_not_preferred() -> None:
    told = explainer("1002")
    told.apply("CallQueued", START_MS + 100, {**QUEUED, "steps": []})
    told.apply("CallOffered", START_MS + 200, offer("1001", "1-1", 200, proof(needs="", preferred=["1001"])))
    assert said(told.entries[0].offers[0].why_not) == "the call asked for agent 1001 alone"


def test_several_phones_at_once_are_one_offer() -> None:
    best = [
        {"agent": "1001", "idle_since_ms": START_MS, "key": START_MS},
        {"agent": "1002", "idle_since_ms": START_MS + 10, "key": START_MS + 10},
    ]
    two = proof(needs="sales >= 1", excluded={"lacks_skills": 1}, candidates=2, best=best, ring=2)
    for asked, reason in (("1002", "agent 1002's phone rang"), ("1001", "agent 1001's phone rang")):
        told = explainer(asked)
        told.apply("CallQueued", START_MS + 100, {**QUEUED, "needs": "sales >= 1", "steps": []})
        told.apply("CallOffered", START_MS + 100, offer("1001", "1-1", 100, two, dial="1-1"))
        told.apply("CallOffered", START_MS + 100, offer("1002", "1-2", 100, two, dial="1-1"))
        told.apply(
            "OfferEnded", START_MS + 200, {**offer("1001", "1-1", 200, {}), "cause": "answered_elsewhere"}
        )
        told.apply(
            "CallConnected",
            START_MS + 300,
            {**offer("1002", "1-2", 300, {}), "segment": "1-2", "recording": ""},
        )
        [ringing] = told.entries[0].offers
        assert (ringing.agents, ringing.cause, ringing.answered_by) == (["1001", "1002"], "connected", "1002")
        assert said(ringing.why_not) == reason
        assert ringing.mismatches == ()


def test_phones_that_ring_at_once_and_are_not_those_of_the_proof_are_named() -> None:
    played = Played().play("""
        0   ready 1001
        10  ready 1002
        20  ready 1003
        100 arrive c1 together since=100
    """)
    assert not played.explained("c1").mismatched
    told = Explainer("c1", "", lambda _: 0, played.versions.get, clock, REASONS)
    for fact in played.facts:
        body = to_body(fact)
        if body.get("agent") == "1002" and type(fact).__name__ == "CallOffered":
            body["agent"], body["proof"] = "1003", {**body["proof"], "candidates": 9}
        told.apply(type(fact).__name__, fact.at_ms, body)
    [first] = told.entries[0].offers
    named = [in_words(one) for one in first.mismatches or ()]
    assert named[0] == "agent: the proof says 1003, the facts say 1002"
    assert named[1].startswith("proof of a phone that rings at once: the proof says {")
    assert len(named) == 2


def test_an_offer_that_was_meant_for_an_agent_had_no_choice_to_judge() -> None:
    aimed = {"aimed": "offered", "needs": "sales >= 5", "settings_version": 1}
    for asked, reason in (
        ("1001", "agent 1001's phone rang"),
        ("1002", "the offer was meant for agent 1001"),
    ):
        told = explainer(asked)
        told.apply("CallQueued", START_MS + 100, {**QUEUED, "steps": []})
        told.apply("CallOffered", START_MS + 200, offer("1001", "1-1", 200, aimed))
        [meant] = told.entries[0].offers
        assert meant.mismatches == ()
        assert said(meant.why_not) == reason


def test_an_offer_before_the_request_is_known_is_passed_over() -> None:
    told = explainer("")
    told.apply("CallOffered", START_MS + 200, offer("1001", "1-1", 200, proof()))
    assert told.entries == []


def test_what_supervisors_did_with_the_call_is_told_and_what_was_refused_is_not() -> None:
    told = (
        Played()
        .play("""
            100   arrive c1 service since=100
            200   put_first c1
            210   put_first c1
            300   take c1 1003
        """)
        .explained("c1")
    )
    [entry] = told.entries
    assert [(deed["deed"], deed["at_ms"] - START_MS) for deed in entry.deeds] == [
        ("put_first", 200),
        ("take", 300),
    ]
    assert [one.agents for one in entry.offers] == [["1003"]]
