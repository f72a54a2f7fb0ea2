"""Random times: distributions, and streams of arrivals. Chance is given as seeded generators.

Each purpose (a queue's arrivals, its handling times, ...) has a generator of its own, so that a change of one
part of a scenario leaves the draws of all others as they were: two policies meet the same callers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

from acd.simulation.scenario import Arrivals, Distribution

HOUR_MS = 3_600_000


def stream(seed: int, replication: int, purpose: str) -> Random:
    """The generator of one purpose in one replication; equal arguments give equal draws everywhere.

    Source: random.Random seeded by a text takes its SHA-512, so that the hash seed of the process is no part.
    """
    return Random(f"{seed}/{replication}/{purpose}")


def draws_ms(distribution: Distribution, generator: Random) -> Callable[[], int] | None:
    """A source of times in whole ms, or None for infinite."""
    mean_ms = distribution.mean_s * 1000
    if distribution.kind == "infinite":
        return None
    if distribution.kind == "exponential":
        rate = 1 / mean_ms
        return lambda: round(generator.expovariate(rate))
    if distribution.kind == "lognormal" and distribution.cv:
        # Source: mean and cv of exp(N(mu, sigma^2)) are exp(mu + sigma^2 / 2) and sqrt(exp(sigma^2) - 1).
        variance = math.log1p(distribution.cv**2)
        mu, sigma = math.log(mean_ms) - variance / 2, math.sqrt(variance)
        return lambda: round(generator.lognormvariate(mu, sigma))
    return lambda: round(mean_ms)


def arrival_times_ms(arrivals: Arrivals, end_ms: int, generator: Random) -> Iterator[int]:
    """Times of arrival before end_ms, ascending."""
    times = _poisson_ms(arrivals.rates_per_hour, generator) if arrivals.rates_per_hour else None
    for at_ms in times if times is not None else arrivals.recorded_ms:
        if at_ms >= end_ms:
            return
        yield at_ms


def _poisson_ms(rates_per_hour: tuple[float, ...], generator: Random) -> Iterator[int]:
    """Times of a Poisson process whose rate changes by the hour; endless, empty when no rate is above 0.

    Each gap is one unit of an exponential "expected number", used up at the rate of the hour it lies in.
    """
    if not any(rates_per_hour):
        return
    at_ms, hour = 0.0, 0
    only_one = len(rates_per_hour) == 1
    while True:
        wanted = generator.expovariate(1.0)
        while True:
            rate = rates_per_hour[hour % len(rates_per_hour)] / HOUR_MS
            hour_ends_ms = (hour + 1) * HOUR_MS
            if only_one or rate * (hour_ends_ms - at_ms) >= wanted:
                break
            wanted -= rate * (hour_ends_ms - at_ms)
            at_ms, hour = float(hour_ends_ms), hour + 1
        at_ms += wanted / rate
        yield round(at_ms)
