"""Which of several ready agents is offered a call: the policies of a queue, each a number per agent.

The agent with the least number is chosen; of equals the longest idle, then the lowest agent number as text.
So every policy is a total order, and the same floor always gives the same agent. This module must not know
calls, offers or how agents became ready.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import blake2b

from acd.core.agents import Agent

LONGEST_IDLE = "longest_idle"

POLICIES = {
    LONGEST_IDLE: "longest idle",
    "least_occupied": "least occupied today",
    "fewest_contacts": "fewest contacts today",
    "highest_level": "highest level in the skills asked for",
    "least_versatile": "fewest skills",
    "round_robin": "longest without an offer",
    "fixed_order": "order of the settings",
    "random": "chance by seed",
}
"""Every policy in words, as proofs name it."""

Rank = Callable[[Agent], int]


def tie_break(policy: str) -> str:
    """By what the agent was chosen, in words, from the first to the last resort."""
    idle = "longest idle, then lowest agent number"
    return idle if policy == LONGEST_IDLE else f"{POLICIES[policy]}, then {idle}"


def rank_of(policy: str, skills: Collection[str], seed: str, now_ms: int, day_ms: int) -> Rank:
    """The policy's number of an agent, the least first.

    skills: those that the call asks for; seed: for chance; day_ms: when today began.
    """
    match policy:
        case "least_occupied":
            return lambda agent: occupancy_ppm(agent, now_ms, day_ms)
        case "fewest_contacts":
            return lambda agent: agent.contacts
        case "highest_level":
            return lambda agent: -sum(agent.skills.get(skill, 0) for skill in skills)
        case "least_versatile":
            return lambda agent: len(agent.skills)
        case "round_robin":
            return lambda agent: agent.offered_ms
        case "fixed_order":
            return lambda agent: agent.place
        case "random":
            return lambda agent: chance(seed, agent.number)
    return lambda agent: agent.idle_since_ms


def occupancy_ppm(agent: Agent, now_ms: int, day_ms: int) -> int:
    """Parts per million of today's time on contacts, on hold and in after-contact work, of that and ready.

    agent is ready. Source: `acd.core.formulas`, occupancy.
    """
    free_ms = agent.free_ms + now_ms - max(agent.counted_ms, day_ms)
    both_ms = agent.busy_ms + free_ms
    return agent.busy_ms * 1_000_000 // both_ms if both_ms else 0


def chance(seed: str, number: str) -> int:
    """A number of 48 bits that is as good as random and the same for the same seed and agent."""
    return int.from_bytes(blake2b(f"{seed}/{number}".encode(), digest_size=6).digest(), "big")
