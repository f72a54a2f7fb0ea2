"""Waiting for facts: reads a service's journal, which holds every fact before anybody acts on it.

The journal rather than acd's stream, so that nothing is missed while acd is killed and started again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.waiting import until
from hotline.journal import Envelope, JournalReader


class FactLog:
    """All facts of one journal since this object was made (or, with everything, since the journal began)."""

    def __init__(self, folder: Path, *, everything: bool = False) -> None:
        self._folder, self._reader = folder, JournalReader(folder)
        self._facts: list[Envelope] = []
        if not everything:
            self.all()
            self._facts.clear()

    def all(self) -> list[Envelope]:
        """The facts so far, in order."""
        while new := self._reader.read():
            self._facts += [envelope for _, envelope in new]
        return self._facts

    def of(self, kind: str, **body: Any) -> list[Envelope]:
        """The facts of this kind whose body has these values."""
        return [fact for fact in self.all() if matches(fact, kind, body)]

    async def fact(self, kind: str, *, count: int = 1, within_s: float = 5.0, **body: Any) -> Envelope:
        """Wait until there are so many such facts; returns the last of them. Raises TimeoutError."""

        def miss() -> str:
            kinds = [f"{fact.kind} {fact.contact or fact.body.get('agent', '')}" for fact in self.all()[-12:]]
            return f"{count} {kind} with {body}; the last facts were {kinds}"

        await until(lambda: len(self.of(kind, **body)) >= count, miss, within_s)
        return self.of(kind, **body)[count - 1]

    async def agent_state(self, agent: str, state: str, *, within_s: float = 5.0) -> Envelope:
        """Wait until an agent's newest state is this one. Raises TimeoutError."""

        def newest() -> Envelope | None:
            changes = self.of("AgentStateChanged", agent=agent)
            return changes[-1] if changes else None

        def reached() -> bool:
            change = newest()
            return change is not None and change.body["state"] == state

        def miss() -> str:
            change = newest()
            return f"agent {agent} {state}, is {change.body['state'] if change else 'unknown'}"

        await until(reached, miss, within_s)
        change = newest()
        assert change is not None
        return change

    def close(self) -> None:
        """Close the file being read."""
        self._reader.close()


def matches(fact: Envelope, kind: str, body: dict[str, Any]) -> bool:
    """Whether a fact is of this kind and has these values in its body."""
    return fact.kind == kind and all(fact.body.get(key) == value for key, value in body.items())
