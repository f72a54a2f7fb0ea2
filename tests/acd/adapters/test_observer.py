"""Who hung up, from AMI's messages in either order."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from decision_table import settings
from prometheus_client import CollectorRegistry

from acd.adapters import cel, observer, sudden_ends
from acd.adapters.away import Away
from acd.adapters.cel import Ends
from acd.adapters.observer import Observer
from acd.adapters.own_calls import OwnCalls
from acd.clock import SteadyClock
from acd.core import events
from acd.core.distributor import Distributor
from acd.core.picture import Picture
from acd.core.recovery import restored_from
from acd.engine import Engine
from hotline.journal import JournalWriter, read_journal
from telephony.ami import AmiLink, AmiReply, LinkState
from telephony.errors import AmiError, AmiRefused, AmiTimedOut

CALLER = {"Uniqueid": "c1", "Channel": "PJSIP/carrier-1", "AccountCode": "c1"}
LEG = {
    "Uniqueid": "l1",
    "Channel": "PJSIP/1001-2",
    "AccountCode": "c1",
    "ChanVariable": "HL_OFFER=1-1",
    "Cause": "16",
}
DIALLED = {f"Dest{name}": value for name, value in LEG.items()}
CALLER_ASKS, LEG_ASKS = {"Event": "HangupRequest", **CALLER}, {"Event": "HangupRequest", **LEG}
CALLER_GONE, LEG_GONE = {"Event": "Hangup", "Cause": "16", **CALLER}, {"Event": "Hangup", **LEG}


def _enters(bridge: str) -> dict[str, str]:
    return {"Event": "BridgeEnter", **LEG, "BridgeUniqueid": bridge}


class Talk:
    """c1 and agent 1001 talk."""

    def __init__(self, folder: Path, *, answered: bool = True, dialled: bool = True) -> None:
        self.folder = folder
        self.log = Ends()  # what Asterisk's own log of channels says
        self.journal = JournalWriter(folder, "acd")
        self._begin(Picture(lambda _: 0), epoch=1)
        self.engine.handle(events.AsteriskSnapshot((), ()))
        self.engine.handle(events.AgentLoggedIn("1001", "1001"))
        self.engine.handle(events.AgentBecameReady("1001"))
        self.tell({"Event": "UserEvent", "UserEvent": "HotlineContact", **CALLER})
        arrived = events.CallArrived(
            contact="c1", queue="orders", needs="", priority=0, language="zh", wait_since_ms=0, entry=1
        )
        self.engine.handle(arrived)
        if dialled:
            self.tell({"Event": "DialBegin", **DIALLED})
        if answered:
            self.tell({"Event": "Newstate", "ChannelStateDesc": "Up", **LEG}, _enters("b1"))

    def _begin(self, picture: Picture, epoch: int) -> None:
        registry = CollectorRegistry()
        self.engine = Engine(Distributor(epoch), picture, self.journal, SteadyClock(), registry)
        away = Away(self.engine, lambda _: self.log, lambda offer, at_ms: offer, (), 0, 0)
        self.observer = Observer(
            self.engine,
            lambda number: number,
            away,
            lambda offer, at_ms: offer,
            OwnCalls(self.engine, str.isdigit),
            registry,
        )
        self.engine.handle(settings(version=epoch))

    def restart(self) -> None:
        """acd is killed, and begins again from its own facts."""
        self.engine.close()
        self._begin(self.engine.picture, epoch=2)
        self.engine.handle(restored_from(self.engine.picture))

    def tell(self, *messages: dict[str, str]) -> None:
        for message in messages:
            self.observer.on_message(message)

    def facts(self, kind: str) -> list[dict[str, Any]]:
        self.journal.sync()
        return [one.body for _, one in read_journal(self.folder) if one.kind == kind]

    def hung_up_by(self, kind: str) -> list[str]:
        return [body["hung_up_by"] for body in self.facts(kind)]

    def joined(self) -> list[tuple[str, str]]:
        facts = self.facts("CallConnected")
        return [(one["agent"], one["segment"]) for one in facts if one["how"] == "joined"]


@pytest.fixture
async def talk(tmp_path: Path) -> Iterator[Talk]:
    talk = Talk(tmp_path)
    yield talk
    talk.engine.close()
    talk.journal.close()


@pytest.mark.parametrize("gone", [(CALLER_GONE, LEG_GONE), (LEG_GONE, CALLER_GONE)])
@pytest.mark.parametrize(("asks", "by"), [(LEG_ASKS, "agent"), (CALLER_ASKS, "caller")])
async def test_whoever_asked_for_the_hang_up_hung_up(
    talk: Talk, asks: dict[str, str], by: str, gone: tuple[dict[str, str], ...]
) -> None:
    talk.tell(asks, *gone)
    assert talk.hung_up_by("SegmentEnded") == [by]
    assert talk.hung_up_by("ContactEnded") == [by]


@pytest.mark.parametrize("gone", [(CALLER_GONE, LEG_GONE), (LEG_GONE, CALLER_GONE)])
@pytest.mark.parametrize(
    ("first", "then", "by"), [(LEG_ASKS, CALLER_ASKS, "agent"), (CALLER_ASKS, LEG_ASKS, "caller")]
)
async def test_of_two_who_hang_up_at_once_the_first_ended_the_talk(
    talk: Talk, first: dict[str, str], then: dict[str, str], by: str, gone: tuple[dict[str, str], ...]
) -> None:
    talk.tell(first, then, *gone)
    assert talk.hung_up_by("SegmentEnded") == [by]


async def test_an_agent_who_hangs_up_is_free_before_asterisk_has_ended_the_channel(talk: Talk) -> None:
    talk.tell(LEG_ASKS)
    assert [(fact["segment"], fact["hung_up_by"]) for fact in talk.facts("SegmentEnded")] == [
        ("1-1", "agent")
    ]
    assert talk.engine.picture.agents["1001"].offer == ""
    talk.tell(LEG_GONE, CALLER_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]
    assert talk.hung_up_by("ContactEnded") == ["agent"]


async def test_an_agent_who_consults_somebody_may_hang_up_to_transfer(talk: Talk) -> None:
    """By code: the leg is led to a bridge with the colleague, and hanging up completes the transfer."""
    transfer = {"Event": "AttendedTransfer", "Result": "Success", "OrigTransfererUniqueid": "l1"}
    talk.tell(_enters("b2"), LEG_ASKS, transfer, LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]


async def test_an_agent_who_is_back_from_consulting_is_free_at_once(talk: Talk) -> None:
    talk.tell(_enters("b2"), _enters("b1"), LEG_ASKS)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


async def test_a_phone_that_goes_before_the_bridge_has_ended_when_its_channel_has(ringing: Talk) -> None:
    """Until then Dial may still take its answer for a conversation."""
    ringing.tell({"Event": "Newstate", "ChannelStateDesc": "Up", **LEG}, LEG_ASKS)
    assert "l1" in ringing.observer.legs
    ringing.tell(LEG_GONE)
    assert "l1" not in ringing.observer.legs


async def test_a_phone_that_rings_or_answers_before_asterisk_tells_of_its_dialling_is_heard(
    tmp_path: Path,
) -> None:
    """DialBegin comes from another of Asterisk's threads, and may be late on a busy machine."""
    talk = Talk(tmp_path, answered=False, dialled=False)
    talk.tell({"Event": "Newstate", "ChannelStateDesc": "Ringing", **LEG}, {"Event": "DialBegin", **DIALLED})
    assert len(talk.facts("OfferRang")) == 1
    assert talk.observer.legs["l1"].heard
    talk.tell({"Event": "Newstate", "ChannelStateDesc": "Up", **LEG}, _enters("b1"))
    assert len(talk.facts("CallConnected")) == 1
    talk.engine.close()
    talk.journal.close()


