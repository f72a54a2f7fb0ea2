"""Settings must agree with themselves: each rule has a sample that breaks only this rule."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from hotline.core.settings_complaints import Complaints
from hotline.core.settings_document import read_settings
from hotline.core.settings_rules import check_rules
from hotline.words import in_words

GOOD: dict[str, Any] = {
    "skills": ["zh", "en"],
    "trunk": [{"name": "demo", "kind": "peer"}, {"name": "line", "kind": "address", "address": "192.0.2.1"}],
    "phone": [{"name": "1001"}, {"name": "1002"}],
    "queue": [
        {"name": "a", "title": {"zh": "甲", "en": "A"}, "whisper": "queue-a", "needs": "zh >= 5"},
        {"name": "b", "title": {"zh": "乙", "en": "B"}, "whisper": "queue-b"},
    ],
    "agent": [
        {"number": "1001", "name": "Li", "skills": {"zh": 8}, "phone": "1001"},
        {"number": "1002", "name": "Han", "skills": {"en": 3}},
    ],
    "hours": [{"name": "office", "monday": ["09:00-17:00"]}],
    "flow": [
        {
            "name": "main",
            "start": "menu:one",
            "hours": "office",
            "menu": [
                {
                    "name": "one",
                    "prompt": "menu-one",
                    "on_failure": "menu:two",
                    "choice": [
                        {"digit": "1", "go": "queue:a", "language": "zh", "needs": "zh"},
                        {"digit": "2", "go": "menu:two"},
                    ],
                },
                {"name": "two", "prompt": "menu-two", "choice": [{"digit": "1", "go": "menu:one"}]},
            ],
        }
    ],
    "number": [{"did": "4001", "flow": "main"}, {"did": "4002", "direct_queue": "a"}],
}


def found(change: Callable[[dict[str, Any]], Any] | None = None) -> dict[str, str]:
    document = copy.deepcopy(GOOD)
    if change is not None:
        change(document)
    complaints = Complaints("a.toml")
    settings = read_settings(document, 1, complaints)
    assert not complaints.found
    check_rules(settings, complaints)
    return {key: in_words(complaint.allowed) for key, complaint in complaints.found.items()}


def test_the_good_sample_is_good() -> None:
    assert found() == {}


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Changes the good sample: all but the last two of `path` lead to a table, then key and value."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-2]:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        place[path[-2]] = path[-1]

    return change


MENU = ("flow", 0, "menu")
CHOICE = (*MENU, 0, "choice", 0)


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        (put("hotline", "languages", []), "hotline.languages", "at least one"),
        (put("hotline", "languages", ["zh", "zh"]), "hotline.languages[2]", "once only"),
        (put("hotline", "emergency_phones", ["1009"]), "hotline.emergency_phones[1]", "1001, 1002"),
        (put("skills", ["zh", "en", "zh"]), "skills[3]", "once only"),
        (put("skills", ["zh", "en", "Not"]), "skills[3]", "a name other than and, or, not"),
        (put("trunk", 1, "name", "demo"), "trunk[2].name", "once only"),
        (put("trunk", 0, "name", "global"), "trunk[1].name", "a name other than global, system"),
        (put("phone", 1, "name", "system"), "phone[2].name", "a name other than global, system"),
        (put("trunk", 1, "address", ""), "trunk[2].address", 'because kind is "address"'),
        (put("trunk", 1, "kind", "registered"), "trunk[2].username", "because we register there"),
        (put("trunk", 0, "username", "me"), "trunk[1].username", "signs in with its name"),
        (put("trunk", 0, "codecs", []), "trunk[1].codecs", "at least one codec"),
        (put("phone", 0, "codecs", []), "phone[1].codecs", "at least one codec"),
        (put("phone", 1, "name", "1001"), "phone[2].name", "once only"),
        (put("phone", 1, "name", "demo"), "phone[2].name", "once only"),
        (put("queue", 1, "name", "a"), "queue[2].name", "once only"),
        (put("queue", 1, "needs", "zh and"), "queue[2].needs", "in place of the end (character 7)"),
        (put("queue", 1, "needs", "fr"), "queue[2].needs", "skills of the list skills (zh, en), not fr"),
        (put("queue", 1, "needs", "zh >= 9"), "queue[2].needs", "at least one agent meets"),
        (put("queue", 1, "needs", "zh and en"), "queue[2].needs", "at least one agent meets"),
        (put("agent", 1, "number", "1001"), "agent[2].number", "once only"),
        (put("agent", 1, "skills", {"en": 0}), "agent[2].skills.en", "a level from 1 to 10"),
        (put("agent", 1, "skills", {"en": 11}), "agent[2].skills.en", "a level from 1 to 10"),
        (put("agent", 1, "skills", {"en": 1, "fr": 1}), "agent[2].skills.fr", "the list skills (zh, en)"),
        (put("agent", 1, "phone", "1009"), "agent[2].phone", "the name of a phone (1001, 1002)"),
        (put("number", 1, "did", "4001"), "number[2].did", "once only"),
        (put("number", 0, "flow", "other"), "number[1].flow", "the name of a flow (main)"),
        (put("number", 0, "flow", ""), "number[1].flow", "one of both"),
        (put("number", 0, "direct_queue", "a"), "number[1].flow", "one of both"),
        (put("number", 1, "direct_queue", "c"), "number[2].direct_queue", "the name of a queue (a, b)"),
        (put("flow", 0, "hours", "night"), "flow[1].hours", "the name of opening hours (office)"),
        (put("flow", 0, "closed", "queue:c"), "flow[1].closed", "the name of a queue (a, b)"),
        (put(*CHOICE, "go", "menu:three"), "flow[1].menu[1].choice[1].go", "a menu of this flow (one, two)"),
        (put(*CHOICE, "go", "queue:c"), "flow[1].menu[1].choice[1].go", "the name of a queue (a, b)"),
        (put(*CHOICE, "digit", "2"), "flow[1].menu[1].choice[2].digit", "once only"),
        (put(*CHOICE, "needs", "zh >= 9"), "flow[1].menu[1].choice[1].needs", "at least one agent meets"),
        (put(*MENU, 1, "choice", []), "flow[1].menu[2].choice", "at least one choice"),
        (put(*MENU, 1, "on_failure", "queue:c"), "flow[1].menu[2].on_failure", "the name of a queue (a, b)"),
        (put("flow", 0, "start", "menu:two"), None, None),
        (put("flow", 0, "menu", 1, "name", "one"), "flow[1].menu[2].name", "once only"),
    ],
)
def test_each_disagreement_is_named(change: Any, key: str | None, allowed: str | None) -> None:
    complaints = found(change)
    if key is None:
        assert complaints == {}
    else:
        assert allowed is not None
        assert allowed in complaints[key]


def test_a_skill_that_nobody_has() -> None:
    assert found(put("agent", 1, "skills", {})) == {}  # nobody asks for "en"

    def needed(document: dict[str, Any]) -> None:
        document["agent"][1]["skills"] = {}
        document["queue"][1]["needs"] = "en or zh"

    assert found(needed) == {"queue[2].needs": "skills some agent has (zh); nobody has en"}


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


def test_of_many_names_only_the_first_are_shown() -> None:
    def change(document: dict[str, Any]) -> None:
        document["phone"] = [{"name": str(number)} for number in range(1001, 1101)]
        document["agent"][0]["phone"] = "9"

    (allowed,) = found(change).values()
    assert allowed.endswith("1020, … 100 in all)")


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


def test_two_trunks_from_one_source() -> None:
    def share(document: dict[str, Any]) -> None:
        document["trunk"][0]["match"] = ["192.0.2.0/24"]
        document["trunk"][1]["match"] = ["192.0.2.0/24"]

    assert found(share) == {"trunk[2].match[1]": "a source that trunk[1] has not"}


@pytest.mark.parametrize("second", ["192.0.2.7", "192.0.2.0/25", "192.0.0.0/16"])
def test_sources_of_trunks_may_not_overlap(second: str) -> None:
    def overlap(document: dict[str, Any]) -> None:
        document["trunk"][0]["match"] = ["192.0.2.0/24"]
        document["trunk"][1]["match"] = [second]

    assert list(found(overlap)) == ["trunk[2].match[1]"]


def test_the_address_of_a_trunk_counts_as_its_source() -> None:
    assert found(put("trunk", 0, "match", ["192.0.2.0/24"])) == {
        "trunk[2].address": "a source that trunk[1] has not"
    }
