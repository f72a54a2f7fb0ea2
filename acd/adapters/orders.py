"""What acd asks of channels by AMI: end this leg, hang up that caller, bring a caller back to the queue."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from acd.adapters.legs import Caller, Leg
from acd.background import in_background
from telephony.ami import AmiLink, Destination
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

REQUEUE = Destination("requeue", "s")
"""Where a caller asks for an agent once more, as another entry (see extensions.conf)."""


class Orders:
    """Orders about the legs and callers that the observer keeps; what becomes of them it sees itself."""

    def __init__(self, legs: Mapping[str, Leg], callers: Mapping[str, Caller]) -> None:
        self._legs = legs
        self._callers = callers
        self.link: AmiLink | None = None

    def cancel_offer(self, offer: str) -> None:
        """Hang up a leg that still rings; one that is up is left alone."""
        for leg in self._legs.values():
            if leg.offer == offer and not leg.up:
                # If it fails, the lease ends the offer all the same.
                self.act("Hangup", {"Channel": leg.channel})

    def hang_up_caller(self, contact: str) -> None:
        """End a contact's own channel, if it is there."""
        if (caller := self._callers.get(contact)) is not None:
            self.act("Hangup", {"Channel": caller.channel})

    def act(self, action: str, fields: Mapping[str, str]) -> None:
        """Ask Asterisk for something and go on."""
        if self.link is not None:
            in_background(self._try_action(self.link, action, fields))

    async def _try_action(self, link: AmiLink, action: str, fields: Mapping[str, str]) -> None:
        try:
            await link.action(action, fields)
        except AmiError as error:
            logger.warning("action_failed", extra={"action": action, "error": str(error)})

    def drop_leg(self, segment: str) -> None:
        """End an agent's part of a conversation that goes on with another agent: a transfer."""
        for leg in self._legs.values():
            if leg.offer == segment and leg.bridged:
                leg.transferred = True
                self.act("Hangup", {"Channel": leg.channel})

    def fetch_call(self, contact: str) -> None:
        """Bring a talking caller back to the queue; the agent's leg ends as after a transfer."""
        caller = self._callers.get(contact)
        if caller is None or self.link is None:
            return
        for leg in self._legs.values():
            if leg.contact == contact and leg.bridged:
                leg.transferred = True
        in_background(self._redirect(contact, caller.channel))

    async def _redirect(self, contact: str, channel: str) -> None:
        assert self.link is not None
        context, exten = REQUEUE.context, REQUEUE.exten
        try:
            fields = {"Channel": channel, "Context": context, "Exten": exten, "Priority": "1"}
            await self.link.action("Redirect", fields)
        except AmiError as error:
            # Agent and caller go on talking; the wish to take the call is soon forgotten.
            for leg in self._legs.values():
                if leg.contact == contact:
                    leg.transferred = False
            logger.warning("fetch_failed", extra={"contact": contact, "error": str(error)})
