"""Whose leg is in one bridge with whose caller."""

from acd.adapters.joins import Joins
from telephony.channels import ChannelSeen, channel_seen


def leg(uniqueid: str, bridge: str) -> ChannelSeen:
    return channel_seen({"Uniqueid": uniqueid, "Channel": f"PJSIP/1002-{uniqueid}", "BridgeUniqueid": bridge})


def test_the_caller_comes_to_the_consultation_or_the_colleague_to_the_caller() -> None:
    joins = Joins()
    assert joins.caller_entered("c1", "talk") == []
    assert joins.phone_entered(leg("7", "consultation")) == []
    assert [(one.contact, one.leg.uniqueid) for one in joins.caller_entered("c1", "consultation")] == [
        ("c1", "7")
    ]
    assert [(one.contact, one.leg.uniqueid) for one in joins.phone_entered(leg("8", "consultation"))] == [
        ("c1", "8")
    ]


def test_a_channel_that_is_gone_joins_nobody() -> None:
    joins = Joins()
    joins.phone_entered(leg("7", "consultation"))
    joins.gone("7")
    assert joins.caller_entered("c1", "consultation") == []
    joins.gone("c1")
    assert joins.phone_entered(leg("8", "consultation")) == []
