"""Flows must hold together: each rule has a sample that breaks only this rule."""

from __future__ import annotations

from typing import Any

import pytest
from sample_settings import found, put

MENU = ("flow", 0, "menu")
CHOICE = (*MENU, 0, "choice", 0)


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        (put("flow", 0, "hours", "night"), "flow[1].hours", "the name of opening hours (office)"),
        (put("flow", 0, "closed", "queue:c"), "flow[1].closed", "the name of a queue (a, b)"),
        (put(*CHOICE, "go", "menu:three"), "flow[1].menu[1].choice[1].go", "a menu of this flow (one, two)"),
        (put(*CHOICE, "go", "queue:c"), "flow[1].menu[1].choice[1].go", "the name of a queue (a, b)"),
        (put(*CHOICE, "digit", "2"), "flow[1].menu[1].choice[2].digit", "once only"),
        (put(*CHOICE, "needs", "zh >= 9"), "flow[1].menu[1].choice[1].needs", "at least one agent meets"),
        (put(*MENU, 1, "choice", []), "flow[1].menu[2].choice", "at least one choice"),
        (put(*MENU, 1, "on_failure", "queue:c"), "flow[1].menu[2].on_failure", "the name of a queue (a, b)"),
        (put("flow", 0, "menu", 1, "name", "one"), "flow[1].menu[2].name", "once only"),
    ],
)
def test_each_disagreement_is_named(change: Any, key: str, allowed: str) -> None:
    assert allowed in found(change)[key]


def test_a_flow_may_begin_with_any_of_its_menus() -> None:
    assert found(put("flow", 0, "start", "menu:two")) == {}


def test_a_choice_of_a_language_the_hotline_does_not_speak() -> None:
    complaints = found(put("hotline", "languages", ["en"]))
    assert complaints == {"flow[1].menu[1].choice[1].language": "one of hotline.languages (en)"}


def test_a_menu_that_no_caller_can_reach() -> None:
    complaints = found(put("flow", 0, "start", "queue:a"))
    assert list(complaints) == ["flow[1].menu[1].name", "flow[1].menu[2].name"]
    assert complaints["flow[1].menu[1].name"] == "a menu that a caller can reach"


def test_the_closed_hotline_may_have_menus_too() -> None:
    def only_closed(document: dict[str, Any]) -> None:
        document["flow"][0].update(start="queue:a", closed="menu:one")

    assert found(only_closed) == {}


def test_a_silent_caller_is_not_kept_in_a_circle() -> None:
    complaints = found(put(*MENU, 1, "on_failure", "menu:one"))
    assert list(complaints) == ["flow[1].menu[1].on_failure", "flow[1].menu[2].on_failure"]


def test_needs_that_agents_meet_one_by_one_but_nobody_together() -> None:
    complaints = found(put(*CHOICE, "needs", "en"))
    assert complaints == {
        "flow[1].menu[1].choice[1].go": (
            "a queue where some agent meets all that was chosen before: (zh >= 5) and (en)"
        )
    }


def test_needs_of_several_menus_come_together() -> None:
    def change(document: dict[str, Any]) -> None:
        one, two = document["flow"][0]["menu"]
        one["choice"][1]["needs"] = "en"
        two["choice"] = [{"digit": "1", "go": "queue:b", "needs": "zh"}]

    assert list(found(change)) == ["flow[1].menu[2].choice[1].go"]


def test_coming_back_to_a_menu_takes_back_what_was_chosen() -> None:
    def change(document: dict[str, Any]) -> None:
        one, two = document["flow"][0]["menu"]
        one["choice"][1]["needs"] = "en"
        two["choice"] = [{"digit": "1", "go": "menu:one", "needs": "en"}]

    assert found(change) == {}


def test_a_flow_with_more_ways_than_can_be_tried_is_still_checked_quickly() -> None:
    def change(document: dict[str, Any]) -> None:
        names = [f"m{number}" for number in range(12)]
        document["flow"][0]["start"] = "menu:m0"
        document["flow"][0]["menu"] = [
            {
                "name": name,
                "prompt": "menu-m",
                "choice": [
                    {"digit": digit, "go": f"menu:{other}", "needs": need}
                    for digit, other in zip("0123456789*#", names, strict=True)
                    for need in ("zh" if digit in "02468" else "en",)
                ],
            }
            for name in names
        ]

    assert found(change) == {}