async def test_of_an_agents_several_phones_only_the_last_or_the_answered_one_ends_the_offer(
    talk: Talk,
) -> None:
    """The leg of a further phone, which rang with the one that talks, ends; the talk goes on."""
    further = {**LEG, "Uniqueid": "l2", "Channel": "PJSIP/soft-3"}
    talk.tell({"Event": "DialBegin", **{f"Dest{name}": value for name, value in further.items()}})
    talk.tell({"Event": "Hangup", **further})
    assert talk.hung_up_by("SegmentEnded") == []
    talk.tell(LEG_ASKS, LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


async def test_who_gives_up_before_the_dialplan_has_told_of_a_contact_is_the_caller(talk: Talk) -> None:
    """Asterisk may have run the first line: the channel bears its contact, of which no event told."""
    early = {"Uniqueid": "c2", "Channel": "PJSIP/carrier-9"}
    talk.tell(
        {"Event": "HangupRequest", **early}, {"Event": "Hangup", "Cause": "127", "AccountCode": "c2", **early}
    )
    assert talk.hung_up_by("ContactEnded") == ["caller"]


async def test_who_hangs_up_in_the_survey_did_not_end_the_talk(talk: Talk) -> None:
    talk.tell(LEG_ASKS, LEG_GONE, CALLER_ASKS, CALLER_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]
    assert talk.hung_up_by("ContactEnded") == ["caller"]


async def test_what_became_of_the_contact_is_told_before_the_hang_up(talk: Talk) -> None:
    told = {"Outcome": "queued", "Satisfaction": "4", "Survey": "1", "Number": "4001", "Trunk": "carrier"}
    quality = {"Quality": "", "Side": "caller", "Contact": "c1", "Offer": "1-1"}
    talk.tell({"Event": "UserEvent", "UserEvent": "HotlineEnd", **CALLER, **told, **quality})
    talk.tell({**CALLER_GONE, "ChanVariable": "HL_STAGE=survey"})
    (ended,) = talk.facts("ContactEnded")
    assert (ended["stage"], ended["outcome"], ended["satisfaction"], ended["survey_asked"]) == (
        "survey",
        "queued",
        4,
        True,
    )
    assert [fact["side"] for fact in talk.facts("MediaMeasured")] == ["caller"]


@pytest.mark.parametrize(
    ("stage", "how", "to"), [("waiting", "abandoned", ""), ("fallback", "out", "fallback")]
)
async def test_a_caller_whom_the_fallback_served_has_not_given_up_a_wait(
    talk: Talk, stage: str, how: str, to: str
) -> None:
    other = {"Uniqueid": "c2", "Channel": "PJSIP/carrier-9", "AccountCode": "c2"}
    talk.tell({"Event": "UserEvent", "UserEvent": "HotlineContact", **other})
    talk.engine.handle(
        events.CallArrived(
            contact="c2", queue="orders", needs="", priority=0, language="zh", wait_since_ms=0, entry=1
        )
    )
    talk.tell({"Event": "Hangup", "Cause": "16", "ChanVariable": f"HL_STAGE={stage}", **other})
    assert [(one["how"], one["to"]) for one in talk.facts("CallLeftQueue")][1:] == [(how, to)]


async def test_a_contact_that_only_its_end_tells_of_began_where_that_says(talk: Talk) -> None:
    other = {"Uniqueid": "c2", "Channel": "PJSIP/carrier-9", "AccountCode": "c2"}
    end = {"Number": "4002", "Trunk": "carrier", "Direct": "1"}
    talk.tell({"Event": "UserEvent", "UserEvent": "HotlineEnd", **other, **end})
    talk.tell({"Event": "Hangup", "Cause": "16", **other})
    (started,) = [fact for fact in talk.facts("ContactStarted") if fact["contact"] == "c2"]
    assert (started["number"], started["trunk"], started["direct"]) == ("4002", "carrier", True)
    talk.tell({"Event": "UserEvent", "UserEvent": "HotlineEnd", **other, **end})  # late: dead stays dead
    assert "c2" not in talk.observer.callers


@pytest.mark.parametrize(
    ("source", "by"), [(CALLER["Channel"], "caller"), ("PJSIP/1001-1", "us"), ("dialplan/builtin", "us")]
)
async def test_who_hung_up_is_known_when_the_link_came_up_in_between(
    talk: Talk, source: str, by: str
) -> None:
    talk.tell({"Event": "UserEvent", "UserEvent": "HotlineEnd", **CALLER, "Source": source}, CALLER_GONE)
    assert talk.hung_up_by("ContactEnded") == [by]


SIDE_LEG = {"Uniqueid": "7", "Channel": "PJSIP/1002-7", "Cause": "16", "BridgeUniqueid": "b2"}


async def test_an_attended_transfer_ends_one_part_and_begins_another(talk: Talk) -> None:
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    transfer = {"Event": "AttendedTransfer", "Result": "Success", "OrigTransfererUniqueid": "l1"}
    talk.tell({"Event": "BridgeEnter", **SIDE_LEG}, transfer)
    talk.tell({"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b2"}, LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]
    assert talk.joined() == [("1002", "s-7")]
    talk.tell({"Event": "HangupRequest", **SIDE_LEG}, {"Event": "Hangup", **SIDE_LEG}, CALLER_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["transfer", "agent"]


class Outside:
    """Channel 7 is a leg outside, of an agent's own call; its segment begins once."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def learn_legs(self, channels: object, ends: object) -> None:
        self.asked.clear()

    def judge(self, channels: object, ends: object, asked_ms: int) -> None:
        pass

    def is_leg(self, uniqueid: str) -> bool:
        return uniqueid == "7"

    def handed_over(self, contact: str, leg: str) -> str:
        self.asked.append((contact, leg))
        return "o-c1.7" if len(self.asked) == 1 else ""


@pytest.mark.parametrize("first", ["leg", "caller"])
async def test_who_is_reached_outside_and_talks_with_the_caller_is_recorded_from_then_on(
    talk: Talk, first: str
) -> None:
    outside, ordered = Outside(), []
    talk.observer.follow_outside(outside)
    talk.observer.orders.act = lambda action, fields: ordered.append((action, fields["Channel"]))  # type: ignore[method-assign]
    carriers = {**SIDE_LEG, "Channel": "PJSIP/outside-7"}
    both = [{"Event": "BridgeEnter", **carriers}, {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b2"}]
    talk.tell(*(both if first == "leg" else both[::-1]))
    assert outside.asked == [("c1", "7")]
    assert ordered == [("Setvar", "PJSIP/carrier-1"), ("PlayDTMF", "PJSIP/outside-7")]
    talk.tell(both[0])  # it comes back into the bridge, from hold
    assert len(ordered) == 2
    assert talk.joined() == []


BLIND = {"Event": "BlindTransfer", "Result": "Success", "TransfererUniqueid": "l1"}
ATTENDED = {"Event": "AttendedTransfer", "Result": "Success", "OrigTransfererUniqueid": "l1"}


@pytest.mark.parametrize("transfer", [BLIND, ATTENDED])
async def test_a_transfer_may_be_told_after_its_leg_is_gone(talk: Talk, transfer: dict[str, str]) -> None:
    talk.tell(LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == []
    talk.tell(transfer)
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]


async def test_who_hangs_up_while_consulting_may_have_transferred_as_is_told_later(talk: Talk) -> None:
    talk.tell(_enters("b2"), LEG_ASKS, LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == []
    talk.tell(ATTENDED)
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]


async def test_a_leg_that_nobody_ended_ends_soon_all_the_same(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sudden_ends, "WAIT_S", 0.01)
    talk.tell(LEG_GONE, {**BLIND, "Result": "Fail"})
    assert talk.hung_up_by("SegmentEnded") == []
    await asyncio.sleep(0.05)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


@pytest.mark.parametrize("then", [CALLER_ASKS, CALLER_GONE])
async def test_a_leg_that_nobody_ended_has_ended_when_the_caller_leaves(
    talk: Talk, then: dict[str, str]
) -> None:
    talk.tell(LEG_GONE, then)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


async def test_a_leg_that_nobody_ended_has_ended_when_nothing_more_will_be_heard(talk: Talk) -> None:
    talk.tell(LEG_GONE)
    talk.observer.on_state(LinkState.DOWN)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


TAKER = {"Uniqueid": "7", "Channel": "PJSIP/1002-7", "BridgeId": "b1", "ChannelStateDesc": "Up"}
IN_TALK = [{**CALLER, "BridgeId": "b1"}, {**LEG, "BridgeId": "b1"}]


def take_over(talk: Talk) -> list[str]:
    """1002 is to take the talk over; returns the parts that are dropped from then on."""
    dropped: list[str] = []
    talk.engine.drop_leg = dropped.append
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    talk.engine.handle(events.CallTaken("c1", "1002", "1002", "phone", joins=True))
    return dropped


FURTHER = {**TAKER, "Channel": "PJSIP/2002-7"}


@pytest.mark.parametrize("looking", [False, True])
async def test_who_takes_over_from_a_further_phone_has_taken_over(talk: Talk, looking: bool) -> None:
    known = settings(version=2)
    agents = tuple(replace(one, also=("2002",)) if one.number == "1002" else one for one in known.agents)
    talk.engine.handle(replace(known, agents=agents))
    dropped = take_over(talk)
    if looking:
        talk.tell({"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b1"})
        talk.tell({"Event": "BridgeEnter", **FURTHER, "BridgeUniqueid": "b1"})
    else:
        await comes_back(talk, Link(*IN_TALK, FURTHER))
    assert (talk.joined(), dropped) == ([("1002", "s-7")], ["1-1"])


async def test_who_takes_over_while_nobody_looks_is_found_in_the_bridge(talk: Talk) -> None:
    dropped = take_over(talk)
    await comes_back(talk, Link(*IN_TALK, TAKER))
    assert talk.joined() == [("1002", "s-7")]
    assert dropped == ["1-1"]
    await comes_back(talk, Link(*IN_TALK, TAKER))  # found once
    assert talk.joined() == [("1002", "s-7")]


@pytest.mark.parametrize(
    "channel", [{**TAKER, "BridgeId": "b9"}, {**TAKER, "BridgeId": ""}, {**TAKER, "Channel": "PJSIP/1003-7"}]
)
async def test_whoever_is_elsewhere_has_not_taken_over(talk: Talk, channel: dict[str, str]) -> None:
    dropped = take_over(talk)
    await comes_back(talk, Link(*IN_TALK, channel))
    assert (talk.joined(), dropped) == ([], [])


async def test_a_phone_that_has_hung_up_since_the_list_has_not_taken_over(talk: Talk) -> None:
    dropped = take_over(talk)
    await comes_back(talk, Link(*IN_TALK, TAKER), {"Event": "Hangup", "Cause": "16", **TAKER})
    assert (talk.joined(), dropped) == ([], [])


async def test_who_has_joined_is_known_though_the_leg_never_got_its_marks(talk: Talk) -> None:
    """Killed at once after it: Asterisk's list shows a phone's channel without offer or contact."""
    take_over(talk)
    talk.tell({"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b1"})
    talk.tell({"Event": "BridgeEnter", **TAKER, "BridgeUniqueid": "b1"})
    assert talk.joined() == [("1002", "s-7")]
    link = Link(*IN_TALK, TAKER)
    await comes_back(talk, link)
    assert talk.hung_up_by("SegmentEnded") == []
    assert talk.observer.legs["7"].offer == "s-7"
    await asyncio.sleep(0)
    assert [told["Value"] for told in link.asked_for] == ["s-7", "c1"]
    talk.tell(LEG_ASKS, LEG_GONE)
    talk.tell({"Event": "HangupRequest", **TAKER}, {"Event": "Hangup", "Cause": "16", **TAKER})
    assert talk.hung_up_by("SegmentEnded") == ["agent", "agent"]


CONSULTED = {**SIDE_LEG, "BridgeId": "b2"}
TRANSFERRED = [ATTENDED, {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b2"}, LEG_GONE]


def skipped_ms(talk: Talk) -> int:
    return next(one["recording_skip_ms"] for one in talk.facts("CallConnected") if one["how"] == "joined")


async def consulting(talk: Talk, since_ms: int) -> None:
    """acd comes back in a consultation with 1002, of which Asterisk's log tells since when."""
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    talk.log = Ends(talks={"7": cel.Talk(since_ms, since_ms)})
    await comes_back(talk, Link(*IN_TALK, CONSULTED))
    assert talk.joined() == []


async def test_a_consultation_that_began_unseen_may_end_in_a_transfer(talk: Talk) -> None:
    await consulting(talk, talk.engine.clock.now_ms() - 60_000)
    talk.tell(*TRANSFERRED)
    assert talk.joined() == [("1002", "s-7")]
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]
    assert 60_000 <= skipped_ms(talk) < 70_000


async def test_a_consultation_of_unknown_length_is_left_out_whole(talk: Talk) -> None:
    await consulting(talk, 0)
    talk.tell(*TRANSFERRED)
    assert (
        skipped_ms(talk) > 1_000_000_000_000
    )  # the keeper leaves as much as the talk with the caller lasted


async def test_a_transfer_that_was_completed_unseen_counts_from_now_on(talk: Talk) -> None:
    """… and all that was recorded until now is taken for the consultation."""
    now_ms = talk.engine.clock.now_ms()
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    ended = cel.EndedLeg(now_ms - 10_000, 16, "transfer")
    talk.log = Ends(legs={"1-1": ended}, talks={"7": cel.Talk(now_ms - 60_000, now_ms - 60_000)})
    await comes_back(talk, Link({**CALLER, "BridgeId": "b2"}, CONSULTED))
    assert talk.joined() == [("1002", "s-7")]
    assert 60_000 <= skipped_ms(talk) < 70_000
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]
    await comes_back(talk, Link({**CALLER, "BridgeId": "b2"}, CONSULTED))  # found once
    assert talk.joined() == [("1002", "s-7")]


