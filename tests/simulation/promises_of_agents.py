"""What is promised of agents: states and idle times that follow, work to its end, codes and raised hands."""

from __future__ import annotations

from known_house import HELD_STATES, NO_MARK, NO_OFFENCE, WORK_STATES, Agent, Known

from acd.core import facts


def agent_changed(known: Known, fact: facts.AgentStateChanged) -> None:
    """Work to its end, states that follow from intents, idle times from becoming ready."""
    agent = known.agents.setdefault(fact.agent, Agent())
    if agent.state == "acw" and fact.state != "acw":
        in_time = known.now_ms >= agent.acw_until_ms or fact.agent in known.finished_work
        is_recalled = fact.state == "offered" and agent.recalled_until_ms > 0
        may_end = in_time or is_recalled or fact.state in ("offline", "on_contact")
        known.expect(may_end, f"{fact} ends work too early")
    if fact.state not in HELD_STATES and agent.recalled_until_ms:
        _check_work_goes_on(known, agent, fact)
    if fact.state not in HELD_STATES:
        known.expect(fact.state == "acw" or not agent.must_work, f"{fact} instead of after-contact work")
        agent.must_work = False
    if fact.state == "acw":
        ahead = agent.state == "acw" or fact.until_ms >= known.now_ms
        known.expect(ahead and fact.until_ms > 0, f"{fact} without a deadline")
        agent.acw_until_ms = fact.until_ms
        agent.awaits_code = fact.reason == "disposition"
    if fact.state == "ready":
        known.expect(fact.intent == "ready", f"{fact}: not what the agent intends")
        if agent.state != "ready":
            _count_idle(known, agent, fact)
        known.expect(fact.idle_since_ms == agent.idle_since_ms, f"{fact}: idle since {agent}")
    if agent.state == "ready":
        agent.free_ms += known.now_ms - agent.told_ms
    elif agent.state in WORK_STATES:
        agent.busy_ms += known.now_ms - agent.told_ms
    agent.told_ms = known.now_ms
    if fact.state not in ("ready", *HELD_STATES):
        agent.idle_since_ms = 0  # who takes a call from here has no idle time that could go on
    agent.state, agent.intent = fact.state, fact.intent


def _check_work_goes_on(known: Known, agent: Agent, fact: facts.AgentStateChanged) -> None:
    """Nothing came of the call that was back, or the agent has talked with the caller again."""
    has_talked = known.offers[agent.last_offer].over == "segment"
    is_over = known.now_ms >= agent.recalled_until_ms or fact.agent in known.finished_work
    same = (fact.state, fact.until_ms) == ("acw", agent.recalled_until_ms)
    may_end = has_talked or is_over or same or fact.state == "offline"
    known.expect(may_end, f"{fact} ends work until {agent.recalled_until_ms}")
    agent.recalled_until_ms = 0
    if agent.mark in ("busy", "unknown"):
        agent.mark = ""  # the work is pause enough


def _count_idle(known: Known, agent: Agent, fact: facts.AgentStateChanged) -> None:
    offer = known.offers.get(agent.last_offer)
    unheard = offer is not None and not offer.rang and not offer.answered and offer.over in NO_MARK
    unheard = unheard or (offer is not None and offer.over in NO_OFFENCE)
    if agent.is_idle_unsure and fact.idle_since_ms == agent.idle_since_ms:
        return
    is_spared = offer is not None and offer.over == "not_reached"  # answered, and the idle time goes on …
    if is_spared and fact.idle_since_ms == agent.idle_since_ms:  # … unless acd was killed meanwhile
        return
    if agent.state in ("offered", "unknown") and unheard and agent.idle_since_ms:
        return
    agent.idle_since_ms = known.now_ms


def disposition_missed(known: Known, fact: facts.DispositionMissed) -> None:
    """At the end of work or in a conversation."""
    agent = known.agents[fact.agent]
    known.expect(agent.state in ("acw", *HELD_STATES), f"{fact} by {agent}")


def help_asked(known: Known, fact: facts.HelpAsked) -> None:
    """Once, by one who is there."""
    agent = known.agents[fact.agent]
    known.expect(not agent.help_ms and agent.state != "offline", f"{fact} by {agent}")
    agent.help_ms = fact.at_ms


def help_ended(known: Known, fact: facts.HelpEnded) -> None:
    """After the time that it took."""
    agent = known.agents[fact.agent]
    known.expect(fact.waited_ms == fact.at_ms - agent.help_ms, f"{fact} by {agent}")
    agent.help_ms = 0
