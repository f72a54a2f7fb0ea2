"""An agent comes into a conversation from elsewhere: by an attended transfer, as the third of three parties.

Nobody offered it, so there is no wait and no ring: the agent's part begins with CallConnected as any other,
and ends with its leg. Several parts of one contact may go on at once, each with its own agent, talk and hold
time; the call is over for the distributor when the last of them is.
This module must not know how agents got there.
"""

from __future__ import annotations

from acd.core import events, facts
from acd.core.agents import Agent
from acd.core.floor import Floor
from acd.core.house_rules import QueueRules
from acd.core.offers import Offer
from acd.core.take_overs import finish_take_over

_NO_QUEUE = QueueRules("", "", 0, 0, 20_000, 15_000)


def agent_joined(floor: Floor, event: events.AgentJoined) -> None:
    """An agent's leg is in one bridge with the caller, though no offer led there: a segment begins."""
    agent = floor.agents.get(event.agent)
    if agent is None or agent.state == "offline":
        floor.ignore("no agent is logged in at this phone")
    elif floor.is_dead(event.contact) or floor.is_dead(event.segment):
        floor.ignore("the caller or the leg has hung up")
    elif agent.offer:
        floor.ignore("a leg holds the agent already")
    else:
        rules = floor.queues.get(event.queue, _NO_QUEUE)
        floor.miss_code(agent)
        agent.offer, agent.contact, agent.queue = event.segment, event.contact, event.queue
        agent.segment, agent.disposition, agent.code = event.segment, rules.disposition, ""
        offer = part_of(floor, agent, rules, floor.now_ms)
        floor.facts.append(
            facts.CallConnected(
                at_ms=floor.now_ms,
                contact=event.contact,
                segment=offer.id,
                agent=agent.number,
                queue=event.queue,
                recording=event.recording,
                how="joined",
                recording_skip_ms=event.recording_skip_ms,
            )
        )
        call = floor.calls.get(event.contact)
        if call is not None and call.state == "connected":
            floor.joined.setdefault(call.contact, [call.offer]).append(offer.id)
            call.offer = offer.id
        floor.tell_agent(agent, "joined")
        finish_take_over(floor, event.contact)


def part_of(floor: Floor, agent: Agent, rules: QueueRules, connected_ms: int) -> Offer:
    """The agent's part in a talk since connected_ms (ms since the epoch), on the floor from now on."""
    part = Offer(
        id=agent.offer,
        contact=agent.contact,
        entry=0,
        agent=agent.number,
        phone=agent.phone,
        queue=agent.queue,
        made_ms=floor.now_ms,
        ring_limit_ms=rules.offer_ring_ms,
        after_contact_ms=rules.after_contact_ms,
        stage="connected",
        answered_ms=connected_ms,
        connected_ms=connected_ms,
    )
    floor.offers[part.id] = part
    agent.forget_failures()
    return part


def next_part(floor: Floor, contact: str, ended: str) -> str:
    """The part of the conversation that goes on after this one has ended, the newest; "" when none does."""
    parts = [one for one in floor.joined.get(contact, ()) if one != ended and one in floor.offers]
    going_on = [one for one in parts if floor.offers[one].stage == "connected"]
    if going_on:
        floor.joined[contact] = going_on
        return going_on[-1]
    floor.joined.pop(contact, None)
    return ""
