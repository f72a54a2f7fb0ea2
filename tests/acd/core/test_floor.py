"""The floor's own rules: what is dead, ids of offers, and one fact per change."""

from __future__ import annotations

from acd.core.agents import Agent
from acd.core.floor import DEAD_MS, Floor


def floor_with(*numbers: str) -> Floor:
    floor = Floor(epoch=7)
    for number in numbers:
        floor.agents[number] = Agent(number, {})
    floor.index_agents()
    return floor


def test_the_dead_stay_dead_for_a_minute() -> None:
    floor = Floor(1)
    floor.begin(1000)
    floor.bury("c1")
    floor.begin(1000 + DEAD_MS - 1)
    assert floor.is_dead("c1")
    floor.begin(1000 + DEAD_MS)
    assert not floor.is_dead("c1")
    assert not floor.is_dead("c2")


def test_the_dead_are_forgotten_in_time_and_burying_again_counts_anew() -> None:
    floor = Floor(1)
    floor.begin(0)
    floor.bury("c1")
    floor.bury("c2")
    floor.begin(DEAD_MS - 1)
    floor.bury("c1")
    floor.begin(DEAD_MS)
    floor.bury("c3")
    assert not floor.is_dead("c2")
    assert floor.is_dead("c1")
    assert list(floor._dead) == ["c1", "c3"]


def test_offer_ids_carry_the_epoch() -> None:
    floor = Floor(epoch=7)
    assert [floor.next_offer_id(), floor.next_offer_id()] == ["7-1", "7-2"]


def test_a_change_gives_one_fact_and_no_change_none() -> None:
    floor = floor_with("1001")
    agent = floor.agents["1001"]
    floor.begin(5)
    assert floor.tell_agent(agent, "logged_in", intent=("not_ready", "login"), phone="p1")
    assert len(floor.facts) == 1
    assert floor.tell_agent(agent, "became_not_ready", intent=("not_ready", "login"))
    assert len(floor.facts) == 1
    assert not floor.tell_agent(agent, "answered")
    assert floor.ignored == "no leg holds the agent"
    assert floor.phones == {"p1": "1001"}


def test_what_the_table_ignores_leaves_the_intent_as_it_was() -> None:
    floor = floor_with("1001")
    agent = floor.agents["1001"]
    assert not floor.tell_agent(agent, "became_ready", intent=("ready", ""), unreachable=True)
    assert (agent.intent, agent.unreachable) == ("offline", False)


def test_states_stand_in_bits_and_among_the_ready() -> None:
    floor = floor_with("1001", "1002")
    for number in ("1001", "1002"):
        floor.tell_agent(floor.agents[number], "logged_in", intent=("not_ready", "login"), phone=number)
    floor.tell_agent(floor.agents["1002"], "became_ready", intent=("ready", ""))
    assert {state: bits for state, bits in floor.bits_by_state.items() if bits} == {
        "not_ready": 0b01,
        "ready": 0b10,
    }
    assert floor.ready.bits == 0b10
    floor.agents = {"1002": floor.agents["1002"]}
    floor.index_agents()
    assert (floor.everyone, floor.ready.bits, floor.bits_by_state["ready"]) == (1, 1, 1)
