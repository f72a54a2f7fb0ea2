"""What agents do, what becomes of their phones, and what settings say of them."""

from __future__ import annotations

from acd.core import events
from acd.core.agents import Agent
from acd.core.floor import Floor
from acd.core.offer_events import cancel_offer
from acd.core.own_calls import judge_agents

_UNKNOWN_AGENT = "the settings name no such agent"


def known_agent(floor: Floor, number: str) -> Agent | None:
    """The agent of this number; None when the settings name no such agent, and the event is ignored."""
    agent = floor.agents.get(number)
    if agent is None or agent.removed:
        floor.ignore(_UNKNOWN_AGENT)
        return None
    return agent


def agent_logged_in(floor: Floor, event: events.AgentLoggedIn) -> None:
    """The agent sits at this phone, not ready yet; whoever sat there is logged out.

    An agent logged in elsewhere moves; an offer that rings at the old phone is withdrawn.
    """
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    there = floor.agents.get(floor.phones.get(event.phone, ""))
    if there is not None and there is not agent:
        _log_out(floor, there, "phone_taken")
    if agent.state == "offered" and agent.phone != event.phone:
        cancel_offer(floor, floor.offers[agent.offer])
    agent.forget_failures()
    floor.tell_agent(agent, "logged_in", intent=("not_ready", "login"), phone=event.phone, unreachable=False)


def agent_logged_out(floor: Floor, event: events.AgentLoggedOut) -> None:
    """The agent leaves: at once when free, after the conversation else; a ringing offer is withdrawn."""
    agent = known_agent(floor, event.agent)
    if agent is not None:
        _log_out(floor, agent, event.reason)


def _log_out(floor: Floor, agent: Agent, reason: str) -> None:
    if floor.tell_agent(agent, "logged_out", intent=("offline", reason)) and agent.state == "offered":
        cancel_offer(floor, floor.offers[agent.offer])


def _seated_agent(floor: Floor, number: str) -> Agent | None:
    """The agent, unless somebody else sits at the phone by now: whoever is still at work there logs out."""
    agent = known_agent(floor, number)
    if agent is not None and agent.state != "offline" and not floor.has_seat(agent):
        floor.ignore("somebody else has logged in at the agent's phone")
        return None
    return agent


def agent_became_ready(floor: Floor, event: events.AgentBecameReady) -> None:
    """The agent intends to take calls. That also says that the phone is in reach; a failed offer will tell
    if it is not."""
    agent = _seated_agent(floor, event.agent)
    if agent is not None:
        agent.forget_failures()
        floor.tell_agent(agent, "became_ready", intent=("ready", ""), unreachable=False)


def agent_became_not_ready(floor: Floor, event: events.AgentBecameNotReady) -> None:
    """The agent intends to take no further call; one that rings or runs is not touched."""
    agent = _seated_agent(floor, event.agent)
    if agent is not None:
        floor.tell_agent(agent, "became_not_ready", intent=("not_ready", event.reason))


def phone_became_unreachable(floor: Floor, event: events.PhoneBecameUnreachable) -> None:
    """The phone lost its registration: the agent is not offered anything, whatever the intent."""
    agent = known_agent(floor, event.agent)
    if agent is not None:
        floor.tell_agent(agent, "phone_lost", unreachable=True)


def phone_became_reachable(floor: Floor, event: events.PhoneBecameReachable) -> None:
    """The phone is back: the intent counts again."""
    agent = known_agent(floor, event.agent)
    if agent is not None:
        floor.tell_agent(agent, "phone_back", unreachable=False)


def phone_gone_too_long(floor: Floor, number: str) -> None:
    """Nobody sits at a phone that is gone: logged out, after-contact work and a conversation excepted."""
    agent = floor.agents[number]
    if floor.tell_agent(agent, "phone_gone", intent=("offline", "phone_gone")) and agent.state == "offered":
        cancel_offer(floor, floor.offers[agent.offer])


def break_over(floor: Floor, number: str) -> None:
    """Not ready for longer than this reason may last."""
    floor.tell_agent(floor.agents[number], "break_over", overdue=True)


def settings_changed(floor: Floor, event: events.SettingsChanged) -> None:
    """Skills and rules are current from here on; agents no longer named go offline once they are free."""
    floor.settings_version = event.version
    floor.choice_seed = event.choice_seed
    floor.queues = {rules.name: rules for rules in event.queues}
    floor.agent_rules, floor.break_ms = event.agent_rules, dict(event.agent_rules.break_ms)
    named = {profile.number: profile for profile in event.agents}
    for agent in list(floor.agents.values()):
        if agent.number not in named and not agent.removed:
            agent.removed = True
            if agent.state == "offline":
                floor.dismiss(agent)
            else:
                _log_out(floor, agent, "removed")
    kept = [agent for agent in floor.agents.values() if agent.number not in named]
    agents = {agent.number: agent for agent in kept}
    places = {profile.number: place for place, profile in enumerate(event.agents)}
    for number in sorted(named):
        agent = floor.engage(number)
        agent.skills = dict(named[number].skills)
        agent.also = named[number].also
        agent.removed = False
        agent.place = places[number]
        agents[number] = agent
    floor.agents = agents
    floor.index_agents()
    judge_agents(floor, list(agents.values()))
