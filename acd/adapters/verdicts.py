"""Tells the agent whether the caller was verified: a fact, and a voice that only the agent hears.

ivr asks the caller for digits while the agent hears music (extensions.conf, [verify]); all that comes out of
it is yes or no.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from acd.adapters.legs import Leg
from acd.adapters.observer import Observer
from acd.core.facts import CallerVerified
from acd.engine import Engine
from telephony.ami import AmiLink, Destination
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

VERDICT = Destination("verdict")
"""Where the voice comes from (extensions 0 and 1), and where it is whispered (9)."""


class Verdicts:
    """One per acd process."""

    def __init__(self, engine: Engine, observer: Observer) -> None:
        self._engine = engine
        self._observer = observer

    def on_message(self, message: Mapping[str, str]) -> None:
        """Called for every AMI event, synchronously."""
        if message.get("UserEvent") != "HotlineVerified":
            return
        contact, verified = message.get("Uniqueid", ""), message.get("Result") == "verified"
        agents = {view.offer: number for number, view in self._engine.picture.agents.items()}
        for leg in self._observer.legs.values():
            if leg.contact == contact and leg.bridged and leg.offer in agents:
                self._engine.record(
                    CallerVerified(
                        self._engine.clock.now_ms(), contact, leg.offer, agents[leg.offer], verified
                    )
                )
                if self._observer.link is not None:
                    self._whisper(self._observer.link, leg, verified)

    def _whisper(self, link: AmiLink, leg: Leg, verified: bool) -> None:
        task = asyncio.get_running_loop().create_task(self._originate(link, leg, verified))
        task.add_done_callback(lambda done: done.exception())

    async def _originate(self, link: AmiLink, leg: Leg, verified: bool) -> None:
        try:
            await link.action(
                "Originate",
                {
                    "Channel": f"Local/{int(verified)}@{VERDICT.context}",
                    "Context": VERDICT.context,
                    "Exten": "9",
                    "Priority": "1",
                    "Timeout": "5000",
                    "Variable": f"HL_SPY={leg.channel}",
                },
            )
        except AmiError as error:
            logger.warning("verdict_not_told", extra={"segment": leg.offer, "error": str(error)})
