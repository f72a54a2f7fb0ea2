"""Why a certain agent was not offered a certain call: the one reason that counts, as a phrase.

The reasons come in the order in which proofs count them: not among the agents, not skilled enough, not one of
those preferred, in a state in which nobody is offered anything; and of one who could have been offered the
call, in what another was better. This module must not know languages, clocks, or where facts come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acd.core.agents import Agent
from acd.core.choice import LONGEST_IDLE, POLICIES
from acd.core.needs import NeedsError, parse_needs
from acd.core.recount import Clock, Proof, Scene, needs_of, policy_of
from acd.core.views import AgentView
from hotline.core.phrases import Phrase, phrase
from hotline.core.settings import Text


class WhyNot:
    """Answers for one moment; `clock` writes instants, `reasons` are the settings' own for not ready."""

    def __init__(self, scene: Scene, clock: Clock, reasons: Mapping[str, Text]) -> None:
        self._scene = scene
        self._clock = clock
        self._reasons = reasons

    def __call__(
        self, number: str, proof: Proof, chosen: Sequence[str], steps: Sequence[Mapping[str, Any]] = ()
    ) -> Phrase:
        """Why this agent did not ring.

        chosen: the agents who did, none while the call only waits; steps: those of the call's plan that had
        not come, as CallQueued has them, with `at_ms` for the instant of each.
        """
        if number in chosen:
            return phrase("explain.rang_here", agent=number)
        agent = self._scene.agents.get(number)
        if agent is None:
            return phrase("explain.no_agent", agent=number, version=self._scene.settings.version)
        excluded = self._scene.excluded_by(agent, needs_of(proof), proof)
        if excluded == "lacks_skills":
            return self._lacks(agent, proof, steps)
        if excluded == "not_preferred":
            return self._not_preferred(agent, proof, steps)
        if excluded is not None:
            return self._in_state(self._scene.view(number))
        return self._behind(agent, proof, chosen)

    def _lacks(self, agent: Agent, proof: Proof, steps: Sequence[Mapping[str, Any]]) -> Phrase:
        levels = ", ".join(
            f"{lack.skill} {lack.has} < {lack.asked}" for lack in needs_of(proof).shortfalls(agent.skills)
        )
        if levels:
            why = phrase("explain.lacks", agent=agent.number, needs=proof["needs"], levels=levels)
        else:
            why = phrase("explain.has_refused_skill", agent=agent.number, needs=proof["needs"])
        return self._until_a_step(agent, why, steps)

    def _not_preferred(self, agent: Agent, proof: Proof, steps: Sequence[Mapping[str, Any]]) -> Phrase:
        others = ", ".join(proof["preferred"])
        return self._until_a_step(agent, phrase("explain.not_preferred", others=others), steps)

    def _until_a_step(self, agent: Agent, why: Phrase, steps: Sequence[Mapping[str, Any]]) -> Phrase:
        """The reason, and the step that would have let the agent in, if one was still to come."""
        for step in steps:
            if _lets_in(step, agent):
                at = self._clock(step["at_ms"])
                return phrase("explain.step_not_open", why=why, step=step["step"], needs=step["needs"], at=at)
        return why

    def _in_state(self, view: AgentView) -> Phrase:
        since = self._clock(view.since_ms) if view.since_ms else ""
        if view.state in ("offered", "on_contact", "on_hold"):
            return self._held(view, since)
        if view.state == "acw" and view.until_ms <= self._scene.at_ms:
            return phrase("explain.acw_code", since=since)
        if view.state == "acw":
            return phrase("explain.acw", until=self._clock(view.until_ms))
        if view.state == "communicating":
            until = self._clock(view.until_ms) if view.until_ms else phrase("explain.open_end")
            reason = self._reason(view.reason)
            return phrase("explain.communicating", since=since, until=until, reason=reason)
        if view.state == "not_ready":
            reason = self._reason(view.reason)
            return phrase("explain.not_ready", since=since, reason=reason)
        if view.state == "not_responding":
            return phrase("explain.not_responding", since=since)
        if view.state == "unknown":
            return phrase("explain.unknown_state", since=since)
        if not since:
            return phrase("explain.never_here")
        return phrase("explain.offline", since=since, reason=self._reason(view.reason))

    def _held(self, view: AgentView, since: str) -> Phrase:
        contact = view.contact or phrase("explain.unknown_contact")
        match view.state:
            case "offered":
                return phrase("explain.reserved", contact=contact, since=since)
            case "on_hold":
                return phrase("explain.holding", contact=contact, since=since)
        return phrase("explain.talking", contact=contact, since=since)

    def _reason(self, reason: str) -> Phrase | Text | str:
        """The settings' words for a reason, else ours, else the reason as it was given."""
        if reason in self._reasons:
            return self._reasons[reason]
        if reason in _OUR_REASONS:
            return phrase(f"explain_reason.{reason}")
        return reason or phrase("explain.no_reason")

    def _behind(self, agent: Agent, proof: Proof, chosen: Sequence[str]) -> Phrase:
        order = self._scene.best(proof)
        places = {number: place for place, (_, _, number) in enumerate(order, 1)}
        if not chosen:
            return phrase("explain.free", agent=agent.number)
        mine = order[places[agent.number] - 1]
        # Of several who rang, the last is the one whom this agent would have had to come before.
        rival = max(chosen, key=lambda number: places.get(number, 0))
        if places.get(rival, 0) == 0 or places[rival] > places[agent.number]:
            return phrase("explain.passed_over", agent=agent.number, chosen=rival)
        theirs = order[places[rival] - 1]
        policy = policy_of(proof)
        if policy != LONGEST_IDLE and policy in POLICIES and mine[0] != theirs[0]:
            return phrase(
                "explain.worse_key",
                agent=agent.number,
                chosen=rival,
                policy=phrase(f"explain_policy.{policy}"),
                mine=shown_key(policy, mine[0], self._clock),
                theirs=shown_key(policy, theirs[0], self._clock),
            )
        idle, longer = self._clock(mine[1]), self._clock(theirs[1])
        if mine[1] == theirs[1]:
            return phrase("explain.higher_number", chosen=rival, since=idle)
        return phrase("explain.less_idle", agent=agent.number, chosen=rival, since=idle, longer=longer)


def shown_key(policy: str, key: int, clock: Clock) -> Phrase | str:
    """A policy's number of an agent as people read it."""
    match policy:
        case "least_occupied":
            return f"{key / 10_000:.1f} %"
        case "highest_level":
            return str(-key)
        case "round_robin":
            return clock(key) if key else phrase("explain.never")
        case "fixed_order":
            return str(key + 1)
    return str(key)


_OUR_REASONS = (
    "login",
    "own_call",
    "phone_gone",
    "rejected",
    "unreachable",
    "no_answer",
    "busy",
    "unknown",
    "lease_expired",
    "phone_taken",
    "removed",
)


def _lets_in(step: Mapping[str, Any], agent: Agent) -> bool:
    try:
        needs = parse_needs(step["needs"])
    except NeedsError:
        return False
    return needs.met_by(agent.skills) and (not step["prefer"] or agent.number in step["prefer"])
