"""The door for deeds from elsewhere: POST /deed on acd's Unix socket, a JSON object each.

{"deed": "force", "by": "anna", "agent": "1001", "state": "ready"}: `by` is the user, whose role the web
process has checked. 200 {"done": true}; 409 {"done": false, "refused": CODE} (codes: acd.core.supervision);
400 {"field", "value", "allowed"} for what cannot be understood; 503 {"why"} when Asterisk does not do it.
This module must not know what a deed means; who does is the core, or `acd.adapters.supervise`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from acd.adapters.supervise import Supervisors
from acd.core import events
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

VIA = "page"
LONGEST = 100
_NUMBER = re.compile(r"[0-9]{1,8}", re.ASCII)
_CONTACT = re.compile(r"[A-Za-z0-9.-]{1,100}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_PROMPT = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)

Words = Mapping[str, str]
Doer = Callable[[Words], Awaitable[str]]


class BadDeed(Exception):
    """A deed that cannot be understood: in which field, what was given, what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}: {value!r} is not allowed; allowed: {allowed}")
        self.field, self.value, self.allowed = field, value, allowed


@dataclass(frozen=True, slots=True)
class Deed:
    """One kind of deed: who does it, and its fields, all of them texts; optional ones may be missing."""

    do: Doer
    fields: tuple[str, ...]
    optional: tuple[str, ...] = ()


