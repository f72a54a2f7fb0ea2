"""The rules that a call keeps: written short, read back the same, nothing forgotten."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from decision_table import QUEUES, Table, event_of

from acd.core.facts import CallQueued
from acd.core.house_rules import QueueRules, StepRules
from acd.core.kept_rules import OF_THE_ENTRY, kept_rules, rules_from

UNUSUAL = QueueRules(
    "q",
    "sales",
    3,
    after_contact_ms=1,
    offer_ring_ms=2,
    target_ms=3,
    max_waiting=4,
    order="strict",
    head_start_ms=5,
    agent_choice="random",
    steps=(StepRules(1, ""),),
    prefer_last_ms=6,
    prefer_named_ms=7,
    return_within_ms=8,
    recall_within_ms=9,
    max_wait_ms=10,
    overflow="hangup",
    callers_per_1000_agents=11,
    nobody_logged_in=("hangup", "voicemail"),
    nobody_ready=("", "queue:b"),
    disposition="required",
    closed="hangup",
    ring=3,
    pickup="anyone",
    short_abandon_ms=12,
    max_predicted_ms=13,
    predicted=("hangup", "voicemail"),
    reach_ms=50_000,
)


def test_every_rule_that_counts_after_the_entry_is_kept() -> None:
    told = json.loads(json.dumps(kept_rules(UNUSUAL)))
    back = rules_from("q", told)
    for field in fields(QueueRules):
        value, kept = getattr(UNUSUAL, field.name), getattr(back, field.name)
        assert value != field.default, f"{field.name} is not unusual: this test proves nothing of it"
        if field.name not in OF_THE_ENTRY:
            assert kept == value, field.name
    assert (back.name, back.max_waiting, back.steps) == ("q", 1000, ())


def test_what_is_as_ever_takes_no_room() -> None:
    usual = QueueRules("q", "sales", 3, 1, 2, 3, max_waiting=4, overflow="hangup")
    assert kept_rules(usual) == {"after_contact_ms": 1, "offer_ring_ms": 2, "target_ms": 3}


def test_rules_of_another_program_are_passed_over() -> None:
    told = {"after_contact_ms": 1, "offer_ring_ms": 2, "target_ms": 3, "of_the_future": 4, "steps": [5]}
    assert rules_from("q", told) == QueueRules("q", "", 0, 1, 2, 3)


def test_the_fact_of_the_entry_has_them() -> None:
    queued = Table().handle(event_of(["arrive", "c1", "limited", "sales", "since=0"]), 100).facts[0]
    assert isinstance(queued, CallQueued)
    limited = next(rules for rules in QUEUES if rules.name == "limited")
    assert queued.rules == kept_rules(limited)
    assert queued.rules["nobody_ready"] == ["", "hangup"]
    assert kept_rules(rules_from("limited", queued.rules)) == kept_rules(replace(limited, needs="other"))
