"""Hands AMI's events on: by their name, to each part of acd that wants them, in order.

A part that fails keeps the event from none of the others; as what it was to learn is lost, `on_failure` asks
Asterisk how things stand. This module must not know what the parts do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

Listener = Callable[[Mapping[str, str]], None]

LOOK_AGAIN_S = 5.0
"""So long after a failure Asterisk is asked; a part that fails at every event does not ask more often."""


class Listeners:
    """Called with every event, synchronously; raises the first failure, once all have been told."""

    def __init__(
        self, wants: Iterable[tuple[Collection[str], Listener]], on_failure: Callable[[], None]
    ) -> None:
        """wants: names of events and who is told of them."""
        self._told: dict[str, list[Listener]] = {}
        for events, listener in wants:
            for event in events:
                self._told.setdefault(event, []).append(listener)
        self._on_failure = on_failure
        self._look_again: asyncio.TimerHandle | None = None

    def __call__(self, message: Mapping[str, str]) -> None:
        failure: Exception | None = None
        for listener in self._told.get(message.get("Event", ""), ()):
            try:
                listener(message)
            except Exception as error:  # noqa: BLE001 - raised below
                failure = failure or error
        if failure is not None:
            if self._look_again is None:
                self._look_again = asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._look)
            raise failure

    def _look(self) -> None:
        self._look_again = None
        self._on_failure()
