"""Calls to outside numbers, by agents or a queue's exit: judged, dialled, and followed to their end.

The phone's own session dials; what becomes of the call is read off AMI, so that it is told whether or not
the session lives to see it. The number called is a person's: facts carry a reference, `CallerIdentified` the
rest. Which numbers may be dialled is `acd.core.outgoing`'s matter.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from acd.adapters.cel import NEVER, Dialled, Ends
from acd.core.callback_numbers import spellings
from acd.core.facts import (
    CallerIdentified,
    OutgoingAnswered,
    OutgoingEnded,
    OutgoingRefused,
    OutgoingStarted,
)
from acd.core.outgoing import Judgement, OutgoingLimits, judge_outgoing
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony import variables
from telephony.channels import ChannelSeen, channel_seen, endpoint_of
from telephony.dial import DialOptions, trunk_arguments
from telephony.errors import HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

SEGMENT = "o-"  # a segment of this kind: this, and the unique id of the phone's channel
EVENTS = frozenset({"DialBegin", "Newstate", "Hangup"})
RING_S = 90
EXIT_RING_S = 30  # the caller has waited already
CLOCKS_APART_MS = 1_000  # so much may our clock be ahead of Asterisk's log
HOW_BY_CAUSE = {16: "no_answer", 17: "busy", 18: "no_answer", 19: "no_answer"}  # Q.850


def limits_of(settings: Settings) -> tuple[OutgoingLimits, ...]:
    """The settings' rules as the core wants them."""
    return tuple(
        OutgoingLimits(
            one.role,
            one.allowed,
            one.refused,
            one.max_calls_per_day,
            one.max_minutes_per_day * 60_000,
            one.transfer,
        )
        for one in settings.outgoing.rules
    )


