"""When the ledger looks, and for what it waits, without PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hotline.journal import JournalWriter
from hotline.ledger.service import BATCH_S, POLL_S, Ledger
from hotline.ledger.store import Entry, Offset, Store


class Kept:
    """Stands for PostgreSQL: remembers which facts came together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.offsets: dict[str, Offset] = {}
        self.position = 0

    async def write(self, entries: list[Entry]) -> int:
        self.batches.append([envelope.fact_id for _, envelope in entries])
        return len(entries)

    async def close(self) -> None:
        pass


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    kept = Kept()

    async def opened(_: str) -> Kept:
        return kept

    monkeypatch.setattr(Store, "open", opened)
    return kept


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    journal = JournalWriter(tmp_path / "acd", "acd")
    yield journal
    journal.close()


async def pauses_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *meanwhile: Callable[[], None]
) -> list[float]:
    """Lets a ledger run, with something to happen in each of its pauses, and stop after the last of them."""
    pauses: list[float] = []
    happen = iter(meanwhile)

    async def pause(ledger: Ledger, pause_s: float) -> None:
        pauses.append(pause_s)
        next(happen, ledger.stop)()

    monkeypatch.setattr(Ledger, "_pause", pause)
    await Ledger(lambda writer: folder / writer, "", CollectorRegistry()).run()
    return pauses


async def test_what_comes_within_a_window_after_the_look_is_one_batch(
    tmp_path: Path, kept: Kept, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(fact_id: str) -> None:
        journal.append("Good", 1, {}, fact_id=fact_id)

    def tell_more() -> None:
        tell("b")
        tell("c")

    pauses = await pauses_of(tmp_path, monkeypatch, lambda: tell("a"), tell_more)
    assert kept.batches == [["a", "b", "c"]]
    assert pauses[:3] == [POLL_S, BATCH_S, POLL_S]


async def test_a_backlog_is_written_without_a_pause(
    tmp_path: Path, kept: Kept, journal: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1_200):
        journal.append("Good", 1, {}, fact_id=str(number))
    pauses = await pauses_of(tmp_path, monkeypatch)
    assert [len(batch) for batch in kept.batches] == [500, 500, 200]
    assert pauses[0] == BATCH_S
