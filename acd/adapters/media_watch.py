"""Listens for one-way calls: a bridged leg from which no audio came for 5 s is a fact and an alarm.

Asked by AMI Getvar of CHANNEL(rtp…) counters, because Asterisk tells no event for missing audio. The
period grows with the number of conversations, so that the AMI link is never busy with it. One question a
channel: EVAL, which could ask for many at once, is refused without the right "system" (manager.c), which acd
has not.
"""

from __future__ import annotations

import asyncio
import logging

from prometheus_client import CollectorRegistry, Counter

from acd.adapters.legs import Leg
from acd.adapters.observer import Observer
from acd.core.facts import MediaSilent
from acd.core.media import SilenceWatch
from acd.engine import Engine
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

PERIOD_S = 2.5
QUESTIONS_PER_S = 100
NO_AUDIO = "Local/"  # the line of a callback has no RTP of its own: Asterisk would warn at each question


class MediaWatch:
    """One task; `run()` goes on until cancelled."""

    def __init__(self, engine: Engine, observer: Observer, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._observer = observer
        self._silence = SilenceWatch()
        self._silent = Counter(
            "hotline_one_way_calls_total", "Legs without audio for 5 s", ["side"], registry=registry
        )

    async def run(self) -> None:
        """Sample all conversations, forever."""
        while True:
            # A leg that was joined just now cannot have been silent for too long: a short talk costs nothing.
            joined_by_ms = self._engine.clock.now_ms() - int(PERIOD_S * 1000)
            legs = [
                (uniqueid, leg)
                for uniqueid, leg in self._observer.legs.items()
                if leg.bridged and leg.bridged_ms <= joined_by_ms
            ]
            self._silence.keep({one for uniqueid, leg in legs for one in (uniqueid, leg.contact)})
            started = asyncio.get_running_loop().time()
            for uniqueid, leg in legs:
                await self._sample(uniqueid, leg)
                await asyncio.sleep(2 / QUESTIONS_PER_S)
            spent_s = asyncio.get_running_loop().time() - started
            await asyncio.sleep(max(0.1, PERIOD_S - spent_s))

    async def _sample(self, uniqueid: str, leg: Leg) -> None:
        caller = self._observer.callers.get(leg.contact)
        sides = [(uniqueid, leg.channel, "agent")]
        if caller is not None and not caller.channel.startswith(NO_AUDIO):
            sides.append((leg.contact, caller.channel, "caller"))
        for key, channel, side in sides:
            if leg.held or uniqueid not in self._observer.legs:
                self._silence.forget(key)
                continue
            packets = await self._packets(channel)
            silent_ms = (
                None
                if packets is None
                else self._silence.sample(key, packets, self._engine.clock.now_ms(), leg.bridged_ms)
            )
            if silent_ms is not None:
                self._silent.labels(side).inc()
                logger.error(
                    "one_way_call", extra={"contact": leg.contact, "side": side, "silent_ms": silent_ms}
                )
                self._engine.record(
                    MediaSilent(self._engine.clock.now_ms(), leg.contact, leg.offer, side, silent_ms)
                )

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
