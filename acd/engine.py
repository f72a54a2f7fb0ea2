"""The engine: feeds events to the distributor, stands by its facts, carries out its commands.

It decides nothing. For each event, in this order: the distributor decides; the facts go to the journal, to
the live picture and to the followers of the stream; the commands go to those who carry them out; one alarm
is set for the time the distributor named. All of it is synchronous, so no two events interleave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram

from acd.clock import SteadyClock
from acd.core.commands import (
    CancelOffer,
    Command,
    DropLeg,
    FetchCall,
    OfferCall,
    RefuseCall,
    SendToOverflow,
    TakeSnapshot,
)
from acd.core.distributor import Decision, Distributor
from acd.core.events import DeadlinePassed, Event
from acd.core.fact_codec import to_body
from acd.core.facts import CallConnected, Fact
from acd.core.picture import Picture
from hotline.journal import Envelope, JournalWriter

logger = logging.getLogger(__name__)

ROTATE_AGAIN_MS = 10_000


class OrderTaker(Protocol):
    """Whoever holds the waiting caller's session and carries out commands for it."""

    def take_order(self, command: Command) -> None: ...

    def note_connected(self, offer: str) -> None:
        """The offer's agent and the caller have been joined."""


class Engine:
    """One per acd process; see the module's docstring for the order of things."""

    def __init__(
        self,
        distributor: Distributor,
        picture: Picture,
        journal: JournalWriter,
        clock: SteadyClock,
        registry: CollectorRegistry,
    ) -> None:
        self.distributor = distributor
        self.picture = picture
        self.clock = clock
        self._journal = journal
        self.cancel_offer: Callable[[str], None] = lambda _: None  # set by the observer's owner
        self.take_snapshot: Callable[[], None] = lambda: None
        self.fetch_call: Callable[[str], None] = lambda _: None
        self.drop_leg: Callable[[str], None] = lambda _: None
        self._takers: dict[str, OrderTaker] = {}
        self._followers: list[Callable[[Envelope], None]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_ms: int | None = None
        self._rotate_from_ms = 0
        self._orders_lost = Counter(
            "hotline_acd_orders_lost_total", "Commands without a session to carry them out", registry=registry
        )
        self._handle_seconds = Histogram(
            "hotline_acd_handle_seconds",
            "Time of one decision with its journal lines",
            registry=registry,
            buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0),
        )

    def follow(self, follower: Callable[[Envelope], None]) -> Callable[[], None]:
        """Call follower for every fact from now on; returns how to stop. It must not raise or block."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    def attach(self, contact: str, taker: OrderTaker) -> None:
        """From now on this taker carries out the commands for the contact."""
        self._takers[contact] = taker

    def detach(self, contact: str, taker: OrderTaker) -> bool:
        """The taker is gone; False when another one has taken its place already."""
        if self._takers.get(contact) is not taker:
            return False
        del self._takers[contact]
        return True

    def handle(self, event: Event) -> Decision:
        """Let the distributor decide on an event, and carry out what it says; returns the decision."""
        now_ms = self.clock.now_ms()
        began = time.perf_counter()
        decision = self.distributor.handle(event, now_ms)
        for fact in decision.facts:
            self.record(fact)
        self._handle_seconds.observe(time.perf_counter() - began)
        for command in decision.commands:
            self._carry_out(command)
        self._set_alarm(decision.wake_at_ms, now_ms)
        return decision

    def record(self, fact: Fact) -> None:
        """Stand by a fact: journal, picture, followers."""
        body = to_body(fact)
        kind = type(fact).__name__
        contact = body.get("contact") or None
        envelope = self._journal.append(
            kind,
            fact.version,
            body,
            fact_id=fact_id(kind, body),
            contact=contact,
            at_us=fact.at_ms * 1000,
        )
        self.picture.apply(kind, fact.at_ms, body)
        if self._journal.full:
            self._rotate()
        for follower in tuple(self._followers):
            follower(envelope)
        if isinstance(fact, CallConnected) and (taker := self._takers.get(fact.contact)) is not None:
            taker.note_connected(fact.segment)

    def _rotate(self) -> None:
        """A new file with all there is at its head; a disk that refuses it is left alone for a while, because
        to put that together takes time, and would be done anew for every fact."""
        now_ms = self.clock.now_ms()
        if now_ms >= self._rotate_from_ms and not self._journal.rotate(self.picture.snapshot()):
            self._rotate_from_ms = now_ms + ROTATE_AGAIN_MS

    def _carry_out(self, command: Command) -> None:
        match command:
            case CancelOffer(offer=offer):
                self.cancel_offer(offer)
            case TakeSnapshot():
                self.take_snapshot()
            case FetchCall(contact=contact):
                self.fetch_call(contact)
            case DropLeg(segment=segment):
                self.drop_leg(segment)
            case OfferCall(contact=contact) | RefuseCall(contact=contact) | SendToOverflow(contact=contact):
                taker = self._takers.get(contact)
                if taker is not None:
                    taker.take_order(command)
                    return
                # The session ended in the same moment; its SessionLost is on the way and settles the offer.
                self._orders_lost.inc()
                logger.warning("order_lost", extra={"command": repr(command)})
            case _:
                raise TypeError(f"no one carries out {command!r}")

    def _set_alarm(self, wake_at_ms: int | None, now_ms: int) -> None:
        if wake_at_ms == self._alarm_ms:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_ms = None, wake_at_ms
        if wake_at_ms is not None:
            delay_s = max(0, wake_at_ms - now_ms) / 1000
            self._alarm = asyncio.get_running_loop().call_later(delay_s, self._ring_alarm)

    def _ring_alarm(self) -> None:
        self._alarm, self._alarm_ms = None, None
        self.handle(DeadlinePassed())

    def close(self) -> None:
        """Cancel the alarm; the journal is closed by its owner."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


