"""Supervisors at their phones: listen to a conversation, whisper to the agent, speak to both, take over.

A phone dials *30AGENT (listen), *31 (whisper), *32 (barge) or *33 (take over); during it the digits 4 to 7
change between them. The dialplan ([supervise]) asks here each time, so that each change is checked and
written down; who asks is the agent logged in at that phone, whom the settings must call a supervisor. The
listening itself is Asterisk's ChanSpy on the agent's channel: a whisper is mixed into what goes to the agent
alone, after recorders have taken their share, so neither the caller's channel nor the recording has it.
Whoever takes over is on the line already: that phone joins the caller's bridge, and once it is there the
agent's leg is hung up, so the caller hears no gap.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter

from acd.adapters.observer import Observer
from acd.background import in_background
from acd.core.events import AgentWasHelped, CallTaken
from acd.core.supervision import acted
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony.ami import AmiLink, Destination
from telephony.channels import ChannelSeen
from telephony.errors import AmiError, HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

SUPERVISE = Destination("supervise")
"""Where a supervisor's phone is led; its extensions are those of [supervise] in extensions.conf."""

DIGITS = {"listen": "4", "whisper": "5", "barge": "6", "take": "7"}
"""How one may be present, and the digit that changes to it."""

DIAL_CODES = {"listen": "30", "whisper": "31", "barge": "32"}

SPY_OPTIONS = {"listen": "quESX", "whisper": "quwESX", "barge": "quBESX"}
"""Source: Asterisk 22, ChanSpy: q no beep, u the channel by unique id, w whisper, B both, E and S end with
the conversation, X a digit leaves for SPY_EXIT_CONTEXT."""

_PROMPTS = {"": "not-logged-in", "not_a_supervisor": "not-a-supervisor", "not_talking": "agent-not-talking"}


