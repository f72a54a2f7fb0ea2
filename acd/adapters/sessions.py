"""The waiting caller's FastAGI session: music, position, Dial, and back to waiting.

One handler per waiting caller. Orders come from the engine through a queue of their own; the handler knows
no rule of distribution. What happens to channels is told to the engine by `acd.adapters.observer`; this
handler only reports what Dial said of an offer, and that the session is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from acd.adapters.dialling import dial_options, failed_cause, offers_by_phone, phones_of
from acd.adapters.queue_arguments import QueueArguments
from acd.core.announcements import POSITION, Timetable, position_prompts, wait_prompts
from acd.core.commands import Command, OfferCall, RefuseCall, SendToOverflow
from acd.core.events import CallArrived, CallWithdrawn, OfferFailed, SessionLost
from acd.core.limits import CALLBACK
from acd.engine import Engine
from acd.forecaster import Forecaster
from hotline.core.hours import is_open
from hotline.core.settings import Queue, Settings, Text
from telephony import variables
from telephony.dial import dial_arguments
from telephony.errors import AgiFailed, HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

VERDICTS = {"verified": "verified", "failed": "verification-failed"}
"""What the agent is told of a caller whom an agent has sent to enter digits."""

LONGEST_SILENCE_MS = 600_000
"""So long a digit is waited for at once where nothing is announced."""


class CallerSession:
    """One waiting caller; `run()` lives as long as the FastAGI session."""

    def __init__(
        self,
        session: AgiSession,
        engine: Engine,
        forecaster: Forecaster,
        settings: Settings,
        arguments: QueueArguments,
    ) -> None:
        self._session = session
        self._engine = engine
        self._forecaster = forecaster
        self._settings = settings
        self._arguments = arguments
        self._orders: deque[Command] = deque()  # bounded by one open offer per call
        self._ordered = asyncio.Event()
        self._woken = asyncio.Event()  # an order came, or the session is over
        session.on_end = self._woken.set
        self._connected = ""  # the offer that led to a conversation
        self._answer_at: float | None = None  # loop time at which a direct call is answered without agent
        self._verdict = ""  # of digits that the caller has just entered: a prompt for the agent
        entry = engine.picture.entries.get(arguments.contact)
        self._queue = queue_of(settings, arguments.queue, entry.queue if entry is not None else "")

    def take_order(self, command: Command) -> None:
        """Called by the engine, synchronously."""
        self._orders.append(command)
        self._ordered.set()
        self._woken.set()

    def note_connected(self, offer: str) -> None:
        """Called by the engine, synchronously."""
        self._connected = offer

    async def run(self) -> None:
        """Hold the caller until served, refused or gone."""
        arguments = self._arguments
        now_ms = self._engine.clock.now_ms()
        self._engine.attach(arguments.contact, self)
        try:
            self._engine.handle(self._arrival(now_ms))
            if arguments.aim or arguments.fallback:
                # The journal has them now; the next entry of this contact is none of theirs.
                await self._session.execute("MSet", f"{variables.AIM}=", f"{variables.FALLBACK}=")
            if arguments.lost_since:
                await self._session.set_variable(variables.LOST_SINCE, "")
            if arguments.entry > 1:
                told = await self._session.get_variable(variables.VERDICT)
                self._verdict = VERDICTS.get(told.removeprefix(f"{arguments.entry}-"), "")
            if arguments.wait_since_ms is None:
                await self._session.set_variable("HL_WAIT_SINCE", str(now_ms))
            await self._wait_and_serve()
        finally:
            if self._engine.detach(arguments.contact, self):
                self._engine.handle(SessionLost(arguments.contact))

    def _arrival(self, now_ms: int) -> CallArrived:
        arguments, picture = self._arguments, self._engine.picture
        served_last = picture.last_agent(arguments.contact)
        kept_ms = picture.place_kept(arguments.contact, arguments.queue, now_ms)
        arrival = arguments.arrival(self._queue, now_ms, self._last_agent(), served_last, kept_ms)
        preferred, teams = preferences(self._settings, self._queue, arguments.prefer)
        return replace(arrival, closed=self._is_closed(), preferred=preferred, teams=teams)

    def _is_closed(self) -> bool:
        """Whether the queue's own opening hours are over now."""
        hours = next((hours for hours in self._settings.hours if hours.name == self._queue.hours), None)
        now = datetime.now(ZoneInfo(self._settings.hotline.timezone))
        return hours is not None and not is_open(hours, now)

    def _last_agent(self) -> str:
        """Who talked with a transferred caller last, or ""."""
        view = self._engine.picture.contacts.get(self._arguments.contact)
        return view.agent if view is not None and self._arguments.place_since_ms else ""

    async def _wait_and_serve(self) -> None:
        loop = asyncio.get_running_loop()
        if self._arguments.direct_ms:
            # A direct call rings, unanswered, so long; then it is answered and waits like any other.
            self._answer_at = loop.time() + self._arguments.direct_ms / 1000
        else:
            await self._music()
        queue = self._queue
        self._timetable = Timetable(queue.announce_position_s, queue.comfort_s, queue.comfort, loop.time())
        while True:
            if self._answer_at is None:
                order = await self._order_or_key(self._timetable.wait_s(loop.time()))
                order = order or await self._announce(self._timetable.take_due(loop.time()))
            else:
                order = await self._next_order(max(0.001, self._answer_at - loop.time()))
                if order is None:
                    await self._session.answer()
                    await self._wait_answered()
            if isinstance(order, RefuseCall):
                await self._refuse(order)
                return
            if isinstance(order, SendToOverflow):
                await self._send_on(order)
                return
            if isinstance(order, OfferCall) and await self._offer(order):
                return

    async def _wait_answered(self) -> None:
        """A direct call that is answered by now waits like any other."""
        self._answer_at = None
        await self._session.set_variable("HL_DIRECT_MS", "")
        await self._music()

    async def _next_order(self, timeout_s: float) -> Command | None:
        """The next order, or None after timeout_s (0: no limit); raises HungUp when the session is gone."""
        if not self._orders and not self._session.closed.is_set():
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s or None):
                    await self._woken.wait()
        if not self._orders and self._session.closed.is_set():
            raise HungUp("the caller's session is gone")
        return self._taken()

    async def _order_or_key(self, timeout_s: float) -> Command | None:
        """Like `_next_order`; the key by which the caller leaves counts as an order to do so."""
        if not self._queue.leave_key or self._orders:
            return await self._next_order(timeout_s)
        wait_ms = round(timeout_s * 1000) or LONGEST_SILENCE_MS
        digit = await self._first_of(self._session.wait_for_digit(wait_ms, cuttable=True))
        self._session.stop_playing()
        if digit == self._queue.leave_key and not self._orders:
            return SendToOverflow(self._arguments.contact, self._queue.leave_to)
        return self._taken()

    async def _first_of(self, other: Coroutine[Any, Any, str]) -> str:
        """Wait for an order, or for the other thing: its result ("": an order came) or its error."""
        saying = asyncio.ensure_future(other)
        tasks = {asyncio.ensure_future(self._ordered.wait()), saying}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return saying.result() if saying in done else ""
        finally:
            for task in tasks:
                task.cancel()

    def _taken(self) -> Command | None:
        """The oldest order, out of the queue; None when there is none."""
        order = self._orders.popleft() if self._orders else None
        if not self._orders:
            self._ordered.clear()
        return order

    async def _music(self) -> None:
        await self._session.music_on(self._queue.music)

    async def _announce(self, what: str) -> Command | None:
        """Say what is due; an order cuts that short and is returned, as does the key by which one leaves."""
        if not what:
            return self._taken()
        key = ""
        for prompt in await self._what_to_announce() if what == POSITION else [what]:
            if self._orders or key:
                break
            try:
                saying = self._session.stream_file(f"hotline/{prompt}", self._queue.leave_key)
                key = await self._first_of(saying)
            except AgiFailed:
                # A prompt that cannot be played: better music alone than a lost caller.
                logger.error("prompt_not_played", extra={"prompt": prompt})
        self._session.stop_playing()
        self._timetable.said(what, asyncio.get_running_loop().time())
        if key and not self._orders:
            return SendToOverflow(self._arguments.contact, self._queue.leave_to)
        if not self._orders:
            await self._music()
        return self._taken()

    async def _what_to_announce(self) -> list[str]:
        contact = self._arguments.contact
        position = self._engine.distributor.position(contact)
        if position is None:
            return []
        prompts = position_prompts(position)
        promise = await self._forecaster.promise(contact) if self._queue.announce_wait else None
        if promise is not None:
            now_ms = self._engine.clock.now_ms()
            prompts += wait_prompts(promise.low_ms - now_ms, promise.high_ms - now_ms, promise.reason)
        return prompts

    async def _offer(self, order: OfferCall) -> bool:
        """Dial the agent; True when the caller was served (the agent has hung up, the caller goes on)."""
        if order.beside:
            await self._session.execute("MSet", *offers_by_phone(order))
        phones = [phone for phone, _ in phones_of(order)]
        options = dial_options(
            order,
            self._queue,
            ringing=self._answer_at is not None,
            codes=self._settings.hotline.feature_codes,
            verdict=self._verdict,
        )
        await self._session.execute("Dial", *dial_arguments(phones, order.ring_ms, options))
        if self._connected:
            return True  # AMI has told it long ago, so Asterisk need not be asked
        outcome = await self._session.get_full(
            "${DIALSTATUS}|${HANGUPCAUSE}|${HL_STAGE}|${RINGTIME_MS}${PROGRESSTIME_MS}"
        )
        status, cause, stage, rang = ([*outcome.split("|"), "", "", "", ""])[:4]
        if stage == "connected":
            return True
        return await self._offer_failed(order, status, failed_cause(status, cause, rang=rang != ""))

    async def _offer_failed(self, order: OfferCall, status: str, cause: str) -> bool:
        """Dial came back without a conversation; True when the caller does not wait on."""
        self._engine.handle(OfferFailed(order.offer, cause))
        if self._answer_at is None:
            await self._music()
        elif status == "ANSWER":
            await self._wait_answered()
        return False

    async def _refuse(self, order: RefuseCall) -> None:
        if order.reason == "already_served":
            await self._session.set_variable("HL_NEXT", "survey")
            return
        await self._session.answer()
        await self._session.stream_file("hotline/queue-full")
        await self._session.set_variable("HL_OUTCOME", "refused")
        await self._session.set_variable("HL_NEXT", "hangup")

    async def _send_on(self, order: SendToOverflow) -> None:
        """The caller leaves the queue for elsewhere: once HL_NEXT stands, the dialplan does it without us."""
        to = destination_of(self._settings, order.to)
        if to == CALLBACK:
            await self._talk_of_callback(order)
            return
        kind, _, name = to.partition(":")
        if kind in ("message", "voicemail"):
            await self._session.answer()
        if order.outcome:
            await self._session.set_variable(variables.OUTCOME, order.outcome)
        if kind in ("flow", "menu"):
            await self._session.set_variable(variables.START, to)
        elif name:
            await self._session.set_variable(variables.GO, name)
        next_step = {"queue": "moved", "flow": "enter", "menu": "enter"}.get(kind, kind)
        await self._session.set_variable(variables.NEXT, next_step)
        self._engine.handle(CallWithdrawn(self._arguments.contact, order.to, self._arguments.entry))

    async def _talk_of_callback(self, order: SendToOverflow) -> None:
        """To ivr, which asks for the number: in the line all the while, only not to be offered till back."""
        contact = self._arguments.contact
        if self._engine.detach(contact, self):
            self._engine.handle(SessionLost(contact))
        await self._session.answer()
        if order.outcome:
            await self._session.set_variable(variables.OUTCOME, order.outcome)
        await self._session.set_variable(variables.NEXT, "callback-talk")


