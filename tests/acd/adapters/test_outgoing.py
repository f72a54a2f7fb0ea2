"""Calls outside: what is dialled, and whose end it is; what Asterisk makes of it is tested end to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters.cel import Dialled, Ends, HangUp, Talk
from acd.adapters.outgoing import Outgoing
from acd.core.fact_codec import to_body
from acd.core.facts import CallQueued, ContactStarted, Fact, OutgoingAnswered, OutgoingEnded, OutgoingStarted
from acd.core.picture import Picture
from hotline.core.settings import Agent, OutgoingRule, Settings, Trunk
from hotline.core.settings import Outgoing as OutgoingSettings
from telephony.channels import ChannelSeen

RULES = (OutgoingRule(allowed=("1",), transfer=True),)
SETTINGS = Settings(
    version=1,
    agents=(Agent("1001", "王伟"),),
    trunks=(Trunk("outside", "address", "192.0.2.1", max_channels=2),),
    outgoing=OutgoingSettings(trunk="outside", presented="4000", rules=RULES),
)
SEGMENT = "o-c1.1"
TRUNK_LEG = {"DestUniqueid": "t1", "DestChannel": "PJSIP/outside-9", "DestAccountCode": "c1"}
AGENTS_LEG = {
    "DestUniqueid": "l2",
    "DestChannel": "PJSIP/1001-3",
    "DestAccountCode": "c1",
    "DestChanVariable": "HL_OFFER=1-2",
}


def dials(leg: dict[str, str]) -> dict[str, str]:
    return {"Event": "DialBegin", "Uniqueid": "c1", **leg}


def of_leg(uniqueid: str, **more: str) -> dict[str, str]:
    return {"Uniqueid": uniqueid, **more}


class House:
    """1001 has talked with c1, whom the dialplan sends outside; the caller's session is the house itself."""

    uniqueid = "c1"

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.picture = Picture(lambda _: 0)
        self.variables: dict[str, str] = {}
        self.executed: list[tuple[str, ...]] = []
        self.args: tuple[str, ...] = ("c1", "13912345678", "1")
        self.dial: Callable[[], None] = lambda: None
        self.now_ms = 5000
        engine: Any = SimpleNamespace(
            picture=self.picture, clock=SimpleNamespace(now_ms=lambda: self.now_ms), record=self.record
        )
        self.outgoing = Outgoing(
            engine,
            lambda: SETTINGS,
            lambda number: "callee",
            lambda segment, at_ms: segment,
            Path("incoming"),
            CollectorRegistry(),
        )
        self.record(ContactStarted(1, "c1", "4000", "carrier", False, "caller"))
        self.record(CallQueued(2, "c1", 1, "service", "", 0, "zh", 2, 1))
        self.picture.contacts["c1"].agent = "1001"

    def record(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))

    async def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value

    async def get_variable(self, name: str) -> str | None:
        await asyncio.sleep(0)  # Asterisk's answer takes its time: others have their turn
        return self.variables.get(name)

    async def execute(self, application: str, *arguments: str) -> None:
        self.executed.append((application, *arguments))
        await asyncio.sleep(0)
        if application == "Dial":
            self.dial()

    async def transfer(self, status: str, cause: str) -> None:
        session: Any = self
        self.variables |= {"DIALSTATUS": status, "HANGUPCAUSE": cause}
        await self.outgoing.transfer(session)

    async def overflow(self, status: str, cause: str) -> None:
        session: Any = self
        self.variables |= {"DIALSTATUS": status, "HANGUPCAUSE": cause}
        await self.outgoing.overflow(session)

    def told(self, kind: str) -> list[Any]:
        return [fact for fact in self.facts if type(fact).__name__ == kind]


async def test_a_callers_own_number_stays_when_the_callee_sees_the_houses() -> None:
    house = House()
    await house.transfer("BUSY", "17")
    (dial,) = [words for words in house.executed if words[0] == "Dial"]
    assert "f(4000)" in dial[-1]
    assert not [name for name in house.variables if "CALLERID" in name]


@pytest.mark.parametrize(
    ("status", "cause", "how"),
    [("CHANUNAVAIL", "20", "failed"), ("BUSY", "17", "busy"), ("CONGESTION", "", "failed")],
)
async def test_a_transfer_for_which_the_trunk_had_no_leg_is_over_when_dial_is(
    status: str, cause: str, how: str
) -> None:
    house = House()
    await house.transfer(status, cause)
    (ended,) = house.told("OutgoingEnded")
    assert (ended.segment, ended.how, ended.cause) == (SEGMENT, how, int(cause or 0))
    assert (house.variables["HL_BACK"], house.variables.get("HL_NEXT")) == ("1001", None)


