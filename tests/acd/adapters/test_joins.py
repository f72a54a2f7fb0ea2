"""Whose leg is in one bridge with whose caller."""

from acd.adapters.joins import Joins, in_talk, marked
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


def test_what_was_told_before_we_looked_away_may_be_old() -> None:
    joins = Joins()
    joins.caller_entered("c1", "talk")
    joins.phone_entered(leg("7", "consultation"), 100)
    assert (joins.knows("c1"), joins.knows("7"), joins.knows("8")) == (True, True, False)
    joins.look_away()
    assert (joins.knows("c1"), joins.knows("7")) == (False, False)
    joined = joins.caller_entered("c1", "consultation")
    assert [(one.leg.uniqueid, one.since_ms) for one in joined] == [("7", 100)]
    joins.phone_entered(leg("7", "consultation"), 200)
    assert (joins.knows("c1"), joins.knows("7")) == (True, True)
    joins.gone("7")
    assert not joins.knows("7")


def test_in_talk_are_the_legs_of_a_phone_in_the_callers_bridge() -> None:
    caller = channel_seen({"Uniqueid": "c1", "Channel": "PJSIP/carrier-1", "BridgeId": "talk"})
    alone = channel_seen({"Uniqueid": "c2", "Channel": "PJSIP/carrier-2"})
    channels = [caller, alone, leg("7", "talk"), leg("8", "other"), leg("9", "")]
    theirs = "1002".__eq__
    assert [one.uniqueid for one in in_talk(channels, "c1", theirs)] == ["7"]
    assert in_talk(channels, "c1", "1003".__eq__) == []
    assert in_talk(channels, "c2", theirs) == []  # in no bridge: with nobody
    assert in_talk([caller, marked(leg("7", "talk"), "c1")], "c1", theirs) == []  # it has been found


def test_a_marked_leg_is_its_part_of_the_contact() -> None:
    seen = marked(leg("7", "talk"), "c1")
    assert (seen.offer, seen.contact) == ("s-7", "c1")
