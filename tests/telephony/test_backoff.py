"""Pauses between tries."""

from __future__ import annotations

from random import Random

from telephony.backoff import Backoff


def test_pauses_grow_to_the_most_and_keep_within_bounds() -> None:
    backoff = Backoff(0.1, 5.0, Random(1))
    pauses = [backoff.next_s() for _ in range(100)]
    whole = [min(5.0, 0.1 * 2**n) for n in range(100)]
    assert all(max(0.1, most / 2) <= pause <= most for pause, most in zip(pauses, whole, strict=True))


def test_two_do_not_come_at_once() -> None:
    one, other = Backoff(0.1, 5.0, Random(1)), Backoff(0.1, 5.0, Random(2))
    assert [one.next_s() for _ in range(9)] != [other.next_s() for _ in range(9)]


def test_success_starts_small_again() -> None:
    backoff = Backoff(0.1, 5.0, Random(1))
    for _ in range(20):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == 0.1