@pytest.mark.parametrize(
    ("number", "count", "dialled"),
    [("13912345678", "1", True), ("13912345678", "2", False), ("110", "2", True)],
)
async def test_a_full_trunk_refuses_a_transfer_unless_in_an_emergency(
    number: str, count: str, dialled: bool
) -> None:
    house = House()
    house.args = ("c1", number, "1")
    house.variables["GROUP_COUNT(outside@trunk)"] = count
    await house.transfer("CHANUNAVAIL" if dialled else "", "20")
    assert [words[0] for words in house.executed] == (["MixMonitor", "Dial"] if dialled else [])
    assert [one.why for one in house.told("OutgoingRefused")] == ([] if dialled else ["trunk_full"])
    assert len(house.told("OutgoingStarted")) == len(house.told("OutgoingEnded")) == dialled
    assert (house.variables["HL_BACK"], house.variables.get("HL_NEXT")) == ("1001", None)


async def test_a_transfer_whose_leg_told_its_end_has_ended_once() -> None:
    house = House()

    def busy() -> None:
        house.outgoing.on_message(dials(TRUNK_LEG))
        house.outgoing.on_message(of_leg("t1", Event="Hangup", Cause="17"))

    house.dial = busy
    await house.transfer("BUSY", "17")
    assert [one.how for one in house.told("OutgoingEnded")] == ["busy"]


async def test_who_has_been_answered_outside_talks_until_the_leg_ends() -> None:
    house = House()

    def talk() -> None:
        house.outgoing.on_message(dials(TRUNK_LEG))
        house.outgoing.on_message(of_leg("t1", Event="Newstate", ChannelStateDesc="Up"))

    house.dial = talk
    await house.transfer("ANSWER", "16")
    assert [one.segment for one in house.told("OutgoingAnswered")] == [SEGMENT]
    assert house.told("OutgoingEnded") == []
    assert house.variables["HL_NEXT"] == "hangup"
    house.outgoing.on_message(of_leg("t1", Event="Hangup", Cause="16"))
    assert [one.how for one in house.told("OutgoingEnded")] == ["answered"]


async def test_the_agents_phone_that_rings_for_the_caller_is_no_call_outside() -> None:
    """The part outside may be open yet: whoever came back was rung before its end was told."""
    house = House()

    def comes_back() -> None:
        house.outgoing.on_message(dials(AGENTS_LEG))
        house.outgoing.on_message(of_leg("l2", Event="Newstate", ChannelStateDesc="Up"))

    house.dial = comes_back
    await house.transfer("CHANUNAVAIL", "20")
    assert house.told("OutgoingAnswered") == []


async def test_a_queue_s_exit_leads_outside_on_nobody_s_account() -> None:
    """The number is one that no rule lets agents transfer to; the agent of before has no part in it."""
    house = House()
    house.args = ("c1", "02112345678", "1")

    def talk() -> None:
        house.outgoing.on_message(dials(TRUNK_LEG))
        house.outgoing.on_message(of_leg("t1", Event="Newstate", ChannelStateDesc="Up"))

    house.dial = talk
    await house.overflow("ANSWER", "16")
    assert house.executed[-1] == (
        "Dial",
        "PJSIP/02112345678@outside",
        "30",
        "b(trunk-leg^s^1(outside))f(4000)S(7200)g",
    )
    (started,), (answered,) = house.told("OutgoingStarted"), house.told("OutgoingAnswered")
    assert (started.segment, started.contact, started.agent, started.phone) == (SEGMENT, "c1", "", "")
    assert (answered.contact, answered.agent) == ("c1", "")
    assert house.variables["HL_NEXT"] == "hangup"
    assert house.picture.day_by_agent == {}


@pytest.mark.parametrize(
    ("status", "cause", "how"), [("BUSY", "17", "busy"), ("CHANUNAVAIL", "20", "failed")]
)
async def test_who_is_not_reached_by_a_queue_s_exit_goes_on(status: str, cause: str, how: str) -> None:
    house = House()
    await house.overflow(status, cause)
    assert [(one.agent, one.how) for one in house.told("OutgoingEnded")] == [("", how)]
    assert "HL_NEXT" not in house.variables


async def test_a_full_trunk_refuses_a_queue_s_exit() -> None:
    house = House()
    house.variables["GROUP_COUNT(outside@trunk)"] = "2"
    await house.overflow("", "")
    assert house.executed == house.told("OutgoingStarted") == []
    assert [(one.agent, one.why) for one in house.told("OutgoingRefused")] == [("", "trunk_full")]
    assert "HL_NEXT" not in house.variables


