"""Phones that came back while acd was away: asked for once after each snapshot, and told to the distributor.

Asterisk tells of a contact only when it changes, so an agent whose phone signed in again during a restart of
ours would stay unreachable, and be logged out in time. Only what is back is told: for some seconds after a
start of Asterisk a phone may look away that is not, and of one that is away the first offer tells.
Source: device states of chan_pjsip; Unavailable while no contact of the endpoint can be reached.
"""

from __future__ import annotations

import asyncio
import logging

from acd.core.events import PhoneBecameReachable
from acd.engine import Engine
from telephony.ami import AmiLink
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

ASK_S = 10.0
REACHED = frozenset({"NOT_INUSE", "INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})


class Reachability:
    """One per acd process."""

    def __init__(self, engine: Engine, link: AmiLink) -> None:
        self._engine = engine
        self._link = link
        self._task: asyncio.Task[None] | None = None

    def hint(self) -> None:
        """The link to Asterisk is up, and a snapshot has come."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        gone = {
            number: view.phone for number, view in self._engine.picture.agents.items() if view.gone_since_ms
        }
        if not gone:
            return
        try:
            states = await self._link.list_action(
                "DeviceStateList", {}, complete_event="DeviceStateListComplete", timeout_s=ASK_S
            )
        except AmiError as error:
            # They stay as they were; the next change of the phone, or the agent's own word, tells.
            logger.warning("device_states_not_told", extra={"error": str(error)})
            return
        reached = {one.get("Device", "") for one in states if one.get("State") in REACHED}
        for number, phone in gone.items():
            if f"PJSIP/{phone}" in reached and self._engine.distributor.agent_at(phone) == number:
                self._engine.handle(PhoneBecameReachable(number))

    def close(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
