"""Offers: the state table has every pair; times and verdicts of one offer."""

from __future__ import annotations

import pytest

from acd.core.offers import OFFER_TABLE, Offer, cause_of_leg


def offer(**values: object) -> Offer:
    made = Offer("1-1", "c1", 1, "1001", "phone1001", "service", 1000, 20_000, 10_000)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def test_every_stage_knows_every_input() -> None:
    stages = {stage for stage, _ in OFFER_TABLE}
    inputs = {what for _, what in OFFER_TABLE}
    assert stages == {"dialled", "ringing", "answered", "connected", "ended"}
    assert len(OFFER_TABLE) == len(stages) * len(inputs)


def test_ringing_lasts_from_dial_begin_to_the_answer() -> None:
    assert offer().rung_ms(5000) == 0
    assert offer(rang_ms=2000).rung_ms(5000) == 3000
    assert offer(rang_ms=2000, answered_ms=2500).rung_ms(5000) == 500


def test_of_several_phones_each_is_judged_by_its_own_end_first() -> None:
    table = (
        (offer(stage="ended", leg_cause=17), "no_answer", "busy"),
        (offer(stage="ended", leg_cause=21, cancelled=True), "no_answer", "withdrawn"),
        (offer(stage="ended", leg_cause=0, rang_ms=2000), "no_answer", "no_answer"),
        (offer(stage="ended", leg_cause=0, rang_ms=2000, heard=False), "no_answer", "unreachable"),
        (offer(), "no_answer", "unreachable"),
        (offer(cancelled=True), "no_answer", "withdrawn"),
        (offer(stage="ringing", rang_ms=2000), "busy", "busy"),
        (offer(stage="ended", leg_cause=16, answered_ms=2500), "busy", "agent_gone"),
    )
    for one, dial_cause, cause in table:
        assert one.cause_among(dial_cause, others_seen=True) == cause, one
    assert offer().cause_among("no_answer", others_seen=False) == "no_answer"  # AMI is late


def test_talk_is_without_hold() -> None:
    assert offer(connected_ms=1000).talk_and_hold_ms(9000) == (8000, 0)
    assert offer(connected_ms=1000, hold_ms=2000).talk_and_hold_ms(9000) == (6000, 2000)
    on_hold = offer(connected_ms=1000, hold_ms=2000, held_since_ms=8000)
    assert on_hold.talk_and_hold_ms(9000) == (5000, 3000)


@pytest.mark.parametrize(
    ("values", "cause", "counts_as"),
    [
        ({}, "busy", "busy"),
        ({}, "unreachable", "unreachable"),
        ({}, "weather", "unknown"),
        ({"cancelled": True}, "unreachable", "withdrawn"),
        ({"cancelled": True}, "no_answer", "withdrawn"),
        ({"cancelled": True}, "rejected", "rejected"),
        ({"cancelled": True, "answered_ms": 5}, "agent_gone", "agent_gone"),
    ],
)
def test_our_own_cancel_is_known_in_its_guises(values: dict, cause: str, counts_as: str) -> None:
    assert offer(**values).settle_cause(cause) == counts_as


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"leg_cause": 17}, "busy"),
        ({"leg_cause": 21}, "rejected"),
        ({"leg_cause": 19}, "no_answer"),
        ({"leg_cause": 20}, "unreachable"),
        ({"leg_cause": 0}, "unknown"),
        ({"rang_ms": 2000}, "no_answer"),
        ({"rang_ms": 2001}, "unknown"),
        ({"answered_ms": 3000, "rang_ms": 2000}, "agent_gone"),
        ({"cancelled": True, "leg_cause": 26}, "withdrawn"),
        ({"lost": True, "leg_cause": 17}, "lost"),
    ],
)
def test_without_dials_word_the_leg_tells_why(values: dict, cause: str) -> None:
    assert cause_of_leg(offer(**values), 22_000) == cause