def fact_id(kind: str, body: dict[str, Any]) -> str:
    """The deterministic id of a fact: what it is about, what it says, and when where it can recur."""
    match kind:
        case "ContactStarted":
            return f"{body['contact']}/started"
        case "ContactEnded":
            return f"{body['contact']}/ended"
        case "CallQueued":
            return f"{body['contact']}/{body['entry']}/queued"
        case "CallOverflowed":
            return f"{body['contact']}/{body['entry']}/overflowed/{body['at_ms']}"
        case "AimsPassedOver":
            return f"{body['contact']}/{body['entry']}/passed_over/{body['aims']}/{body['at_ms']}"
        case "CallWidened":
            return f"{body['contact']}/{body['entry']}/widened/{body['step']}"
        case "CallLeftQueue":
            return f"{body['contact']}/{body['entry']}/left"
        case "CallOffered" | "OfferRang" | "OfferEnded" | "CallAnswered":
            return f"{body['offer']}/{kind}"
        case "CallConnected" | "SegmentEnded":
            return f"{body['segment']}/{kind}"
        case "MediaMeasured":
            return f"{body['contact']}/{body['segment']}/{body['side']}/measured"
        case "SupervisorActed":
            told = "by via deed agent contact queue detail segment at_ms"
            return "/".join(["acted", *(str(body[name]) for name in told.split())])
        case "QueueClosed" | "QueueOpened":
            return f"{kind}/{body['queue']}/{body['at_ms']}"
        case "CallerIdentified":
            return f"{body['caller']}/{body['at_ms']}"
        case "AgentStateChanged":
            # All that can tell two changes of one agent in the same millisecond apart.
            told = (
                "agent state reason intent intent_reason phone offer until_ms "
                "code break_until_ms overdue gone_since_ms at_ms"
            )
            return "/".join(str(body[name]) for name in told.split())
        case _:
            about = body.get("segment") or body.get("contact") or body.get("agent") or ""
            if "entry" in body:
                about += f"/{body['entry']}"
            detail = body.get("side") or body.get("held") or ""
            return f"{kind}/{about}/{detail}/{body['at_ms']}"
