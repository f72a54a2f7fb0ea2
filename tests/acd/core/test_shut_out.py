"""Shutting out: the tenth failure within a minute, for ten minutes, never our own carrier."""

import pytest

from acd.core import shut_out
from acd.core.shut_out import Limits, ShutOut, counted_as

BAD = "203.0.113.9"
FAILURES, WINDOW_MS, SHUT_OUT_MS = 10, 60_000, 600_000


def test_the_tenth_failure_within_a_minute_shuts_out() -> None:
    guard = ShutOut()
    assert [guard.failed(BAD, at) for at in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert guard.shut_out(FAILURES) == {BAD: FAILURES - 1 + SHUT_OUT_MS}


def test_who_is_shut_out_is_not_counted_again() -> None:
    guard = ShutOut()
    assert sum(guard.failed(BAD, at) for at in range(10 * FAILURES)) == 1


def test_slow_failures_do_not_count_together() -> None:
    guard = ShutOut()
    step = WINDOW_MS // (FAILURES - 1) + 1
    assert not any(guard.failed(BAD, i * step) for i in range(50))


def test_failures_of_two_addresses_do_not_count_together() -> None:
    guard = ShutOut()
    assert not any(guard.failed(f"203.0.113.{i}", i) for i in range(1, FAILURES + 5))


def test_it_ends_after_ten_minutes_and_may_begin_again() -> None:
    guard = ShutOut()
    for at in range(FAILURES):
        guard.failed(BAD, at)
    end_ms = FAILURES - 1 + SHUT_OUT_MS
    assert guard.shut_out(end_ms - 1) == {BAD: end_ms}
    assert guard.shut_out(end_ms) == {}
    assert [guard.failed(BAD, end_ms + at) for at in range(FAILURES)][-1]


def test_loopback_and_trunks_are_exempt() -> None:
    guard = ShutOut(exempt=["203.0.113.0/24"])
    assert not any(
        guard.failed(BAD, 0) or guard.failed("127.0.0.1", 0) or guard.failed("::1", 0) for _ in range(100)
    )


def test_an_address_that_becomes_a_trunks_is_let_in() -> None:
    guard = ShutOut(Limits(failures=2))
    for address in (BAD, "198.51.100.1"):
        guard.failed(address, 0)
        guard.failed(address, 0)
    assert not guard.exempt(["192.0.2.0/24"])
    assert guard.exempt([BAD])
    assert list(guard.shut_out(1)) == ["198.51.100.1"]


def test_limits_are_settings() -> None:
    guard = ShutOut(Limits(failures=3, window_ms=10, shut_out_ms=5))
    assert [guard.failed(BAD, at) for at in (0, 11, 12, 13)] == [False, False, False, True]
    assert guard.shut_out(14) == {BAD: 18}
    guard.limit(Limits(failures=2, window_ms=10, shut_out_ms=0))
    assert not any(guard.failed(BAD, 100) for _ in range(50))


def test_a_restart_forgets_nobody_but_our_own_trunk() -> None:
    guard = ShutOut(exempt=["192.0.2.1"])
    guard.restore({BAD: 50, "192.0.2.1": 50})
    assert guard.shut_out(49) == {BAD: 50}
    assert guard.shut_out(50) == {}


def test_of_ipv6_the_network_counts() -> None:
    guard = ShutOut(Limits(failures=3))
    assert [guard.failed(f"2001:db8::{n}", n) for n in range(1, 4)] == [False, False, True]
    assert list(guard.shut_out(4)) == ["2001:db8::/64"]
    assert not guard.failed("2001:db8::ffff", 5)


def test_a_network_with_a_trunk_in_it_is_not_shut_out() -> None:
    guard = ShutOut(Limits(failures=2), exempt=["2001:db8::7", "192.0.2.1"])
    assert not any(guard.failed("2001:db8::1", n) for n in range(9))


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:1::9", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("x", "x"),
    ],
)
def test_what_is_counted(address: str, counted: str) -> None:
    assert counted_as(address) == counted


def test_what_is_no_address_is_ignored() -> None:
    assert not any(ShutOut().failed("<img>", 0) for _ in range(100))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shut_out, "ADDRESSES_LIMIT", 20)
    guard = ShutOut(Limits(failures=2))
    for i in range(50):
        guard.failed(f"10.0.0.{i}", 0)
    assert len(guard._failures) == 20
    for i in range(50):
        guard.failed(f"10.0.1.{i}", 0)
        guard.failed(f"10.0.1.{i}", 0)
    assert list(guard.shut_out(1)) == [f"10.0.1.{i}" for i in range(30, 50)]
