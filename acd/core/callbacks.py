"""The book of callbacks: who is to be called back instead of waiting, when, and who may not ask for it.

Folded from facts, so that it survives a restart. A callback bears the id of the contact that asked for it. In
the person's place a *line* waits: a contact of its own, of which there is one at a time; when it is lost,
another is made, and the place in line stays. Persons are references, never numbers. This module must not know
clocks, channels or queues' rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT_LIMIT = 10_000
"""So many callbacks may be open; so many persons' askings of the day are remembered, the newest."""

MOST_A_DAY = 100
"""No setting allows one person more callbacks a day."""

COUNTED = ("no_answer", "busy", "failed", "hung_up")
"""What counts as an attempt: the person was rung, or could not be. If the agent left, we failed."""


@dataclass(slots=True)
class Callback:
    """One person who is to be called back. Times in ms since the epoch; 0: not so far."""

    contact: str  # who asked, and the id of the callback
    caller: str
    number: str
    queue: str
    needs: str
    prefer: str
    priority: str
    language: str
    place_since_ms: int
    expires_ms: int
    asked_ms: int
    tried: int = 0  # attempts that count
    next_ms: int = 0  # not before
    put_first: bool = False  # before all others, by a supervisor: as a caller, or since
    lines: int = 0  # how many have been made
    line: str = ""  # the one that is there now
    answered: bool = False  # the person is at the line, or was
    noted: bool = False  # … and an attempt has been written down as answered
    over: str = ""  # what remains to be settled: served, gave_up
    over_by: str = ""


@dataclass(frozen=True, slots=True)
class CallbackLimits:
    """What the settings allow. Times in ms."""

    attempts: int
    retry_after_ms: int
    per_day: int


class CallbackBook:
    """All open callbacks, and who asked for one today."""

    def __init__(self) -> None:
        self.open: dict[str, Callback] = {}  # by contact
        self._asked: dict[str, list[int]] = {}  # by caller: when, in ms

    def apply(self, kind: str, at_ms: int, body: Mapping[str, Any]) -> None:
        """Takes one fact."""
        match kind:
            case "CallbackAsked":
                self._ask(at_ms, body)
            case "ContactStarted":
                self._begin_line(body["contact"])
            case "ContactEnded":
                self._end_line(body)
            case "CallConnected":
                callback = self.at_line(body["contact"])
                if callback is not None:
                    callback.answered, callback.over, callback.over_by = True, "served", body["agent"]
            case "CallPutFirst":
                callback = self.at_line(body["contact"])
                if callback is not None:
                    callback.put_first = True
            case "CallbackTried":
                callback = self.open.get(body["contact"])
                if callback is not None:
                    callback.tried += body["how"] in COUNTED
                    callback.answered = callback.noted = body["how"] == "answered"
                    callback.next_ms = body["next_ms"]
            case "CallbackSettled":
                self.open.pop(body["contact"], None)

    def _ask(self, at_ms: int, body: Mapping[str, Any]) -> None:
        told = {name: body[name] for name in body if name in Callback.__dataclass_fields__}
        self.open[body["contact"]] = Callback(**told, asked_ms=at_ms)
        asked = self._asked.pop(body["caller"], [])
        self._asked[body["caller"]] = [*asked[1 - MOST_A_DAY :], at_ms]
        if len(self._asked) > KEPT_LIMIT:
            del self._asked[next(iter(self._asked))]

    def _begin_line(self, contact: str) -> None:
        number, callback = self._read_line(contact)
        if callback is not None and number > callback.lines:
            callback.line, callback.lines = contact, number
            callback.answered = callback.noted = False

    def _end_line(self, body: Mapping[str, Any]) -> None:
        callback = self.at_line(body["contact"])
        if callback is None:
            return
        callback.line = ""
        if callback.answered and not callback.over and body["hung_up_by"] != "lost":
            callback.over = "gave_up"

    def why_not(self, caller: str, day_ms: int, limits: CallbackLimits) -> str:
        """Why this person may not ask now: open, limit (too many since day_ms), full; "" if allowed."""
        if any(callback.caller == caller for callback in self.open.values()):
            return "open"
        asked = [at_ms for at_ms in self._asked.get(caller, ()) if at_ms >= day_ms]
        if len(asked) >= limits.per_day:
            return "limit"
        return "full" if len(self.open) >= KEPT_LIMIT else ""

    def of_line(self, contact: str) -> Callback | None:
        """The open callback in whose place this contact waits, or None."""
        return self._read_line(contact)[1]

    def at_line(self, contact: str) -> Callback | None:
        """The open callback whose line this contact is now, or None."""
        callback = self.of_line(contact)
        return callback if callback is not None and callback.line == contact else None

    def _read_line(self, contact: str) -> tuple[int, Callback | None]:
        found = _LINE.fullmatch(contact)
        return (int(found[1]), self.open.get(found[2])) if found else (0, None)

    def due(self, now_ms: int) -> list[Callback]:
        """Those without a line that may have one now, the oldest place first."""
        waiting = [
            one
            for one in self.open.values()
            if not one.line and not one.over and one.next_ms <= now_ms < one.expires_ms
        ]
        return sorted(waiting, key=lambda one: (one.place_since_ms, one.contact))

    def expired(self, now_ms: int) -> list[Callback]:
        """Those who are not to be called any more; not one who is at the line already."""
        late = (one for one in self.open.values() if one.expires_ms <= now_ms)
        return [one for one in late if not (one.answered and (one.line or one.over))]

    def to_settle(self) -> list[Callback]:
        """Those whose person talks with an agent, or has hung up: it remains to be said."""
        return [one for one in self.open.values() if one.over]

    def of_person(self, caller: str) -> list[Callback]:
        """This person's open callbacks."""
        return [one for one in self.open.values() if caller and one.caller == caller]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, in order."""
        return {"open": [asdict(one) for one in self.open.values()], "asked": self._asked}

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Takes over what to_dict gave."""
        self.open = {values["contact"]: Callback(**values) for values in snapshot.get("open", ())}
        self._asked = {caller: list(asked) for caller, asked in snapshot.get("asked", {}).items()}


_LINE = re.compile(r"callback([0-9]{1,6})-(.+)", re.ASCII)


def is_line(contact: str) -> bool:
    """Whether this contact waits, or waited, in the place of a person who was to be called back."""
    return _LINE.fullmatch(contact) is not None


def next_line(callback: Callback) -> str:
    """The contact id of the next line; never one that was used.

    Asterisk reads what follows the dash as the time of the call. Source: oldest_linkedid in channel.c.
    """
    return f"callback{callback.lines + 1}-{callback.contact}"


def masked(number: str) -> str:
    """A number as lists show it: enough to know it by, not to call it."""
    return number[:3] + "*" * max(0, len(number) - 5) + number[3:][-2:]


def after_attempt(callback: Callback, how: str, now_ms: int, limits: CallbackLimits) -> tuple[int, bool]:
    """When the person may be called again (ms; 0: at once), and whether that was the last attempt."""
    if how not in COUNTED:
        return 0, False
    return now_ms + limits.retry_after_ms, callback.tried + 1 >= limits.attempts
