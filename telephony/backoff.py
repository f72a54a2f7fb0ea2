"""How long to wait before trying again: growing, with chance in it, so that many do not come at once."""

from __future__ import annotations

from random import Random


class Backoff:
    """Pauses of first_s, twice that, … up to most_s; chance shortens each to between half and all of it."""

    def __init__(self, first_s: float, most_s: float, chance: Random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._tries = 0

    def next_s(self) -> float:
        """The pause before the next try, in seconds."""
        whole_s: float = min(self._most_s, self._first_s * 2 ** min(self._tries, 30))
        self._tries += 1
        return max(self._first_s, whole_s * self._chance.uniform(0.5, 1.0))

    def reset(self) -> None:
        """It worked: start small again."""
        self._tries = 0
