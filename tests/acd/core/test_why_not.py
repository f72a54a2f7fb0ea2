"""Why a certain agent did not ring: each reason by a story that has it, told in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decision_table import AGENTS, START_MS, settings
from played import REASONS, Played, clock

from acd.core.agents import STATES
from acd.core.choice import POLICIES
from acd.core.offers import FAILED_CAUSES
from acd.core.why_not import _OUR_REASONS, shown_key
from hotline.catalogue import load_catalogue
from hotline.words import in_words

BEGINS = """
    0   ready 1001
    10  ready 1002
"""
C1_TALKS_WITH_1001 = """
    100 arrive c1 service since=100
    110 rang 1-1
    120 answered 1-1
    130 bridged 1-1
"""
ENDS = "200 leg_ended 1-1 16 agent"


def why(story: str, agent: str, *, contact: str = "c9", language: str = "en") -> str:
    """Why the agent did not ring for c9, which is offered last."""
    told = Played().play(BEGINS + story).explained(contact, agent)
    said = told.entries[-1].offers[-1].why_not
    assert said is not None
    return in_words(said, language)


@pytest.mark.parametrize(
    ("story", "agent", "reason"),
    [
        ("900 arrive c9 service since=900", "1001", "agent 1001's phone rang"),
        (
            "900 arrive c9 service since=900",
            "1002",
            "longer idle was 1001: since 0, agent 1002 since 10",
        ),
        ("900 arrive c9 service since=900", "1999", "settings version 1 has no agent 1999"),
        ("900 arrive c9 service since=900", "1003", "not ready since 0: just signed in"),
        (
            "900 arrive c9 service sales >= 3 since=900",
            "1002",
            "agent 1002 does not meet sales >= 3: level of sales 2 < 3",
        ),
        (
            "900 arrive c9 service sales or english >= 6 since=900",
            "1003",
            "agent 1003 does not meet sales >= 1 or english >= 6: level of sales 0 < 1, english 0 < 6",
        ),
        (
            "900 arrive c9 service not english since=900",
            "1002",
            "agent 1002 does not meet not english >= 1: has a skill that it refuses",
        ),
        (
            "20 not_ready 1002 lunch\n900 arrive c9 service since=900",
            "1002",
            "not ready since 20: lunch",
        ),
        ("20 not_ready 1002 7\n900 arrive c9 service since=900", "1002", "not ready since 20: 7"),
        ("20 log_out 1002\n900 arrive c9 service since=900", "1002", "offline since 20: no reason given"),
        (
            "20 phone_lost 1002\n900 arrive c9 service since=900",
            "1002",
            "not ready since 20: phone unreachable",
        ),
        (
            "100 arrive c1 service since=100\n900 arrive c9 service since=900",
            "1001",
            "reserved for contact c1 since 100 (ringing)",
        ),
        (C1_TALKS_WITH_1001 + "900 arrive c9 service since=900", "1001", "on contact c1 since 120"),
        (
            C1_TALKS_WITH_1001 + "150 hold 1-1\n900 arrive c9 service since=900",
            "1001",
            "has contact c1 on hold since 150",
        ),
        (
            C1_TALKS_WITH_1001 + ENDS + "\n900 arrive c9 service since=900",
            "1001",
            "after-contact work until 10200",
        ),
        (
            "100 arrive c1 service since=100\n110 rang 1-1\n20110 failed 1-1 no_answer\n20120 leg_ended 1-1 0"
            "\n20125 hang_up c1\n20126 leg_ended 1-2 0\n30000 arrive c9 service since=30000",
            "1001",
            "not responding since 20120, not ready again so far",
        ),
        (
            "100 arrive c1 service since=100\n110 rang 1-1\n120 failed 1-1 busy\n130 leg_ended 1-1 17\n"
            "140 hang_up c1\n150 leg_ended 1-2 0\n900 arrive c9 service since=900",
            "1001",
            "on a call of their own since 130, until 5130 (phone busy)",
        ),
        (
            "100 arrive c1 service since=100\n110 rang 1-1\n25110 alarm\n25200 arrive c9 service since=25200",
            "1001",
            "the last leg has not told its end since 25110",
        ),
    ],
)
def test_the_reason_that_counts(story: str, agent: str, reason: str) -> None:
    assert why(story, agent) == reason
    assert any("\u4e00" <= character <= "\u9fff" for character in why(story, agent, language="zh"))


def test_an_agent_of_whom_no_fact_tells_has_never_signed_in() -> None:
    played = Played()
    played.tell(settings({**AGENTS, "1004": {}}, version=2), 5)
    told = played.play(BEGINS + "900 arrive c9 service since=900").explained("c9", "1004")
    [offer] = told.entries[0].offers
    assert offer.why_not is not None and in_words(offer.why_not) == "has never signed in"


def test_as_long_idle_the_lower_number_goes_first() -> None:
    story = "5 not_ready 1001 lunch\n10 ready 1001\n900 arrive c9 service since=900"
    assert why(story, "1002") == "as long idle as 1001, since 10: the lower number goes first"


@pytest.mark.parametrize(
    ("policy", "story", "agent", "reason"),
    [
        ("fixed_order", "", "1002", "by order of the settings, 1001 has 1, agent 1002 has 2"),
        ("least_versatile", "", "1002", "by fewest skills, 1001 has 1, agent 1002 has 2"),
        ("highest_level", "", "1002", "by highest level, 1001 has 5, agent 1002 has 2"),
        ("round_robin", "", "1002", "longer idle was 1001: since 0, agent 1002 since 10"),
        (
            "round_robin",
            "100 arrive c1 service since=100\n120 hang_up c1\n130 leg_ended 1-1 0",
            "1001",
            "by longest without an offer, 1002 has never, agent 1001 has 100",
        ),
        (
            "fewest_contacts",
            C1_TALKS_WITH_1001 + ENDS + "\n300 finish 1001",
            "1001",
            "by fewest contacts today, 1002 has 0, agent 1001 has 1",
        ),
        (
            "least_occupied",
            C1_TALKS_WITH_1001 + "400 leg_ended 1-1 16 agent\n500 finish 1001",
            "1001",
            "by least occupied today, 1002 has 0.0 %, agent 1001 has 43.2 %",
        ),
    ],
)
def test_by_other_policies_the_figures_of_both_are_told(
    policy: str, story: str, agent: str, reason: str
) -> None:
    played = Played()
    known = settings()
    rules = tuple(replace(one, agent_choice=policy) for one in known.queues)
    played.tell(replace(known, version=2, queues=rules), 0)
    played.play(BEGINS + story + "\n900 arrive c9 service sales since=900")
    told = played.explained("c9", agent)
    [offer] = told.entries[0].offers
    assert offer.why_not is not None and in_words(offer.why_not) == reason
    assert offer.mismatches == ()


def test_every_name_that_facts_can_say_has_words() -> None:
    catalogue = load_catalogue()
    assert catalogue.section("explain_policy", "en").keys() == POLICIES.keys()
    assert catalogue.section("explain_left_out", "en").keys() >= {*STATES} - {"ready"}
    assert catalogue.section("explain_cause", "en").keys() >= {*FAILED_CAUSES, "caller_gone"}
    assert catalogue.section("explain_aimed", "en").keys() == {"offered", "recalled", "took"}
    assert catalogue.section("explain_reason", "en").keys() == {*_OUR_REASONS}


def test_figures_are_shown_in_their_own_unit() -> None:
    shown = {policy: shown_key(policy, 12, clock) for policy in POLICIES}
    assert shown == {
        "longest_idle": "12",
        "least_occupied": "0.0 %",
        "fewest_contacts": "12",
        "highest_level": "-12",
        "least_versatile": "12",
        "round_robin": str(12 - START_MS),
        "fixed_order": "13",
        "random": "12",
    }
    assert REASONS.keys().isdisjoint(_OUR_REASONS)
