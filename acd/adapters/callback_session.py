"""The session of a line that keeps the place of a person who is to be called back.

To the distributor it is a waiting call like any other; but there is nobody to be played music, and caller and
agent meet only when the person has been called over the trunk. That is done within Asterisk (extensions.conf,
[callback] and [callback-reach]): for `first = "agent"` by the agent's answered leg, so that it goes on
without us; for `first = "caller"` here, before the agent's phone rings. From the answer on the person is a
caller like any other. What becomes of an attempt is read off HL_REACHED, also when it was made while we were
away.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from acd.adapters.queue_arguments import QueueArguments
from acd.adapters.sessions import CallerSession
from acd.core.callbacks import Callback
from acd.core.commands import OfferCall, SendToOverflow
from acd.core.events import CallArrived, CallWithdrawn
from acd.engine import Engine
from acd.forecaster import Forecaster
from hotline.core.settings import Queue, Settings
from telephony import variables
from telephony.errors import HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

REACH_GRACE_S = 30
"""So much longer than the ringing it may take until it is known if the person was reached: the greeting."""

THERE = ("answered", "yes")
"""HL_REACHED while the person is at the line."""

_HOW = {"left": "agent_gone", "NOANSWER": "no_answer", "BUSY": "busy", "HUNGUP": "hung_up"}


class Attempts(Protocol):
    """Who writes down what became of an attempt."""

    def tried(self, line: str, how: str) -> int | None:
        """Returns in how many seconds the person is called again; None: not any more."""

    def taken_out(self, line: str) -> None:
        """Somebody has sent the line out of the queue."""


def reach_ms(settings: Settings) -> int:
    """How long it takes at most until it is known whether a person was reached."""
    return (settings.callbacks.ring_timeout_s + REACH_GRACE_S) * 1000


class CallbackSession(CallerSession):
    """One line; `run()` lives as long as the FastAGI session."""

    def __init__(
        self,
        session: AgiSession,
        engine: Engine,
        forecaster: Forecaster,
        settings: Settings,
        arguments: QueueArguments,
        callback: Callback,
        attempts: Attempts,
    ) -> None:
        # What was asked for is in the journal; on the channel it would be at the mercy of its spelling.
        arguments = replace(
            arguments,
            needs=callback.needs,
            prefer=tuple(callback.prefer.split()),
            priority=int(callback.priority) if callback.priority else None,
            place_since_ms=callback.place_since_ms,
            language=callback.language,
        )
        super().__init__(session, engine, forecaster, settings, arguments)
        self._callback, self._attempts = callback, attempts
        self._queue_of_callers = self._queue
        self._queue = _unheard(self._queue)
        self._is_there = False

    async def run(self) -> None:
        """Keep the place until the person talks with an agent, or could not be reached this time."""
        reached = await self._session.get_variable(variables.REACHED)
        if reached == "dialling":
            reached = await self._reach("wait")  # we were away while the person was called
        if reached in THERE:
            self._person_came()
        elif reached == "left":
            await self._agent_left()
        elif reached:
            await self._not_reached(reached)
            return
        await super().run()

    def _arrival(self, now_ms: int) -> CallArrived:
        return replace(
            super()._arrival(now_ms),
            closed=False,
            reach_ms=reach_ms(self._settings),
            put_first=self._callback.put_first,
        )

    async def _music(self) -> None:
        if self._is_there:
            await super()._music()

    async def _offer(self, order: OfferCall) -> bool:
        if self._settings.callbacks.first == "caller" and not self._is_there:
            reached = await self._reach("s")
            if reached not in THERE:
                await self._not_reached(reached)
                return True
            self._person_came()
        return await super()._offer(order)

    async def _send_on(self, order: SendToOverflow) -> None:
        """Out of the queue a line has nobody to hear or say anything: whoever sends it there ends it."""
        if self._is_there or order.to.startswith("queue:"):
            await super()._send_on(order)
            return
        await self._session.set_variable(variables.NEXT, "hangup")
        self._engine.handle(CallWithdrawn(self._arguments.contact, order.to, self._arguments.entry))
        self._attempts.taken_out(self._arguments.contact)

    async def _reach(self, how: str) -> str:
        """Have the person called (s), or wait for what is under way (wait); returns HL_REACHED."""
        limit_s = reach_ms(self._settings) / 1000 + REACH_GRACE_S
        await self._session.command("GOSUB", "callback-reach", how, "1", timeout_s=limit_s)
        if self._session.closed.is_set():
            raise HungUp("the line is gone")
        return await self._session.get_variable(variables.REACHED)

    async def _offer_failed(self, order: OfferCall, status: str, cause: str) -> bool:
        reached = "yes" if self._is_there else await self._session.get_variable(variables.REACHED)
        if reached and reached != "left" and reached not in THERE:
            await self._not_reached(reached)
            return True
        if reached == "left":
            await self._agent_left()
        elif reached and not self._is_there:
            self._person_came()
        return await super()._offer_failed(order, status, cause)

    def _person_came(self) -> None:
        """From now on somebody listens."""
        self._is_there, self._queue = True, self._queue_of_callers
        self._attempts.tried(self._arguments.contact, "answered")

    async def _agent_left(self) -> None:
        """The agent hung up before the person was there: it is another agent's turn."""
        await self._session.set_variable(variables.REACHED, "")
        self._attempts.tried(self._arguments.contact, _HOW["left"])

    async def _not_reached(self, reached: str) -> None:
        """The agent is free, and the line rests until the next attempt."""
        arguments = self._arguments
        again_s = self._attempts.tried(arguments.contact, _HOW.get(reached, "failed"))
        self._engine.handle(CallWithdrawn(arguments.contact, "callback", arguments.entry, "not_reached"))
        await self._session.set_variable(variables.GO, str(again_s or 0))
        await self._session.set_variable(variables.NEXT, "hangup" if again_s is None else "callback-rest")


def _unheard(queue: Queue) -> Queue:
    """The queue while there is nobody to be told anything."""
    return replace(queue, announce_position_s=0, comfort_s=0, leave_key="", announce_agent=False)
