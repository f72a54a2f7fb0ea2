"""Kills a service of ours that lives but answers nobody, so that it is started again.

Its callers would otherwise be held by it for ever: the dialplan only asks again once a session has ended. A
service counts as hung after several questions in a row without any answer; not by time alone, so that a
machine that slept kills nothing. Must not know what the services do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from hotline.supervisor.processes import ProcessId
from hotline.supervisor.watched import Watched

log = logging.getLogger(__name__)

UNANSWERED_LIMIT = 4
"""With the limit of a question (readiness.QUESTION_LIMIT_S) and a second between two: about 15 s."""


class HangWatch:
    """Looks after some of the watched programs. answers: whether a service says anything at all."""

    def __init__(
        self,
        watched: Mapping[str, Watched],
        names: tuple[str, ...],
        answers: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._watched = {name: watched[name] for name in names if name in watched}
        self._answers = answers
        # By name: the process that has answered before, and how many questions it has not answered since.
        self._unanswered: dict[str, tuple[ProcessId, int]] = {}

    async def look(self) -> None:
        """Ask each service once."""
        await asyncio.gather(*map(self._ask, self._watched))

    async def _ask(self, name: str) -> None:
        process = self._watched[name].process
        if process is None:
            return
        if await self._answers(name):
            self._unanswered[name] = (process, 0)
            return
        known, before = self._unanswered.get(name, (None, 0))
        if known != process or self._watched[name].process != process:
            return  # it is only starting, or has just ended
        self._unanswered[name] = (process, before + 1)
        if before + 1 >= UNANSWERED_LIMIT:
            log.error("service_hung", extra={"program": name, "pid": process.pid, "unanswered": before + 1})
            process.kill_session()
