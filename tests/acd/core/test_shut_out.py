"""Shutting out: the tenth failure within a minute, for ten minutes, never our own carrier."""

from acd.core.shut_out import ADDRESSES_LIMIT, FAILURES, SHUT_OUT_MS, WINDOW_MS, ShutOut

BAD = "203.0.113.9"


def test_the_tenth_failure_within_a_minute_shuts_out() -> None:
    guard = ShutOut()
    assert [guard.failed(BAD, at) for at in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert guard.shut_out(FAILURES) == {BAD: FAILURES - 1 + SHUT_OUT_MS}


def test_slow_failures_do_not_count_together() -> None:
    guard = ShutOut()
    step = WINDOW_MS // (FAILURES - 1) + 1
    assert not any(guard.failed(BAD, i * step) for i in range(50))


def test_it_ends_after_ten_minutes() -> None:
    guard = ShutOut()
    for at in range(FAILURES):
        guard.failed(BAD, at)
    assert guard.shut_out(FAILURES - 1 + SHUT_OUT_MS) == {}


def test_loopback_and_trunks_are_exempt() -> None:
    guard = ShutOut(exempt=["203.0.113.0/24"])
    assert not any(guard.failed(BAD, 0) or guard.failed("127.0.0.1", 0) for _ in range(100))


def test_what_is_no_address_is_ignored() -> None:
    assert not any(ShutOut().failed("<img>", 0) for _ in range(100))


def test_memory_is_bounded() -> None:
    guard = ShutOut()
    for i in range(ADDRESSES_LIMIT + 50):
        guard.failed(f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", 0)
    assert len(guard._failures) == ADDRESSES_LIMIT