def queue_of(settings: Settings, name: str, waits_in: str) -> Queue:
    """A queue's settings; those of any queue where a caller waits whose queue they no longer name.

    waits_in: the queue of the caller's open entry, "" for a newcomer. Raises ValueError.
    """
    for queue in settings.queues:
        if queue.name == name:
            return queue
    if name != waits_in:
        raise ValueError(f"queue: the settings have no {name!r}")
    return Queue(name, Text(name, name))


def preferences(
    settings: Settings, queue: Queue, brought: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The agents preferred for a caller, and the teams named: what the caller brought, else the queue's."""
    names = brought or queue.prefer
    return settings.preferred(names), tuple(name for name in names if not name.isdigit())


def destination_of(settings: Settings, to: str) -> str:
    """A number of the hotline as the flow or queue that it leads to; any other destination as it is.

    Outside without a trunk is voicemail, as when nobody answers there: settings have changed since.
    """
    kind, _, did = to.partition(":")
    if kind == "outside" and not settings.outgoing.trunk:
        return "voicemail"
    if kind != "number":
        return to
    line = next((line for line in settings.numbers if line.did == did), None)
    if line is None:
        return "hangup"  # settings have changed since
    return f"queue:{line.direct_queue}" if line.direct_queue else f"flow:{line.flow}"
