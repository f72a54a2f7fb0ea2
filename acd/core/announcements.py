"""What a waiting caller is told, as names of prompts in order: the place in line, and how long it takes."""

from __future__ import annotations

MOST_COUNTED = 30
"""Positions and minutes beyond have no prompt of their own."""

_MINUTE_MS = 60_000


def position_prompts(position: int) -> list[str]:
    """The place in line, from 1."""
    return [f"position-{position}" if position <= MOST_COUNTED else "position-many"]


def wait_prompts(low_ms: int, high_ms: int, reason: str) -> list[str]:
    """A wait between low_ms and high_ms from now, in whole minutes that are not narrower than the range;
    after the reason why it is longer than was told before, if there is one."""
    low, high = max(0, low_ms) // _MINUTE_MS, max(1, -(-high_ms // _MINUTE_MS))
    because = [f"wait-longer-{reason.replace('_', '-')}"] if reason else []
    if high > MOST_COUNTED:
        return [*because, "wait-long"]
    if low == 0:
        return [*because, f"wait-within-{high}"]
    return [*because, f"wait-from-{low}", f"wait-to-{high}"]


POSITION = "position"
"""In place of a prompt's name: the place in line, and how long it takes."""


class Timetable:
    """When a waiting caller is told what: the place every position_s, a comfort prompt every comfort_s.

    Comfort prompts come in turn. Times are seconds of any clock; 0: never. The pause counts from the end of
    what was said.
    """

    def __init__(self, position_s: float, comfort_s: float, comfort: tuple[str, ...], now_s: float) -> None:
        self._pauses_s = {POSITION: position_s, "comfort": comfort_s if comfort else 0}
        self._comfort = comfort
        self._comforted = 0
        self._due_s = {what: now_s + pause_s for what, pause_s in self._pauses_s.items() if pause_s}

    def wait_s(self, now_s: float) -> float:
        """How long nothing is to be said, never quite 0; 0: nothing will be."""
        return max(0.001, min(self._due_s.values()) - now_s) if self._due_s else 0

    def take_due(self, now_s: float) -> str:
        """What is to be said now: POSITION or a prompt's name; "" when it is not time."""
        due = [what for what, at_s in self._due_s.items() if at_s <= now_s]
        if not due:
            return ""
        if due[0] == POSITION:
            return POSITION
        self._comforted += 1
        return self._comfort[(self._comforted - 1) % len(self._comfort)]

    def said(self, what: str, now_s: float) -> None:
        """It has been said, or cut short."""
        kind = what if what == POSITION else "comfort"
        self._due_s[kind] = now_s + self._pauses_s[kind]
