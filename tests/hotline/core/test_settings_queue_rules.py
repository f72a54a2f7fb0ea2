"""Queues must hold together: steps that widen in order, preferred agents who exist."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.core.settings import Agent, Choice, Flow, Menu, Number, Queue, Settings, Step, Team, Text
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_rules import check_rules
from hotline.words import in_words

AGENTS = (
    Agent("1001", "Li", {"english": 5}),
    Agent("1002", "Han", {"english": 3}),
    Agent("1003", "Wang", {"sales": 5}),
)


def queue(name: str = "service", **settings: Any) -> Queue:
    return Queue(name, Text("咨询", "Service"), **settings)


def found(
    *queues: Queue,
    flows: tuple[Flow, ...] = (),
    numbers: tuple[Number, ...] = (),
    teams: tuple[Team, ...] = (),
) -> dict[str, tuple[Any, str]]:
    complaints = Complaints("a.toml")
    skills = ("english", "sales")
    settings = Settings(
        1, skills=skills, agents=AGENTS, queues=queues, flows=flows, numbers=numbers, teams=teams
    )
    check_rules(settings, complaints)
    return {key: (one.value, in_words(one.allowed)) for key, one in complaints.found.items()}


def test_recalls_are_of_those_who_may_return() -> None:
    assert found(queue(return_within_s=60, recall_within_s=1800), queue("sales", return_within_s=60)) == {}
    refused = found(queue(recall_within_s=1800))
    assert list(refused) == ["queue[1].return_within_s"]
    value, allowed = refused["queue[1].return_within_s"]
    assert value == 0 and "1 or more: recall_within_s is for those" in allowed


def test_steps_that_widen_are_good() -> None:
    steps = (Step(30, "english >= 3"), Step(60, ""))
    assert found(queue(needs="english >= 5", steps=steps)) == {}


def test_a_step_may_widen_for_agents_who_are_not_there_yet() -> None:
    assert max(agent.skills.get("english", 0) for agent in AGENTS) < 9
    steps = (Step(30, "english >= 1 and not english >= 9 or english >= 3"), Step(60, "english or sales >= 9"))
    assert found(queue(needs="english >= 3", steps=steps)) == {}


@pytest.mark.parametrize(
    ("needs", "steps", "key", "allowed"),
    [
        ("", [(30, "english")], "queue[1].steps[1].needs", 'every agent who meets ""'),
        ("english", [(30, "english >= 3")], "queue[1].steps[1].needs", "every agent who meets english meets"),
        ("english", [(30, "sales")], "queue[1].steps[1].needs", "and more may"),
        (
            "english >= 5",
            [(30, "english"), (60, "english >= 3")],
            "queue[1].steps[2].needs",
            "every agent who meets english meets",
        ),
        ("english", [(30, "flying")], "queue[1].steps[1].needs", "not flying"),
        ("english", [(30, "english >=")], "queue[1].steps[1].needs", "a level from 1 to 10"),
        (
            "english >= 5",
            [(30, "english"), (30, "")],
            "queue[1].steps[2].after_s",
            "31 or later: each step comes after the one before",
        ),
    ],
)
def test_a_step_that_never_widens_is_refused(
    needs: str, steps: list[tuple[int, str]], key: str, allowed: str
) -> None:
    complaints = found(queue(needs=needs, steps=tuple(Step(*step) for step in steps)))
    assert list(complaints) == [key]
    assert allowed in complaints[key][1]


def test_preferred_agents_exist_and_are_named_once() -> None:
    menu = Menu("m", "menu-m", (Choice("1", "queue:service", prefer=("1001", "9999")),))
    flow = Flow("main", "menu:m", menus=(menu,))
    number = Number("4001", flow="main", prefer=("1002", "1002"))
    complaints = found(queue(), flows=(flow,), numbers=(number,))
    assert list(complaints) == ["flow[1].menu[1].choice[1].prefer[2]", "number[1].prefer[2]"]
    assert complaints["flow[1].menu[1].choice[1].prefer[2]"] == (
        "9999",
        "the number of an agent (1001, 1002, 1003)",
    )


def test_a_team_is_preferred_by_number_flow_and_queue() -> None:
    flow = Flow("main", "queue:service", prefer=("vip",))
    number = Number("4001", "main", prefer=("vip", "1003"))
    team = Team("vip", ("1001", "1002"))
    assert found(queue(prefer=("vip",)), flows=(flow,), numbers=(number,), teams=(team,)) == {}


def test_teams_have_agents_who_exist_and_names_of_their_own() -> None:
    flow = Flow("main", "queue:service", prefer=("gold",))
    teams = (Team("vip", ("1001", "9999", "1001")), Team("vip", ()))
    complaints = found(queue(prefer=("vip", "vip")), flows=(flow,), teams=teams)
    assert complaints == {
        "team[2].name": ("vip", "a value that is used once only"),
        "team[1].agents[2]": ("9999", "the number of an agent (1001, 1002, 1003)"),
        "team[1].agents[3]": ("1001", "a value that is used once only"),
        "team[2].agents": ([], "at least one agent's number"),
        "queue[1].prefer[2]": ("vip", "a value that is used once only"),
        "flow[1].prefer[1]": (
            "gold",
            "the name of a team (vip, vip) or the number of an agent (1001, 1002, 1003)",
        ),
    }
