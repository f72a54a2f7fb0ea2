"""Virtual time, and the wires on which messages reach acd: in order on each, delayed at random."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any


class Schedule:
    """Things to come, in order of time (ms) and then of being scheduled."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def after(self, delay_ms: int, what: Callable[..., None], *args: Any) -> None:
        """Do it so many ms from now."""
        self._count += 1
        heappush(self._heap, (self.now_ms + delay_ms, self._count, what, args))

    def step(self) -> bool:
        """Do the next thing; False when there is none."""
        if not self._heap:
            return False
        self.now_ms, _, what, args = heappop(self._heap)
        what(*args)
        return True


class Wire:
    """A stream of messages to acd: in order, each delayed; a cut wire delivers nothing more."""

    def __init__(self, schedule: Schedule, delay_ms: Callable[[], int]) -> None:
        self._schedule = schedule
        self._delay_ms = delay_ms
        self._last_ms = 0
        self._is_cut = False

    def send(self, what: Callable[..., None], *args: Any) -> None:
        """Deliver by calling what(*args), after everything sent before."""
        self._last_ms = max(self._last_ms, self._schedule.now_ms + self._delay_ms())
        self._schedule.after(self._last_ms - self._schedule.now_ms, self._deliver, what, args)

    def _deliver(self, what: Callable[..., None], args: tuple[Any, ...]) -> None:
        if not self._is_cut:
            what(*args)

    def cut(self) -> None:
        """What is under way is lost."""
        self._is_cut = True
