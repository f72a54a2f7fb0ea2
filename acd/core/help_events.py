"""Hands raised for the shift leader: asked by code, ended by the agent, by whoever came, or by the log-out.

It changes nothing about what an agent is offered. This module must not know who may help.
"""

from __future__ import annotations

from acd.core import events
from acd.core.agent_events import known_agent
from acd.core.facts import HelpAsked
from acd.core.floor import Floor


def agent_asked_help(floor: Floor, event: events.AgentAskedHelp) -> None:
    """The agent raises a hand."""
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    if agent.state == "offline":
        floor.ignore("the agent is logged out")
    elif agent.help_ms:
        floor.ignore("the hand is raised already")
    else:
        agent.help_ms = floor.now_ms
        floor.facts.append(HelpAsked(floor.now_ms, agent.number, agent.contact, agent.queue))


def agent_was_helped(floor: Floor, event: events.AgentWasHelped) -> None:
    """The hand is lowered."""
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    if agent.help_ms:
        floor.lower_hand(agent, event.by)
    else:
        floor.ignore("no hand is raised")
