"""A colleague picks up a ringing call (抢接): its offers are withdrawn, and the colleague's phone rings.

Of the calls that ring and that the colleague may take, the one that has waited longest. Who may is said per
queue (`QueueRules.pickup`). Who loses the call this way has no mark against them and stays as idle as before.
Should one of the phones be answered before our cancel reaches it, that answer wins, as Dial decides: there is
one winner in any case. This module must not know phones' codes or Asterisk.
"""

from __future__ import annotations

from acd.core import events, facts
from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.floor import Floor
from acd.core.offer_events import cancel_offer
from acd.core.supervision import WISH_MS, why_not_taken

WHO_MAY = ("nobody", "skilled", "anyone")
"""skilled: agents who meet the needs of the call; anyone: whatever their skills."""

NOTHING_RINGS = "nothing rings that this agent may pick up"


def pickup_asked(floor: Floor, event: events.PickupAsked) -> None:
    """The agent wants the oldest ringing call, or the one at a certain colleague's phone."""
    call = floor.calls.get(call_to_pick_up(floor, event.agent, event.whose))
    if call is None:
        floor.ignore(NOTHING_RINGS)
        return
    floor.facts.append(facts.CallPickedUp(floor.now_ms, call.contact, call.queue, event.agent, event.whose))
    floor.taken[call.contact] = event.agent
    floor.deadlines.set(("taken", call.contact), floor.now_ms + WISH_MS)
    for leg in floor.legs_of(call):
        cancel_offer(floor, leg, "picked_up")


def call_to_pick_up(floor: Floor, number: str, whose: str = "") -> str:
    """The contact that this agent would get now, "" when none; whose: it must ring at this one's phone."""
    agent = floor.agents.get(number)
    found = [
        call
        for offer in floor.offers.values()
        if agent is not None
        and not offer.cause
        and (not whose or offer.agent == whose)
        and (call := floor.calls.get(offer.contact)) is not None
        and call.state == "offered"
        and call.contact not in floor.taken
        and _may(floor, agent, call)
        and not why_not_taken(floor, call.contact, number)
    ]
    oldest = min(found, key=lambda call: (call.wait_since_ms, call.contact), default=None)
    return oldest.contact if oldest is not None else ""


def _may(floor: Floor, agent: Agent, call: Call) -> bool:
    who = floor.queues.get(call.queue, call.rules).pickup
    return who == "anyone" or (who == "skilled" and call.needs.met_by(agent.skills))
