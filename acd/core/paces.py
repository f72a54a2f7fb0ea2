"""How long each agent's talks last beside the usual ones of the same queues: his pace, 1 being usual.

It must not know clocks, facts or the distributor's tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

KEPT_TALKS = 100
"""The newest so many weigh; those before fade."""

USUAL_TALKS = 10
"""Every agent is taken to have had so many usual talks besides: a few long ones say little of him."""

LEAST_PACE, MOST_PACE = 0.5, 3.0


class Paces:
    """Per agent: how many talks, how long they lasted, how long they would have lasted usually (ms)."""

    def __init__(self) -> None:
        self._talks: dict[str, tuple[int, int, int]] = {}

    def add(self, agent: str, handling_ms: int, usual_ms: int, most_ms: int) -> None:
        """One more talk of this agent.

        usual_ms: the mean of its queue (0: nobody knows); most_ms: what a talk counts for in that at most.
        """
        if usual_ms <= 0:
            return
        count, own_ms, usually_ms = self._talks.get(agent, (0, 0, 0))
        if count == KEPT_TALKS:
            count, own_ms, usually_ms = (part - part // KEPT_TALKS for part in (count, own_ms, usually_ms))
        self._talks[agent] = (count + 1, own_ms + min(handling_ms, most_ms), usually_ms + usual_ms)

    def of(self, agent: str) -> float:
        """The agent's pace; 1 for one of whom nothing is known."""
        count, own_ms, usually_ms = self._talks.get(agent, (0, 0, 1))
        pace = (count * own_ms / usually_ms + USUAL_TALKS) / (count + USUAL_TALKS)
        return min(max(pace, LEAST_PACE), MOST_PACE)

    def to_dict(self) -> dict[str, list[int]]:
        """Everything, JSON-ready."""
        return {agent: list(talks) for agent, talks in self._talks.items()}

    def load(self, kept: Mapping[str, Sequence[int]]) -> None:
        """What to_dict gave."""
        self._talks = {agent: (talks[0], talks[1], talks[2]) for agent, talks in kept.items()}
