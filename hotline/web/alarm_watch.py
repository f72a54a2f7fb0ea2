"""Looks every few seconds what is wrong with the house, and since when. It decides nothing.

What counts as an alarm is `hotline.core.alarms`'; this module must not know how alarms are shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping

from hotline.core.alarms import LABELS, Alarm, alarms_of, figures_in
from hotline.web.services import Services

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0


class AlarmWatch:
    """One per web process. `alarms`: since when each is known (ms on the clock given), the gravest first."""

    def __init__(self, services: Services, now_ms: Callable[[], int]) -> None:
        self._services = services
        self._now_ms = now_ms
        self._task: asyncio.Task[None] | None = None
        self.alarms: Mapping[Alarm, int] = {}

    def start(self) -> None:
        """Begin to look; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._look_for_ever())

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def look(self) -> None:
        """Ask all services once."""
        texts, health = await asyncio.gather(self._services.metrics(LABELS), self._services.health())
        now = alarms_of(
            figures_in(text for text in texts.values() if text is not None),
            {name: one.state for name, one in health.items()},
        )
        known, at_ms = self.alarms, self._now_ms()
        self.alarms = {alarm: known.get(alarm, at_ms) for alarm in now}
        for alarm in self.alarms.keys() ^ known.keys():
            told = "alarm" if alarm in self.alarms else "alarm_over"
            level = logging.INFO if alarm.is_note else logging.WARNING
            log.log(level, told, extra={"alarm": alarm.kind, "about": alarm.about})

    async def _look_for_ever(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # one look that fails must not end the watch
                log.exception("alarms_not_looked_at")
            await asyncio.sleep(LOOK_EVERY_S)
