"""Pages of quarters of an hour, in memory: where things are counted, and how time in states is split."""

from __future__ import annotations

from typing import Any

from hotline.ledger.quarters import QUARTER_MS, Quarters

START_MS = 1_767_225_600_000


class Table:
    """Stands for PostgreSQL: empty, and remembers what is written."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    async def fetch(self, *_: object) -> list[Any]:
        return []

    async def executemany(self, _: str, rows: list[tuple[Any, ...]]) -> None:
        self.rows += rows


def test_what_began_in_one_quarter_is_on_one_page() -> None:
    quarters = Quarters()
    page = quarters.queue(START_MS, "sales")
    assert quarters.queue(START_MS + QUARTER_MS - 1, "sales") is page
    assert quarters.queue(START_MS + QUARTER_MS, "sales") is not page
    assert quarters.queue(START_MS, "service") is not page
    assert quarters.house(START_MS) is not page


def test_time_in_a_state_is_split_at_the_edges() -> None:
    quarters = Quarters()
    quarters.agent_time("1001", "ready", START_MS + QUARTER_MS - 1_000, START_MS + 2 * QUARTER_MS + 2_000)
    spent = [quarters.agent(START_MS + n * QUARTER_MS, "1001").states_ms for n in range(4)]
    assert spent == [{"ready": 1_000}, {"ready": QUARTER_MS}, {"ready": 2_000}, {}]


async def test_pages_on_which_nothing_was_counted_are_not_written() -> None:
    quarters, table = Quarters(), Table()
    quarters.house(START_MS)
    quarters.queue(START_MS, "sales").offered += 1
    await quarters.save(table)
    assert [name for _, name, _ in table.rows] == ["sales"]
    table.rows.clear()
    await quarters.save(table)
    assert table.rows == [], "what was saved is forgotten"
