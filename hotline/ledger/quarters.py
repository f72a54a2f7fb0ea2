"""Totals of quarters of an hour: books for the fold that collect what a batch of facts adds.

The stored totals are never held in memory: what a batch adds is added to them in the batch's transaction.
So writing facts in any batches gives the same totals as one rebuild. Must not know journals.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from acd.core.totals import AgentTotals, Totals
from hotline.database import load_queries

QUARTER_MS = 15 * 60 * 1000
HOUSE = ""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SQL = load_queries("hotline.ledger", "queries.sql")

Page = TypeVar("Page", Totals, AgentTotals)
Key = tuple[int, str]


class Quarters:
    """What has been counted since the last `forget`, by quarter (its first ms) and queue or agent."""

    def __init__(self) -> None:
        self._totals: dict[Key, Totals] = {}
        self._agents: dict[Key, AgentTotals] = {}

    def house(self, began_ms: int) -> Totals:
        return self.queue(began_ms, HOUSE)

    def queue(self, began_ms: int, queue: str) -> Totals:
        return self._totals.setdefault((began_ms - began_ms % QUARTER_MS, queue), Totals())

    def agent(self, began_ms: int, agent: str) -> AgentTotals:
        return self._agents.setdefault((began_ms - began_ms % QUARTER_MS, agent), AgentTotals())

    def agent_time(self, agent: str, state: str, from_ms: int, to_ms: int) -> None:
        while from_ms < to_ms:
            edge_ms = min(to_ms, from_ms - from_ms % QUARTER_MS + QUARTER_MS)
            times = self.agent(from_ms, agent).states_ms
            times[state] = times.get(state, 0) + edge_ms - from_ms
            from_ms = edge_ms

    def forget(self) -> None:
        """Nothing has been counted."""
        self._totals, self._agents = {}, {}

    async def save(self, connection: Any) -> None:
        """Add what was counted to the stored totals, and forget it. Within the caller's transaction."""
        await _add(connection, self._totals, Totals, "quarters", "set_quarter")
        await _add(connection, self._agents, AgentTotals, "agent_quarters", "set_agent_quarter")
        self.forget()


async def _add(connection: Any, counted: dict[Key, Page], kind: type[Page], find: str, store: str) -> None:
    changed = {(_at(ms), name): page for (ms, name), page in counted.items() if page != kind()}
    if not changed:
        return
    found = await connection.fetch(
        _SQL[find], [began_at for began_at, _ in changed], [name for _, name in changed]
    )
    stored = {(row["began_at"], row["name"]): kind.from_dict(json.loads(row["totals"])) for row in found}
    rows = []
    for (began_at, name), page in changed.items():
        whole = stored.get((began_at, name), kind()) + page
        rows.append((began_at, name, json.dumps(whole.to_dict(), ensure_ascii=False)))
    await connection.executemany(_SQL[store], rows)


def _at(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)
