"""Listens for one-way calls: a bridged leg from which no audio came for 5 s is a fact and an alarm.

Asterisk tells no event for missing audio. But every `rtcpinterval` it reports to the other side what it has
received (RTCP), and tells us of the report (RTCPSent): when two reports in a row tell of the same packets,
there was no audio in between. A leg of which nothing is reported, for neither side ever sent a packet, is
asked: by AMI Getvar of CHANNEL(rtcp,rxcount), one question a channel. (EVAL, which asks for many at once, is
refused without the right "system" (manager.c), which acd has not.)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter

from acd.adapters.legs import Leg
from acd.adapters.observer import Observer
from acd.core.facts import MediaSilent
from acd.core.media import SilenceWatch, received_by_report
from acd.engine import Engine
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

REPORT = "RTCPSent"
REPORTED_WITHIN_MS = 7_000  # a little more than rtp.conf's rtcpinterval
PERIOD_S = 2.5
QUESTIONS_PER_S = 100
NO_AUDIO = "Local/"  # the line of a callback has no RTP of its own: Asterisk would warn at each question


class MediaWatch:
    """Reports come to `on_report`; `run()` asks where none come, and goes on until cancelled."""

    def __init__(self, engine: Engine, observer: Observer, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._observer = observer
        self._silence = SilenceWatch()
        self._reported_ms: dict[str, int] = {}
        # By contact the leg found last, so that not all are looked through.
        self._talks_of: dict[str, str] = {}
        self._silent = Counter(
            "hotline_one_way_calls_total", "Legs without audio for 5 s", ["side"], registry=registry
        )
        self._questions = Counter(
            "hotline_media_questions_total",
            "Legs asked for their count of packets, because nothing was reported of them",
            registry=registry,
        )

    def on_report(self, message: Mapping[str, str]) -> None:
        """Called for every RTCPSent, synchronously."""
        uniqueid = message.get("Uniqueid", "")
        if (leg := self._observer.legs.get(uniqueid)) is not None:
            side = "agent"
        elif (leg := self._talk_of(uniqueid)) is not None:
            side = "caller"
        if leg is None or not leg.bridged:
            return
        self._reported_ms[uniqueid] = self._engine.clock.now_ms()
        packets = received_by_report(message)
        if packets is not None:
            self._listen(uniqueid, leg, side, packets, REPORT)

    def _talk_of(self, contact: str) -> Leg | None:
        legs = self._observer.legs
        leg = legs.get(self._talks_of.get(contact, ""))
        if leg is not None and leg.contact == contact and leg.bridged:
            return leg
        for uniqueid, leg in legs.items():
            if leg.contact == contact and leg.bridged:
                self._talks_of[contact] = uniqueid
                return leg
        return None

    async def run(self) -> None:
        """Ask where no report comes from, forever."""
        while True:
            started = asyncio.get_running_loop().time()
            for uniqueid, leg in list(self._talks()):
                await self._ask(uniqueid, leg)
            spent_s = asyncio.get_running_loop().time() - started
            await asyncio.sleep(max(0.1, PERIOD_S - spent_s))

    def _talks(self) -> Iterator[tuple[str, Leg]]:
        """Legs that have talked for so long that a report is due; all else is forgotten."""
        legs = {uniqueid: leg for uniqueid, leg in self._observer.legs.items() if leg.bridged}
        alive = {*legs, *(leg.contact for leg in legs.values())}
        self._silence.keep(alive)
        self._reported_ms = {one: at_ms for one, at_ms in self._reported_ms.items() if one in alive}
        self._talks_of = {one: leg for one, leg in self._talks_of.items() if one in alive}
        due_ms = self._engine.clock.now_ms() - REPORTED_WITHIN_MS
        return ((uniqueid, leg) for uniqueid, leg in legs.items() if leg.bridged_ms <= due_ms)

    async def _ask(self, uniqueid: str, leg: Leg) -> None:
        caller = self._observer.callers.get(leg.contact)
        sides = [(uniqueid, leg.channel, "agent")]
        if caller is not None and not caller.channel.startswith(NO_AUDIO):
            sides.append((leg.contact, caller.channel, "caller"))
        for key, channel, side in sides:
            reported_ms = self._reported_ms.get(key, 0)
            if self._engine.clock.now_ms() - reported_ms <= REPORTED_WITHIN_MS:
                continue
            self._questions.inc()
            packets = await self._packets(channel)
            if packets is not None and uniqueid in self._observer.legs:
                self._listen(key, leg, side, packets, "Getvar")
            await asyncio.sleep(1 / QUESTIONS_PER_S)

    async def _packets(self, channel: str) -> int | None:
        link = self._observer.orders.link
        if link is None or not link.connected:
            return None
        try:
            reply = await link.action(
                "Getvar", {"Channel": channel, "Variable": "CHANNEL(rtcp,rxcount)"}, timeout_s=2.0
            )
            return int(reply.fields.get("Value", ""))
        except (AmiError, ValueError):
            return None  # the channel went away in between, or has no RTP

    def _listen(self, key: str, leg: Leg, side: str, packets: int, source: str) -> None:
        if leg.held:
            self._silence.forget(key)
            return
        now_ms = self._engine.clock.now_ms()
        silent_ms = self._silence.sample(key, packets, now_ms, leg.bridged_ms, source)
        if silent_ms is None:
            return
        self._silent.labels(side).inc()
        logger.error("one_way_call", extra={"contact": leg.contact, "side": side, "silent_ms": silent_ms})
        self._engine.record(MediaSilent(now_ms, leg.contact, leg.offer, side, silent_ms))
