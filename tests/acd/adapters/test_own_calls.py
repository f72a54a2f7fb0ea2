"""Calls of phones that are no offers, from AMI's messages and from a list of channels."""

from __future__ import annotations

import pytest

from acd.adapters.own_calls import OwnCalls
from acd.core.events import Event, PhoneFree, PhoneInUse
from telephony.channels import channel_seen

PHONE = {"Uniqueid": "p1", "Channel": "PJSIP/1001-1", "Context": "from-phone"}
SECOND = {"Uniqueid": "p2", "Channel": "PJSIP/1001-2", "Context": "from-phone"}
TRUNK = {"Uniqueid": "t1", "Channel": "PJSIP/carrier-3", "Context": "hotline"}
LEG = {"Uniqueid": "l1", "Channel": "PJSIP/1001-4", "Context": "hotline", "ChanVariable": "HL_OFFER=1-1"}
CODE = {"Uniqueid": "d1", "Channel": "PJSIP/1001-5", "Context": "desk"}


class Told:
    """Takes the events in the engine's place."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def handle(self, event: Event) -> None:
        self.events.append(event)


def watch() -> tuple[OwnCalls, list[Event]]:
    told = Told()
    return OwnCalls(told, str.isdigit), told.events  # type: ignore[arg-type]


def dials(source: dict[str, str], destination: dict[str, str]) -> dict[str, str]:
    return {"Event": "DialBegin", **source, **{f"Dest{name}": value for name, value in destination.items()}}


def is_up(channel: dict[str, str]) -> dict[str, str]:
    return {"Event": "Newstate", "ChannelStateDesc": "Up", "ChannelState": "6", **channel}


def is_over(channel: dict[str, str]) -> dict[str, str]:
    return {"Event": "Hangup", **channel}


@pytest.mark.parametrize(
    "message",
    [
        dials(PHONE, TRUNK),
        dials(TRUNK, PHONE),
        is_up(PHONE),
        {"Event": "BridgeEnter", **PHONE},
        {"Event": "UserEvent", "UserEvent": "HotlineContact", **PHONE},
    ],
)
def test_a_phone_that_dials_is_rung_or_talks_is_in_use_until_it_hangs_up(message: dict[str, str]) -> None:
    calls, told = watch()
    for one in (message, is_up(PHONE), is_over(TRUNK), is_over(PHONE), is_over(PHONE)):
        calls.on_message(one)
    assert told == [PhoneInUse("1001"), PhoneFree("1001")]


@pytest.mark.parametrize(
    "message",
    [
        is_up(LEG),
        dials(TRUNK, LEG),
        is_up(CODE),
        is_up(TRUNK),
        {"Event": "Newstate", "ChannelStateDesc": "Ring", **PHONE},
    ],
)
def test_offers_codes_trunks_and_dialling_tones_are_no_calls_of_ones_own(message: dict[str, str]) -> None:
    calls, told = watch()
    calls.on_message(message)
    assert told == []


def test_the_last_of_two_calls_frees_the_phone() -> None:
    calls, told = watch()
    for one in (is_up(PHONE), is_up(SECOND), is_over(PHONE)):
        calls.on_message(one)
    assert told == [PhoneInUse("1001")]
    calls.on_message(is_over(SECOND))
    assert told == [PhoneInUse("1001"), PhoneFree("1001")]


def test_a_list_judges_what_was_known_when_it_was_asked_for() -> None:
    calls, _ = watch()
    calls.on_message(is_up(PHONE))
    doubtful = set(calls.channels)
    calls.on_message(is_up({**SECOND, "Channel": "PJSIP/1002-1"}))  # began after the question
    ringing = {**PHONE, "Uniqueid": "p3", "Channel": "PJSIP/1003-1", "ChannelState": "5"}
    dialling = {**PHONE, "Uniqueid": "p4", "Channel": "PJSIP/1004-1", "ChannelState": "4"}
    queued = {**PHONE, "Uniqueid": "p5", "Channel": "PJSIP/1005-1", "ChannelState": "4", "Context": "hotline"}
    shown = [channel_seen(one) for one in (ringing, dialling, queued, is_up(LEG), is_up(CODE))]
    assert calls.judge(shown, doubtful) == ("1002", "1003", "1005")
    assert list(calls.channels) == ["p2", "p3", "p5"]


def test_a_call_that_ended_while_the_list_was_made_stays_over() -> None:
    calls, _ = watch()
    calls.on_message(is_up(PHONE))
    doubtful = set(calls.channels)
    shown = [channel_seen(is_up(PHONE)), channel_seen(is_up(SECOND))]
    calls.on_message(is_over(PHONE))
    calls.on_message(is_over(SECOND))
    assert calls.judge(shown, doubtful) == ()
