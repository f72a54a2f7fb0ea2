"""Who is on hold: as events tell, and after a gap as Asterisk says when asked.

Hold and Unhold are told once, and no list of channels shows them. But a channel knows whether it was put on
hold: CHANNEL(onhold) of the caller's (func_channel.c). It is asked only where caller and agent are alone in
one bridge: of three parties another may hold the caller, and while an agent consults somebody by feature
code Asterisk itself does. No rule of distribution lives here.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from acd.adapters.legs import Caller, Leg
from acd.background import in_background
from acd.core.events import HoldChanged
from acd.engine import Engine
from telephony.ami import AmiLink
from telephony.channels import ChannelSeen
from telephony.errors import AmiError, AmiRefused

logger = logging.getLogger(__name__)

ASK_S = 2.0
QUESTION = "CHANNEL(onhold)"
ANSWERS = {"0": False, "1": True}


class Holds:
    """Works on the observer's own legs and callers."""

    def __init__(self, engine: Engine, legs: Mapping[str, Leg], callers: Mapping[str, Caller]) -> None:
        self._engine = engine
        self._legs = legs
        self._callers = callers

    def told(self, leg: Leg, held: bool) -> None:
        """Asterisk has told that the agent put the caller on hold, or took the caller back."""
        leg.held, leg.hold_unsure = held, False
        self._engine.handle(HoldChanged(leg.offer, held))

    def look_away(self) -> None:
        """The link is down: who is put on hold, or taken back, is not seen."""
        for leg in self._legs.values():
            leg.hold_unsure = True

    def is_on_hold(self, offer: str) -> bool:
        """Whether the agent of this offer has the caller on hold, as far as was told."""
        picture = self._engine.picture
        leg = picture.legs.get(offer)
        view = picture.agents.get(leg.agent) if leg is not None else None
        return view is not None and view.offer == offer and view.state == "on_hold"

    def look(self, link: AmiLink, channels: Iterable[ChannelSeen]) -> None:
        """Ask about the talks in this list of which a hold may have been missed; nobody waits for it."""
        bridges = {one.uniqueid: one.bridge for one in channels if one.bridge}
        parties = Counter(bridges.values())
        alone = [
            (uniqueid, leg, leg.bridge)
            for uniqueid, leg in self._legs.items()
            if leg.hold_unsure
            and (bridge := bridges.get(uniqueid, "")) == bridges.get(leg.contact)
            and parties[bridge] == 2
        ]
        if alone:
            in_background(self._ask_all(link, alone))

    async def _ask_all(self, link: AmiLink, talks: list[tuple[str, Leg, str]]) -> None:
        for uniqueid, leg, bridge in talks:
            caller = self._callers.get(leg.contact)
            if caller is None or not leg.hold_unsure:
                continue
            try:
                reply = await link.action(
                    "Getvar", {"Channel": caller.channel, "Variable": QUESTION}, timeout_s=ASK_S
                )
            except AmiRefused:
                continue  # the channel went away in between
            except AmiError as error:  # the others would not be answered either; the next list asks again
                logger.warning("holds_not_told", extra={"why": type(error).__name__})
                return
            held = ANSWERS.get(reply.fields.get("Value", ""))
            # What was told since is newer; and who has changed bridges may consult somebody.
            is_as_listed = self._legs.get(uniqueid) is leg and leg.hold_unsure and leg.bridge == bridge
            if held is not None and is_as_listed:
                self._judge(leg, held)

    def _judge(self, leg: Leg, held: bool) -> None:
        leg.held, leg.hold_unsure = held, False
        if held != self.is_on_hold(leg.offer):
            logger.info("hold_missed", extra={"contact": leg.contact, "held": held})
            self._engine.handle(HoldChanged(leg.offer, held))
