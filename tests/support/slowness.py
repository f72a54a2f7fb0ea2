"""How slow this machine is now, so that a bound on times holds on a busy one and still means something."""

from __future__ import annotations

import time

EMPTY_LOOP_S = 0.3
"""Ten million turns, on the machine on which the bounds were set."""


def slowness() -> float:
    """How many times slower this machine is now than that one; at least 1. Takes about a second."""
    taken = []
    for _ in range(3):
        began_s = time.perf_counter()
        for _turn in range(10_000_000):
            pass
        taken.append(time.perf_counter() - began_s)
    return max(1.0, max(taken) / EMPTY_LOOP_S)
