"""Callbacks instead of waiting: takes them down, makes the lines that keep their places, and settles them.

FastAGI handler "callback" takes one down. Once a second (`run`) every open callback without a line gets one:
a Local channel whose one half waits in the queue as a caller would, while the other rests until it is told to
call the person (extensions.conf, callback-line and [callback]). So what waits survives us, as callers do, and
what does not survive Asterisk is made again with its place. Who may ask, and when the next attempt is due, is
`acd.core.callbacks`' matter. Numbers go into a file of their own, never into facts or logs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from acd.adapters.number_file import NumberFile
from acd.adapters.orders import Orders
from acd.core.callback_numbers import judge_number
from acd.core.callbacks import (
    Callback,
    CallbackBook,
    CallbackLimits,
    after_attempt,
    is_line,
    masked,
    next_line,
)
from acd.core.events import CallWithdrawn
from acd.core.facts import CallbackAsked, CallbackSettled, CallbackTried
from acd.engine import Engine
from hotline.core.hours import is_open
from hotline.core.settings import Settings
from hotline.core.settings_callback_rules import number_rules
from hotline.journal import Envelope
from telephony import variables
from telephony.ami import Destination
from telephony.errors import AmiError, HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

LINE = Destination("hotline", "callback-line")
"""Where the half begins that waits in the queue."""

OTHER_HALF = Destination("callback", "s")
"""Where the other half rests until the person is to be called."""

LOOK_EVERY_S = 1.0
MOST_LISTED = 1000
LINES_AT_ONCE = 20
_ASKED = (
    *(variables.CALLBACK, variables.QUEUE, variables.NEEDS),
    *(variables.PREFER, variables.PRIORITY, variables.LANGUAGE),
)
MAKING_LIMIT_S = 10.0  # a line that has not begun by then is asked for again


class Callbacks:
    """One per acd process; `synchronized` is set while Asterisk's channels are known."""

    def __init__(
        self,
        engine: Engine,
        orders: Orders,
        settings: Callable[[], Settings],
        reference: Callable[[str], str],
        numbers: NumberFile,
        registry: CollectorRegistry,
        *,
        standing_limit_s: float = 3.0,
    ) -> None:
        """reference: of a number, as facts bear it; standing_limit_s: so long a line is waited for."""
        self._engine = engine
        self._orders = orders
        self._settings = settings
        self._reference = reference
        self._numbers = numbers
        self._standing_limit_s = standing_limit_s
        self.synchronized = False
        self._standing: dict[str, asyncio.Event] = {}  # line that is waited for -> it is in the queue
        self._making: dict[str, float] = {}  # contact -> loop time until which a line is being made
        self._asked = Counter(
            "hotline_callbacks_asked_total", "Callbacks asked for", ["answer"], registry=registry
        )
        self._tried = Counter(
            "hotline_callbacks_tried_total", "Persons called back", ["how"], registry=registry
        )
        self._settled = Counter(
            "hotline_callbacks_settled_total", "Callbacks that are over", ["how"], registry=registry
        )
        self._failed = Counter(
            "hotline_callback_lines_failed_total", "Lines that Asterisk did not make", registry=registry
        )
        self._open = Gauge("hotline_callbacks_open", "Persons who are to be called back", registry=registry)
        engine.follow(self._follow)

    @property
    def _book(self) -> CallbackBook:
        return self._engine.picture.callbacks

    def limits(self) -> CallbackLimits:
        """The settings' limits as the core wants them."""
        callbacks = self._settings().callbacks
        return CallbackLimits(
            callbacks.attempts, callbacks.retry_after_s * 1000, callbacks.per_number_per_day
        )

    # ---- taken down

    async def __call__(self, session: AgiSession) -> None:
        """Argument: the contact; the rest is on its channel. Answers in HL_CALLBACK_SAID."""
        contact = session.args[0] if session.args else ""
        try:
            asked = {name: await session.get_variable(name) for name in _ASKED}
            said = self._ask(contact, asked)
            if said == "taken":
                await self._take_place(contact)
            await session.set_variable(variables.CALLBACK_SAID, said)
        except HungUp:
            logger.debug("callback_asker_hung_up", extra={"contact": contact})

    def _ask(self, contact: str, asked: Mapping[str, str]) -> str:
        """Take it down, once, and say so: taken, or why not: open, limit, refused."""
        settings, now_ms = self._settings(), self._engine.clock.now_ms()
        if contact in self._book.open:
            return "taken"  # asked again, for we were away before we could say so
        judged = judge_number(asked[variables.CALLBACK], number_rules(settings))
        queue, priority = asked[variables.QUEUE], asked[variables.PRIORITY]
        known = any(one.name == queue for one in settings.queues)
        view = self._engine.picture.contacts.get(contact)
        why = "refused" if judged.why or not known or not settings.callbacks.trunk or view is None else ""
        caller = "" if why else self._reference(judged.number)
        why = why or self._book.why_not(caller, self._day_ms(now_ms), self.limits())
        if why:
            answer = "limit" if why == "full" else why
            self._asked.labels(answer).inc()
            logger.info("callback_refused", extra={"contact": contact, "why": judged.why or why})
            return answer
        assert view is not None
        self._numbers.keep(contact, judged.number)
        self._engine.record(
            CallbackAsked(
                at_ms=now_ms,
                contact=contact,
                caller=caller,
                number=view.number,
                queue=queue,
                needs=asked[variables.NEEDS],
                prefer=" ".join(variables.split(asked[variables.PREFER])),
                priority=priority if priority.removeprefix("-").isdecimal() else "",
                language=asked[variables.LANGUAGE],
                place_since_ms=view.place_since_ms or view.wait_since_ms or now_ms,
                put_first=view.put_first,
                expires_ms=now_ms + settings.callbacks.expire_after_s * 1000,
            )
        )
        self._asked.labels("taken").inc()
        return "taken"

    async def _take_place(self, contact: str) -> None:
        """The line stands in the queue before the caller leaves it: nobody can pass between the two."""
        callback = self._book.open[contact]
        if self.synchronized and not callback.line and self._may_wait(callback):
            line = next_line(callback)
            self._standing[line] = asyncio.Event()
            await self._make_line(callback)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._standing[line].wait(), self._standing_limit_s)
            del self._standing[line]
        view = self._engine.picture.contacts.get(contact)
        if view is not None and view.entry:
            self._engine.handle(CallWithdrawn(contact, "callback", view.entry))

    def _day_ms(self, now_ms: int) -> int:
        self._engine.picture.roll(now_ms)
        return self._engine.picture.day_ms

    # ---- lines

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Settle what has expired, and see to it that each of the others has a line when it is due."""
        now_ms = self._engine.clock.now_ms()
        self._open.set(len(self._book.open))
        for callback in self._book.to_settle():
            self.settle(callback, callback.over, callback.over_by)
        for callback in self._book.expired(now_ms):
            self.settle(callback, "expired")
        if not self.synchronized:
            return
        loop_s = asyncio.get_running_loop().time()
        self._making = {contact: until_s for contact, until_s in self._making.items() if until_s > loop_s}
        due = [one for one in self._book.due(now_ms) if one.contact not in self._making]
        for callback in [one for one in due if self._may_wait(one)][:LINES_AT_ONCE]:
            await self._make_line(callback)

    def _may_wait(self, callback: Callback) -> bool:
        """Whether persons are called from this queue now: not out of its hours."""
        settings = self._settings()
        queue = next((one for one in settings.queues if one.name == callback.queue), None)
        if queue is None or not settings.callbacks.trunk:
            return False
        hours = next((one for one in settings.hours if one.name == queue.hours), None)
        now = datetime.now(ZoneInfo(settings.hotline.timezone))
        return callback.queue not in self._engine.picture.closed_queues and (
            hours is None or is_open(hours, now)
        )

    async def _make_line(self, callback: Callback) -> None:
        number, link = self._numbers.get(callback.contact), self._orders.link
        if not number:
            logger.error("callback_number_lost", extra={"contact": callback.contact})
            self.settle(callback, "number_lost")
            return
        if link is None or not link.connected:
            return
        self._making[callback.contact] = asyncio.get_running_loop().time() + MAKING_LIMIT_S
        line = next_line(callback)
        told = {
            variables.QUEUE: callback.queue,
            variables.LANGUAGE: callback.language,
            variables.NUMBER: callback.number,
            variables.CALLBACK: number,
        }
        fields = [
            ("Channel", f"Local/{OTHER_HALF.exten}@{OTHER_HALF.context}/n"),
            ("Context", LINE.context),
            ("Exten", LINE.exten),
            ("Priority", "1"),
            ("Timeout", "5000"),
            ("Codecs", _codec(self._settings())),
            ("ChannelId", line),
            ("OtherChannelId", f"other-{line}"),
            *(("Variable", f"{name}={value}") for name, value in told.items()),
        ]
        try:
            await link.action("Originate", fields)
        except AmiError as error:
            self._failed.inc()
            logger.warning("callback_line_not_made", extra={"line": line, "error": str(error)})

    # ---- what became of it

    def tried(self, line: str, how: str) -> int | None:
        """Write down what became of an attempt; in how many seconds the next one is due, None: none is."""
        callback = self._book.of_line(line)
        if callback is None:
            return None
        if how == "answered" and callback.noted:
            return 0
        now_ms = self._engine.clock.now_ms()
        next_ms, last = after_attempt(callback, how, now_ms, self.limits())
        view = self._engine.picture.contacts.get(line)
        agent = view.agent if view is not None else ""
        self._tried.labels(how).inc()
        self._engine.record(CallbackTried(now_ms, callback.contact, line, agent, how, next_ms))
        if last:
            self.settle(callback, "unreached")
            return None
        return max(0, next_ms - now_ms) // 1000

    def taken_out(self, line: str) -> None:
        """Somebody has sent the line out of the queue: the person is not called any more."""
        callback = self._book.of_line(line)
        if callback is not None:
            self.settle(callback, "cancelled")

    def settle(self, callback: Callback, how: str, by: str = "") -> None:
        """The callback is over; a line that still waits for it goes."""
        if callback.contact not in self._book.open:
            return
        line = callback.line
        self._settled.labels(how).inc()
        self._engine.record(CallbackSettled(self._engine.clock.now_ms(), callback.contact, how, by))
        self._numbers.keep_only(self._book.open)
        entry = self._engine.picture.entries.get(line)
        if how in ("expired", "cancelled", "served") and (callback.answered is False) and line:
            if entry is not None:
                self._engine.handle(CallWithdrawn(line, f"callback {how}", entry.entry))
            self._orders.hang_up_caller(line)

    def _follow(self, envelope: Envelope) -> None:
        # Not from within the fact that is being told: what follows from it comes after it.
        if envelope.kind == "CallConnected":
            contact, agent = envelope.body["contact"], envelope.body["agent"]
            view = self._engine.picture.contacts.get(contact)  # by then its end may have been told, too
            caller = view.caller if view is not None else ""
            asyncio.get_running_loop().call_soon(self._connected, contact, caller, agent)
        elif envelope.kind == "CallQueued" and (standing := self._standing.get(envelope.body["contact"])):
            standing.set()
        elif envelope.kind == "ContactEnded" and is_line(envelope.body["contact"]):
            asyncio.get_running_loop().call_soon(self._line_ended, envelope.body["contact"])

    def _connected(self, contact: str, caller: str, agent: str) -> None:
        own = self._book.of_line(contact)
        if own is not None:
            self.tried(contact, "answered")
            self.settle(own, "served", agent)
            return
        for callback in self._book.of_person(caller):
            self.settle(callback, "served", agent)  # the person has called in

    def _line_ended(self, contact: str) -> None:
        callback = self._book.of_line(contact)
        if callback is not None and callback.over:
            self.settle(callback, callback.over, callback.over_by)

    # ---- from elsewhere

    async def listed(self, _request: web.Request) -> web.Response:
        """GET /callbacks: those that are open, the oldest place first; numbers are masked."""
        shown = sorted(self._book.open.values(), key=lambda one: (one.place_since_ms, one.contact))
        return web.json_response({"callbacks": [self._row(one) for one in shown[:MOST_LISTED]]})

    def _row(self, callback: Callback) -> dict[str, object]:
        view = self._engine.picture.contacts.get(callback.line)
        told = ("contact", "line", "queue", "place_since_ms", "asked_ms", "expires_ms", "tried", "next_ms")
        return {
            **{name: getattr(callback, name) for name in told},
            "number": masked(self._numbers.get(callback.contact)),
            "stage": view.stage if view is not None else "",
        }

    async def cancel(self, words: Mapping[str, str]) -> str:
        """The deed "cancel_callback" (see `acd.adapters.deeds`): the person is not to be called any more."""
        callback = self._book.open.get(words["contact"])
        if callback is None:
            return "no_callback"
        if callback.answered:
            return "talking"
        self.settle(callback, "cancelled", words["by"])
        return ""


def _codec(settings: Settings) -> str:
    """What a line speaks: the codec in which the person most probably answers.

    So nothing is translated between the line and the person, where Debian's Asterisk would lose sound.
    Source: measured on 22.10.1 (docs/adr/0009).
    """
    trunk = next(one for one in settings.trunks if one.name == settings.callbacks.trunk)
    return trunk.codecs[0]
