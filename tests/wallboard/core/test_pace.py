"""The pace of pushes: a few at once, then steadily."""

from wallboard.core.pace import Pace


def pushes_within(pace: Pace, from_ms: int, to_ms: int) -> list[int]:
    """When pushes happen if there is always something to tell."""
    made = []
    for now_ms in range(from_ms, to_ms):
        if pace.wait_ms(now_ms) == 0:
            pace.pushed(now_ms)
            made.append(now_ms)
    return made


def test_a_burst_goes_at_once_and_the_rest_at_the_steady_pace():
    pace = Pace(per_s=20, burst=3)
    assert [pace.wait_ms(0) == 0 and pace.pushed(0) is None for _ in range(3)] == [True] * 3
    assert pace.wait_ms(0) == 50
    assert pushes_within(pace, 1, 201) == [50, 100, 150, 200]


def test_a_pause_earns_the_burst_back_but_no_more():
    pace = Pace(per_s=20, burst=3)
    for _ in range(3):
        pace.pushed(0)
    for _ in range(3):
        assert pace.wait_ms(60_000) == 0
        pace.pushed(60_000)
    assert pace.wait_ms(60_000) == 50


def test_in_the_long_run_it_is_the_pace():
    assert len(pushes_within(Pace(per_s=20, burst=4), 0, 10_000)) == 200 + 3
