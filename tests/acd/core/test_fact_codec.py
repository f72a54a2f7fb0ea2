"""Every fact survives the journal; what is no fact is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acd.core import fact_codec
from acd.core.fact_codec import FACTS, FactMalformed, FactUnknown, from_body, to_body
from acd.core.facts import CallOffered, ContactStarted, Fact, MediaMeasured

SAMPLES: dict[str, Any] = {
    "int": 7,
    "str": "热线",
    "bool": True,
    "float": 2.5,
    "dict": {"step": 1, "best": [1]},
    "list": ["1001"],
}


def sample(kind: type[Fact]) -> Fact:
    types = fact_codec._types(kind.__name__)
    return kind(**{name: SAMPLES[field.__name__] for name, field in types.items()})


@pytest.mark.parametrize("name", sorted(FACTS))
def test_every_kind_comes_back_from_json(name: str) -> None:
    fact = sample(FACTS[name])
    assert from_body(name, fact.version, json.loads(json.dumps(to_body(fact)))) == fact


def test_the_body_is_the_fields_by_name() -> None:
    fact = ContactStarted(5, "c", "12345", "trunk", False, "caller-1")
    assert to_body(fact) == {
        "at_ms": 5,
        "contact": "c",
        "number": "12345",
        "trunk": "trunk",
        "direct": False,
        "caller": "caller-1",
    }


def test_a_whole_number_where_a_fraction_may_stand_is_read() -> None:
    body = {**to_body(sample(MediaMeasured)), "rtt_ms": 3}
    fact = from_body("MediaMeasured", 1, body)
    assert isinstance(fact, MediaMeasured)
    assert type(fact.rtt_ms) is float


@pytest.mark.parametrize(
    ("change", "named"),
    [({"entry": "1"}, "entry = '1': expected int"), ({"entry": True}, "entry"), ({"colour": 1}, "colour")],
)
def test_a_malformed_body_is_refused_naming_the_field(change: dict[str, Any], named: str) -> None:
    with pytest.raises(FactMalformed, match=named):
        from_body("CallOffered", 1, {**to_body(sample(CallOffered)), **change})


def test_a_missing_field_is_named() -> None:
    body = to_body(sample(CallOffered))
    del body["queue"]
    with pytest.raises(FactMalformed, match=r"missing fields \['queue'\]"):
        from_body("CallOffered", 1, body)


@pytest.mark.parametrize(("kind", "version"), [("Nonsense", 1), ("CallOffered", 99), ("CallOffered", 0)])
def test_an_unknown_kind_or_version_is_refused(kind: str, version: int) -> None:
    with pytest.raises(FactUnknown):
        from_body(kind, version, {})


def test_an_old_version_is_read_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ContactStarted, "version", 3)
    steps = {
        ("ContactStarted", 1): lambda body: {"trunk": body.pop("line"), **body},
        ("ContactStarted", 2): lambda body: {**body, "direct": False},
    }
    monkeypatch.setattr(fact_codec, "UPGRADES", steps)
    old = {"at_ms": 5, "contact": "c", "number": "1", "line": "t", "caller": "r"}
    assert from_body("ContactStarted", 1, old) == ContactStarted(5, "c", "1", "t", False, "r")
    assert "line" in old


def test_every_version_that_was_ever_written_has_its_step() -> None:
    for name, kind in FACTS.items():
        for version in range(1, kind.version):
            assert (name, version) in fact_codec.UPGRADES
