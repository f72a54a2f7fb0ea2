"""A log line that a stranger can provoke is written at most once in a while, with a count of the rest.

Must not know what is logged.
"""

from __future__ import annotations

import asyncio
import logging

PERIOD_S = 10.0


class QuietLog:
    """Writes the first line of each kind at once; at the end of the period, one for all that came meanwhile.

    Kinds must be few and fixed: they are kept. Needs a running event loop.
    """

    def __init__(self, logger: logging.Logger, event: str, *, period_s: float = PERIOD_S) -> None:
        self._logger, self._event, self._period_s = logger, event, period_s
        self._held: dict[
            str, tuple[int, dict[str, str]]
        ] = {}  # kinds whose period runs: count, newest values

    def warning(self, kind: str, **values: str) -> None:
        """Note one happening of this kind."""
        if kind in self._held:
            self._held[kind] = (self._held[kind][0] + 1, values)
            return
        self._write(kind, 1, values)

    def _write(self, kind: str, count: int, values: dict[str, str]) -> None:
        self._logger.warning(self._event, extra={"reason": kind, "count": count, **values})
        self._held[kind] = (0, {})
        asyncio.get_running_loop().call_later(self._period_s, self._period_over, kind)

    def _period_over(self, kind: str) -> None:
        count, values = self._held.pop(kind)
        if count:
            self._write(kind, count, values)