async def test_of_two_who_come_at_once_one_gets_the_last_place_on_the_trunk() -> None:
    """All who wait go where `nobody_ready` leads in one moment; the group has none of their legs so far."""
    house, other = House(), House()
    other.uniqueid, other.args = "c2", ("c2", "13912345678", "1")
    house.record(ContactStarted(1, "c2", "4000", "carrier", False, "caller"))
    for one in (house, other):
        one.variables |= {"GROUP_COUNT(outside@trunk)": "1", "DIALSTATUS": "BUSY", "HANGUPCAUSE": "17"}
    sessions: list[Any] = [house, other]
    await asyncio.gather(*(house.outgoing.overflow(session) for session in sessions))
    assert [one.contact for one in house.told("OutgoingStarted")] == ["c1"]
    assert [one.why for one in house.told("OutgoingRefused")] == ["trunk_full"]
    assert [words[0] for words in other.executed] == []


async def test_a_leg_that_the_trunk_counts_is_not_counted_twice() -> None:
    house, other = House(), House()
    other.uniqueid, other.args = "c2", ("c2", "13912345678", "1")
    house.record(ContactStarted(1, "c2", "4000", "carrier", False, "caller"))
    talks, over = asyncio.Event(), asyncio.Event()

    async def talk(application: str, *arguments: str) -> None:
        if application == "Dial":
            house.outgoing.on_message(dials(TRUNK_LEG))
            other.variables["GROUP_COUNT(outside@trunk)"] = "1"
            talks.set()
            await over.wait()

    house.execute = talk  # type: ignore[method-assign]
    first = asyncio.create_task(house.overflow("ANSWER", "16"))
    await talks.wait()
    second: Any = other
    await house.outgoing.overflow(second)
    assert [one.contact for one in house.told("OutgoingStarted")] == ["c1", "c2"]
    over.set()
    await first


PHONE, CALLER = (
    ChannelSeen("c2", "c2", "PJSIP/1001-4", 6, "", {}),
    ChannelSeen("c1", "c1", "PJSIP/outside-1", 6, "c1", {}),
)
OWN, LED = "o-c2", "o-c1.1"  # an agent's own call outside, and a caller who was led there


def leg(state: int, linked: str) -> ChannelSeen:
    return ChannelSeen("t1", linked, "PJSIP/outside-9", state, "", {})


def log(by: str, answered_ms: int = 0, ended_ms: int = 0, cause: int = 16, phones_ms: int = 0) -> Ends:
    """What Asterisk's log has of the leg, and of the phone that dialled it (0: nothing)."""
    ended = {"t1": HangUp(ended_ms, cause), "c2": HangUp(phones_ms, 16)}
    return Ends(
        talks={"t1": Talk(answered_ms)} if answered_ms else {},
        dialled={"t0": Dialled(by, "PJSIP/1001-3", 3500), "t1": Dialled(by, "PJSIP/outside-9", 3500)},
        hang_ups={one: end for one, end in ended.items() if end.ended_ms},
    )


@pytest.mark.parametrize(
    ("segment", "channels", "ends", "expected"),
    [
        (OWN, [PHONE, leg(5, "c2")], Ends(), []),
        (OWN, [PHONE, leg(6, "c2")], log("c2", 4400), [("OutgoingAnswered", 4400)]),
        (OWN, [PHONE, leg(6, "c2")], Ends(), [("OutgoingAnswered", 5000)]),
        (OWN, [], log("c2", 4400, 4900, 16, 4901), [("OutgoingAnswered", 4400), ("answered", 4901, 501, 16)]),
        (OWN, [], log("c2", 0, 4800, 17, 4901), [("busy", 4901, 0, 17)]),
        (OWN, [], log("c9", 4400, 4900, 17, 4901), [("no_answer", 4901, 0, 16)]),
        (OWN, [], Ends(), [("lost", 5000, 0, 0)]),
        (LED, [CALLER, leg(5, "c1")], Ends(), []),
        (LED, [CALLER, leg(6, "c1")], log("c1", 4400), [("OutgoingAnswered", 4400)]),
        (LED, [CALLER], log("c1", 0, 4800, 17), [("busy", 4800, 0, 17)]),
        (LED, [CALLER], log("c1", 4400, 4800), [("OutgoingAnswered", 4400), ("answered", 4800, 400, 16)]),
        (LED, [CALLER], Ends(), []),  # dialled only now, or long ago: nobody knows
        (LED, [], log("c1", 4400, 4800), [("OutgoingAnswered", 4400), ("answered", 4800, 400, 16)]),
        (LED, [], Ends(), [("lost", 5000, 0, 0)]),
    ],
)
def test_what_became_of_a_call_while_we_were_away(
    segment: str, channels: list[ChannelSeen], ends: Ends, expected: list[tuple[object, ...]]
) -> None:
    """By the channels that live, and the log; the leg began 500 ms after the call."""
    house = House()
    phone = "1001" if segment == OWN else ""
    house.record(OutgoingStarted(3000, segment, "c1", "1001", phone, "callee", "outside", "1", False))
    house.facts.clear()
    house.outgoing.learn_legs(channels, ends)
    house.outgoing.judge(channels, ends, 5000)
    told = [
        (one.how, one.at_ms, one.talk_ms, one.cause)
        if isinstance(one, OutgoingEnded)
        else (type(one).__name__, one.at_ms)
        for one in house.facts
    ]
    assert told == expected


