"""Whose leg is in one bridge with whose caller."""

from acd.adapters.joins import Joins
from telephony.channels import ChannelSeen, channel_seen


def leg(uniqueid: str, bridge: str) -> ChannelSeen:
    return channel_seen({"Uniqueid": uniqueid, "Channel": f"PJSIP/1002-{uniqueid}", "BridgeUniqueid": bridge})


def test_the_caller_comes_to_the_consultation_or_the_colleague_to_the_caller() -> None:
    joins = Joins()
    assert joins.caller_entered("c1", "talk") == []
    assert joins.phone_entered(leg("7", "consultation"), 100) == []
    joined = joins.caller_entered("c1", "consultation")
    assert [(one.contact, one.leg.uniqueid, one.since_ms) for one in joined] == [("c1", "7", 100)]
    joined = joins.phone_entered(leg("8", "consultation"), 200)
    assert [(one.contact, one.leg.uniqueid, one.since_ms) for one in joined] == [("c1", "8", 200)]


def test_who_comes_from_a_talk_has_talked_since_its_beginning() -> None:
    joins = Joins()
    joins.caller_entered("c1", "talk")
    joins.phone_entered(leg("7", "consultation"), 100)
    assert [one.since_ms for one in joins.phone_entered(leg("7", "talk"), 300)] == [100]


def test_a_channel_that_is_gone_joins_nobody() -> None:
    joins = Joins()
    joins.phone_entered(leg("7", "consultation"), 100)
    joins.gone("7")
    assert joins.caller_entered("c1", "consultation") == []
    joins.gone("c1")
    assert joins.phone_entered(leg("8", "consultation"), 200) == []
