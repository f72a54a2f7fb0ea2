"""Callers who were cut off or gave up: their place is kept for a while; who stays away is to be called back.

A bounded memory by caller reference, folded from facts, so that it survives a restart. One who withholds the
number has no reference and is not remembered. This module must not know clocks, agents or queues' rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT_LIMIT = 10_000
"""So many places and so many recalls; of more, the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A caller who left a queue unserved. Times in ms since the epoch."""

    caller: str
    contact: str
    queue: str
    place_since_ms: int  # the place in line was that of a wait since then
    left_ms: int
    until_ms: int  # a return until then gets the place again


@dataclass(frozen=True, slots=True)
class Recall:
    """A caller who did not return: to be called until the deadline. Times in ms since the epoch."""

    caller: str
    contact: str
    queue: str
    left_ms: int
    deadline_ms: int


class Returns:
    """Who may return, and who is to be recalled."""

    def __init__(self) -> None:
        self._gone: dict[str, Gone] = {}  # by caller: the newest time only
        self.recalls: dict[str, Recall] = {}  # by contact

    def leave(self, gone: Gone) -> None:
        """The caller has left unserved."""
        if gone.caller and gone.until_ms:
            self._gone.pop(gone.caller, None)
            self._gone[gone.caller] = gone
            _forget_oldest(self._gone)

    def place_since_ms(self, caller: str, queue: str, now_ms: int) -> int:
        """Since when a caller who asks for this queue again is to count as waiting; 0: since now."""
        gone = self._gone.get(caller)
        return gone.place_since_ms if gone and gone.queue == queue and now_ms <= gone.until_ms else 0

    def come_back(self, caller: str, queue: str) -> None:
        """The caller asks for the queue again: there is nobody to be waited for any more."""
        gone = self._gone.get(caller)
        if gone is not None and gone.queue == queue:
            del self._gone[caller]

    def due(self, now_ms: int) -> list[Gone]:
        """Those whose time to return has passed."""
        return [gone for gone in self._gone.values() if gone.until_ms < now_ms]

    def recall(self, recall: Recall) -> None:
        """The caller has not returned."""
        self._gone.pop(recall.caller, None)
        self.recalls[recall.contact] = recall
        _forget_oldest(self.recalls)

    def recalls_of(self, caller: str) -> list[str]:
        """Contacts of this caller that are to be recalled."""
        return [contact for contact, recall in self.recalls.items() if recall.caller == caller]

    def settle(self, contact: str) -> None:
        """The caller of this contact has been spoken to, or is not to be called any more."""
        self.recalls.pop(contact, None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, in order."""
        return {
            "gone": [asdict(gone) for gone in self._gone.values()],
            "recalls": [asdict(recall) for recall in self.recalls.values()],
        }

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Takes over what to_dict gave."""
        self._gone = {values["caller"]: Gone(**values) for values in snapshot["gone"]}
        self.recalls = {values["contact"]: Recall(**values) for values in snapshot["recalls"]}


def _forget_oldest(kept: dict[str, Any]) -> None:
    if len(kept) > KEPT_LIMIT:
        del kept[next(iter(kept))]