class Outgoing:
    """FastAGI handler "outgoing": its arguments are the phone's name, the number, and 1 in an emergency."""

    def __init__(
        self,
        engine: Engine,
        settings: Callable[[], Settings],
        callee_reference: Callable[[str], str],
        recording_path: Callable[[str, int], str],
        incoming: Path,
        registry: CollectorRegistry,
    ) -> None:
        """incoming: the folder where raw recordings are written."""
        self._engine = engine
        self._settings = settings
        self._callee_reference = callee_reference
        self._recording_path = recording_path
        self._incoming = incoming
        self._legs: dict[str, str] = {}  # unique id of the trunk's leg -> segment
        # Segments on their way to the trunk, which counts a leg once it is there: many may come at once.
        self._coming: set[str] = set()
        self._calls = Counter("hotline_outgoing_calls_total", "Outside numbers dialled", registry=registry)
        self._refused = Counter(
            "hotline_outgoing_refused_total", "Outside numbers refused", ["why"], registry=registry
        )

    # ---- the phone's session

    async def __call__(self, session: AgiSession) -> None:
        phone, number, emergency = ([*session.args, "", "", ""])[:3]
        try:
            agent = self._engine.distributor.agent_using(phone) or ""
            judged = Judgement("") if emergency == "1" else self._judge(agent, number)
            if judged.why:
                await self._refuse(session, agent, phone, judged)
            else:
                await self._dial(session, agent, phone, number, judged.prefix, emergency == "1")
            await session.set_variable(variables.NEXT, "hangup")
        except HungUp:
            logger.debug("outgoing_session_over", extra={"phone": phone})

    async def transfer(self, session: AgiSession) -> None:
        """FastAGI handler "transfer-out": an agent has sent a caller to an outside number.

        Arguments: contact, number, entry. HL_NEXT is hangup when they have talked; else HL_BACK says to whom.
        """
        contact, number, entry = ([*session.args, "", "", ""])[:3]
        view = self._engine.picture.contacts.get(contact)
        agent = view.agent if view is not None else ""
        judged = self._judge(agent, number, transfer=True)
        try:
            await session.set_variable("HL_BACK", agent)
            if not judged.why and await self._is_full(session, number):
                judged = Judgement("trunk_full", judged.prefix)
            if judged.why:
                self._note_refused(agent, "", judged)
                return
            await self._connect(session, agent, number, judged.prefix, contact, entry, RING_S)
        except HungUp:
            logger.debug("transfer_out_over", extra={"contact": contact})

    async def overflow(self, session: AgiSession) -> None:
        """FastAGI handler "overflow-out": a queue's exit has sent a caller to an outside number.

        Arguments as for a transfer; HL_NEXT is hangup when they have talked. The settings name the number, so
        no role's rule is asked, and it is nobody's call.
        """
        contact, number, entry = ([*session.args, "", "", ""])[:3]
        try:
            if await self._is_full(session, number):
                self._note_refused("", "", Judgement("trunk_full"))
                return
            await self._connect(session, "", number, "", contact, entry, EXIT_RING_S)
        except HungUp:
            logger.debug("overflow_out_over", extra={"contact": contact})

    async def _connect(
        self,
        session: AgiSession,
        agent: str,
        number: str,
        prefix: str,
        contact: str,
        entry: str,
        ring_s: int,
    ) -> None:
        """Dial for a caller, and say whether they have talked."""
        part = f".{entry}"
        await self._dial(session, agent, "", number, prefix, False, contact=contact, part=part, ring_s=ring_s)
        if await session.get_variable("DIALSTATUS") == "ANSWER":
            await session.set_variable(variables.NEXT, "hangup")
        else:
            await self._failed(session, f"{SEGMENT}{session.uniqueid}{part}")

    async def _failed(self, session: AgiSession, segment: str) -> None:
        """The caller's channel lives on, and where the trunk had no leg AMI tells of no end."""
        cause = await session.get_variable("HANGUPCAUSE") or ""
        if segment in self._engine.picture.outgoing:
            self._ended(segment, int(cause) if cause.isdecimal() else 0)

    def _judge(self, agent: str, number: str, *, transfer: bool = False) -> Judgement:
        settings = self._settings()
        role = next((one.role for one in settings.agents if one.number == agent), "")
        if not role:
            return Judgement("nobody")
        now_ms = self._engine.clock.now_ms()
        self._engine.picture.roll(now_ms)  # the first to dial after midnight has a new day
        day = self._engine.picture.agent_day(agent, now_ms)
        talking_ms = sum(
            now_ms - view.answered_ms
            for view in self._engine.picture.outgoing.values()
            if view.agent == agent and view.answered_ms
        )
        return judge_outgoing(
            number,
            role,
            limits_of(settings),
            day.outgoing,
            day.outgoing_ms + talking_ms,
            transfer=transfer,
        )

    async def _refuse(self, session: AgiSession, agent: str, phone: str, judged: Judgement) -> None:
        self._note_refused(agent, phone, judged)
        await session.answer()
        await session.stream_file("hotline/outgoing-refused")

    def _note_refused(self, agent: str, phone: str, judged: Judgement) -> None:
        self._refused.labels(judged.why).inc()
        now_ms = self._engine.clock.now_ms()
        self._engine.record(OutgoingRefused(now_ms, agent, phone, judged.why, judged.prefix))

    async def _dial(
        self,
        session: AgiSession,
        agent: str,
        phone: str,
        number: str,
        prefix: str,
        emergency: bool,
        *,
        contact: str = "",
        part: str = "",
        ring_s: int = RING_S,
    ) -> None:
        """Dial, and go on when it is over. contact, part: of a caller who is led there."""
        outgoing = self._settings().outgoing
        segment, now_ms = f"{SEGMENT}{session.uniqueid}{part}", self._engine.clock.now_ms()
        limit_s = 0 if emergency else outgoing.max_minutes_per_call * 60
        # On the callee's leg alone: a caller who comes back from a failed transfer has the own number.
        options = DialOptions(
            go_on=True,
            limit_s=limit_s,
            presented=outgoing.presented,
            before_ringing=("trunk-leg", outgoing.trunk),
        )
        arguments = trunk_arguments(number, outgoing.trunk, ring_s, options)
        view = self._engine.picture.agents.get(agent)
        contact = contact or (view.contact if view is not None else "") or self._recall_of(number)
        callee = self._callee_reference(number)
        self._calls.inc()
        self._engine.record(
            OutgoingStarted(now_ms, segment, contact, agent, phone, callee, outgoing.trunk, prefix, emergency)
        )
        self._engine.record(CallerIdentified(at_ms=now_ms, caller=callee, number=number, name=""))
        self._coming.add(segment)
        try:
            await session.execute("MixMonitor", str(self._incoming / f"{segment}.raw"), "bD")
            if not part:
                # From here on the leg outside is counted: the phone may hand it a caller, and be gone.
                await session.set_variable("GROUP(trunk)", "")
            await session.execute("Dial", *arguments)
        finally:
            self._coming.discard(segment)

    async def _is_full(self, session: AgiSession, number: str) -> bool:
        """Whether the trunk carries as many calls as it may; an emergency number passes whatever holds."""
        settings = self._settings()
        outgoing = settings.outgoing
        if number in outgoing.emergency:
            return False
        most = next((one.max_channels for one in settings.trunks if one.name == outgoing.trunk), 0)
        count = await session.get_variable(f"GROUP_COUNT({outgoing.trunk}@trunk)") or "0"
        # Nothing is awaited from here to where a caller's segment is one of those that are coming.
        return int(count) + len(self._coming) >= most

    def _recall_of(self, number: str) -> str:
        """The contact after which this person is to be called back; "" if none is."""
        for spelling in spellings(number, self._settings().hotline.country):
            for contact in self._engine.picture.returns.recalls_of(self._callee_reference(spelling)):
                return contact
        return ""

    # ---- what becomes of it

    def on_message(self, message: Mapping[str, str]) -> None:
        """Called for each of EVENTS, synchronously."""
        outgoing = self._engine.picture.outgoing
        if not outgoing:
            return
        uniqueid, event = message.get("Uniqueid", ""), message.get("Event", "")
        if event == "DialBegin" and (segment := self._of(uniqueid)):
            callee = channel_seen(message, "Dest")
            if not callee.offer:  # else the caller is back in line, and that is an agent's phone
                self._legs[callee.uniqueid] = segment
                self._coming.discard(segment)
        elif event == "Newstate" and uniqueid in self._legs:
            if message.get("ChannelStateDesc") == "Up":
                self._answered(self._legs[uniqueid])
        elif event == "Hangup":
            segment = self._legs.get(uniqueid) or self._of(uniqueid)
            if segment in outgoing:
                self._ended(segment, int(message.get("Cause", "0") or 0))

    def is_leg(self, uniqueid: str) -> bool:
        """Whether this channel is a leg outside."""
        return uniqueid in self._legs

    def handed_over(self, contact: str, leg: str) -> str:
        """The leg outside talks with the contact's caller. Returns the segment that begins, "" if none does.

        It is the agent's account that bears it, as with a transfer without consultation.
        """
        view = self._engine.picture.outgoing.get(self._legs[leg])
        if view is None or self._is_of(self._legs[leg], contact):
            return ""
        segment, now_ms = f"{SEGMENT}{contact}.{leg}", self._engine.clock.now_ms()
        self._engine.record(
            OutgoingStarted(
                now_ms, segment, contact, view.agent, "", view.callee, view.trunk, view.prefix, False
            )
        )
        self._legs[leg] = segment
        self._answered(segment)
        return segment

    # ---- after we were away

    def learn_legs(self, channels: Collection[ChannelSeen], ends: Ends) -> None:
        """Which of all channels are legs outside: asked before it is judged who talks with whom."""
        for one in channels:
            if self._is_trunk(one.channel) and not one.offer and (segment := self._segment_of(one, ends)):
                self._legs[one.uniqueid] = segment
                self._coming.discard(segment)

    def judge(self, channels: Collection[ChannelSeen], ends: Ends, asked_ms: int) -> None:
        """Which calls are over and which were answered, by all channels as of asked_ms and Asterisk's log."""
        in_log = {uniqueid: one for uniqueid, one in ends.dialled.items() if self._is_trunk(one.channel)}
        for segment, view in list(self._engine.picture.outgoing.items()):
            legs = [one for one in channels if self._legs.get(one.uniqueid) == segment]
            last = self._leg_in_log(segment, view.started_ms, in_log)
            is_left = not view.phone and last in ends.hang_ups  # a caller who was led outside lives on
            if legs or (not is_left and any(self._is_of(segment, one.uniqueid) for one in channels)):
                for leg in legs:
                    if leg.is_up:
                        self._answered(segment, ends.talks.get(leg.uniqueid, NEVER).answered_ms)
            elif view.started_ms < asked_ms:
                self._ended_unseen(segment, view.phone, last, ends)

    def _ended_unseen(self, segment: str, phone: str, leg: str, ends: Ends) -> None:
        end = ends.hang_ups.get(segment.removeprefix(SEGMENT) if phone else leg)
        if end is None:
            self._ended(segment, 0, how="lost")
            return
        if answered_ms := ends.talks.get(leg, NEVER).answered_ms:
            self._answered(segment, answered_ms)
        self._ended(segment, ends.hang_ups.get(leg, end).cause, at_ms=end.ended_ms)

    def _leg_in_log(self, segment: str, since_ms: int, legs: Mapping[str, Dialled]) -> str:
        """Which of the legs outside that the log has is this call's, the newest; "" if none is."""
        named = segment.split(".", 2)[-1]  # of a caller who was handed over: see `handed_over`
        found = [
            uniqueid
            for uniqueid, one in legs.items()
            if uniqueid == named
            or (self._is_of(segment, one.by) and one.started_ms >= since_ms - CLOCKS_APART_MS)
        ]
        return found[-1] if found else ""

    def _segment_of(self, leg: ChannelSeen, ends: Ends) -> str:
        """The open call that a trunk's leg belongs to, the newest; "" if it is none of ours.

        Asterisk links a leg with the channel that dialled it, until it is joined with an older one.
        """
        by = ends.dialled[leg.uniqueid].by if leg.uniqueid in ends.dialled else leg.linkedid
        found = [
            segment
            for segment in self._engine.picture.outgoing
            if segment.endswith(f".{leg.uniqueid}")
            or (self._is_of(segment, by) and not self._is_of(segment, leg.uniqueid))
        ]
        return found[-1] if found else ""

    def _is_trunk(self, channel: str) -> bool:
        return any(endpoint_of(channel) == trunk.name for trunk in self._settings().trunks)

    def _of(self, uniqueid: str) -> str:
        """The open call of this channel, the newest; "" if it has none."""
        found = [one for one in self._engine.picture.outgoing if self._is_of(one, uniqueid)]
        return found[-1] if found else ""

    @staticmethod
    def _is_of(segment: str, uniqueid: str) -> bool:
        own = f"{SEGMENT}{uniqueid}"
        return segment == own or segment.startswith(f"{own}.")

    def _answered(self, segment: str, at_ms: int = 0) -> None:
        """at_ms: since the epoch; 0: now."""
        view = self._engine.picture.outgoing.get(segment)
        if view is not None and not view.answered_ms:
            at_ms = at_ms or self._engine.clock.now_ms()
            path = self._recording_path(segment, at_ms)
            self._engine.record(OutgoingAnswered(at_ms, segment, view.contact, view.agent, path))

    def _ended(self, segment: str, cause: int, how: str = "", at_ms: int = 0) -> None:
        """at_ms: since the epoch; 0: now."""
        view = self._engine.picture.outgoing[segment]
        self._legs = {leg: of for leg, of in self._legs.items() if of != segment}
        at_ms = at_ms or self._engine.clock.now_ms()
        talk_ms = max(0, at_ms - view.answered_ms) if view.answered_ms and not how else 0
        how = how or ("answered" if view.answered_ms else HOW_BY_CAUSE.get(cause, "failed"))
        self._engine.record(OutgoingEnded(at_ms, segment, view.contact, view.agent, how, talk_ms, cause))
