"""A call's plan: whom it asks for at first, and how that widens while it waits.

The plan is resolved once, when the call enters its queue, from the queue's steps and the agents preferred for
this caller; it is kept with the call and in its facts. Each step says all that is asked from its time on: the
needs, and if `prefer` names somebody, only they. Times count from the entry into the queue. This module must
not know who is ready, nor the waiting line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from acd.core.needs import join_needs, parse_needs


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What is asked from after_ms on, counted from the entry; needs as `str(Needs)` spells them."""

    after_ms: int
    needs: str
    prefer: tuple[str, ...] = ()  # agents' numbers; (): anyone who meets the needs

    def to_dict(self) -> dict[str, Any]:
        """JSON values, as they stand in facts."""
        return {"after_ms": self.after_ms, "needs": self.needs, "prefer": list(self.prefer)}


def step_from(values: Mapping[str, Any]) -> PlanStep:
    """What to_dict gave."""
    return PlanStep(values["after_ms"], values["needs"], tuple(values["prefer"]))


def resolve_plan(
    needs: str,
    chosen: str,
    steps: Iterable[tuple[int, str]],
    preferred: Iterable[tuple[str, int]],
) -> tuple[PlanStep, ...]:
    """The plan, of one step at least; the first begins at once.

    needs: those of the entry; chosen: what every step asks for besides its own needs; steps: (after_ms,
    needs) of the queue; preferred: (agent, until_ms), each waited for that long. Raises NeedsError.
    """
    asked = [(0, str(parse_needs(needs)))]
    asked += [(after_ms, str(parse_needs(join_needs(step, chosen)))) for after_ms, step in steps]
    waited_for: dict[str, int] = {}
    for agent, until_ms in preferred:
        if until_ms > 0:
            waited_for[agent] = max(until_ms, waited_for.get(agent, 0))
    times = sorted({after_ms for after_ms, _ in asked} | set(waited_for.values()))
    plan: list[PlanStep] = []
    for time_ms in times:
        now_asked = [one for after_ms, one in asked if after_ms <= time_ms][-1]
        prefer = tuple(agent for agent, until_ms in waited_for.items() if until_ms > time_ms)
        if not plan or (plan[-1].needs, plan[-1].prefer) != (now_asked, prefer):
            plan.append(PlanStep(time_ms, now_asked, prefer))
    return tuple(plan)