class Supervisors:
    """Who may supervise whom, and the FastAGI handler "supervise" (arguments: phone, deed, agent)."""

    def __init__(
        self,
        engine: Engine,
        observer: Observer,
        settings: Callable[[], Settings],
        registry: CollectorRegistry,
    ) -> None:
        self._engine = engine
        self._observer = observer
        self._settings = settings
        # Bounded by the phones: phone -> the channel that supervised last, and whom.
        self._channels: dict[str, tuple[str, str]] = {}
        self._refused = Counter(
            "hotline_supervisor_deeds_refused_total",
            "Deeds of supervisors, or of others who tried, that were refused",
            ["reason"],
            registry=registry,
        )

    # ---- at the phone

    async def __call__(self, session: AgiSession) -> None:
        phone, deed, whom = ([*session.args, "", "", ""])[:3]
        try:
            await self._serve(session, phone, deed, whom)
        except HungUp:
            logger.debug("supervisor_hung_up", extra={"phone": phone, "deed": deed})

    async def _serve(self, session: AgiSession, phone: str, deed: str, whom: str) -> None:
        number = self._engine.distributor.agent_using(phone) or ""
        refused = self.why_not(number, deed, whom)
        if refused:
            self.note(number, "phone", deed, whom, refused=refused, detail="" if number else phone)
            await session.stream_file(f"hotline/{self._prompt(number, refused)}")
            await session.set_variable("HL_NEXT", "hangup")
        elif deed == "take":
            self._channels.pop(phone, None)  # from now on its conversation: nothing may lead it elsewhere
            await self._take_over(session, number, whom)
        else:
            self._channels[phone] = (session.channel, whom)
            await session.set_variable("HL_SPY", self.leg_of(whom))
            await session.set_variable("HL_SPY_OPTIONS", SPY_OPTIONS[deed])
            self.note(number, "phone", deed, whom)
            if deed != "listen" and self._engine.picture.agents[whom].help_ms:
                self._engine.handle(AgentWasHelped(whom, number))  # the agent hears that somebody is there
            await session.set_variable("HL_NEXT", "spy")

    async def _take_over(self, session: AgiSession, number: str, whom: str) -> None:
        """Lead this phone into the caller's bridge; the core has the agent's leg dropped once it is there."""
        view = self._engine.picture.agents[whom]
        contact, segment = view.contact, view.offer
        taken = CallTaken(contact, number, number, "phone", joins=True, segment=segment)
        refused = self._engine.handle(taken).ignored
        self.count(refused)
        caller = self._observer.callers.get(contact)
        if refused or caller is None:
            await session.stream_file("hotline/cannot-take")
            await session.set_variable("HL_NEXT", "hangup")
            return
        await session.set_variable("HL_JOIN", caller.channel)
        await session.set_variable("HL_NEXT", "join")

    @staticmethod
    def _prompt(number: str, refused: str) -> str:
        return _PROMPTS.get(refused if number else "", "cannot-take")

    def why_not(self, number: str, deed: str, whom: str) -> str:
        """Why this agent may not listen to (whisper …, take over from) that one now; "" when it may be."""
        if not self.is_supervisor(number):
            return "not_a_supervisor"
        if not self.leg_of(whom) or number == whom:
            return "not_talking"
        if deed != "take":
            return ""
        return self._engine.distributor.why_not_taken(self._engine.picture.agents[whom].contact, number)

    def is_supervisor(self, number: str) -> bool:
        """Whether the settings give this agent the role."""
        return any(one.number == number and one.role == "supervisor" for one in self._settings().agents)

    def leg_of(self, number: str) -> str:
        """The unique id of the channel on which this agent talks with a caller, or ""."""
        view = self._engine.picture.agents.get(number)
        if view is None or not view.offer:
            return ""
        return next(
            (uid for uid, leg in self._observer.legs.items() if leg.offer == view.offer and leg.bridged), ""
        )

    def on_channels(self, channels: Iterable[ChannelSeen]) -> None:
        """All channels there are, after we were away: who supervises, told us so as that began."""
        self._channels.clear()  # after a restart of Asterisk the same name may be another call
        here = [one for one in channels if one.context == SUPERVISE.context and not one.bridge]
        if here and self._observer.orders.link is not None:
            in_background(self._ask_whom(self._observer.orders.link, here))

    async def _ask_whom(self, link: AmiLink, supervising: Iterable[ChannelSeen]) -> None:
        for one in supervising:
            try:
                reply = await link.action("Getvar", {"Channel": one.channel, "Variable": "HL_WHOM"})
            except AmiError as error:
                logger.warning("supervised_not_told", extra={"error": str(error)})
                continue
            self._channels.setdefault(one.endpoint, (one.channel, reply.fields.get("Value", "")))

    # ---- from elsewhere

    async def call_in(self, number: str, deed: str, whom: str) -> str:
        """Ring the supervisor's phone and lead it to that conversation, or change how it is present there.

        Returns why not, or "". Raises AmiError.
        """
        refused = self.why_not(number, deed, whom)
        link = self._observer.orders.link
        view = self._engine.picture.agents.get(number)
        if refused or link is None or view is None:
            return refused or "logged_out"
        if not view.phone:
            return "logged_out"
        place = {"Context": SUPERVISE.context, "Priority": "1"}
        if await self._change(view.phone, deed, whom):
            return ""
        exten = DIAL_CODES[deed] + whom
        await link.action(
            "Originate",
            {
                "Channel": f"PJSIP/{view.phone}",
                "Exten": exten,
                "CallerID": f"<{exten}>",
                "Timeout": "30000",
                **place,
            },
        )
        return ""

    async def take_in_place(self, number: str, whom: str) -> bool:
        """Whether the supervisor is at that conversation by phone, and so takes it over without a ring."""
        view = self._engine.picture.agents.get(number)
        there = self._channels.get(view.phone, ("", "")) if view is not None else ("", "")
        return view is not None and there[1] == whom and await self._change(view.phone, "take", whom)

    async def _change(self, phone: str, deed: str, whom: str) -> bool:
        """One who supervises already changes by the same digit as at the phone; False: no such call."""
        link = self._observer.orders.link
        channel, of = self._channels.get(phone, ("", ""))
        if not channel or link is None:
            return False
        exten = DIGITS[deed] if of == whom else DIAL_CODES[deed] + whom
        fields = {"Channel": channel, "Context": SUPERVISE.context, "Exten": exten, "Priority": "1"}
        try:
            await link.action("Redirect", fields)
        except AmiError:
            self._channels.pop(phone, None)  # that call is over
            return False
        return True

    # ---- what is written down

    def note(self, by: str, via: str, deed: str, whom: str, *, refused: str = "", detail: str = "") -> None:
        """Write the deed down, and count it when it was refused."""
        view = self._engine.picture.agents.get(whom)
        self._engine.record(
            acted(
                self._engine.clock.now_ms(),
                by,
                via,
                deed,
                agent=whom[:8],
                contact=view.contact if view else "",
                queue=view.queue if view else "",
                detail=detail,
                refused=refused,
            )
        )
        self.count(refused)

    def count(self, refused: str) -> None:
        """Count a refusal; reasons are those of acd.core.supervision."""
        if refused:
            self._refused.labels(refused).inc()
