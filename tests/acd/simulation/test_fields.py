"""Single values of a scenario: what is right, and what is said of what is not."""

from __future__ import annotations

import pytest

from acd.simulation.fields import Table, why_no_number
from hotline.core.settings_complaints import Complaints


@pytest.mark.parametrize(
    ("value", "whole", "said"),
    [
        (3, True, None),
        (3, False, None),
        (0, True, None),
        (5, True, None),
        (2.5, False, None),
        (2.5, True, "allowed.whole_number"),
        (6, True, "allowed.between"),
        (-1, False, "allowed.between"),
        (10**400, True, "allowed.between"),
        (float("nan"), False, "allowed.between"),
        (float("inf"), False, "allowed.between"),
        (True, True, "allowed.whole_number"),
        ("3", False, "allowed.number"),
        (None, False, "allowed.number"),
    ],
)
def test_numbers_from_0_to_5(value: object, whole: bool, said: str | None) -> None:
    found = why_no_number(value, 0, 5, whole=whole)
    assert (found and found.key) == said


def test_places_are_named_down_to_the_value() -> None:
    complaints = Complaints("a.toml")
    top = Table(complaints, "", {"queue": [{"handle": {"mean": "x"}}]})
    (queue,) = top.tables("queue")
    assert queue.table("handle").number("mean", 1, 2) == 1, "a harmless value stands in for a wrong one"
    assert list(complaints.found) == ["queue[1].handle.mean"]


def test_what_nobody_asked_for_is_refused_with_the_keys_there_are() -> None:
    complaints = Complaints("a.toml")
    table = Table(complaints, "t", {"a": 1, "b": 2})
    assert table.has("a") and not table.has("c")
    table.close()
    assert [str(complaint) for complaint in complaints.found.values()] == [
        "a.toml: t.b: 2 is not allowed; allowed: allowed.no_such_key keys=a, c"
    ]
