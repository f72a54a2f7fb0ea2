"""Agents: the state table has every pair, and intent leads to the right state."""

from __future__ import annotations

import pytest

from acd.core.agents import AGENT_TABLE, STATES, Agent, settled_state
from acd.core.state_table import Ignored

INPUTS = tuple(dict.fromkeys(what for _, what in AGENT_TABLE))
HELD = ("offered", "on_contact", "on_hold", "unknown")


def test_every_state_knows_every_input() -> None:
    assert len(AGENT_TABLE) == len(STATES) * len(INPUTS)
    assert {state for state, _ in AGENT_TABLE} == set(STATES)


def test_every_state_can_be_reached() -> None:
    reached = {outcome for outcome in AGENT_TABLE.values() if isinstance(outcome, str)}
    by_intent = {"offline", "ready", "not_ready"}
    assert set(STATES) <= reached | by_intent


@pytest.mark.parametrize("state", STATES)
def test_only_a_ready_agent_is_offered_a_call(state: str) -> None:
    outcome = AGENT_TABLE[state, "offered"]
    assert outcome == "offered" if state == "ready" else isinstance(outcome, Ignored)


@pytest.mark.parametrize("state", HELD)
@pytest.mark.parametrize(
    "what", ["logged_in", "logged_out", "became_ready", "became_not_ready", "phone_lost", "phone_back"]
)
def test_what_an_agent_intends_never_ends_a_leg(state: str, what: str) -> None:
    assert AGENT_TABLE[state, what] == "stay"


@pytest.mark.parametrize("state", HELD)
def test_an_expired_lease_never_makes_ready(state: str) -> None:
    assert AGENT_TABLE[state, "lease_expired"] in ("unknown", "stay")


@pytest.mark.parametrize("state", [state for state in STATES if state not in HELD])
@pytest.mark.parametrize(
    "what", ["answered", "held", "resumed", "leg_over", "unanswered", "turned_away", "work_began"]
)
def test_news_of_a_leg_means_nothing_without_one(state: str, what: str) -> None:
    assert isinstance(AGENT_TABLE[state, what], Ignored)


@pytest.mark.parametrize(
    ("intent", "reason", "unreachable", "settled"),
    [
        ("offline", "", False, ("offline", "")),
        ("offline", "phone_taken", True, ("offline", "phone_taken")),
        ("not_ready", "lunch", False, ("not_ready", "lunch")),
        ("not_ready", "lunch", True, ("not_ready", "lunch")),
        ("ready", "", True, ("not_ready", "unreachable")),
        ("ready", "", False, ("ready", "")),
    ],
)
def test_a_free_agent_does_what_is_intended_if_the_phone_allows_it(
    intent: str, reason: str, unreachable: bool, settled: tuple[str, str]
) -> None:
    agent = Agent("1001", {}, intent=intent, intent_reason=reason, unreachable=unreachable)
    assert settled_state(agent) == settled
