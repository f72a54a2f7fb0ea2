"""Pauses between restarts: they grow, are bounded, and a minute's life forgives."""

from hotline.core.restarts import RestartPolicy


def test_pauses_double_from_one_second_to_thirty() -> None:
    policy = RestartPolicy()
    assert [policy.pause_s(0.1) for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_minute_of_life_forgives_earlier_crashes() -> None:
    policy = RestartPolicy()
    for _ in range(5):
        policy.pause_s(59.9)
    assert policy.pause_s(60.0) == 1.0
    assert policy.pause_s(0.0) == 2.0


def test_a_thousand_crashes_do_not_overflow() -> None:
    policy = RestartPolicy()
    assert [policy.pause_s(0.0) for _ in range(2000)][-1] == 30.0