class Deeds:
    """All deeds by name. `add` is open to other parts of acd that have deeds of their own."""

    def __init__(
        self,
        engine: Engine,
        supervisors: Supervisors,
        settings: Callable[[], Settings],
        has_prompt: Callable[[str], bool],
    ) -> None:
        self._engine = engine
        self._supervisors = supervisors
        self._settings = settings
        self._has_prompt = has_prompt
        self._deeds: dict[str, Deed] = {
            "force": Deed(self._force, ("agent", "state"), ("reason",)),
            "take": Deed(self._take, ("contact", "as")),
            "move": Deed(self._move, ("contact", "queue")),
            "end": Deed(self._end, ("contact",), ("message",)),
            "put_first": Deed(self._put_first, ("contact",)),
            "close_queue": Deed(self._close_queue, ("queue",)),
            "open_queue": Deed(self._open_queue, ("queue",)),
            "lower_hand": Deed(self._lower_hand, ("agent",)),
            "take_over": Deed(self._take_over, ("agent", "as")),
        }
        for mode in ("listen", "whisper", "barge"):
            self._deeds[mode] = Deed(self._call_in(mode), ("agent", "as"))

    def add(self, name: str, deed: Deed) -> None:
        """Let a deed through the door."""
        self._deeds[name] = deed

    async def handle(self, request: web.Request) -> web.Response:
        """Serve POST /deed."""
        try:
            words, deed = self._understood(await request.read())
            refused = await deed.do(words)
        except BadDeed as error:
            answer = {"field": error.field, "value": error.value, "allowed": error.allowed}
            return web.json_response(answer, status=400)
        except AmiError as error:
            logger.warning("deed_not_done", extra={"deed": words["deed"], "error": str(error)})
            return web.json_response({"done": False, "why": "asterisk"}, status=503)
        logger.info("deed", extra={"deed": words["deed"], "refused": refused})
        if refused:
            return web.json_response({"done": False, "refused": refused}, status=409)
        return web.json_response({"done": True})

    def _understood(self, body: bytes) -> tuple[dict[str, str], Deed]:
        try:
            found = json.loads(body)
        except ValueError as error:
            raise BadDeed("", body[:LONGEST].decode("utf-8", "replace"), "a JSON object") from error
        if not isinstance(found, dict):
            raise BadDeed("", str(found)[:LONGEST], "a JSON object")
        deed = self._deeds.get(str(found.get("deed", "")))
        if deed is None:
            raise BadDeed("deed", str(found.get("deed"))[:LONGEST], ", ".join(self._deeds))
        known = ("deed", "by", *deed.fields, *deed.optional)
        for field, value in found.items():
            if field not in known:
                raise BadDeed(str(field)[:LONGEST], str(value)[:LONGEST], f"fields: {', '.join(known)}")
            if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
                raise BadDeed(field, str(value)[:LONGEST], f"a text of at most {LONGEST} characters")
        for field in ("by", *deed.fields):
            if not found.get(field):
                raise BadDeed(field, found.get(field), "a text that is not empty")
        words = dict.fromkeys(deed.optional, "") | found
        _check_spelling(words)
        return words, deed

    def _decide(self, event: events.Event) -> str:
        refused = self._engine.handle(event).ignored
        self._supervisors.count(refused)
        return refused

    # ---- agents

    async def _force(self, words: Words) -> str:
        reason = words["reason"]
        reasons = self._settings().not_ready_reasons
        if reason and (words["state"] != "not_ready" or reason not in reasons):
            raise BadDeed("reason", reason, f"with state not_ready one of {', '.join(reasons)}")
        return self._decide(events.AgentForced(words["agent"], words["state"], words["by"], VIA, reason))

    async def _lower_hand(self, words: Words) -> str:
        view = self._engine.picture.agents.get(words["agent"])
        if view is None or not view.help_ms:
            return "no_hand"
        self._engine.handle(events.AgentWasHelped(words["agent"], words["by"]))
        return ""

    def _call_in(self, mode: str) -> Doer:
        async def call_in(words: Words) -> str:
            refused = await self._supervisors.call_in(words["as"], mode, words["agent"])
            self._supervisors.note(
                words["by"], VIA, mode, words["agent"], refused=refused, detail=f"as:{words['as']}"
            )
            return refused

        return call_in

    async def _take_over(self, words: Words) -> str:
        refused = self._supervisors.why_not(words["as"], "take", words["agent"])
        if refused:
            self._supervisors.note(
                words["by"], VIA, "take", words["agent"], refused=refused, detail=f"as:{words['as']}"
            )
            return refused
        contact = self._engine.picture.agents[words["agent"]].contact
        if await self._supervisors.take_in_place(words["as"], words["agent"]):
            detail = f"as:{words['as']}"
            self._supervisors.note(words["by"], VIA, "take", words["agent"], detail=detail)
            return ""
        return self._decide(events.CallTaken(contact, words["as"], words["by"], VIA))

    # ---- waiting calls

    async def _take(self, words: Words) -> str:
        if not self._supervisors.is_supervisor(words["as"]):
            raise BadDeed("as", words["as"], "an agent whom the settings call a supervisor")
        return self._decide(events.CallTaken(words["contact"], words["as"], words["by"], VIA))

    async def _move(self, words: Words) -> str:
        to = f"queue:{words['queue']}"
        return self._decide(events.CallSentOn(words["contact"], to, words["by"], VIA))

    async def _end(self, words: Words) -> str:
        message = words["message"]
        if message and not self._has_prompt(message):
            raise BadDeed("message", message, "a prompt that can be played in every language spoken")
        to = f"message:{message}" if message else "hangup"
        return self._decide(events.CallSentOn(words["contact"], to, words["by"], VIA))

    async def _put_first(self, words: Words) -> str:
        return self._decide(events.CallPutFirst(words["contact"], words["by"], VIA))

    # ---- queues

    async def _close_queue(self, words: Words) -> str:
        return self._decide(events.QueueClosed(words["queue"], words["by"], VIA))

    async def _open_queue(self, words: Words) -> str:
        return self._decide(events.QueueOpened(words["queue"], words["by"], VIA))


_SPELLINGS = {
    "agent": (_NUMBER, "1 to 8 digits"),
    "as": (_NUMBER, "1 to 8 digits"),
    "contact": (_CONTACT, "a contact's id"),
    "queue": (_NAME, "a queue's name"),
    "message": (_PROMPT, "a prompt's name"),
}


def _check_spelling(words: Words) -> None:
    for field, (pattern, allowed) in _SPELLINGS.items():
        value = words.get(field)
        if value and not pattern.fullmatch(value):
            raise BadDeed(field, value, allowed)
