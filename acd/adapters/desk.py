"""The agents' feature codes: log in and out, ready, not ready with a reason, after-contact work and its code.

A phone dials a code; the dialplan names the phone by its endpoint, which a caller cannot choose. The PIN is
checked here; a wrong one is told by voice, delayed more each time, counted, and written as a fact. The delay
is the phone's: to hang up and dial again, or several times at once, makes it no shorter.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from acd.core.agents import VERIFYING
from acd.core.events import (
    AgentAskedHelp,
    AgentBecameNotReady,
    AgentBecameReady,
    AgentFinishedWork,
    AgentGaveDisposition,
    AgentLoggedIn,
    AgentLoggedOut,
    AgentProlongedWork,
    AgentWasHelped,
    Event,
    PickupAsked,
)
from acd.core.facts import LoginRefused
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony.errors import HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

TRIES = 3
DELAY_S = (0.0, 1.0, 3.0, 10.0, 30.0)
DIGITS_LIMIT = 12
CODE_DIGITS = 4
DEEDS = ("login", "logout", "ready", "not_ready", "finish", "prolong", "disposition", "help", "help_over")
FIRST_DIGIT_TIMEOUT_MS = 6000
NEXT_DIGIT_TIMEOUT_MS = 3000


class Desk:
    """FastAGI handler "desk": arguments are the phone's name, the deed and an optional reason digit."""

    def __init__(
        self,
        engine: Engine,
        settings: Callable[[], Settings],
        pin_of: Callable[[str], str | None],
        registry: CollectorRegistry,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._pin_of = pin_of
        self._failures: dict[str, int] = {}  # per phone; bounded by the number of phones
        self._judged_from: dict[str, float] = {}  # per phone: loop time before which no PIN is looked at
        self._refused = Counter(
            "hotline_agent_logins_refused_total", "Wrong agent number or PIN at a phone", registry=registry
        )
        self._nothing_rings = Counter(
            "hotline_pickups_refused_total", "Pick-ups when no call rang that could be", registry=registry
        )

    async def __call__(self, session: AgiSession) -> None:
        phone, deed, reason = ([*session.args, "", "", ""])[:3]
        try:
            if deed == "login":
                await self._log_in(session, phone)
            else:
                await self._change(session, phone, deed, reason)
            await session.set_variable("HL_NEXT", "hangup")
        except HungUp:
            logger.debug("desk_hung_up", extra={"phone": phone, "deed": deed})

    async def _log_in(self, session: AgiSession, phone: str) -> None:
        for _ in range(TRIES):
            number = await read_digits(session, "hotline/enter-number")
            pin = await read_digits(session, "hotline/enter-pin")
            await self._wait_out(session, phone)
            expected = self._pin_of(number) if self._known(number) else None
            # Compared in constant time, also when there is no such agent.
            if hmac.compare_digest(pin.encode(), (expected or "\0").encode()) and expected:
                self._failures.pop(phone, None)
                self._judged_from.pop(phone, None)
                self._engine.handle(AgentLoggedIn(number, phone))
                await session.stream_file("hotline/logged-in")
                return
            await self._refuse(session, phone, number)

    def _known(self, number: str) -> bool:
        return any(agent.number == number for agent in self._settings().agents)

    async def _refuse(self, session: AgiSession, phone: str, number: str) -> None:
        failures = self._failures[phone] = self._failures.get(phone, 0) + 1
        self._refused.inc()
        self._engine.record(
            LoginRefused(at_ms=self._engine.clock.now_ms(), agent=number, phone=phone, attempts=failures)
        )
        delay_s = DELAY_S[min(failures, len(DELAY_S) - 1)]
        self._judged_from[phone] = asyncio.get_running_loop().time() + delay_s
        await self._wait_out(session, phone)
        await session.stream_file("hotline/wrong-pin")

    async def _wait_out(self, session: AgiSession, phone: str) -> None:
        """Until the phone's delay is over, also one that another of its calls has caused meanwhile."""
        loop = asyncio.get_running_loop()
        while (left_s := self._judged_from.get(phone, 0.0) - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(session.closed.wait(), left_s)
                raise HungUp("the phone hung up while it had to wait")

    async def _change(self, session: AgiSession, phone: str, deed: str, reason: str) -> None:
        agent = self._engine.distributor.agent_using(phone)
        if agent is None:
            await session.stream_file("hotline/not-logged-in")
            return
        if deed == "pickup":
            await self._pick_up(session, agent, reason)
            return
        if deed == "not_ready" and not reason and self._settings().not_ready_reasons:
            reason = await read_digits(session, "hotline/enter-reason", limit=1)
        if deed == "disposition" and not reason:
            reason = await read_digits(session, "hotline/enter-disposition", limit=CODE_DIGITS)
        await session.stream_file(f"hotline/{self._do(agent, deed, reason)}")

    async def _pick_up(self, session: AgiSession, agent: str, whose: str) -> None:
        """A colleague's ringing call comes to this phone; whose: an agent's number, "" for the oldest."""
        if not self._engine.distributor.call_to_pick_up(agent, whose):
            self._nothing_rings.inc()
            await session.stream_file("hotline/nothing-rings")
            return
        # First the own phone is free, then the caller rings there.
        await session.hang_up()
        self._engine.handle(PickupAsked(agent, whose))

    def _do(self, agent: str, deed: str, digits: str) -> str:
        """Carry out a deed of the agent at this phone; returns the prompt that tells what came of it."""
        match deed:
            case "logout":
                self._engine.handle(AgentLoggedOut(agent, "code"))
                prompt = "logged-out"
            case "ready":
                self._engine.handle(AgentBecameReady(agent))
                prompt = "now-ready"
            case "not_ready":
                self._engine.handle(AgentBecameNotReady(agent, digits))
                prompt = "now-not-ready"
            case "finish":
                self._engine.handle(AgentFinishedWork(agent))
                view = self._engine.picture.agents[agent]
                kept = "not-possible" if view.reason == VERIFYING else "work-finished"
                prompt = "disposition-needed" if view.owes_code else kept
            case "prolong":
                prompt = self._if_possible(AgentProlongedWork(agent), "work-prolonged")
            case "disposition":
                prompt = self._if_possible(AgentGaveDisposition(agent, digits), "disposition-noted")
            case "help":
                self._engine.handle(AgentAskedHelp(agent))
                prompt = "help-asked"
            case "help_over":
                self._engine.handle(AgentWasHelped(agent))
                prompt = "help-over"
            case _:
                raise ValueError(f"desk: {deed!r} is no deed; {', '.join(DEEDS)} are")
        return prompt

    def _if_possible(self, event: Event, done: str) -> str:
        return "not-possible" if self._engine.handle(event).ignored else done


async def read_digits(session: AgiSession, prompt: str, *, limit: int = DIGITS_LIMIT) -> str:
    """Play a prompt and read digits until #, the limit or silence; a digit cuts the prompt."""
    first = await session.stream_file(prompt, "0123456789#*")
    digits = ""
    digit = first or await session.wait_for_digit(FIRST_DIGIT_TIMEOUT_MS)
    while digit and digit != "#":
        digits += digit
        if len(digits) >= limit:
            break
        digit = await session.wait_for_digit(NEXT_DIGIT_TIMEOUT_MS)
    return digits
