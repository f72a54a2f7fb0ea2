"""Callers who were cut off or gave up: their place is kept for a while; who stays away is to be called back.

A bounded memory by caller reference, folded from facts, so that it survives a restart. One who withholds the
number has no reference and is not remembered. This module must not know clocks, agents or queues' rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from acd.core.views import ContactView

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
    recall_ms: int = 0  # who does not return is to be called within this time after it; 0: is not


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

    def apply(self, kind: str, at_ms: int, body: Mapping[str, Any], view: ContactView | None) -> None:
        """Takes one fact; view: of its contact, if that is open still."""
        match kind:
            case "CallQueued" if view is not None:
                self.come_back(view.caller, body["queue"])
            case "CallLeftQueue" if view is not None and body["how"] in ("abandoned", "lost"):
                self.leave(_gone(body["contact"], view, at_ms))
            case "CallConnected" if view is not None:
                self.talk(view.caller)
            case "SegmentEnded" if view is not None and body["hung_up_by"] == "lost":
                self.leave(_gone(body["contact"], view, at_ms))
            case "RecallDue":
                told = {name: body[name] for name in Recall.__dataclass_fields__}
                self.recall(Recall(**told))
            case "RecallSettled":
                self.settle(body["contact"])

    def leave(self, gone: Gone) -> None:
        """The caller has left unserved."""
        if gone.caller and gone.until_ms > gone.left_ms:
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

    def talk(self, caller: str) -> None:
        """The caller talks with an agent, in whatever queue: nobody needs to call. The place is kept."""
        if caller in self._gone:
            self._gone[caller] = replace(self._gone[caller], recall_ms=0)

    def due(self, now_ms: int) -> list[Gone]:
        """Those to be recalled, for their time to return has passed."""
        return [gone for gone in self._gone.values() if gone.recall_ms and gone.until_ms < now_ms]

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
        self._gone = {values["caller"]: Gone(**values) for values in snapshot.get("gone", ())}
        self.recalls = {values["contact"]: Recall(**values) for values in snapshot.get("recalls", ())}


def _gone(contact: str, view: ContactView, at_ms: int) -> Gone:
    return Gone(
        caller=view.caller,
        contact=contact,
        queue=view.queue,
        place_since_ms=view.place_since_ms or view.wait_since_ms,
        left_ms=at_ms,
        until_ms=at_ms + view.return_within_ms,
        recall_ms=view.recall_within_ms,
    )


def _forget_oldest(kept: dict[str, Any]) -> None:
    if len(kept) > KEPT_LIMIT:
        del kept[next(iter(kept))]
