"""How a caller's answer to "were you satisfied?" is read."""

from __future__ import annotations

SURVEY_TRIES = 2


def satisfaction_of(digit: str) -> int:
    """1..5 for the digits 1 to 5; 0 for any other key and for none."""
    return int(digit) if digit in tuple("12345") else 0
