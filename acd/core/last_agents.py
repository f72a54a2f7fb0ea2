"""Who served a caller last: a bounded memory by caller reference, the one unheard of for longest forgotten.

Callers are references, never numbers; one who withholds the number has none and is not remembered.
"""

from __future__ import annotations

from collections.abc import Mapping

CALLERS_LIMIT = 10_000


class LastAgents:
    """Caller reference -> the agent's number, in the order in which they talked last."""

    def __init__(self) -> None:
        self._agents: dict[str, str] = {}

    def note(self, caller: str, agent: str) -> None:
        """The caller talks with this agent now; "" is nobody."""
        if not caller:
            return
        self._agents.pop(caller, None)
        self._agents[caller] = agent
        if len(self._agents) > CALLERS_LIMIT:
            del self._agents[next(iter(self._agents))]

    def of(self, caller: str) -> str:
        """The agent who talked last with this caller, or ""."""
        return self._agents.get(caller, "")

    def to_dict(self) -> dict[str, str]:
        """JSON-ready, in order."""
        return dict(self._agents)

    def load(self, snapshot: Mapping[str, str]) -> None:
        """Takes over what to_dict gave."""
        self._agents = dict(snapshot)
