"""Watches Asterisk: AMI messages in, the distributor's events and the contact's facts out.

Asterisk is observed, not trusted: at every (re)connection it is subscribed to first, then asked for a
snapshot, then reconciled. What a channel is, its variables tell: a channel whose unique id is its contact's
id is the caller's; one with an offer id is an agent's leg. No rule of distribution lives here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from prometheus_client import CollectorRegistry, Counter

from acd.adapters.away import FALLBACK, Away
from acd.adapters.cel import Ends
from acd.adapters.contact_facts import ContactFacts
from acd.adapters.holds import Holds
from acd.adapters.joining import Joining, Outside
from acd.adapters.late_ends import LateEnds
from acd.adapters.legs import Caller, Leg
from acd.adapters.orders import Orders
from acd.adapters.own_calls import OwnCalls
from acd.adapters.sudden_ends import SuddenEnds
from acd.adapters.whence import NOWHERE, Whence, ask_whence, whence_of
from acd.core.events import (
    AsteriskLost,
    AsteriskSnapshot,
    CallerHungUp,
    LegEnded,
    LiveLeg,
    OfferAnswered,
    OfferConnected,
    OfferRang,
)
from acd.engine import Engine
from telephony.ami import AmiLink, LinkState
from telephony.channels import ChannelSeen, channel_seen, is_caller
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

DEAD_FOR_MS = 60_000
SNAPSHOT_TIMEOUT_S = 10.0
SNAPSHOT_RETRY_S = 0.5


class Observer:
    """One per acd process; `on_message` and `on_state` are given to the AMI link."""

    def __init__(
        self,
        engine: Engine,
        caller_reference: Callable[[str], str],
        away: Away,
        recording_path: Callable[[str, int], str],
        own_calls: OwnCalls,
        registry: CollectorRegistry,
    ) -> None:
        self._engine = engine
        self._away = away
        self._recording_path = recording_path
        self._own_calls = own_calls
        self.legs: dict[str, Leg] = {}
        self.callers: dict[str, Caller] = {}
        self.orders = Orders(self.legs, self.callers)
        self._dead: OrderedDict[str, int] = OrderedDict()
        # Who hung up in the moment of dialling, before the dialplan told of a contact: gone with the channel.
        self._gave_up: set[str] = set()
        self._snapshot_task: asyncio.Task[None] | None = None
        self.on_synchronized: Callable[[bool], None] = lambda _: None
        self.on_channels: Callable[[list[ChannelSeen]], None] = lambda _: None
        self._messages = Counter("hotline_ami_events_total", "AMI events looked at", registry=registry)
        self._outside: Outside | None = None
        self._joining = Joining(engine, self.orders, self.legs, self.callers, recording_path)
        self._holds = Holds(engine, self.legs, self.callers)
        self._facts = ContactFacts(engine, caller_reference)
        self._late = LateEnds()
        self._sudden = SuddenEnds()
        self._handlers: dict[str, Callable[[Mapping[str, str]], None]] = {
            "DialBegin": self._dial_begin,
            "Newstate": self._new_state,
            "BridgeEnter": self._bridge_enter,
            "Hold": lambda message: self._hold(message, True),
            "Unhold": lambda message: self._hold(message, False),
            "HangupRequest": self._hang_up_asked,
            "Hangup": self._hang_up,
            "BlindTransfer": self._blind_transfer,
            "AttendedTransfer": self._attended_transfer,
            "UserEvent": self._user_event,
        }

    @property
    def wanted(self) -> frozenset[str]:
        """The events that are looked at."""
        return frozenset(self._handlers)

    # ---- the link ------------------------------------------------------------------------------------

    def on_state(self, state: LinkState) -> None:
        """The AMI link came up or went down."""
        if self._snapshot_task is not None:
            self._snapshot_task.cancel()
            self._snapshot_task = None
        if state is LinkState.UP:
            self._late.begin()
            self._snapshot_task = asyncio.get_running_loop().create_task(self._synchronize())
        else:
            self._late.end()  # the log will tell
            self._sudden.settle_all()
            self._gave_up.clear()
            self._joining.look_away()
            self._holds.look_away()
            for leg in self.legs.values():
                leg.home = ""  # whether it goes to consult somebody now nobody sees
            self.on_synchronized(False)
            self._away.begin()
            self._engine.handle(AsteriskLost())

    async def _synchronize(self) -> None:
        """Ask for a snapshot until there is one, then reconcile."""
        assert self.orders.link is not None
        while True:
            try:
                await self._ask_and_reconcile(self.orders.link)
                await self._away.tell_unseen()
                return
            except AmiError as error:
                logger.warning("snapshot_failed", extra={"error": str(error)})
            except Exception:  # whatever it is: without a snapshot nobody would be offered any call again
                logger.exception("snapshot_not_understood")
            await asyncio.sleep(SNAPSHOT_RETRY_S)

    async def _ask_and_reconcile(self, link: AmiLink) -> None:
        asked_ms = self._engine.clock.now_ms()
        doubtful = {*self.callers, *self.legs, *self._own_calls.channels, *self._engine.picture.contacts}
        entries = await link.list_action(
            "CoreShowChannels", {}, complete_event="CoreShowChannelsComplete", timeout_s=SNAPSHOT_TIMEOUT_S
        )
        channels = [self._joining.with_marks(channel_seen(entry)) for entry in entries]
        ends = await self._away.ends(doubtful - {one.uniqueid for one in channels})
        unknown = [one for one in channels if is_caller(one) and not self._is_known(one)]
        whence = {one.contact: await ask_whence(link, one.channel) for one in unknown}
        if self._outside is not None:
            self._outside.learn_legs(channels, ends)
        self._reconcile(channels, doubtful, asked_ms, ends, whence)
        if self._outside is not None:
            self._outside.judge(channels, ends, asked_ms)
        self._holds.look(link, channels)
        self.on_channels(channels)
        self.on_synchronized(True)

    def follow_outside(self, outside: Outside) -> None:
        """Who is reached there may be handed a caller; what became of it lists of channels tell."""
        self._outside = self._joining.outside = outside

    def take_snapshot(self) -> None:
        """Ask once more what is alive: a leg has not told its end."""
        if (
            self.orders.link is not None
            and self.orders.link.connected
            and (self._snapshot_task is None or self._snapshot_task.done())
        ):
            self._snapshot_task = asyncio.get_running_loop().create_task(self._synchronize())

    def _is_known(self, caller: ChannelSeen) -> bool:
        return self._has_begun(caller.contact) or caller.uniqueid in self._dead

    def _has_begun(self, contact: str) -> bool:
        """Whether the contact's ContactStarted is there: it may be known by its FastAGI session alone."""
        view = self._engine.picture.contacts.get(contact)
        return view is not None and view.announced

    def _reconcile(
        self,
        channels: list[ChannelSeen],
        doubtful: set[str],
        asked_ms: int,
        ends: Ends,
        whence: Mapping[str, Whence],
    ) -> None:
        """Take the list for true: of what was doubtful when it was asked for, only what it names is alive."""
        self._sudden.settle_all()
        late = self._late.end()
        ours = [
            one
            for one in channels
            if one.contact and one.uniqueid not in self._dead and one.uniqueid not in late
        ]
        alive = {one.uniqueid for one in ours}
        for uniqueid in (doubtful - {one.uniqueid for one in channels}) | late.keys():
            self._joining.gone(uniqueid)
        found = self._take_up(ours, whence)
        by_log = late.keys() & ends.contacts.keys()
        for uniqueid in doubtful - alive - (late.keys() - by_log):
            self.callers.pop(uniqueid, None)
            self.legs.pop(uniqueid, None)
        contacts = self._engine.picture.contacts
        gone = [one for one in contacts if one in doubtful and one not in alive and one not in late]
        gone += [one for one in contacts if one in by_log]
        in_fallback = [one.contact for one in ours if one.stage == FALLBACK]
        by_progress = sorted(self.legs.items(), key=lambda item: (item[1].bridged, item[1].up))
        known_legs = {channel_seen(told).offer: uniqueid for uniqueid, told in late.items()}
        known_legs |= {leg.offer: uniqueid for uniqueid, leg in by_progress}  # of several legs the furthest
        self._away.tell_before_snapshot(ends, gone, in_fallback, known_legs)
        for uniqueid, message in late.items():
            if uniqueid not in by_log:
                self._hang_up(message)
        self._sudden.settle_all()  # what has not told its end, the list would take for lost
        for offer in found:
            self._engine.handle(OfferConnected(offer, self._recording_path(offer, asked_ms)))
        legs = self._live_legs()
        logger.info("snapshot", extra={"callers": len(self.callers), "legs": len(legs), "gone": len(gone)})
        self._engine.handle(
            AsteriskSnapshot(
                contacts=tuple(self.callers),
                legs=legs,
                waiting=tuple(one.contact for one in ours if one.stage == "waiting"),
                asked_ms=asked_ms,
                phones_in_use=self._own_calls.judge(channels, doubtful),
            )
        )
        self._joining.look_for_takers(channels, self._dead)
        self._joining.look_for_bridges(channels, {*self._dead, *late, *self.legs}, ends.talks)
        self._away.tell_after_snapshot(ends, gone, {*self.callers, *self._dead, *gone})
        for contact in gone:
            self._bury(contact)

    def _take_up(self, ours: list[ChannelSeen], whence: Mapping[str, Whence]) -> list[str]:
        """Callers and legs of the list, known or not; returns the offers that it first shows to talk."""
        found: list[str] = []
        for one in ours:
            if is_caller(one):
                self.callers.setdefault(one.contact, Caller(one.channel))
                if not self._is_known(one):
                    self._facts.started(one.contact, one.caller_number, whence.get(one.contact, NOWHERE))
            elif one.offer:
                leg = self.legs.get(one.uniqueid)
                if leg is None:
                    leg = self.legs[one.uniqueid] = self._leg_made_known(one)
                # One that we left ringing may be up by now; one that told of it since may be ringing here.
                leg.heard, leg.up = True, leg.up or one.is_up
                if one.bridge and not leg.bridged:
                    leg.bridged = True
                    found.append(leg.offer)
        return found

    def _leg_made_known(self, seen: ChannelSeen) -> Leg:
        """One that may be from before our time: of its hold the journal alone tells so far."""
        held = self._holds.is_on_hold(seen.offer)
        return Leg(seen.offer, seen.contact, seen.channel, heard=True, held=held, hold_unsure=True)

    def _live_legs(self) -> tuple[LiveLeg, ...]:
        agents = {view.offer: number for number, view in self._engine.picture.agents.items() if view.offer}
        return tuple(
            LiveLeg(
                offer=leg.offer,
                contact=leg.contact,
                agent=agents.get(leg.offer, ""),
                state="bridged" if leg.bridged else "up" if leg.up else "ringing",
            )
            for leg in sorted(self.legs.values(), key=lambda leg: (leg.bridged, leg.up))
        )

    # ---- messages ------------------------------------------------------------------------------------

    def on_message(self, message: Mapping[str, str]) -> None:
        """Called by the AMI link for every event, synchronously."""
        handler = self._handlers.get(message.get("Event", ""))
        if handler is not None:
            self._messages.inc()
            self._own_calls.on_message(message)
            handler(message)

    def _dial_begin(self, message: Mapping[str, str]) -> None:
        leg = channel_seen(message, "Dest")
        if leg.offer and leg.uniqueid != leg.contact and leg.uniqueid not in self.legs:
            self.legs[leg.uniqueid] = Leg(leg.offer, leg.contact, leg.channel)
            self._engine.handle(OfferRang(leg.offer))

    def _leg_of(self, message: Mapping[str, str]) -> Leg | None:
        """The leg of the message; one that was not told of yet makes itself known by it.

        A snapshot may be under way; or a quick phone is told of before DialBegin, which comes from another
        of Asterisk's threads.
        """
        uniqueid = message.get("Uniqueid", "")
        if uniqueid not in self.legs and uniqueid not in self._dead:
            seen = channel_seen(message)
            if seen.offer and seen.contact and not is_caller(seen):
                self.legs[uniqueid] = self._leg_made_known(seen)
                if not self._late.waiting:
                    self._engine.handle(OfferRang(seen.offer))
        return self.legs.get(uniqueid)

    def _new_state(self, message: Mapping[str, str]) -> None:
        leg = self._leg_of(message)
        if leg is None or leg.up:
            return
        leg.heard = True
        if message.get("ChannelStateDesc") == "Up":
            leg.up = True
            self._engine.handle(OfferAnswered(leg.offer))

    def _bridge_enter(self, message: Mapping[str, str]) -> None:
        leg = self._leg_of(message)
        if leg is not None:
            leg.up, leg.bridge = True, message.get("BridgeUniqueid", "")
        if leg is not None and not leg.bridged:
            leg.home = leg.bridge
            now_ms = self._engine.clock.now_ms()
            leg.bridged, leg.bridged_ms = True, now_ms
            path = self._recording_path(leg.offer, now_ms)
            self._engine.handle(OfferConnected(leg.offer, recording=path))
        elif leg is None:
            self._joining.entered(channel_seen(message))

    def _hold(self, message: Mapping[str, str], held: bool) -> None:
        leg = self._leg_of(message)
        if leg is not None:
            self._holds.told(leg, held)

    def leg(self, uniqueid: str) -> Leg | None:
        """An agent's leg, also one whose end waits for a transfer to be told."""
        return self.legs.get(uniqueid) or self._sudden.leg(uniqueid)

    def _hang_up_asked(self, message: Mapping[str, str]) -> None:
        uniqueid = message.get("Uniqueid", "")
        if (leg := self.legs.get(uniqueid)) is not None:
            leg.hang_up_asked = True
            if leg.at_home and not self._late.waiting:
                # The phone has said BYE and is free, though Asterisk takes some ms more to end the channel.
                self._end_leg(uniqueid, leg, int(message.get("Cause", "0") or 0))
        elif (caller := self.callers.get(uniqueid)) is not None:
            self._sudden.settle_contact(uniqueid)
            caller.hang_up_asked = True
            for talk in self._talks_with(uniqueid):
                talk.asked_first = talk.hang_up_asked
        else:
            self._gave_up.add(uniqueid)

    def _talks_with(self, contact: str) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.contact == contact and leg.bridged]

    def _hang_up(self, message: Mapping[str, str]) -> None:
        uniqueid = message.get("Uniqueid", "")
        cause = int(message.get("Cause", "0") or 0)
        seen = channel_seen(message)
        gave_up = uniqueid in self._gave_up
        self._gave_up.discard(uniqueid)
        if seen.contact in self._engine.picture.contacts and self._late.keeps(uniqueid, message):
            return
        if (leg := self.legs.get(uniqueid)) is not None:
            self._end_leg(uniqueid, leg, cause)
            return
        self._joining.gone(uniqueid)
        if uniqueid in self._dead:
            return  # its request, or a list of channels, has told it before this came
        if is_caller(seen):
            self._bury(uniqueid)
            self.callers.setdefault(seen.contact, Caller(seen.channel, hang_up_asked=gave_up))
            self._caller_ended(seen, cause)
        elif seen.offer and seen.contact and not self._rings_on(seen.offer):
            # The leg vanished before DialBegin told of it.
            self._bury(uniqueid)
            self._engine.handle(LegEnded(seen.offer, cause, by=""))
        else:
            self._bury(uniqueid)  # a list that is under way may show it yet

    def _end_leg(self, uniqueid: str, leg: Leg, cause: int) -> None:
        del self.legs[uniqueid]
        self._bury(uniqueid)
        if self._ended_by_nobody(leg):
            self._sudden.keep(uniqueid, leg, lambda: self._leg_ended(leg, cause))
        elif leg.up or not self._rings_on(leg.offer):
            self._leg_ended(leg, cause)

    def _ended_by_nobody(self, leg: Leg) -> bool:
        caller = self.callers.get(leg.contact)
        if leg.transferred or caller is None or caller.hang_up_asked or not leg.bridged:
            return False
        # Who hangs up while consulting somebody transfers.
        return not leg.hang_up_asked or (leg.home != "" and not leg.at_home)

    def _rings_on(self, offer: str) -> bool:
        """Whether the offer has a leg: one of an agent's several phones may end while another rings on."""
        return any(leg.offer == offer for leg in self.legs.values())

    def _leg_ended(self, leg: Leg, cause: int) -> None:
        caller = self.callers.get(leg.contact)
        if leg.transferred:
            by = "transfer"
        elif leg.hang_up_asked and (leg.asked_first or caller is None or not caller.hang_up_asked):
            by = "agent"
        elif caller is None or caller.hang_up_asked:
            by = "caller"
        else:
            by = "agent" if leg.up else "us"
        if caller is not None and by == "agent" and leg.bridged:
            caller.agent_hung_up = True
        self._engine.handle(LegEnded(leg.offer, cause, by=by, heard=leg.heard))

    def _caller_ended(self, seen: ChannelSeen, cause: int) -> None:
        contact = seen.contact
        self._sudden.settle_contact(contact)
        caller = self.callers.pop(contact)
        words = caller.last_words
        if not self._has_begun(contact):
            self._facts.started(contact, seen.caller_number, whence_of(words))
        if seen.stage == FALLBACK:  # our FastAGI was not to be had, though we see: no end of a wait
            self._away.leave_for_fallback(contact)
        asked = [leg for leg in self._talks_with(contact) if leg.hang_up_asked]
        if any(leg.asked_first or not caller.hang_up_asked for leg in asked):
            caller.agent_hung_up = True
            self._engine.handle(CallerHungUp(contact, by="agent"))
        else:
            self._engine.handle(CallerHungUp(contact))
        by = "caller" if caller.hang_up_asked else "agent" if caller.agent_hung_up else "us"
        self._facts.ended(contact, seen.stage, by, cause, words)

    def _bury(self, uniqueid: str) -> None:
        """Dead channels stay dead against stale snapshots."""
        now_ms = self._engine.clock.now_ms()
        self._dead[uniqueid] = now_ms + DEAD_FOR_MS
        while self._dead and next(iter(self._dead.values())) <= now_ms:
            self._dead.popitem(last=False)

    def _blind_transfer(self, message: Mapping[str, str]) -> None:
        if message.get("Result") == "Success":
            self._has_transferred(message.get("TransfererUniqueid", ""))

    def _attended_transfer(self, message: Mapping[str, str]) -> None:
        if message.get("Result") != "Success" or message.get("DestType") == "Threeway":
            return  # of three parties nobody has left
        for prefix in ("OrigTransferer", "SecondTransferer"):
            uniqueid = message.get(f"{prefix}Uniqueid", "")
            self._joining.gone(uniqueid)
            self._has_transferred(uniqueid)

    def _has_transferred(self, uniqueid: str) -> None:
        if (leg := self.leg(uniqueid)) is not None:
            leg.transferred = True
            self._sudden.settle(uniqueid)

    def _user_event(self, message: Mapping[str, str]) -> None:
        match message.get("UserEvent"):
            case "HotlineContact":
                seen = channel_seen(message)
                self.callers[seen.contact] = Caller(seen.channel)
                name = unquote(message.get("CallerName", ""), errors="replace")[:256]
                if not self._has_begun(seen.contact):  # a snapshot may have been quicker
                    caller = message.get("Caller", "")[:64]
                    self._facts.started(seen.contact, caller, whence_of(message), name)
            case "HotlineEnd":
                self._last_words(channel_seen(message), message)
            case "HotlineMedia":
                self._facts.media(message)

    def _last_words(self, seen: ChannelSeen, message: Mapping[str, str]) -> None:
        """Kept until the channel's Hangup, which tells nothing of the flow."""
        if seen.uniqueid == seen.contact and seen.uniqueid not in self._dead:
            caller = self.callers.setdefault(seen.contact, Caller(seen.channel))
            caller.last_words = message
            # The request itself may have come before the link was up.
            caller.hang_up_asked |= message.get("Source") == seen.channel
        if "Quality" in message:
            self._facts.media(message)

    async def close(self) -> None:
        """Stop asking for snapshots and waiting."""
        self._sudden.settle_all()
        if self._snapshot_task is not None:
            self._snapshot_task.cancel()
