"""Where queues send callers: it exists, and it is no circle."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from sample_settings import GOOD

from hotline.core.settings import (
    Agent,
    Choice,
    Flow,
    Hours,
    Menu,
    Number,
    Outgoing,
    Queue,
    Settings,
    Text,
    Trunk,
    WithoutAgents,
)
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_document import read_settings
from hotline.core.settings_rules import check_rules
from hotline.words import in_words

WEEK = ((),) * 7
FLOWS = (
    Flow("main", "menu:m", menus=(Menu("m", "menu-m", (Choice("1", "queue:a"),), on_failure="queue:b"),)),
    Flow("straight", "queue:c"),
)
NUMBERS = (Number("4001", flow="main"), Number("4002", direct_queue="a"), Number("4003", flow="straight"))


OUTGOING = Outgoing(trunk="carrier", presented="4001")


def found(outgoing: Outgoing | None = None, **queues: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    complaints = Complaints("a.toml")
    settings = Settings(
        1,
        queues=tuple(Queue(name, Text("咨询", "Service"), **queues.get(name, {})) for name in "abc"),
        flows=FLOWS,
        numbers=NUMBERS,
        hours=(Hours("office", WEEK),),
        trunks=(Trunk("carrier", "address", "192.0.2.1"),),
        outgoing=outgoing or Outgoing(),
    )
    check_rules(settings, complaints)
    return {key: (one.value, in_words(one.allowed)) for key, one in complaints.found.items()}


def test_destinations_of_every_kind_are_good() -> None:
    without = WithoutAgents("voicemail", "flow:straight")
    a = {"overflow": "queue:b", "max_wait_s": 60, "closed": "menu:m", "hours": "office"}
    b = {"closed": "number:4003", "overflow": "message:sorry", "nobody_ready": without}
    assert found(a=a, b=b) == {}


@pytest.mark.parametrize(
    ("setting", "key", "allowed"),
    [
        ({"overflow": "queue:z"}, "queue[1].overflow", "a, b, c"),
        ({"closed": "flow:z"}, "queue[1].closed", "main, straight"),
        ({"closed": "menu:z"}, "queue[1].closed", "menu: and the name of a menu (m)"),
        ({"closed": "number:5"}, "queue[1].closed", "4001, 4002, 4003"),
        ({"leave_key": "1"}, "queue[1].leave_to", "leave_key and leave_to together"),
        ({"leave_to": "voicemail"}, "queue[1].leave_to", "leave_key and leave_to together"),
        ({"leave_key": "1", "leave_to": "menu:z"}, "queue[1].leave_to", "(m)"),
        ({"hours": "night"}, "queue[1].hours", "office"),
        ({"max_wait_s": 5}, "queue[1].overflow", "for those whom the limits send away"),
        ({"callers_per_agent": 1.5}, "queue[1].overflow", "for those whom the limits send away"),
        ({"nobody_ready": WithoutAgents(waiting="queue:z")}, "queue[1].nobody_ready.waiting", "a, b, c"),
        (
            {"max_predicted_wait_s": 9},
            "queue[1].predicted_overflow.entering",
            "for those whom the limits send away",
        ),
        (
            {"predicted_overflow": WithoutAgents(waiting="hangup")},
            "queue[1].max_predicted_wait_s",
            "1 or more: predicted_overflow needs a limit",
        ),
        (
            {"max_predicted_wait_s": 9, "predicted_overflow": WithoutAgents("queue:z")},
            "queue[1].predicted_overflow.entering",
            "a, b, c",
        ),
    ],
)
def test_what_does_not_exist_is_refused(setting: dict[str, Any], key: str, allowed: str) -> None:
    complaints = found(a=setting)
    assert list(complaints) == [key]
    assert allowed in complaints[key][1]


OUTSIDE = "outside:13912345678"


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ({"overflow": OUTSIDE}, "queue[1].overflow"),
        ({"closed": OUTSIDE}, "queue[1].closed"),
        ({"leave_key": "1", "leave_to": OUTSIDE}, "queue[1].leave_to"),
        ({"nobody_logged_in": WithoutAgents(waiting=OUTSIDE)}, "queue[1].nobody_logged_in.waiting"),
        ({"nobody_ready": WithoutAgents(OUTSIDE)}, "queue[1].nobody_ready.entering"),
        (
            {"max_predicted_wait_s": 9, "predicted_overflow": WithoutAgents(OUTSIDE)},
            "queue[1].predicted_overflow.entering",
        ),
    ],
)
def test_outside_wants_a_trunk_for_outgoing_calls(setting: dict[str, Any], key: str) -> None:
    refused = (OUTSIDE, "a destination other than outside, or a trunk in [outgoing] first")
    assert found(a=setting) == {key: refused}
    assert found(outgoing=OUTGOING, a=setting) == {}


def test_a_number_of_the_hotline_is_not_called_over_the_trunk() -> None:
    complaints = found(outgoing=OUTGOING, a={"overflow": "outside:4002"})
    assert [(key, allowed.endswith("those are number:4002")) for key, (_, allowed) in complaints.items()] == [
        ("queue[1].overflow", True)
    ]


@pytest.mark.parametrize(
    ("to", "good"),
    [
        ("outside:110", True),
        ("outside:" + "1" * 20, True),
        ("outside:11", False),
        ("outside:" + "1" * 21, False),
        ("outside:+4912345", False),
        ("outside:", False),
        ("outside:1391@evil", False),
    ],
)
def test_a_number_outside_is_3_to_20_digits(to: str, good: bool) -> None:
    assert misspelled("queue", "overflow", to) == ([] if good else ["queue[1].overflow"])


def test_flows_do_not_lead_outside() -> None:
    assert misspelled("flow", "closed", OUTSIDE) == ["flow[1].closed"]


def misspelled(table: str, key: str, value: str) -> list[str]:
    """What is refused as it stands there, once the first of these tables of the good sample has this."""
    document = copy.deepcopy(GOOD)
    document[table][0][key] = value
    complaints = Complaints("a.toml")
    read_settings(document, 1, complaints)
    return list(complaints.found)


CIRCLE = "a destination that does not lead back here"


@pytest.mark.parametrize(
    ("queues", "ways"),
    [
        ({"a": {"overflow": "queue:a"}}, {"queue[1].overflow": "queue:a"}),
        (
            {"a": {"overflow": "queue:b"}, "b": {"closed": "queue:a"}},
            {"queue[1].overflow": "queue:b → queue:a", "queue[2].closed": "queue:a → queue:b"},
        ),
        ({"c": {"overflow": "flow:straight"}}, {"queue[3].overflow": "flow:straight → queue:c"}),
        ({"c": {"overflow": "number:4003"}}, {"queue[3].overflow": "number:4003 → flow:straight → queue:c"}),
        ({"a": {"overflow": "number:4002"}}, {"queue[1].overflow": "number:4002 → queue:a"}),
        (
            {"b": {"nobody_logged_in": WithoutAgents("menu:m")}},
            {"queue[2].nobody_logged_in.entering": "menu:m → queue:b"},
        ),
        (
            {"a": {"max_predicted_wait_s": 9, "predicted_overflow": WithoutAgents(waiting="queue:a")}},
            {"queue[1].predicted_overflow.waiting": "queue:a"},
        ),
        (
            {"a": {"overflow": "flow:main"}, "b": {"closed": "queue:c"}, "c": {"closed": "queue:a"}},
            {
                "queue[1].overflow": "flow:main → menu:m → queue:b → queue:c → queue:a",
                "queue[2].closed": "queue:c → queue:a → flow:main → menu:m → queue:b",
                "queue[3].closed": "queue:a → flow:main → menu:m → queue:b → queue:c",
            },
        ),
        ({"a": {"overflow": "flow:main"}}, {}),  # only by a key that the caller presses
    ],
)
def test_a_circle_is_refused_and_told_whole(queues: dict[str, dict[str, Any]], ways: dict[str, str]) -> None:
    told = {key: allowed for key, (_, allowed) in found(**queues).items()}
    assert told == {key: f"{CIRCLE} ({way})" for key, way in ways.items()}


def test_what_was_chosen_must_be_met_where_the_caller_overflows_to() -> None:
    """English is chosen for queue a; its overflow, b, is served by one who has none."""
    menu = Menu("m", "menu-m", (Choice("1", "queue:a", needs="english"),))
    settings = Settings(
        1,
        skills=("english", "sales"),
        agents=(Agent("1001", "Li", {"english": 5}), Agent("1002", "Han", {"sales": 5})),
        queues=(
            Queue("a", Text("咨询", "Service"), overflow="queue:b", max_wait_s=9),
            Queue("b", Text("销售", "Sales"), needs="sales"),
        ),
        flows=(Flow("main", "menu:m", menus=(menu,)),),
    )
    complaints = Complaints("a.toml")
    check_rules(settings, complaints)
    assert list(complaints.found) == ["queue[1].overflow"]
    assert "(sales) and (english)" in in_words(complaints.found["queue[1].overflow"].allowed)
