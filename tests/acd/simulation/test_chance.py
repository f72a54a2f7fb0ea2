"""Random times: their means and spreads, arrivals by the hour, and the same draws for the same seed."""

from __future__ import annotations

from itertools import islice, pairwise
from statistics import fmean, pstdev

import pytest

from acd.simulation.chance import HOUR_MS, arrival_times_ms, draws_ms, stream
from acd.simulation.scenario import Arrivals, Distribution


def test_the_same_purpose_draws_the_same_and_another_one_another() -> None:
    def first(*words) -> float:
        return stream(*words).random()

    assert first(1, 0, "a") == first(1, 0, "a")
    assert len({first(1, 0, "a"), first(2, 0, "a"), first(1, 1, "a"), first(1, 0, "b")}) == 4


@pytest.mark.parametrize(
    ("distribution", "mean_ms", "cv"),
    [
        (Distribution("constant", 1.5), 1_500, 0),
        (Distribution("exponential", 20), 20_000, 1),
        (Distribution("lognormal", 20, 0.5), 20_000, 0.5),
        (Distribution("lognormal", 20, 0), 20_000, 0),
    ],
)
def test_times_have_the_mean_and_the_spread_asked_for(distribution, mean_ms, cv) -> None:
    draw = draws_ms(distribution, stream(1, 0, "x"))
    times = [draw() for _ in range(40_000)]
    assert fmean(times) == pytest.approx(mean_ms, rel=0.02)
    assert pstdev(times) / fmean(times) == pytest.approx(cv, rel=0.03)
    assert all(isinstance(time, int) and time >= 0 for time in times)


def test_infinite_never_comes() -> None:
    assert draws_ms(Distribution("infinite"), stream(1, 0, "x")) is None


def test_arrivals_follow_the_hour_of_the_day() -> None:
    rates = (0.0, 1200.0, *(0.0,) * 21, 600.0)
    times = list(arrival_times_ms(Arrivals(rates), 24 * 20 * HOUR_MS, stream(1, 0, "x")))
    counts = [0] * 24
    for at_ms in times:
        counts[at_ms // HOUR_MS % 24] += 1
    assert counts[1] == pytest.approx(24_000, rel=0.02)
    assert counts[23] == pytest.approx(12_000, rel=0.03)
    assert sum(counts) == counts[1] + counts[23], "nobody comes in an hour without arrivals"
    assert times == sorted(times)


def test_gaps_of_a_constant_rate_are_exponential() -> None:
    arrivals = arrival_times_ms(Arrivals((360.0,)), 10**12, stream(1, 0, "x"))
    times = list(islice(arrivals, 30_000))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert fmean(gaps) == pytest.approx(10_000, rel=0.02)
    assert pstdev(gaps) / fmean(gaps) == pytest.approx(1, rel=0.03)


def test_recorded_arrivals_end_with_the_others() -> None:
    assert list(arrival_times_ms(Arrivals((), (5, 10, 15)), 15, stream(1, 0, "x"))) == [5, 10]


def test_nobody_ever_comes_at_rate_zero() -> None:
    assert list(arrival_times_ms(Arrivals((0.0,)), 10**9, stream(1, 0, "x"))) == []
    assert list(arrival_times_ms(Arrivals(), 10**9, stream(1, 0, "x"))) == []
