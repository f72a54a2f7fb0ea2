"""How often the wall is told of changes: a few at once, then at a steady pace.

One happening is often several facts; the first of them must not delay the one that matters. This module
must not know the clock.
"""

from __future__ import annotations


class Pace:
    """Allows `burst` pushes at once and `per_s` in the long run."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._gap_ms = 1000 / per_s
        self._ahead_ms = (burst - 1) * self._gap_ms
        self._next_ms = float("-inf")  # when the next push would be due at the steady pace

    def wait_ms(self, now_ms: float) -> float:
        """0 when a push is allowed now, else how long until one is, in ms."""
        return max(0.0, self._next_ms - self._ahead_ms - now_ms)

    def pushed(self, now_ms: float) -> None:
        """A push was made."""
        self._next_ms = max(self._next_ms, now_ms) + self._gap_ms
