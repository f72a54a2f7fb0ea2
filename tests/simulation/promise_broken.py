"""What the simulator and its promises raise."""

from __future__ import annotations


class PromiseBrokenError(AssertionError):
    """What must never happen has happened."""
