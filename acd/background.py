"""Work that nobody waits for: it is kept until it is over, and never fails in silence.

This module must not know what the work is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

AGAIN_S = 1.0

_under_way: set[asyncio.Task[Any]] = set()
"""The loop itself remembers tasks only weakly."""


def in_background(doing: Coroutine[Any, Any, object]) -> None:
    """Begin this and go on; what goes wrong with it is logged."""
    task = asyncio.get_running_loop().create_task(doing, name=getattr(doing, "__qualname__", ""))
    _under_way.add(task)
    task.add_done_callback(_over)


def _over(task: asyncio.Task[Any]) -> None:
    _under_way.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("background_failed", extra={"what": task.get_name()}, exc_info=error)


async def for_ever(watch: Callable[[], Awaitable[None]]) -> None:
    """Run what never ends by itself until cancelled; when it fails that is logged, and it begins again."""
    while True:
        try:
            await watch()
        except Exception:  # whatever it is: what is watched would be forgotten for the rest of our life
            logger.exception("watch_failed", extra={"watch": watch.__qualname__})
        await asyncio.sleep(AGAIN_S)
