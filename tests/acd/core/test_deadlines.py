"""Deadlines: one per name, the earliest first, moved and cleared ones forgotten."""

from __future__ import annotations

from acd.core.deadlines import Deadlines


def test_the_earliest_is_due_first_and_only_once() -> None:
    deadlines = Deadlines()
    deadlines.set(("lease", "b"), 20)
    deadlines.set(("lease", "a"), 10)
    assert deadlines.earliest_ms() == 10
    assert deadlines.take_due(9) is None
    assert deadlines.take_due(20) == ("lease", "a")
    assert deadlines.take_due(20) == ("lease", "b")
    assert deadlines.take_due(20) is None
    assert deadlines.earliest_ms() is None


def test_a_moved_deadline_is_due_at_its_new_time_only() -> None:
    deadlines = Deadlines()
    deadlines.set(("agent", "1001"), 10)
    deadlines.set(("agent", "1001"), 30)
    assert deadlines.time_ms(("agent", "1001")) == 30
    assert deadlines.take_due(29) is None
    deadlines.set(("agent", "1001"), 5)
    assert deadlines.take_due(29) == ("agent", "1001")
    assert deadlines.take_due(100) is None


def test_a_cleared_deadline_never_comes() -> None:
    deadlines = Deadlines()
    deadlines.set(("hold", ""), 10)
    deadlines.clear(("hold", ""))
    deadlines.clear(("hold", ""))
    assert deadlines.earliest_ms() is None
    assert deadlines.time_ms(("hold", "")) is None
