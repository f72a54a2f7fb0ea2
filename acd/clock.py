"""The steady clock: milliseconds since the epoch that never go back while a process lives.

Wall time is read once, at the start; from then on the monotonic clock counts. Instants of two lives of a
process are therefore comparable, and a step of the wall clock moves no deadline.
"""

from __future__ import annotations

import time


class SteadyClock:
    """Tells `now_ms()`; one per process."""

    def __init__(self) -> None:
        self._wall_ns = time.time_ns()
        self._start_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return (self._wall_ns + time.monotonic_ns() - self._start_ns) // 1_000_000
