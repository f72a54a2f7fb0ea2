"""AMI messages as mappings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telephony.ami_message import AmiMessage, every_value


def parsed(*lines: str) -> AmiMessage:
    message = AmiMessage.parse("\r\n".join(lines))
    assert message is not None
    return message


def test_headers_are_found_whatever_their_case() -> None:
    message = parsed("Event: Newstate", "ChannelStateDesc: Up")
    assert message["Event"] == message["event"] == message["EVENT"] == "Newstate"
    assert message.get("nothing", "") == ""
    assert "channelstatedesc" in message
    assert set(message) == {"event", "channelstatedesc"} and len(message) == 2


def test_a_repeated_header_keeps_all_values_and_the_first_is_its_value() -> None:
    message = parsed("Event: X", "ChanVariable: A=1", "ChanVariable: B=2", "ChanVariable: C=")
    assert message["ChanVariable"] == "A=1"
    assert message.every("ChanVariable") == every_value(message, "chanvariable") == ("A=1", "B=2", "C=")
    assert message.every("Event") == ("X",)
    assert message.every("nothing") == ()


def test_a_header_behind_a_line_end_of_a_callers_is_noticed() -> None:
    lines = ("Event: Hangup", "CallerIDNum: 1", "Uniqueid: other", "Uniqueid: own", "Cause: 16")
    assert parsed(*lines).is_tampered
    assert not parsed(*lines[:3], "ChanVariable: A=1", "ChanVariable: B=2").is_tampered
    assert not parsed("Event: DialBegin", "DestChanVariable: A=1", "DestChanVariable: B=2").is_tampered


def test_plain_mappings_have_one_value_at_most() -> None:
    assert every_value({"A": "1"}, "A") == ("1",)
    assert every_value({"A": "1"}, "B") == ()


def test_what_is_neither_response_nor_event_is_no_message() -> None:
    assert AmiMessage.parse("nonsense") is None


@given(st.text(max_size=200))
def test_any_text_is_a_message_of_text_values_or_none(text: str) -> None:
    message = AmiMessage.parse(text)
    if message is not None:
        assert all(isinstance(value, str) for value in message.values())
