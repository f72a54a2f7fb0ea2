"""References of callers."""

from __future__ import annotations

from acd.callers import caller_references


def test_a_number_has_one_reference_that_does_not_show_it() -> None:
    reference = caller_references("key")
    assert reference("13800138000") == reference("13800138000")
    assert reference("13800138000") != reference("13800138001")
    assert len(reference("13800138000")) == 24
    assert "13800138000" not in reference("13800138000")


def test_another_key_gives_another_reference() -> None:
    assert caller_references("one")("13800138000") != caller_references("two")("13800138000")