def test_a_leg_that_rings_as_we_are_back_is_followed() -> None:
    house = House()
    house.record(OutgoingStarted(3000, OWN, "", "1001", "1001", "callee", "outside", "1", False))
    house.outgoing.learn_legs([PHONE, leg(5, "c2")], Ends())
    house.outgoing.on_message(of_leg("t1", Event="Newstate", ChannelStateDesc="Up"))
    assert [one.at_ms for one in house.told("OutgoingAnswered")] == [5000]


def test_of_two_calls_of_one_caller_the_newest_is_meant() -> None:
    house = House()
    for segment in (LED, "o-c1.2"):
        house.record(OutgoingStarted(3000, segment, "c1", "1001", "", "callee", "outside", "1", False))
    house.outgoing.on_message(dials(TRUNK_LEG))
    house.outgoing.on_message(of_leg("t1", Event="Newstate", ChannelStateDesc="Up"))
    assert [one.segment for one in house.told("OutgoingAnswered")] == ["o-c1.2"]


def test_a_caller_handed_over_while_we_were_away_talks_on_in_a_segment_of_its_own() -> None:
    """The leg is linked with the caller by now; the log has who dialled it. The phone is gone."""
    house = House()
    house.record(OutgoingStarted(3000, OWN, "c1", "1001", "1001", "callee", "outside", "1", False))
    house.record(OutgoingAnswered(3600, OWN, "c1", "1001", OWN))
    channels, ends = [CALLER, leg(6, "c1")], log("c2", 3600, phones_ms=4500)
    house.outgoing.learn_legs(channels, ends)
    assert house.outgoing.handed_over("c1", "t1") == "o-c1.t1"
    house.outgoing.judge(channels, ends, 5000)
    assert [(one.segment, one.how, one.talk_ms) for one in house.told("OutgoingEnded")] == [
        (OWN, "answered", 900)
    ]
    house.outgoing.learn_legs(channels, ends)  # and once more, after another gap
    house.outgoing.judge(channels, ends, 6000)
    assert list(house.picture.outgoing) == ["o-c1.t1"]


async def test_who_was_consulted_outside_and_is_handed_the_caller_is_a_segment_of_its_own() -> None:
    """c2 is the agent's own call outside, t2 its leg: on t2's account from then on, until t2 hangs up."""
    house = House()
    house.record(OutgoingStarted(3, "o-c2", "c1", "1001", "1001", "callee", "outside", "1", False))
    dial = {"DestUniqueid": "t2", "DestChannel": "PJSIP/outside-9"}
    house.outgoing.on_message({"Event": "DialBegin", "Uniqueid": "c2", **dial})
    assert house.outgoing.is_leg("t2") and not house.outgoing.is_leg("c2")
    house.outgoing.on_message(of_leg("t2", Event="Newstate", ChannelStateDesc="Up"))
    house.now_ms = 7000
    assert [house.outgoing.handed_over("c1", "t2") for _ in range(2)] == ["o-c1.t2", ""]
    house.outgoing.on_message(of_leg("c2", Event="Hangup", Cause="16"))
    house.now_ms = 8000
    house.outgoing.on_message(of_leg("t2", Event="Hangup", Cause="16"))
    own, theirs = house.told("OutgoingStarted")
    assert theirs == replace(own, at_ms=7000, segment="o-c1.t2", phone="")
    ended = [(one.segment, one.how, one.talk_ms) for one in house.told("OutgoingEnded")]
    assert ended == [("o-c2", "answered", 2000), ("o-c1.t2", "answered", 1000)]


async def test_a_caller_led_outside_is_handed_to_nobody_else() -> None:
    house = House()
    handed: list[str] = []

    def talks() -> None:
        house.outgoing.on_message(dials(TRUNK_LEG))
        handed.append(house.outgoing.handed_over("c1", "t1"))

    house.dial = talks
    await house.transfer("BUSY", "17")
    assert handed == [""]
    assert [one.segment for one in house.told("OutgoingStarted")] == [SEGMENT]
