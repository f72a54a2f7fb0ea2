"""The flows' facts are plain values that a journal line can carry, and none of them ends a contact."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest
from sample_values import kinds_of, sample

from acd.core.fact_codec import FACTS, to_body
from acd.core.facts import Fact
from ivr.core import facts

KINDS = kinds_of(facts, Fact)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_survives_a_journal_line(kind: type[Fact]) -> None:
    fact = sample(kind)
    assert kind(**json.loads(json.dumps(to_body(fact), ensure_ascii=False))) == fact
    with pytest.raises((FrozenInstanceError, AttributeError)):
        fact.contact = "another"


def test_every_fact_is_about_a_contact_at_a_time() -> None:
    for kind in KINDS:
        assert {"contact", "at_ms"} <= to_body(sample(kind)).keys(), kind


def test_no_fact_of_the_flows_can_be_taken_for_one_of_acd() -> None:
    """Only acd ends a contact; the ledger tells facts apart by their names alone."""
    assert FACTS.keys().isdisjoint(kind.__name__ for kind in KINDS)
