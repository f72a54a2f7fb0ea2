"""Agents who are kept for a caller who is coming back: sent away to enter digits, by a transfer.

Such an agent does after-contact work for the reason `VERIFYING`, for `KEPT_MS` at most, so that nothing
else is offered meanwhile; the talk is over for the numbers. When the caller is back the call is aimed at
this agent and reaches the agent out of that work (`acd.core.aims`); when the caller hangs up, the work
lasts as long as it would have without. This module must not know what the caller does in between.
"""

from __future__ import annotations

from acd.core import events
from acd.core.agent_events import known_agent
from acd.core.agents import VERIFYING, Agent
from acd.core.floor import Floor

KEPT_MS = 120_000
"""So long an agent waits for a caller; entering digits, also twice, takes less."""

BACK_MS = 5_000
"""So long the work lasts at least when the caller is back, for the call to be offered."""


def agent_kept(floor: Floor, event: events.AgentKept) -> None:
    """The caller comes back to this agent: nothing else is offered until then."""
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    if floor.kept.get(event.contact) == agent.number:
        floor.ignore("the agent is kept already")
    elif floor.is_dead(event.contact):
        floor.ignore("the caller has hung up")
    elif agent.offer and agent.contact != event.contact:
        floor.ignore("a leg of another call holds the agent")
    elif agent.offer:
        _keep(floor, agent, event.contact)  # as soon as the leg is over
    else:
        before = agent.contact, agent.queue
        agent.contact, agent.queue = event.contact, event.queue
        until_ms = floor.now_ms + KEPT_MS
        if floor.tell_agent(agent, "kept", reason=VERIFYING, until_ms=until_ms):
            _keep(floor, agent, event.contact)
        else:
            agent.contact, agent.queue = before


def _keep(floor: Floor, agent: Agent, contact: str) -> None:
    floor.kept[contact] = agent.number
    floor.deadlines.set(("kept", contact), floor.now_ms + KEPT_MS)


def kept_too_long(floor: Floor, contact: str) -> None:
    """The caller did not come back; the agent's time is over as well."""
    floor.kept.pop(contact, None)


def caller_is_back(floor: Floor, contact: str) -> None:
    """The caller asks for an agent again: the work goes on only for the call to be offered."""
    _let_go(floor, contact, floor.now_ms + BACK_MS)


def caller_is_gone(floor: Floor, contact: str) -> None:
    """The caller hung up instead of coming back."""
    _let_go(floor, contact, floor.now_ms)


def _let_go(floor: Floor, contact: str, least_ms: int) -> None:
    agent = floor.agents.get(floor.kept.pop(contact, ""))
    floor.deadlines.clear(("kept", contact))
    if agent is None or agent.state != "acw" or agent.reason != VERIFYING or agent.contact != contact:
        return
    rules = floor.queues.get(agent.queue)
    own_end_ms = agent.since_ms + (rules.after_contact_ms if rules else 0)
    floor.tell_agent(agent, "prolonged", until_ms=max(own_end_ms, least_ms))
