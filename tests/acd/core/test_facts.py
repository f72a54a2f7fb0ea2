"""Facts: what is said of one thing at one time has one id, and of another thing another."""

from __future__ import annotations

from typing import Any

import pytest
from sample_values import changed, kinds_of, sample

from acd.core import facts
from acd.core.fact_codec import FACTS, to_body
from acd.core.facts import Fact
from acd.engine import fact_id

KINDS = kinds_of(facts, Fact)
ONCE = {
    "ContactStarted", "ContactEnded", "CallQueued", "CallLeftQueue", "CallOffered", "OfferRang", "OfferEnded",
    "CallAnswered", "CallConnected", "SegmentEnded", "MediaMeasured", "CallWidened",
}  # fmt: skip
"""Said once of what they are about: written a second time, after a crash, they are the same fact."""


def id_of(fact: Fact) -> str:
    return fact_id(type(fact).__name__, to_body(fact))


def about(kind: type[Fact]) -> list[str]:
    """The fields that name what a fact is about, the narrowest that it has."""
    if kind is facts.AgentStateChanged:
        return ["agent"]
    if kind is facts.CallOverflowed:
        return ["contact", "entry"]
    if kind is facts.CallWidened:
        return ["contact", "entry", "step"]
    names = set(to_body(sample(kind)))
    narrow = (["segment"], ["offer"], ["contact", "entry"], ["contact"], ["agent"], ["caller"], ["queue"])
    return next(fields for fields in narrow if names.issuperset(fields))


def test_the_wire_names_are_the_classes() -> None:
    assert {kind.__name__: kind for kind in KINDS} == FACTS


@pytest.mark.parametrize("kind", KINDS)
def test_the_id_is_of_the_kind_and_of_what_it_is_about(kind: type[Fact]) -> None:
    fact = sample(kind)
    assert id_of(fact) == id_of(sample(kind))
    for name in about(kind):
        assert id_of(changed(fact, name)) != id_of(fact), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_time_is_in_the_id_where_a_fact_can_recur(kind: type[Fact]) -> None:
    fact = sample(kind)
    is_same = id_of(changed(fact, "at_ms")) == id_of(fact)
    assert is_same is (kind.__name__ in ONCE)


def test_no_two_kinds_share_an_id() -> None:
    ids = [id_of(sample(kind)) for kind in KINDS]
    assert len(set(ids)) == len(KINDS)


AT_ONCE: list[tuple[type[Fact], str, Any, Any]] = [
    (facts.HoldChanged, "held", True, False),
    (facts.MediaSilent, "side", "agent", "caller"),
    (facts.MediaMeasured, "side", "agent", "caller"),
    (facts.AgentStateChanged, "state", "ready", "offered"),
    (facts.AgentStateChanged, "offer", "1-1", ""),
    (facts.AgentStateChanged, "intent_reason", "lunch", "login"),
]


@pytest.mark.parametrize(("kind", "name", "one", "other"), AT_ONCE)
def test_two_facts_of_one_millisecond_are_told_apart(
    kind: type[Fact], name: str, one: Any, other: Any
) -> None:
    assert id_of(sample(kind, **{name: one})) != id_of(sample(kind, **{name: other}))
