"""Calls that are meant for certain agents: transferred to one, or coming back because that failed.

An aimed call is offered to the agents it names, one after the other, and waits for nobody among them: one who
cannot take it now is passed over. Only when no aim is left does it stand in the line of its queue, at its
place. The last agent who talked with the caller is taken even out of after-contact work about this very call;
if nothing comes of that, the work goes on until its time. An agent who is just about to leave the caller (the
leg has not told its end) is waited for, but not for long. This module must not know why a call is aimed.
"""

from __future__ import annotations

from collections.abc import Callable

from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.facts import AimsPassedOver
from acd.core.floor import Floor

LEAVING_MS = 5_000
"""So long an agent is waited for whose talk with this caller is over, but whose leg has not told its end."""

Offering = Callable[[Call, Agent, str], None]


def offer_aimed(floor: Floor, make_offer: Offering) -> None:
    """Offer each aimed call to the first of its agents who can take it; those who have none left wait."""
    for contact in list(floor.aimed):
        call = floor.calls.get(contact)
        if call is not None and call.state == "aimed":
            _offer_to_next(floor, call, make_offer)
        elif call is None or not call.aims:
            del floor.aimed[contact]


def aim_over(floor: Floor, contact: str) -> None:
    """The agent who was about to leave the caller did not: on to the next."""
    call = floor.calls.get(contact)
    if call is not None and call.aims and call.state == "aimed":
        call.aims.pop(0)
        _tell_passed_over(floor, call)


def _tell_passed_over(floor: Floor, call: Call) -> None:
    """Who was passed over stays so after a restart; an offer to the next tells it by itself."""
    aims = " ".join(call.aims)
    floor.facts.append(AimsPassedOver(floor.now_ms, call.contact, call.entry, aims))


def _offer_to_next(floor: Floor, call: Call, make_offer: Offering) -> None:
    meant_for = len(call.aims)
    while call.aims:
        agent = floor.agents.get(call.aims[0])
        how = "" if agent is None else _way_to(call, agent)
        if how == "leaving":
            if floor.deadlines.time_ms(("aim", call.contact)) is None:
                floor.deadlines.set(("aim", call.contact), floor.now_ms + LEAVING_MS)
            if len(call.aims) < meant_for:
                _tell_passed_over(floor, call)
            return
        call.aims.pop(0)
        floor.deadlines.clear(("aim", call.contact))
        if agent is not None and how:
            if not call.aims:
                floor.aimed.pop(call.contact, None)
            make_offer(call, agent, how)
            return
    if meant_for:
        _tell_passed_over(floor, call)
    floor.aimed.pop(call.contact, None)
    floor.tell_call(call, "aims_over")


def _way_to(call: Call, agent: Agent) -> str:
    """How an aimed call reaches the agent now: offered, recalled, leaving (soon), "" (not)."""
    if agent.removed or agent.unreachable or agent.intent == "offline":
        return ""
    if agent.state == "ready":
        return "offered"
    if agent.contact != call.contact:
        return ""
    if agent.state == "acw":
        return "recalled"
    return "leaving" if agent.offer else ""
