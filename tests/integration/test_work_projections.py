"""Agents' work beside conversations and what befell callers, as tables: in any batches and rebuilt alike."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ledgers import projections, run_once, write
from stories import DAY_MS

from acd.core import facts
from acd.core.facts import Fact
from hotline.journal import JournalWriter
from hotline.ledger.store import rebuild_projections

HOSTILE = "=cmd|'/C calc'!A0"


def a_day() -> list[Fact]:
    """Something of each kind; what is told twice, corrected, or never ended is among it."""
    at = DAY_MS
    return [
        facts.OutgoingStarted(at, "o1", "c1", "1001", "p1", "ref-9", "carrier", "0", False),
        facts.OutgoingStarted(at + 1, "o2", "", "1002", "p2", "ref-8", "carrier", "110", True),
        facts.OutgoingAnswered(at + 4_000, "o1", "c1", "1001", "incoming/o-1"),
        facts.OutgoingEnded(at + 64_000, "o1", "c1", "1001", "answered", 60_000, 16),
        facts.OutgoingRefused(at + 65_000, "1001", "p1", "prefix", "00"),
        facts.CallConnected(at + 66_000, "c2", "s1", "1003", "sales", "", "joined"),
        facts.DispositionMissed(at + 70_000, "c2", "s1", "1003", "sales"),
        facts.DispositionGiven(at + 71_000, "c3", "s2", "1001", "sales", "7", ""),
        facts.DispositionGiven(at + 72_000, "c3", "s2", "1001", "sales", "8", "7"),
        facts.DispositionGiven(at + 73_000, "c2", "s1", "1003", "sales", "9", ""),
        facts.DispositionMissed(at + 74_000, "c4", "s3", "1002", "sales"),
        facts.HelpAsked(at + 80_000, "1001", "c3", "sales"),
        facts.HelpAsked(at + 81_000, "1002", "", ""),
        facts.HelpEnded(at + 85_000, "1001", "1004", 5_000),
        facts.HelpAsked(at + 90_000, "1001", "", ""),
        facts.HelpEnded(at + 92_000, "1001", "agent", 2_000),
        facts.WaitPromised(at + 93_000, "c5", 1, "sales", at + 100_000, at + 130_000, 3, 2, ""),
        facts.WaitPromised(at + 94_000, "c5", 1, "sales", at + 110_000, at + 150_000, 2, 2, "fewer_agents"),
        facts.CallWidened(at + 95_000, "c5", 1, 1, "english >= 3", []),
        facts.CallWidened(at + 96_000, "c5", 1, 2, "", []),
        facts.CallOverflowed(at + 97_000, "c5", 1, "sales", "max_wait", "voicemail"),
        facts.CallPickedUp(at + 98_000, "c6", "sales", "1002", "1001"),
        facts.CallerVerified(at + 99_000, "c6", "s4", "1002", True),
        facts.RecallDue(at + 100_000, "c5", "ref-5", "sales", at + 97_000, at + 3_600_000),
        facts.RecallDue(at + 100_001, "c7", "ref-7", "sales", at + 98_000, at + 3_700_000),
        facts.RecallSettled(at + 110_000, "c5", "unreached", HOSTILE),
        facts.QueueClosed(at + 120_000, "sales"),
        facts.QueueOpened(at + 121_000, "sales"),
        facts.CallbackAsked(
            at + 122_000, "c8", "ref-8", "4001", "sales", "", "", "", "zh", at + 60_000, at + 7_200_000
        ),
        facts.CallbackTried(at + 123_000, "c8", "c8-1", "1001", "no_answer", at + 400_000),
        facts.CallbackTried(at + 401_000, "c8", "c8-2", "1002", "answered", 0),
        facts.CallbackSettled(at + 402_000, "c8", "served", "1002"),
        facts.LoginRefused(at + 130_000, "9999", "p1", 3),
    ]


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp((DAY_MS + ms) / 1000, UTC)


async def written(folder: Path, url: str, told: list[Fact]) -> None:
    journal = JournalWriter(folder / "acd", "acd")
    write(journal, told)
    journal.close()
    await run_once(folder, url)


TOLD = {
    "SELECT segment, contact, agent, callee, prefix, emergency, answered_at, how FROM outgoing_call": [
        ("o1", "c1", "1001", "ref-9", "0", False, moment(4_000), "answered"),
        ("o2", "", "1002", "ref-8", "110", True, None, None),
    ],
    "SELECT agent, phone, why, prefix FROM outgoing_refusal": [("1001", "p1", "prefix", "00")],
    "SELECT segment, agent, how FROM segment": [("s1", "1003", "joined")],
    "SELECT segment, agent, code, at FROM disposition": [
        ("s1", "1003", "9", moment(73_000)),
        ("s2", "1001", "8", moment(72_000)),
        ("s3", "1002", None, moment(74_000)),
    ],
    "SELECT agent, contact, asked_at, by_whom, waited_ms FROM help": [
        ("1001", "", moment(90_000), "agent", 2_000),
        ("1001", "c3", moment(80_000), "1004", 5_000),
        ("1002", "", moment(81_000), None, None),
    ],
    "SELECT contact, low_at, high_at, agents, place, reason FROM wait_promise": [
        ("c5", moment(100_000), moment(130_000), 3, 2, ""),
        ("c5", moment(110_000), moment(150_000), 2, 2, "fewer_agents"),
    ],
    "SELECT contact, entry, step, needs FROM entry_step": [("c5", 1, 1, "english >= 3"), ("c5", 1, 2, "")],
    "SELECT contact, queue, reason, went_to FROM overflow": [("c5", "sales", "max_wait", "voicemail")],
    "SELECT contact, agent, whose FROM pickup": [("c6", "1002", "1001")],
    "SELECT contact, segment, agent, verified FROM verification": [("c6", "s4", "1002", True)],
    "SELECT contact, caller, deadline, settled_at, how, by_whom FROM recall": [
        ("c5", "ref-5", moment(3_600_000), moment(110_000), "unreached", HOSTILE),
        ("c7", "ref-7", moment(3_700_000), None, None, None),
    ],
    "SELECT contact, caller, place_since, expires_at, how, by_whom FROM callback": [
        ("c8", "ref-8", moment(60_000), moment(7_200_000), "served", "1002"),
    ],
    "SELECT contact, line, agent, how FROM callback_attempt": [
        ("c8", "c8-1", "1001", "no_answer"),
        ("c8", "c8-2", "1002", "answered"),
    ],
    "SELECT queue, open, at FROM queue_door": [
        ("sales", False, moment(120_000)),
        ("sales", True, moment(121_000)),
    ],
    "SELECT agent, phone, attempts FROM login_refusal": [("9999", "p1", 3)],
}
"""What each table holds after `a_day`, in the order of its columns."""


async def test_each_table_tells_what_happened(tmp_path: Path, database: Any, database_url: str) -> None:
    await written(tmp_path, database_url, a_day())
    for query, expected in TOLD.items():
        columns = len(expected[0])
        order = ", ".join(str(number) for number in range(1, columns + 1))
        rows = await database.fetch(f"{query} ORDER BY {order}")
        assert [tuple(row) for row in rows] == expected, query


@pytest.mark.parametrize("batch", [1, 3, 7])
async def test_any_batches_and_a_rebuild_give_the_same_tables(
    tmp_path: Path, database: Any, database_url: str, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("hotline.ledger.service.BATCH_FACTS", batch)
    await written(tmp_path, database_url, a_day())
    before = await projections(database)
    for table in TOLD:
        assert before[table.rpartition(" ")[2]], f"nothing in {table}"
    assert await rebuild_projections(database_url) == len(a_day())
    assert await projections(database) == before
