"""What a failed offer makes of the agent, by its cause and by how many there were in a row.

The house's rules (`AgentRules.failed_offers`) say it per cause; by default:
- no_answer: not_responding until the agent goes ready again;
- rejected, agent_gone (answered, hung up in the whisper): not ready, reason "rejected", by the agent's deed;
- unreachable: not ready, reason "unreachable", until the phone is reachable or the agent goes ready;
- busy, unknown: left alone for a while (communicating), so that a broken phone is not rung in a tight loop;
- caller_gone, withdrawn, lost: no mark; the idle time goes on if the phone had not rung yet;
- answered_elsewhere, picked_up, not_reached (the person of a callback): no mark, and the idle time goes on.
An agent who meanwhile intends something else than ready gets that instead of a mark.
"""

from __future__ import annotations

from acd.core.agents import Agent
from acd.core.floor import Floor
from acd.core.house_rules import FailedOfferRule

_COUNTED_AS = {"agent_gone": "rejected", "unknown": "busy"}
_PAUSE = FailedOfferRule("paused")
UNREACHABLE = "unreachable"


def agent_after_failure(floor: Floor, agent: Agent, cause: str, *, keep_idle: bool) -> None:
    """The agent is free of an offer that led to no conversation for this cause."""
    counted = _COUNTED_AS.get(cause, cause)
    rule = dict(floor.agent_rules.failed_offers).get(counted)
    if rule is None or agent.intent != "ready":
        gone = True if cause == UNREACHABLE else None
        floor.tell_agent(agent, "leg_over", unreachable=gone, keep_idle=keep_idle)
        return
    if agent.count_failure(counted) < rule.after:
        rule = _PAUSE
    if rule.becomes != _PAUSE.becomes:
        agent.forget_failures()
    match rule.becomes:
        case "not_responding":
            what = "unanswered" if counted == "no_answer" else "set_aside"
            floor.tell_agent(agent, what, reason=counted)
        case "not_ready" if counted == UNREACHABLE:
            floor.tell_agent(agent, "leg_over", unreachable=True)
        case "not_ready":
            floor.tell_agent(agent, "leg_over", intent=("not_ready", counted))
        case "logged_out":
            floor.tell_agent(agent, "leg_over", intent=("offline", counted))
        case _:
            until_ms = floor.now_ms + floor.agent_rules.pause_ms
            floor.tell_agent(agent, "turned_away", reason=cause, until_ms=until_ms)
