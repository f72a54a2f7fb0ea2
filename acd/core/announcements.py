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
