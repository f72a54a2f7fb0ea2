"""Makes a phone that is found in a caller's conversation an agent's part of it: transfers, take-overs.

`joins` says who is with whom; here a part of the conversation begins, its leg gets the marks by which
snapshots and its end know it, and its recording begins anew where Asterisk had mixed something else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Protocol

from acd.adapters.away import FALLBACK
from acd.adapters.cel import NEVER, Ends, Talk
from acd.adapters.joins import Joins, in_talk, marked, segment_of
from acd.adapters.legs import Caller, Leg
from acd.adapters.orders import Orders
from acd.core.events import AgentJoined
from acd.engine import Engine
from telephony import variables
from telephony.channels import ChannelSeen


class Outside(Protocol):
    """What is needed of the calls outside; `acd.adapters.outgoing.Outgoing` is one."""

    def learn_legs(self, channels: Collection[ChannelSeen], ends: Ends) -> None: ...
    def judge(self, channels: Collection[ChannelSeen], ends: Ends, asked_ms: int) -> None: ...
    def is_leg(self, uniqueid: str) -> bool: ...
    def handed_over(self, contact: str, leg: str) -> str: ...


class Joining:
    """Works on the observer's own legs and callers."""

    def __init__(
        self,
        engine: Engine,
        orders: Orders,
        legs: dict[str, Leg],
        callers: dict[str, Caller],
        recording_path: Callable[[str, int], str],
    ) -> None:
        self._engine = engine
        self._orders = orders
        self._legs = legs
        self._callers = callers
        self._recording_path = recording_path
        self._joins = Joins()
        self.outside: Outside | None = None

    def gone(self, uniqueid: str) -> None:
        """The channel has hung up, or transferred and is on its way out."""
        self._joins.gone(uniqueid)

    def look_away(self) -> None:
        """The link is down: who goes where is not seen."""
        self._joins.look_away()

    def entered(self, seen: ChannelSeen) -> None:
        """A channel that is no offer's leg is in a bridge: does an agent talk with a caller there?"""
        self._entered(seen, self._engine.clock.now_ms())

    def _entered(self, seen: ChannelSeen, first_ms: int) -> None:
        if seen.uniqueid in self._callers:
            if seen.stage == FALLBACK:
                return  # plain dialplan serves this caller
            joined = self._joins.caller_entered(seen.uniqueid, seen.bridge)
        elif self._is_outside(seen) or (
            not seen.offer and self._engine.distributor.agent_using(seen.endpoint) is not None
        ):
            joined = self._joins.phone_entered(seen, first_ms)
        else:
            return
        for one in joined:
            self._join(one.contact, one.leg, one.since_ms)

    def look_for_takers(self, channels: Iterable[ChannelSeen], dead: Collection[str]) -> None:
        """Who was to take a conversation over may have joined it while nobody looked."""
        channels = list(channels)
        taken = {contact: view.taker for contact, view in self._engine.picture.contacts.items() if view.taker}
        for contact, taker in taken.items():
            for leg in in_talk(channels, contact, partial(self._is_at, taker)):
                if leg.uniqueid not in self._legs and leg.uniqueid not in dead:
                    self._join(contact, leg, self._engine.clock.now_ms())

    def look_for_bridges(
        self, channels: Iterable[ChannelSeen], settled: Collection[str], talks: Mapping[str, Talk]
    ) -> None:
        """Who is in a bridge already: as we were away, no entry told of it, and none will.

        settled: channels that are dead, or known as an agent's part. talks: by unique id, from the log.
        """
        # A transfer that was completed meanwhile counts from now on. When the caller came is not known, so
        # all that was recorded before now is left out, as the colleagues' own: rather is the beginning of
        # the talk with the caller lost than a consultation kept. So it is where the log does not tell of
        # the consultation's beginning: all of it is left out.
        for one in channels:
            if one.bridge and one.uniqueid not in settled and not self._joins.knows(one.uniqueid):
                self._entered(one, talks.get(one.uniqueid, NEVER).connected_ms)

    def _is_at(self, agent: str, phone: str) -> bool:
        return self._engine.distributor.agent_using(phone) == agent

    def with_marks(self, seen: ChannelSeen) -> ChannelSeen:
        """The channel with its marks: one that joined a conversation as we were killed may not bear them."""
        segment = segment_of(seen.uniqueid)
        leg = self._engine.picture.legs.get(segment)
        if leg is None or (seen.offer, seen.contact) == (segment, leg.contact):
            return seen
        self._mark(seen.channel, segment, leg.contact)
        return marked(seen, leg.contact)

    def _is_outside(self, seen: ChannelSeen) -> bool:
        return self.outside is not None and self.outside.is_leg(seen.uniqueid)

    def _hand_over(self, outside: Outside, contact: str, leg: ChannelSeen) -> None:
        """The caller talks with whom an agent had called outside: recorded on the caller's channel."""
        if segment := outside.handed_over(contact, leg.uniqueid):
            caller = {"Channel": self._callers[contact].channel}
            self._orders.act("Setvar", {**caller, "Variable": "HL_OUTSIDE", "Value": segment})
            self._orders.act("PlayDTMF", {"Channel": leg.channel, "Digit": "D", "Receive": "true"})

    def _join(self, contact: str, leg: ChannelSeen, since_ms: int) -> None:
        if self.outside is not None and self._is_outside(leg):
            self._hand_over(self.outside, contact, leg)
            return
        agent = self._engine.distributor.agent_using(leg.endpoint)
        view = self._engine.picture.contacts.get(contact)
        if agent is None or view is None:
            return
        segment, now_ms = segment_of(leg.uniqueid), self._engine.clock.now_ms()
        path = self._recording_path(segment, now_ms)
        self._engine.handle(AgentJoined(contact, agent, segment, view.queue, path, now_ms - since_ms))
        if self._engine.picture.agents[agent].offer != segment:
            return  # held by another leg
        self._joins.gone(leg.uniqueid)
        self._legs[leg.uniqueid] = Leg(
            segment,
            contact,
            leg.channel,
            up=True,
            bridged=True,
            bridged_ms=now_ms,
            home=leg.bridge,
            bridge=leg.bridge,
        )
        self._mark(leg.channel, segment, contact)
        if since_ms < now_ms:  # it has talked with a colleague before: extensions.conf, [record-anew]
            self._orders.act("PlayDTMF", {"Channel": leg.channel, "Digit": "D", "Receive": "true"})

    def _mark(self, channel: str, segment: str, contact: str) -> None:
        for name, value in ((variables.OFFER, segment), ("CHANNEL(accountcode)", contact)):
            self._orders.act("Setvar", {"Channel": channel, "Variable": name, "Value": value})
