"""Supervisors' codes for waiting calls: FastAGI handler "line-code" (phone, code, digits).

21 puts a waiting call before all others, 22 moves it to another queue, 23 ends it with an apology. A phone
has no list to choose from, so each is about the caller who has waited longest (21: of those not put first
yet), with a queue's extension there. What is not dialled is asked for by voice: 22 may be dialled whole, as
*22FROM*TO. What came of it is told by voice. This module must not know what a deed means; the core does.
"""

from __future__ import annotations

from acd.adapters.desk import read_digits
from acd.adapters.spoken_codes import VIA, SpokenCodes
from acd.core.events import CallPutFirst, CallSentOn
from acd.core.picture import Picture
from hotline.core.settings import Settings
from telephony.fastagi import AgiSession

FIRST, MOVE, END = "21", "22", "23"
DEEDS = {FIRST: "put_first", MOVE: "move", END: "end"}
LAST_WORDS = "message:cannot-serve"
"""What a caller hears whose wait is ended by code."""

BETWEEN = "*"
"""Stands between two queues' extensions that are dialled at once."""


def longest_wait(picture: Picture, queue: str, *, but_put_first: bool = False) -> str:
    """The contact that has waited longest and rings nowhere, in this queue ("": in any), or "".

    but_put_first: leave out those that stand before all others already.
    """
    waiting = [
        (entry.wait_since_ms, contact)
        for contact, entry in picture.entries.items()
        if queue in ("", entry.queue)
        and (view := picture.contacts.get(contact)) is not None
        and view.stage == "waiting"
        and not (but_put_first and view.put_first)
    ]
    return min(waiting, default=(0, ""))[1]


def queue_at(settings: Settings, extension: str) -> str:
    """The queue of an extension; the digits themselves, which name none, if there is none."""
    found = (queue.name for queue in settings.queues if extension and queue.extension == extension)
    return next(found, extension or "-")


class LineCodes(SpokenCodes):
    """One per acd process."""

    deeds = DEEDS

    async def _serve(self, session: AgiSession, number: str, code: str, digits: str) -> str:
        there, _, to = digits.partition(BETWEEN)
        there = there or await read_digits(session, "hotline/enter-queue")
        queue = queue_at(self._settings(), there) if there else ""
        if queue and queue not in self._queues():
            self._supervisors.note(number, VIA, DEEDS[code], "", refused="unknown_queue", detail=there[:8])
            return "no-such-queue"
        contact = longest_wait(self._engine.picture, queue, but_put_first=code == FIRST)
        if not contact:
            return "nobody-waits"
        if code == FIRST:
            return self._decide(CallPutFirst(contact, number, VIA))
        if code == END:
            # Nobody is sent away by a slip of the finger.
            sure = await read_digits(session, "hotline/confirm-end", limit=1) == "1"
            return self._decide(CallSentOn(contact, LAST_WORDS, number, VIA)) if sure else "deed-refused"
        to = to or await read_digits(session, "hotline/enter-other-queue")
        other = queue_at(self._settings(), to)
        refused = self._decide(CallSentOn(contact, f"queue:{other}", number, VIA))
        return refused if other in self._queues() else "no-such-queue"

    def _queues(self) -> tuple[str, ...]:
        return tuple(queue.name for queue in self._settings().queues)

    def _decide(self, event: CallPutFirst | CallSentOn) -> str:
        refused = self._engine.handle(event).ignored
        self._supervisors.count(refused)
        return "deed-refused" if refused else "deed-done"
