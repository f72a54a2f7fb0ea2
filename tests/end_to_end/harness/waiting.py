"""Waiting for something to become true, with a limit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool], what: Callable[[], str] | str, within_s: float) -> None:
    """Ask every 20 ms until it is true. Raises TimeoutError with `what` was waited for."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= deadline:
            told = what() if callable(what) else what
            raise TimeoutError(f"{told} within {within_s} s")
        await asyncio.sleep(0.02)
