"""Tells the agent whether the caller was verified: a fact, and a voice that only the agent hears.

ivr asks the caller for digits; all that comes out of it is yes or no. By the code the agent hears music
meanwhile (extensions.conf, [verify]), and then a whisper. By a transfer to the settings' extension the
agent's call is over, nothing else is offered, and the caller's next session (`acd.adapters.sessions`)
says it when the agent answers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from acd.adapters.legs import Leg
from acd.adapters.observer import Observer
from acd.background import in_background
from acd.core.agents import VERIFYING
from acd.core.events import AgentKept
from acd.core.facts import CallerVerified
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony.ami import AmiLink, Destination
from telephony.errors import AmiError, HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

EVENTS = frozenset({"BlindTransfer", "UserEvent"})
VERDICT = Destination("verdict")
"""Where the voice comes from (extensions 0 and 1), and where it is whispered (9)."""


class Verdicts:
    """One per acd process."""

    def __init__(self, engine: Engine, observer: Observer, settings: Callable[[], Settings]) -> None:
        self._engine = engine
        self._observer = observer
        self._settings = settings
        # Contact -> segment and agent of whoever sent it to enter digits. After a restart the states tell so
        # now; the caller's next session may be heard of before the verdict, and then nobody is kept.
        self._sent = {
            view.contact: (view.segment, number)
            for number, view in engine.picture.agents.items()
            if view.reason == VERIFYING
        }

    def on_message(self, message: Mapping[str, str]) -> None:
        """Called for each of EVENTS, synchronously."""
        if message.get("Event") == "BlindTransfer":
            self._sent_away(message)
        if message.get("UserEvent") != "HotlineVerified":
            return
        contact, verified = message.get("Uniqueid", ""), message.get("Result") == "verified"
        sender = self._sent.pop(contact, None)
        agents = {view.offer: number for number, view in self._engine.picture.agents.items()}
        for leg in self._observer.legs.values():
            if leg.contact == contact and leg.bridged and leg.offer in agents:  # asked for in their talk
                self._tell(contact, (leg.offer, agents[leg.offer]), verified)
                if self._observer.orders.link is not None:
                    self._whisper(self._observer.orders.link, leg, verified)
                return
        if sender is not None:
            self._tell(contact, sender, verified)

    def _tell(self, contact: str, sender: tuple[str, str], verified: bool) -> None:
        self._engine.record(CallerVerified(self._engine.clock.now_ms(), contact, *sender, verified))

    def _sent_away(self, message: Mapping[str, str]) -> None:
        """An agent has transferred a caller to enter digits: kept before the leg's end can free the agent."""
        leg = self._observer.leg(message.get("TransfererUniqueid", ""))
        extension = self._settings().verification.extension
        is_there = bool(extension) and message.get("Extension") == extension
        if leg is not None and is_there and message.get("Result") == "Success":
            self._keep(leg.contact)

    def _keep(self, contact: str) -> str:
        """Keep whoever talked with this caller last; returns the agent's number, "" if not known."""
        view = self._engine.picture.contacts.get(contact)
        if view is None or not view.agent:
            return ""
        self._engine.handle(AgentKept(contact, view.agent, view.queue))
        contacts, agents = self._engine.picture.contacts, self._engine.picture.agents
        self._sent = {one: sender for one, sender in self._sent.items() if one in contacts}
        self._sent[contact] = (agents[view.agent].segment, view.agent)
        return view.agent

    async def keep(self, session: AgiSession) -> None:
        """FastAGI handler "keep" (contact): whoever transferred the caller is kept; HL_BACK says who."""
        contact = "".join(session.args[:1])
        try:
            await session.set_variable("HL_BACK", self._keep(contact))
        except HungUp:
            logger.debug("verification_left", extra={"contact": contact})

    def _whisper(self, link: AmiLink, leg: Leg, verified: bool) -> None:
        in_background(self._originate(link, leg, verified))

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
