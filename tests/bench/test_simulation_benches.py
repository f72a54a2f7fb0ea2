"""The benches of decisions and simulations: small runs, to see that they measure what they say."""

from __future__ import annotations

import tomllib

import pytest
from simulation_cases import CASES

from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate
from bench import theory
from bench.distributor import SKILLS_PER_AGENT, House, figures
from bench.simulation import CONTACTS, PROFILE, scenario_text


def test_the_day_has_a_thousand_agents_and_its_contacts() -> None:
    day = read_scenario(tomllib.loads(scenario_text(CONTACTS)), "day.toml", str)
    assert sum(group.count for group in day.groups) == 1_000
    offered = sum(sum(queue.arrivals.rates_per_hour) for queue in day.queues)
    assert len(PROFILE) == 24
    assert offered == pytest.approx(CONTACTS, rel=1e-4)


def test_a_small_day_keeps_its_promises() -> None:
    found = simulate(read_scenario(tomllib.loads(scenario_text(500)), "day.toml", str))
    assert found["promises_broken"] == 0
    assert found["contacts"] == pytest.approx(500, rel=0.2)


def test_the_full_house_stays_full_and_mixed_and_no_two_agents_are_alike() -> None:
    found = figures(agents=60, waiting=80, rounds=50)
    kinds = found["kinds"]
    assert isinstance(kinds, dict)
    wanted = "AgentBecameNotReady AgentBecameReady CallArrived CallerHungUp LegEnded OfferConnected OfferRang"
    assert sorted(kinds) == wanted.split()
    assert found["decisions"] == sum(kinds.values())
    house = House(agents=60, waiting=80)
    skills = [tuple(sorted(agent.skills.items())) for agent in house._distributor._floor.agents.values()]
    assert len(set(skills)) == 60
    assert all(len(one) == SKILLS_PER_AGENT for one in skills)
    states = [call.state for call in house._distributor._floor.calls.values()]
    assert states.count("waiting") == 80


def test_a_row_of_the_theory_table_has_case_figures_and_mark() -> None:
    (polling,) = [case for case in CASES if case.name.startswith("polling")]
    (row,) = theory.table_rows(polling, 0.1)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0].startswith("polling every second")
    assert cells[2:4] == ["idle_gap.mean_s", "0.5005"]
    assert cells[-1] == "✓"