async def test_who_changed_bridges_while_the_link_was_away_is_found_in_the_new_one(talk: Talk) -> None:
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    talk.tell(
        {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b1"}, {"Event": "BridgeEnter", **SIDE_LEG}
    )
    await comes_back(talk, Link({**CALLER, "BridgeId": "b2"}, CONSULTED))
    assert talk.joined() == [("1002", "s-7")]


async def test_an_entry_told_since_the_list_was_asked_for_is_newer_than_it(talk: Talk) -> None:
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    moves = {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b9"}
    await comes_back(talk, Link({**CALLER, "BridgeId": "b2"}, {**LEG, "BridgeId": "b2"}, CONSULTED), moves)
    assert talk.joined() == []


async def test_of_three_parties_the_agent_who_took_the_third_in_has_transferred_nobody(talk: Talk) -> None:
    transfer = {"Event": "AttendedTransfer", "Result": "Success", "OrigTransfererUniqueid": "l1"}
    talk.tell({**transfer, "DestType": "Threeway"}, LEG_ASKS, LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


async def test_a_phone_without_an_agent_and_a_strangers_channel_join_nobody(talk: Talk) -> None:
    stranger = {**SIDE_LEG, "Channel": "PJSIP/carrier-9"}
    talk.tell({"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b2"})
    talk.tell({"Event": "BridgeEnter", **SIDE_LEG}, {"Event": "BridgeEnter", **stranger})
    assert talk.joined() == []


@pytest.mark.parametrize(("states", "heard"), [((), False), (("Ringing",), True)])
async def test_an_unanswered_leg_says_whether_its_phone_was_heard_of(
    talk: Talk, states: tuple[str, ...], heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[events.Event] = []
    monkeypatch.setattr(talk.engine, "handle", told.append)
    leg = {**LEG, "Uniqueid": "l2", "ChanVariable": "HL_OFFER=1-2", "Cause": "0"}
    talk.tell({"Event": "DialBegin", **{f"Dest{name}": value for name, value in leg.items()}})
    talk.tell(*({"Event": "Newstate", "ChannelStateDesc": state, **leg} for state in states))
    talk.tell({"Event": "Hangup", **leg})
    assert told == [events.OfferRang("1-2"), events.LegEnded("1-2", 0, by="us", heard=heard)]


class Link:
    """Asterisk's list of channels comes when the test says so."""

    connected = True

    def __init__(self, *channels: dict[str, str]) -> None:
        self.channels, self.asked, self.answers = channels, asyncio.Event(), asyncio.Event()
        self.asked_for: list[dict[str, str]] = []

    async def list_action(self, *_: object, **__: object) -> list[dict[str, str]]:
        self.asked.set()
        await self.answers.wait()
        return list(self.channels)

    async def action(self, _: str, fields: dict[str, str], **__: object) -> AmiReply:
        self.asked_for.append(fields)
        known = {"HL_NUMBER": "4002", "HL_TRUNK": "carrier", "HL_DIRECT": "0"}
        return AmiReply("Success", {"Value": known[fields["Variable"]]}, "1", 1)


@pytest.fixture
async def ringing(tmp_path: Path) -> Iterator[Talk]:
    ringing = Talk(tmp_path, answered=False)
    yield ringing
    ringing.engine.close()
    ringing.journal.close()


async def comes_back(talk: Talk, link: Link, *late: dict[str, str]) -> None:
    """The link was away, is up, and Asterisk tells this before its list of channels."""
    talk.observer.orders.link = cast(AmiLink, link)
    talk.observer.on_state(LinkState.DOWN)
    talk.observer.on_state(LinkState.UP)
    await link.asked.wait()
    talk.tell(*late)
    link.answers.set()
    synchronized = asyncio.Event()
    talk.observer.on_synchronized = lambda done: synchronized.set()
    await asyncio.wait_for(synchronized.wait(), 5)


# Asterisk's list may be older than the hang-ups, and its log may be late.
@pytest.mark.parametrize("listed", [(), (CALLER, LEG)])
@pytest.mark.parametrize("log_is_late", [False, True])
async def test_a_conversation_held_and_over_while_the_link_was_away_is_one(
    ringing: Talk, listed: tuple[dict[str, str], ...], log_is_late: bool
) -> None:
    now_ms = ringing.engine.clock.now_ms()
    talk = cel.Talk(now_ms - 900, now_ms - 800)
    legs = {} if log_is_late else {"1-1": cel.EndedLeg(now_ms - 100, 16, "agent", talk)}
    ringing.log = Ends(legs=legs, talks={"l1": talk})
    end = {"Event": "UserEvent", "UserEvent": "HotlineEnd", **CALLER, "Outcome": "queued"}
    await comes_back(ringing, Link(*listed), LEG_GONE, end, CALLER_GONE)
    assert [fact["segment"] for fact in ringing.facts("CallConnected")] == ["1-1"]
    assert [fact["segment"] for fact in ringing.facts("SegmentEnded")] == ["1-1"]
    assert [fact["how"] for fact in ringing.facts("CallLeftQueue")] == ["answered"]
    assert [fact["outcome"] for fact in ringing.facts("ContactEnded")] == ["queued"]
    assert ringing.facts("OfferEnded") == []


IN_ONE_BRIDGE = [{**one, "ChannelState": "6", "BridgeId": "b1"} for one in (CALLER, LEG)]


async def test_a_phone_answered_while_the_link_was_away_talks(ringing: Talk) -> None:
    await comes_back(ringing, Link(*IN_ONE_BRIDGE))
    assert [fact["segment"] for fact in ringing.facts("CallConnected")] == ["1-1"]
    (leg,) = ringing.observer.legs.values()
    assert (leg.up, leg.bridged) == (True, True)
    ringing.tell(LEG_ASKS, LEG_GONE)
    assert ringing.hung_up_by("SegmentEnded") == ["agent"]


HOLD, UNHOLD = {"Event": "Hold", **LEG}, {"Event": "Unhold", **LEG}


async def test_a_leg_on_hold_as_acd_was_killed_is_on_hold(talk: Talk) -> None:
    """Else its silence were taken for a one-way call."""
    talk.tell(HOLD)
    talk.restart()
    await comes_back(talk, Link(*IN_ONE_BRIDGE))
    assert talk.observer.legs["l1"].held
    talk.restart()
    await comes_back(talk, Link(*IN_ONE_BRIDGE), UNHOLD)
    assert [fact["held"] for fact in talk.facts("HoldChanged")] == [True, False]


class HoldLink(Link):
    """Asked whether the caller is on hold it says this; something may be told before the answer is read."""

    def __init__(self, answer: str | AmiError, *channels: dict[str, str]) -> None:
        super().__init__(*channels or IN_ONE_BRIDGE)
        self.answer = answer
        self.before_it: Callable[[], None] = lambda: None

    async def action(self, _: str, fields: dict[str, str], **__: object) -> AmiReply:
        self.asked_for.append(fields)
        self.before_it()
        if isinstance(self.answer, AmiError):
            raise self.answer
        return AmiReply("Success", {"Value": self.answer}, "1", 1)


ASKED = [{"Channel": CALLER["Channel"], "Variable": "CHANNEL(onhold)"}]


async def holds_told(talk: Talk, link: Link, *late: dict[str, str]) -> tuple[list[bool], bool, str]:
    """The link was away. Which holds are facts then, what is known of the leg, and the agent's state."""
    await comes_back(talk, link, *late)
    for _ in range(5):
        await asyncio.sleep(0)
    held = [fact["held"] for fact in talk.facts("HoldChanged")]
    return held, talk.observer.legs["l1"].held, talk.engine.picture.agents["1001"].state


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_hold_and_its_end_that_were_missed_are_asked_for(talk: Talk, restarts: bool) -> None:
    for answer, told in (("1", [True]), ("1", [True]), ("0", [True, False]), ("0", [True, False])):
        if restarts:
            talk.restart()
        link = HoldLink(answer)
        held = answer == "1"
        assert await holds_told(talk, link) == (told, held, "on_hold" if held else "on_contact")
        assert link.asked_for == ASKED


async def test_who_was_seen_all_the_time_is_not_asked_after(talk: Talk) -> None:
    link = HoldLink("1")
    await comes_back(talk, link, UNHOLD)
    talk.observer.take_snapshot()
    await asyncio.sleep(0.01)
    assert (link.asked_for, talk.facts("HoldChanged")) == ([], [])


@pytest.mark.parametrize("answer", ["", "-1", AmiTimedOut("Getvar"), AmiRefused("Getvar", "No such channel")])
async def test_no_answer_changes_no_hold(talk: Talk, answer: str | AmiError) -> None:
    talk.tell(HOLD)
    assert await holds_told(talk, HoldLink(answer)) == ([True], True, "on_hold")
    assert (await holds_told(talk, HoldLink("0")))[0] == [True, False]  # the next list asks again


async def test_what_is_told_after_the_question_is_newer_than_its_answer(talk: Talk) -> None:
    link = HoldLink("0")
    link.before_it = lambda: talk.tell(HOLD)
    assert await holds_told(talk, link) == ([True], True, "on_hold")


async def test_who_went_to_consult_somebody_after_the_question_holds_nobody(talk: Talk) -> None:
    link = HoldLink("1")
    link.before_it = lambda: talk.tell(_enters("b2"))
    assert await holds_told(talk, link) == ([], False, "on_contact")


@pytest.mark.parametrize(
    "channels",
    [
        [{**CALLER, "BridgeId": "b1"}, {**LEG, "ChannelState": "6", "BridgeId": "b2"}],
        [{**CALLER, "BridgeId": "b1"}, {**LEG, "ChannelState": "6"}],
        [*IN_ONE_BRIDGE, {"Uniqueid": "x", "Channel": "PJSIP/x-1", "BridgeId": "b1"}],
    ],
)
async def test_in_a_consultation_and_among_three_parties_no_hold_is_asked_for(
    talk: Talk, channels: list[dict[str, str]]
) -> None:
    link = HoldLink("1", *channels)
    assert await holds_told(talk, link) == ([], False, "on_contact")
    assert link.asked_for == []


async def test_nobody_waits_for_what_is_asked_of_holds(talk: Talk) -> None:
    """comes_back() waits until calls are offered again."""
    answers = asyncio.Event()

    class SilentLink(HoldLink):
        async def action(self, name: str, fields: dict[str, str], **options: object) -> AmiReply:
            await answers.wait()
            return await super().action(name, fields, **options)

    assert await holds_told(talk, SilentLink("1")) == ([], False, "on_contact")
    answers.set()
    await asyncio.sleep(0.01)
    assert talk.observer.legs["l1"].held


async def test_where_a_leg_went_while_the_link_was_away_is_not_known(talk: Talk) -> None:
    """It may consult somebody, so that its hang-up completes a transfer."""
    consults = [{**CALLER, "BridgeId": "b1"}, {**LEG, "ChannelState": "6", "BridgeId": "b2"}]
    await comes_back(talk, Link(*consults))
    talk.tell(LEG_ASKS, ATTENDED, LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["transfer"]


ANSWERS = {"Event": "Newstate", "ChannelStateDesc": "Up", **LEG}


@pytest.mark.parametrize("told", [(ANSWERS, _enters("b1")), (_enters("b1"),)])
async def test_a_phone_answered_between_the_list_and_its_reading_after_a_restart_talks(
    ringing: Talk, told: tuple[dict[str, str], ...]
) -> None:
    """The list shows it ringing yet, and who restarts knows no leg before the list has been read."""
    ringing.restart()
    listed = ({**CALLER, "ChannelState": "6"}, {**LEG, "ChannelState": "5"})
    await comes_back(ringing, Link(*listed), *told)
    (leg,) = ringing.observer.legs.values()
    assert (leg.up, leg.bridged) == (True, True)
    ringing.tell(LEG_ASKS, LEG_GONE, CALLER_GONE)
    assert [fact["how"] for fact in ringing.facts("CallLeftQueue")] == ["answered"]
    assert ringing.hung_up_by("SegmentEnded") == ["agent"]


async def test_of_a_callers_channel_and_of_a_dead_one_no_leg_is_made(talk: Talk) -> None:
    """The caller's channel bears the offer, too, once it has been answered."""
    talk.tell(LEG_ASKS, LEG_GONE)
    talk.observer.orders.link = cast(AmiLink, Link())
    talk.observer.on_state(LinkState.UP)
    callers = {**CALLER, "ChanVariable": "HL_OFFER=1-1", "BridgeUniqueid": "b1"}
    talk.tell({"Event": "BridgeEnter", **callers}, ANSWERS)
    assert talk.observer.legs == {}
    await talk.observer.close()


async def test_a_leg_that_ends_unasked_as_the_link_comes_back_is_not_lost(talk: Talk) -> None:
    """Asterisk's log may be late about it."""
    await comes_back(talk, Link({**CALLER, "BridgeId": "b1"}), LEG_GONE)
    assert talk.hung_up_by("SegmentEnded") == ["agent"]


async def test_whom_the_fallback_serves_is_joined_by_no_agent(talk: Talk) -> None:
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    served = {**CALLER, "BridgeId": "b1", "ChanVariable": "HL_STAGE=fallback"}
    await comes_back(talk, Link(served, TAKER))
    assert talk.joined() == []


async def test_who_gives_up_as_the_link_comes_back_has_given_up(ringing: Talk) -> None:
    await comes_back(ringing, Link(), LEG_GONE, CALLER_ASKS, CALLER_GONE)
    assert [fact["how"] for fact in ringing.facts("CallLeftQueue")] == ["abandoned"]
    assert [fact["offer"] for fact in ringing.facts("OfferEnded")] == ["1-1"]
    assert ringing.hung_up_by("ContactEnded") == ["caller"]
    assert ringing.observer.legs == {}
    assert ringing.observer.callers == {}


ALONE = {"Uniqueid": "c3", "Channel": "PJSIP/carrier-3", "AccountCode": "c3", "ChannelStateDesc": "Up"}


def waits_unannounced(talk: Talk) -> None:
    """c3 has a FastAGI session; what AMI told of it was lost with the link."""
    talk.engine.handle(
        events.CallArrived(
            contact="c3", queue="orders", needs="", priority=0, language="zh", wait_since_ms=0, entry=1
        )
    )


async def test_a_contact_that_only_its_session_tells_of_begins_with_its_hang_up(ringing: Talk) -> None:
    waits_unannounced(ringing)
    end = {"Number": "4002", "Trunk": "carrier"}
    gone = {"Event": "Hangup", "Cause": "16", **ALONE}
    ringing.tell({"Event": "UserEvent", "UserEvent": "HotlineEnd", **ALONE, **end}, gone)
    assert begun_and_over(ringing) == (["4002"], 1)


@pytest.mark.parametrize("logged", [False, True])
async def test_a_contact_that_only_its_session_tells_of_begins_though_it_is_gone(
    ringing: Talk, logged: bool
) -> None:
    waits_unannounced(ringing)
    told = cel.EndedContact(0, 9, "waiting", "queued", 0, False, "4002", "carrier", False, 16, "caller")
    ringing.log = Ends(contacts={"c3": told} if logged else {})
    await comes_back(ringing, Link(CALLER, LEG))
    assert begun_and_over(ringing) == (["4002" if logged else ""], 1)


async def test_a_contact_that_only_its_session_tells_of_begins_with_the_snapshot(ringing: Talk) -> None:
    waits_unannounced(ringing)
    link = Link(CALLER, LEG, ALONE)
    await comes_back(ringing, link)
    await comes_back(ringing, link)
    assert begun_and_over(ringing) == (["4002"], 0)


def begun_and_over(talk: Talk) -> tuple[list[str], int]:
    begun = [fact["number"] for fact in talk.facts("ContactStarted") if fact["contact"] == "c3"]
    return begun, sum(fact["contact"] == "c3" for fact in talk.facts("ContactEnded"))


async def test_a_hang_up_that_comes_after_a_list_has_told_it_is_no_second_contact(ringing: Talk) -> None:
    await comes_back(ringing, Link())
    ringing.tell(LEG_GONE, CALLER_GONE)
    assert len(ringing.facts("ContactStarted")) == len(ringing.facts("ContactEnded")) == 1
    assert ringing.engine.picture.day.contacts == 1


async def test_what_goes_wrong_with_a_list_of_channels_does_not_end_the_asking(
    ringing: Talk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a list nobody would be offered a call again."""
    monkeypatch.setattr(observer, "SNAPSHOT_RETRY_S", 0)
    heard: list[int] = []

    outside = Outside()

    def fails_once(channels: object, ends: object, asked_ms: int) -> None:
        heard.append(asked_ms)
        if len(heard) == 1:
            raise ValueError("no such channel")

    outside.judge = fails_once  # type: ignore[method-assign]
    ringing.observer.follow_outside(outside)
    await comes_back(ringing, Link(CALLER, LEG))
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "snapshot_not_understood"
    ]


async def test_who_was_in_a_bridge_and_hung_up_while_the_link_was_away_is_forgotten(talk: Talk) -> None:
    talk.engine.handle(events.AgentLoggedIn("1002", "1002"))
    talk.tell(
        {"Event": "BridgeEnter", **CALLER, "BridgeUniqueid": "b9"}, {"Event": "BridgeEnter", **SIDE_LEG}
    )
    await comes_back(talk, Link())
    assert (talk.observer._joining._joins._callers, talk.observer._joining._joins._phones) == ({}, {})
