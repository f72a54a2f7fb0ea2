"""A supervisor's phone joins a conversation in an agent's place: the agent's part ends once it is there.

What is decided stands in a fact before anything is done (`SupervisorActed.segment`: the part that is to end),
and is remembered over a restart. So it is finished whenever both are seen in the conversation, were it by a
list of channels after our return; if the phone does not come, nothing has changed, and it is given up.
This module must not know how a phone is led there, or how a leg is dropped.
"""

from __future__ import annotations

from acd.core import facts
from acd.core.commands import DropLeg
from acd.core.floor import Floor

JOIN_MS = 10_000
"""So long the phone is waited for: it is on the line already and has only to enter the bridge. The order to
drop a leg that lives on is repeated as often."""


def begin_take_over(floor: Floor, contact: str, taker: str, segment: str) -> None:
    """This agent joins the conversation, and this part of it ends then."""
    floor.taking[contact] = (taker, segment)
    floor.deadlines.set(("taking", contact), floor.now_ms + JOIN_MS)


def finish_take_over(floor: Floor, contact: str) -> None:
    """Have the agent's leg dropped, if the taker is in the conversation; to be asked any number of times."""
    segment = floor.taking.get(contact, ("", ""))[1]
    if _talks(floor, segment) and _has_joined(floor, contact):
        floor.commands.append(DropLeg(contact, segment))


def take_over_is_due(floor: Floor, contact: str) -> None:
    """The phone should be there by now, and the agent's leg over; without a link nobody can tell."""
    taker, segment = floor.taking[contact]
    if not floor.linked or (_talks(floor, segment) and _has_joined(floor, contact)):
        finish_take_over(floor, contact)
        floor.deadlines.set(("taking", contact), floor.now_ms + JOIN_MS)
        return
    del floor.taking[contact]
    if _talks(floor, segment):
        floor.facts.append(facts.TakeOverGivenUp(floor.now_ms, contact, taker))


def is_taken_over(floor: Floor, contact: str, segment: str) -> bool:
    """Whether this part ends because another agent has taken the conversation over."""
    return floor.taking.get(contact, ("", ""))[1] == segment and _has_joined(floor, contact)


def _has_joined(floor: Floor, contact: str) -> bool:
    taker, segment = floor.taking[contact]
    agent = floor.agents.get(taker)
    if agent is None or agent.contact != contact or agent.offer == segment:
        return False
    return _talks(floor, agent.offer)


def _talks(floor: Floor, segment: str) -> bool:
    part = floor.offers.get(segment)
    return part is not None and part.stage == "connected"
