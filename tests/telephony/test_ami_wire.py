"""What may be sent over AMI."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami_wire import LONGEST_LINE, MOST_HEADERS, MOST_VARIABLES, Destination, checked_action
from telephony.errors import InputRefused

PLACES = (Destination("callback", "start"), Destination("from-desk"))
ORIGINATE = {
    "Channel": "PJSIP/desk1",
    "Context": "callback",
    "Exten": "start",
    "Priority": "1",
}


@pytest.mark.parametrize("hostile", ["a\rb", "a\nb", "a\r\nAction: Command", "a\0b", "\ud800"])
def test_hostile_values_are_refused(hostile: str) -> None:
    with pytest.raises(InputRefused):
        checked_action("Hangup", {"Channel": hostile})


@pytest.mark.parametrize("header", ["", "A:B", "A B", "A\nB", "Action", "actionid", "1A", "张"])
def test_hostile_headers_are_refused(header: str) -> None:
    with pytest.raises(InputRefused):
        checked_action("Hangup", {header: "x"})


@pytest.mark.parametrize("name", ["", "Ping\r\nAction: Command", "a b", "x" * 65])
def test_hostile_names_are_refused(name: str) -> None:
    with pytest.raises(InputRefused):
        checked_action(name, {})


def test_a_line_may_have_1024_bytes_with_its_end() -> None:
    room = LONGEST_LINE - len("Channel: \r\n")
    checked_action("Hangup", {"Channel": "x" * room})
    with pytest.raises(InputRefused, match="bytes"):
        checked_action("Hangup", {"Channel": "x" * (room + 1)})
    with pytest.raises(InputRefused, match="bytes"):
        checked_action("Hangup", {"Channel": "张" * (room // 3 + 1)})


def test_an_action_may_have_128_headers() -> None:
    pairs = [("Device", "x")] * (MOST_HEADERS - 2)  # Action and ActionID come to it
    assert len(checked_action("Status", pairs)) == MOST_HEADERS - 2
    with pytest.raises(InputRefused, match="headers"):
        checked_action("Status", [*pairs, ("Device", "x")])


def test_an_originate_is_always_asynchronous() -> None:
    assert ("Async", "true") in checked_action("Originate", ORIGINATE, PLACES)
    pairs = checked_action("Originate", {**ORIGINATE, "async": "false"}, PLACES)
    assert [pair for pair in pairs if pair[0].lower() == "async"] == [("Async", "true")]


@pytest.mark.parametrize(
    "changed",
    [
        {"Application": "System"},
        {"Data": "rm"},
        {"PreDialGoSub": "x^s^1"},
        {"Context": "default"},
        {"Exten": "other"},
        {"Context": "from-desk", "Exten": "not-a-number"},
        {"Priority": "label"},
        {"Priority": ""},
        {"Channel": "Local/s@default"},
        {"Channel": "Local/other@callback"},
        {"Channel": "IAX2/x"},
        {"Channel": "PJSIP/a&PJSIP/b"},
        {"Channel": "PJSIP/a/sip:evil@example.org"},
        {"Channel": ""},
    ],
)
def test_an_originate_leads_only_where_it_may(changed: dict[str, str]) -> None:
    with pytest.raises(InputRefused):
        checked_action("Originate", {**ORIGINATE, **changed}, PLACES)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"Context": "from-desk", "Exten": "+8613800000000"},
        {"Channel": "Local/start@callback/n"},
        {"Channel": "PJSIP/13800000000@trunk1"},
    ],
)
def test_an_originate_that_may_be(changed: dict[str, str]) -> None:
    checked_action("Originate", {**ORIGINATE, **changed}, PLACES)


def test_without_destinations_nothing_is_originated() -> None:
    with pytest.raises(InputRefused):
        checked_action("Originate", ORIGINATE)


def test_an_originates_header_may_not_come_twice() -> None:
    with pytest.raises(InputRefused, match="twice"):
        checked_action("Originate", [*ORIGINATE.items(), ("context", "default")], PLACES)


@pytest.mark.parametrize(
    "variable", ["A=1,B=2", "A", "=1", "SHELL(rm)=1", "___A=1", 'A="', "A=\\", "1A=1", "A B=1"]
)
def test_hostile_variables_are_refused(variable: str) -> None:
    with pytest.raises(InputRefused):
        checked_action("Originate", {**ORIGINATE, "Variable": variable}, PLACES)


def test_an_originate_may_have_64_variables() -> None:
    pairs = [*ORIGINATE.items(), *(("Variable", f"__HL_{n}=张 {n}=x") for n in range(MOST_VARIABLES))]
    checked_action("Originate", pairs, PLACES)
    with pytest.raises(InputRefused, match="variables"):
        checked_action("Originate", [*pairs, ("Variable", "A=1")], PLACES)


def test_a_redirect_too_leads_only_where_it_may() -> None:
    there = {"Channel": "PJSIP/a-1", "Context": "callback", "Exten": "start", "Priority": "1"}
    checked_action("Redirect", there, PLACES)
    for changed in (
        {"Context": "default"},
        {"ExtraContext": "default", "ExtraExten": "s"},
        {"ExtraExten": "s"},
    ):
        with pytest.raises(InputRefused):
            checked_action("Redirect", {**there, **changed}, PLACES)
    with pytest.raises(InputRefused):
        checked_action("Redirect", {"Channel": "PJSIP/a-1", "Priority": "1"}, PLACES)


@given(st.text(max_size=40), st.lists(st.tuples(st.text(max_size=20), st.text(max_size=60)), max_size=6))
def test_what_is_let_through_is_one_action_of_whole_lines(name: str, fields: list[tuple[str, str]]) -> None:
    try:
        pairs = checked_action(name, fields, PLACES)
    except InputRefused:
        return
    text = "".join(f"{header}: {value}\r\n" for header, value in [("Action", name), *pairs])
    assert text.replace("\r\n", "").isprintable() or not set(text.replace("\r\n", "")) & set("\r\n\0")
    assert text.count("\n") == len(pairs) + 1
