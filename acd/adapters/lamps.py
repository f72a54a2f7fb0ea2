"""Tells Asterisk what the lamps on phones show: device states `Custom:LAMP`, set over AMI.

Phones subscribe to the hints of extensions.conf, [lamps]. Only what has changed is told, and what changes
within a moment is told together: nobody sees the difference, and it costs less. Nothing is done in a house
in which no phone has lamps. It must not know what states mean (`acd.core.lamps` does).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from acd.core.lamps import agent_lamps, queue_lamps
from acd.engine import Engine
from hotline.core.settings import Settings
from hotline.journal import Envelope
from telephony.ami import AmiLink
from telephony.errors import AmiError, AmiRefused

logger = logging.getLogger(__name__)

GATHER_S = 0.1
AGAIN_S = 1.0
_TELLING = ("AgentStateChanged", "CallQueued", "CallAnswered", "OfferEnded", "CallLeftQueue")


class Lamps:
    """Follows the engine's facts; `run` tells Asterisk."""

    def __init__(
        self, engine: Engine, link: AmiLink, settings: Callable[[], Settings], registry: CollectorRegistry
    ) -> None:
        self._engine, self._link, self._settings = engine, link, settings
        self._told: dict[str, str] = {}  # bounded by two lamps an agent and one a queue
        self._epoch = 0  # the connection on which they were told
        self._changed = asyncio.Event()
        self._failed = Counter(
            "hotline_lamps_failed_total", "Lamps that Asterisk could not be told", registry=registry
        )
        engine.follow(self._follow)

    def _follow(self, envelope: Envelope) -> None:
        if envelope.kind in _TELLING:
            self._changed.set()

    def hint(self) -> None:
        """The link is up again, or the settings have changed: look at all lamps."""
        self._changed.set()

    async def run(self) -> None:
        """Tell changes until cancelled."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(GATHER_S)
            self._changed.clear()
            if not await self._tell():
                await asyncio.sleep(AGAIN_S)
                self._changed.set()

    async def _tell(self) -> bool:
        """Tell what is not as told; False when some of it has to be told again."""
        settings = self._settings()
        if not any(phone.lamps for phone in settings.phones) or not self._link.connected:
            return True  # a link that comes up hints
        if self._epoch != self._link.epoch:
            self._epoch, self._told = self._link.epoch, {}
        for lamp, state in self._wanted(settings).items():
            if self._told.get(lamp) == state:
                continue
            try:
                fields = {"Variable": f"DEVICE_STATE(Custom:{lamp})", "Value": state}
                await self._link.action("Setvar", fields)
            except AmiError as error:
                self._failed.inc()
                logger.warning("lamp_not_told", extra={"lamp": lamp, "error": str(error)})
                if not isinstance(error, AmiRefused):
                    return False
                # Asking again would get the same answer: the next change is told.
            self._told[lamp] = state
        return True

    def _wanted(self, settings: Settings) -> dict[str, str]:
        picture = self._engine.picture
        wanted = queue_lamps([queue.name for queue in settings.queues], picture.entries)
        for agent in settings.agents:
            view = picture.agents.get(agent.number)
            if view is not None:
                wanted |= agent_lamps(agent.number, view)
        return wanted
