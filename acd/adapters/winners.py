"""Tells the caller the number of the agent who won, where several phones rang at once.

Dial takes its announcements before anybody has answered, so here the number can only be said once the two are
joined: a voice that both hear, so that the agent does not speak over it. Must not know who may win, or why.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping

from acd.adapters.observer import Observer
from acd.background import in_background
from acd.core.views import Leg
from acd.engine import Engine
from hotline.core.settings import Settings
from hotline.journal import Envelope
from telephony.ami import AmiLink, Destination
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

WINNER = Destination("winner")
"""Where the voice comes from, by an agent's number."""

JOINED = Destination("winner-joined", "s")
"""Where it is led to caller and agent."""


class Rivals:
    """Offers of several that ring at once, from acd's facts; bounded by the open offers."""

    def __init__(self, legs: Mapping[str, Leg]) -> None:
        """legs: by offer, what was open when acd ended."""
        ringing = {offer: leg.contact for offer, leg in legs.items() if not leg.connected_ms}
        at_once = Counter(ringing.values())
        self._open = {offer: None for offer, contact in ringing.items() if at_once[contact] > 1}

    def winner(self, fact: Envelope) -> bool:
        """Learn from one fact; True when it is the one that tells which of several has won."""
        match fact.kind:
            case "CallOffered" if fact.body.get("dial"):
                self._open[fact.body["offer"]] = None
            case "OfferEnded":
                self._open.pop(fact.body["offer"], None)
            case "CallConnected" if fact.body["segment"] in self._open:
                del self._open[fact.body["segment"]]
                return True
        return False


class Winners:
    """One per acd process; follows the engine's facts."""

    def __init__(self, engine: Engine, observer: Observer, settings: Callable[[], Settings]) -> None:
        self._engine = engine
        self._observer = observer
        self._settings = settings
        self._rivals = Rivals(engine.picture.legs)
        engine.follow(self.on_fact)

    def on_fact(self, fact: Envelope) -> None:
        """Called for every fact, synchronously."""
        if not self._rivals.winner(fact):
            return
        contact, agent, name = fact.body["contact"], fact.body["agent"], fact.body["queue"]
        queue = next((queue for queue in self._settings().queues if queue.name == name), None)
        caller, link = self._observer.callers.get(contact), self._observer.orders.link
        if queue is not None and queue.announce_agent and caller is not None and link is not None:
            language = self._language(contact)
            in_background(self._say(link, caller.channel, agent, language, fact.body["segment"]))

    def _language(self, contact: str) -> str:
        """The caller's, if it is one of the house's."""
        languages = self._settings().hotline.languages
        view = self._engine.picture.contacts.get(contact)
        return view.language if view is not None and view.language in languages else languages[0]

    async def _say(self, link: AmiLink, caller: str, agent: str, language: str, segment: str) -> None:
        try:
            await link.action(
                "Originate",
                (
                    ("Channel", f"Local/{agent}@{WINNER.context}"),
                    ("Context", JOINED.context),
                    ("Exten", "s"),
                    ("Priority", "1"),
                    ("Timeout", "5000"),
                    ("Variable", f"HL_SPY={caller}"),
                    ("Variable", f"HL_LANG={language}"),
                ),
            )
        except AmiError as error:
            logger.warning("winner_not_told", extra={"segment": segment, "error": str(error)})
