"""Channels as AMI tells of them; the traces are Asterisk 22.10's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami_message import AmiMessage
from telephony.channels import channel_seen, channel_variables, is_caller

NEWSTATE = """
Event: Newstate
Privilege: call,all
Channel: PJSIP/desk-1-00000007
ChannelState: 6
ChannelStateDesc: Up
CallerIDNum: 95598
CallerIDName: 张三
ConnectedLineNum: <unknown>
ConnectedLineName: <unknown>
Language: zh
AccountCode: 1795288162.2
Context: hotline
Exten: queue
Priority: 1
Uniqueid: 1795288162.3
Linkedid: 1795288162.2
ChanVariable: HL_CONTACT=1795288162.2
ChanVariable: HL_OFFER=7-12
ChanVariable: HL_STAGE=
"""

ENTRY = """
Event: CoreShowChannel
ActionID: action/x/1/4
Channel: Local/hold@test-00000001;2
ChannelState: 5
ChannelStateDesc: Ringing
AccountCode: 1795288162.3
Context: test
Exten: hold
Priority: 4
Uniqueid: 1795288162.3
Linkedid: 1795288162.2
ChanVariable: HL_CONTACT=
ChanVariable: HL_STAGE=waiting
Application: Wait
ApplicationData: 60
Duration: 00:00:00
BridgeId: 3cd2f2a4
"""

DIAL_BEGIN = """
Event: DialBegin
Privilege: call,all
Channel: PJSIP/trunk1-00000001
Uniqueid: 1.1
ChanVariable: HL_OFFER=of-the-caller
DestChannel: PJSIP/desk1-00000002
DestChannelState: 0
DestAccountCode: 1.1
DestUniqueid: 1.2
DestLinkedid: 1.1
DestChanVariable: HL_CONTACT=1.1
DestChanVariable: HL_OFFER=of-the-leg
DialString: desk1
"""

ORIGINATE_RESPONSE = """
Event: OriginateResponse
ActionID: O1
Response: Success
Channel: Local/hold@test-00000000;1
Uniqueid: 1795288124.0
ChanVariable(Local/hold@test-00000000;1): HL_CONTACT=
ChanVariable(Local/hold@test-00000000;1): HL_OFFER=o-1
"""


def message(text: str) -> AmiMessage:
    parsed = AmiMessage.parse(text.strip().replace("\n", "\r\n"))
    assert parsed is not None
    return parsed


def test_an_event_about_one_channel() -> None:
    seen = channel_seen(message(NEWSTATE))
    assert (seen.uniqueid, seen.linkedid, seen.channel) == (
        "1795288162.3",
        "1795288162.2",
        "PJSIP/desk-1-00000007",
    )
    assert seen.is_up and not seen.is_ringing
    assert (seen.contact, seen.offer, seen.stage) == ("1795288162.2", "7-12", "")
    assert seen.variables == {"HL_CONTACT": "1795288162.2", "HL_OFFER": "7-12"}
    assert (seen.context, seen.exten, seen.bridge) == ("hotline", "queue", "")
    assert seen.endpoint == "desk-1"


def test_an_entry_of_a_snapshot() -> None:
    seen = channel_seen(message(ENTRY))
    assert seen.is_ringing and not seen.is_up
    assert seen.bridge == "3cd2f2a4"
    assert seen.stage == "waiting"
    assert seen.contact == "1795288162.3"  # by its accountcode
    assert seen.endpoint == ""


def test_a_prefix_tells_the_two_channels_of_an_event_apart() -> None:
    dialled = channel_seen(message(DIAL_BEGIN), "Dest")
    assert (dialled.uniqueid, dialled.contact, dialled.offer) == ("1.2", "1.1", "of-the-leg")
    assert channel_seen(message(DIAL_BEGIN)).offer == "of-the-caller"
    assert channel_seen(message(DIAL_BEGIN)).state == -1


def test_an_originates_response_names_the_channel_in_the_header() -> None:
    assert channel_variables(message(ORIGINATE_RESPONSE)) == {"HL_OFFER": "o-1"}


def test_a_bridge_event_names_the_bridge() -> None:
    entered = message("Event: BridgeEnter\nBridgeUniqueid: b1\nChannel: PJSIP/a-1\nUniqueid: 1.2")
    assert channel_seen(entered).bridge == "b1"


def test_a_plain_mapping_will_do() -> None:
    seen = channel_seen({"Uniqueid": "1.1", "ChanVariable": "HL_OFFER=a=b", "ChannelState": "x"})
    assert (seen.offer, seen.state) == ("a=b", -1)


@given(
    st.dictionaries(st.sampled_from(["ChannelState", "ChanVariable", "Channel", "AccountCode"]), st.text())
)
def test_no_value_whatever_raises(values: dict[str, str]) -> None:
    channel_seen(values)


@pytest.mark.parametrize(
    ("uniqueid", "account", "expected"), [("1.1", "1.1", True), ("1.2", "1.1", False), ("", "", False)]
)
def test_a_callers_channel_is_known_by_its_accountcode(uniqueid: str, account: str, expected: bool) -> None:
    assert is_caller(channel_seen({"Uniqueid": uniqueid, "AccountCode": account})) is expected
