"""A scenario in the distributor's own words: profiles of agents and rules of queues."""

from __future__ import annotations

from acd.core.house_rules import AgentProfile, QueueRules, StepRules
from acd.simulation.people import HEAD_START_MS
from acd.simulation.scenario import AgentGroup, QueuePlan, Scenario

FIRST_AGENT = 100_000
NO_LIMIT = 1_000_000_000
ENDLESS_WORK_MS = 1_000_000_000_000  # the agent finishes it

_LEASE_MS = 1_000


def numbered_agents(scenario: Scenario) -> list[tuple[str, AgentGroup]]:
    """Every agent's number with its group; numbers ascend in the order of the groups, also as texts."""
    groups = [group for group in scenario.groups for _ in range(group.count)]
    return [(str(FIRST_AGENT + index), group) for index, group in enumerate(groups)]


def agent_profiles(scenario: Scenario) -> tuple[AgentProfile, ...]:
    """The agents as settings say them."""
    return tuple(
        AgentProfile(number, tuple(sorted(group.skills.items())))
        for number, group in numbered_agents(scenario)
    )


def after_contact_rule_ms(queue: QueuePlan) -> int:
    """How long the distributor lets after-contact work last; 0: there is none."""
    if queue.after_contact.kind == "constant":
        return round(queue.after_contact.mean_s * 1000)
    return ENDLESS_WORK_MS


def queue_rules(scenario: Scenario) -> tuple[QueueRules, ...]:
    """The queues as settings say them."""
    # A lease must outlast whatever delay is modelled: no offer is to be lost by it.
    ring_ms = scenario.ring_ms + scenario.decision_delay_ms + _LEASE_MS
    return tuple(
        QueueRules(
            name=queue.name,
            needs="",
            priority=queue.priority,
            after_contact_ms=after_contact_rule_ms(queue),
            offer_ring_ms=ring_ms,
            target_ms=0,
            max_waiting=queue.max_waiting or NO_LIMIT,  # 0: the house turns away who is not offered at once
            order=queue.order,
            head_start_ms=HEAD_START_MS,
            agent_choice=scenario.agent_choice,
            steps=tuple(StepRules(step.after_ms, str(step.needs)) for step in queue.steps),
        )
        for queue in scenario.queues
    )
