"""Which queues send callers elsewhere just now, why, and since when: folded from facts, a spell per queue.

A spell is a row of callers sent on with short pauses between. This module must not know clocks or limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PAUSE_MS = 5 * 60_000
"""After so long without a caller sent on, the next one begins another spell."""


@dataclass(slots=True)
class Spell:
    """Callers sent on from one queue. Times in ms since the epoch; reason and to are the last one's."""

    reason: str
    to: str
    since_ms: int
    last_ms: int
    callers: int = 1


class Overflows:
    """The newest spell of each queue."""

    def __init__(self) -> None:
        self._spells: dict[str, Spell] = {}

    def apply(self, kind: str, at_ms: int, body: Mapping[str, Any]) -> None:
        """Takes one fact; only CallOverflowed counts."""
        if kind != "CallOverflowed":
            return
        spell = self.of(body["queue"], at_ms)
        if spell is None:
            self._spells[body["queue"]] = Spell(body["reason"], body["to"], at_ms, at_ms)
            return
        spell.reason, spell.to, spell.last_ms = body["reason"], body["to"], at_ms
        spell.callers += 1

    def of(self, queue: str, now_ms: int) -> Spell | None:
        """The spell that lasts at now_ms; None when nobody was sent on for PAUSE_MS."""
        spell = self._spells.get(queue)
        return spell if spell is not None and now_ms - spell.last_ms <= PAUSE_MS else None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {queue: asdict(spell) for queue, spell in self._spells.items()}

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Takes over what to_dict gave."""
        self._spells = {queue: Spell(**values) for queue, values in snapshot.items()}
