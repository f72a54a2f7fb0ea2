"""What a simulation is asked to do, as values. Checked by `reading`; must not know files or TOML.

Times are whole ms from the start of a replication unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.needs import Needs

AGENT_CHOICES = (
    "longest_idle",
    "least_occupied",
    "fewest_contacts",
    "highest_level",
    "least_versatile",
    "round_robin",
    "fixed_order",
    "random",
)
ORDERS = ("oldest_first", "strict")
DISTRIBUTIONS = ("constant", "exponential", "lognormal", "infinite")


@dataclass(frozen=True, slots=True)
class Distribution:
    """A time by chance. cv: coefficient of variation (lognormal only); infinite has no mean."""

    kind: str  # of DISTRIBUTIONS
    mean_s: float = 0.0
    cv: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When contacts come: a Poisson stream with one rate per hour, over and over, or recorded times."""

    rates_per_hour: tuple[float, ...] = ()
    recorded_ms: tuple[int, ...] = ()  # ascending; used when there are no rates


@dataclass(frozen=True, slots=True)
class Step:
    """From after_ms on, counted from the entry, the contact needs only this."""

    after_ms: int
    needs: Needs


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One queue, its contacts and what they need."""

    name: str
    needs: Needs
    arrivals: Arrivals
    handle: Distribution
    after_contact: Distribution
    patience: Distribution
    priority: int = 0
    order: str = "oldest_first"  # of ORDERS
    max_waiting: int | None = None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentGroup:
    """Agents alike. shifts_ms: when they are there, ascending; () = always."""

    count: int
    skills: dict[str, int]
    shifts_ms: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything of one run; see docs/simulation.md for the meaning of each value."""

    seed: int
    replications: int
    warmup_ms: int
    duration_ms: int
    max_contacts: int | None
    agent_choice: str  # of AGENT_CHOICES
    service_levels_s: tuple[float, ...]
    ring_ms: int
    no_answer_share: float
    decision_delay_ms: int
    poll_interval_ms: int
    queues: tuple[QueuePlan, ...]
    groups: tuple[AgentGroup, ...]

    @property
    def end_ms(self) -> int:
        """When arrivals stop."""
        return self.warmup_ms + self.duration_ms
