"""Totals add up, come back from JSON, and say which identity does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.totals import AgentTotals, Totals, Waits

waits = st.lists(st.integers(0, 10_000_000), max_size=30).map(Waits)
counts = st.integers(0, 1000)
by_name = st.dictionaries(st.sampled_from("abc"), counts)


def totals_of(kind: type[Totals] | type[AgentTotals]) -> st.SearchStrategy[Totals | AgentTotals]:
    kinds = {"int": counts, "Waits": waits, "dict[str, int]": by_name}
    return st.builds(
        kind, **{name: kinds[str(field.type)] for name, field in kind.__dataclass_fields__.items()}
    )


@given(st.lists(st.integers(0, 100)), st.integers(0, 100))
def test_waits_answer_any_limit_exactly(waits_ms: list[int], limit_ms: int) -> None:
    kept = Waits()
    for wait_ms in waits_ms:
        kept.add(wait_ms)
    assert kept.within(limit_ms) == sum(wait_ms <= limit_ms for wait_ms in waits_ms)
    assert (len(kept), kept.total_ms) == (len(waits_ms), sum(waits_ms))
    assert kept == Waits(waits_ms)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.8, 80), (1.0, 100), (0.001, 1), (0.505, 51)])
def test_a_quantile_is_a_wait_that_happened(share: float, expected: int) -> None:
    assert Waits(range(1, 101)).quantile(share) == expected
    assert Waits().quantile(share) is None


@given(totals_of(Totals), totals_of(Totals), totals_of(Totals))
def test_adding_is_in_any_order_and_zero_changes_nothing(one: Totals, two: Totals, three: Totals) -> None:
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one
    assert one + Totals() == one
    assert (one + two).answered == one.answered + two.answered


@pytest.mark.parametrize("kind", [Totals, AgentTotals])
def test_totals_come_back_from_json(kind: type[Totals]) -> None:
    @given(totals_of(kind))
    def check(totals: Totals) -> None:
        assert kind.from_dict(json.loads(json.dumps(totals.to_dict()))) == totals

    check()


def test_what_an_older_program_did_not_count_is_zero() -> None:
    assert Totals.from_dict({"contacts": 3}) == Totals(contacts=3)


def test_a_copy_does_not_change_with_the_original() -> None:
    totals = Totals(ended_in_flow={"message": 1})
    copy = totals.to_dict()
    totals.ended_in_flow["message"] = 2
    assert copy["ended_in_flow"] == {"message": 1}


GOOD = Totals(
    contacts=10,
    blocked=1,
    closed=2,
    ended_in_flow={"message": 1, "hung_up": 1},
    open_in_flow=1,
    asked=4,
    timely=2,
    offered=7,
    answered_waits=Waits([1, 2]),
    abandoned_waits=Waits([3]),
    out=1,
    lost=1,
    waiting=2,
    survey_asked=2,
    satisfaction={"5": 1},
)


def test_totals_that_add_up_have_nothing_to_say() -> None:
    assert GOOD.check() == []
    assert (GOOD + GOOD).check() == []


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (lambda t: setattr(t, "contacts", 11), "contacts = blocked + closed"),
        (lambda t: setattr(t, "closed", 3), "10 is not 11"),
        (lambda t: t.ended_in_flow.update(message=5), "contacts = blocked + closed"),
        (lambda t: setattr(t, "open_in_flow", 0), "contacts = blocked + closed"),
        (lambda t: setattr(t, "waiting", 3), "offered = answered + abandoned"),
        (lambda t: t.answered_waits.add(1), "7 is not 8"),
        (lambda t: setattr(t, "timely", 5), "5 is more than 4"),
        (lambda t: t.satisfaction.update({"1": 2}), "satisfaction"),
    ],
)
def test_what_does_not_add_up_is_named(spoil: Callable[[Totals], None], named: str) -> None:
    totals = Totals.from_dict(GOOD.to_dict())
    spoil(totals)
    (complaint,) = totals.check()
    assert named in complaint
