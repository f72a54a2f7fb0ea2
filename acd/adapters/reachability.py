"""Which agents' phones can be rung, told to the distributor as Asterisk tells of their contacts.

Asterisk tells of a contact only when it changes. So an agent whose phone signed in again while acd was away
would stay unreachable, and be logged out in time: after each snapshot it is asked for those who were gone,
and again every minute, for an answer or an event may be lost. Only what is back is told then: for some
seconds after a start of Asterisk a phone may look away that is not, and of one that is away the first offer
tells. Whom only an offer found gone is not brought back so, for Asterisk may have reached that phone all the
time. And of a phone that may have several contacts some may never have been told of: when the last one known
is gone, Asterisk is asked whether the phone is.
Source: device states of chan_pjsip; Unavailable while no contact of the endpoint can be reached, unless it
has a channel. So of a phone in a call the state says nothing, and its contacts are asked for one by one: one
that is away is known to be before the call is over and the next one is offered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from acd.background import for_ever
from acd.core.events import PhoneBecameReachable, PhoneBecameUnreachable
from acd.core.phones import SILENT, PhoneContacts
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony.ami import AmiLink
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

STATUS = "ContactStatus"
"""The event that tells of a contact."""

ASK_S = 10.0
ASK_CONTACT_S = 2.0
LOOK_AGAIN_S = 60.0
SETTLE_S = 1.0
"""The device's state changes a moment after the contact's; and many phones may go at once."""

IDLE = "NOT_INUSE"
IN_CALL = frozenset({"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"})


class Reachability:
    """One per acd process."""

    def __init__(self, engine: Engine, link: AmiLink, settings: Callable[[], Settings]) -> None:
        self._engine = engine
        self._link = link
        self._settings = settings
        self._contacts = PhoneContacts()
        self._doubted: dict[str, None] = {}  # phones whose known contacts are all gone
        self._away: set[str] = set()  # phones that are away by Asterisk's word, or were when it was not there
        self._look_task: asyncio.Task[None] | None = None
        self._doubt_task: asyncio.Task[None] | None = None

    def look_away(self) -> None:
        """The link to Asterisk is down: whatever contact goes now, nobody tells of it."""
        self._contacts = PhoneContacts()
        self._doubted.clear()
        if self._look_task is not None:
            self._look_task.cancel()

    def on_message(self, message: Mapping[str, str]) -> None:
        """Called for every event of STATUS, synchronously."""
        phone = message.get("AOR", "")
        reachable = self._contacts.told(phone, message.get("URI", ""), message.get("ContactStatus", ""))
        if reachable is None:
            return
        self._doubted.pop(phone, None)
        if reachable or not self._may_have_others(phone):
            self._tell(phone, reachable)
            return
        self._doubted[phone] = None
        if self._doubt_task is None or self._doubt_task.done():
            self._doubt_task = asyncio.get_running_loop().create_task(self._settle_doubts())

    def _may_have_others(self, phone: str) -> bool:
        return any(one.name == phone and one.max_contacts > 1 for one in self._settings().phones)

    def _tell(self, phone: str, reachable: bool) -> None:
        (self._away.discard if reachable else self._away.add)(phone)
        agent = self._engine.distributor.agent_at(phone)
        if agent is not None:
            self._engine.handle(PhoneBecameReachable(agent) if reachable else PhoneBecameUnreachable(agent))

    async def _settle_doubts(self) -> None:
        while self._doubted:
            await asyncio.sleep(SETTLE_S)
            asked = list(self._doubted)
            reached = await self._reached(asked)
            for phone in asked:
                if phone not in self._doubted:
                    continue  # told of meanwhile
                del self._doubted[phone]
                if reached.get(phone) is False:
                    self._tell(phone, reachable=False)

    def hint(self) -> None:
        """The link to Asterisk is up, and a snapshot has come."""
        if self._look_task is not None:
            self._look_task.cancel()
        self._away.update(self._gone())
        self._look_task = asyncio.get_running_loop().create_task(for_ever(self._keep_looking))

    async def _keep_looking(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(LOOK_AGAIN_S)

    def _gone(self) -> set[str]:
        """Phones of agents who count as gone."""
        return {view.phone for view in self._engine.picture.agents.values() if view.gone_since_ms}

    async def _look(self) -> None:
        gone = self._gone()
        reached = await self._reached(gone) if gone else {}
        for phone, is_reached in reached.items():
            if not is_reached:
                self._away.add(phone)
            elif phone in self._away and phone in self._gone():
                self._tell(phone, reachable=True)

    async def _reached(self, phones: Collection[str]) -> dict[str, bool]:
        """Whether each of the phones can be reached; without those of which Asterisk does not tell.

        They stay as they were: the phone's next change, the first offer, or the agent's word tells.
        """
        reached: dict[str, bool] = {}
        try:
            listed = await self._link.list_action(
                "DeviceStateList", {}, complete_event="DeviceStateListComplete", timeout_s=ASK_S
            )
        except AmiError as error:
            logger.warning("device_states_not_told", extra={"error": str(error)})
            return reached
        states = {one.get("Device", ""): one.get("State", "") for one in listed}
        for phone in phones:
            try:
                reached[phone] = await self._is_reached(phone, states.get(f"PJSIP/{phone}"))
            except AmiError as error:
                logger.warning("contacts_not_told", extra={"phone": phone, "error": str(error)})
        return reached

    async def _is_reached(self, phone: str, state: str | None) -> bool:
        if state not in IN_CALL:
            return state == IDLE
        contacts = await self._get(f"PJSIP_AOR({phone},contact)")
        for contact in filter(None, contacts.split(",")):
            # One that Asterisk has not asked yet may be there; one that went meanwhile has no status.
            if await self._get(f"PJSIP_CONTACT({contact},status)") not in (SILENT, ""):
                return True
        return False

    async def _get(self, function: str) -> str:
        reply = await self._link.action("Getvar", {"Variable": function}, timeout_s=ASK_CONTACT_S)
        return reply.fields.get("Value", "")

    def close(self) -> None:
        """Stop asking."""
        for task in (self._look_task, self._doubt_task):
            if task is not None:
                task.cancel()
