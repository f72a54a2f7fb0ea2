"""Calls from a phone of ours to an agent's number: rings that agent's phone, wherever the agent sits now.

Such a call is no offer: the agent may be in any state. When it is a consultation that ends in an attended
transfer, `acd.adapters.joining` makes the leg that joins the caller a part of the contact.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from acd.engine import Engine
from hotline.core.settings import Settings
from telephony import variables
from telephony.dial import DialOptions, dial_arguments
from telephony.errors import HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)


class Colleague:
    """FastAGI handler "colleague": its argument is the number of the agent to be rung."""

    def __init__(self, engine: Engine, settings: Callable[[], Settings]) -> None:
        self._engine = engine
        self._settings = settings

    async def __call__(self, session: AgiSession) -> None:
        number = "".join(session.args[:1])
        try:
            phone = self._phone_of(number)
            if not phone or not await self._ring(session, phone):
                await session.answer()
                await session.stream_file("hotline/colleague-away")
            await session.set_variable(variables.NEXT, "hangup")
        except HungUp:
            logger.debug("colleague_call_over", extra={"agent": number})

    def _phone_of(self, number: str) -> str:
        """Where the agent sits now; "" when logged out."""
        view = self._engine.picture.agents.get(number)
        return view.phone if view is not None else ""

    async def _ring(self, session: AgiSession, phone: str) -> bool:
        """Ring the phone; True when it was answered."""
        settings = self._settings()
        ring_ms = settings.hotline.offer_rings * settings.ring_period_ms
        options = DialOptions(go_on=True, subroutine=("side-leg",))
        await session.execute("Dial", *dial_arguments(phone, ring_ms, options))
        return await session.get_variable("DIALSTATUS") == "ANSWER"
