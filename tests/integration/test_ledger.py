"""The ledger on a real PostgreSQL: every fact once, in one order, whatever fails; projections that follow."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from ledgers import Running, projections, run_once, true, until, write
from stories import DAY_MS, Story, random_day

from acd.core.fact_codec import to_body
from acd.core.facts import MediaMeasured
from acd.core.fold import Fold
from acd.core.picture import Picture
from acd.core.supervision import acted
from acd.core.totals import AgentTotals, Totals
from hotline.fallback_journal import append_fallback_line
from hotline.journal import JournalWriter, read_journal
from hotline.ledger.store import LedgerBusy, Store, rebuild_projections


async def test_every_fact_of_every_writer_is_written_once(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    facts = random_day(1, contacts=150)
    acd = JournalWriter(tmp_path / "acd", "acd")
    ivr = JournalWriter(tmp_path / "ivr", "ivr")
    write(acd, facts[:400])
    ivr.append("MenuChosen", 1, {"digit": "1"}, fact_id="m/1", contact="1.1")
    append_fallback_line(tmp_path / "fallback", "FallbackAnswered", {"x": 1}, contact="1.2")
    await run_once(tmp_path, database_url)
    acd.rotate({"any": "state"})
    write(acd, facts[:400])  # told twice
    write(acd, facts[400:])
    await run_once(tmp_path, database_url)
    rows = await database.fetch(
        "SELECT position, fact_id, kind, body, at, version FROM fact ORDER BY position"
    )
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    ids = {envelope.fact_id for w in ("acd", "ivr", "fallback") for _, envelope in read_journal(tmp_path / w)}
    assert {row["fact_id"] for row in rows} == ids
    assert sum(row["kind"] == "MenuChosen" for row in rows) == 1
    acd.close()
    ivr.close()


async def test_the_projections_tell_one_contact_from_start_to_end(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    story = Story("c").starts().after(5_000).queues("售后").rings().after(20_000).offer_ends("no_answer")
    story.rings("1002").after(2_000).answered("1002").connected("1002").after(60_000)
    story.segment_ends(60_000, agent="1002").after(3_000).ends("queued", digit=4, asked=True)
    journal = JournalWriter(tmp_path / "acd", "acd")
    write(journal, story.facts)
    keeper = JournalWriter(tmp_path / "keeper", "keeper")
    kept = {
        "contact": "c",
        "segment": "c-o2",
        "path": "a.wav",
        "length_ms": 60_000,
        "sha256": "ab",
        "bytes": 9,
    }
    keeper.append("RecordingKept", 1, kept, fact_id="c-o2/kept", contact="c")
    await run_once(tmp_path, database_url)
    contact = dict(await database.fetchrow("SELECT * FROM contact"))
    assert (contact["number"], contact["outcome"], contact["satisfaction"]) == ("12345", "queued", 4)
    assert contact["started_at"].timestamp() * 1000 == DAY_MS
    entry = await database.fetchrow("SELECT * FROM queue_entry")
    assert (entry["queue"], entry["how"], entry["wait_ms"]) == ("售后", "answered", 22_000)
    offers = await database.fetch("SELECT agent, cause, answered_at, target_ms FROM offer ORDER BY offer")
    assert [(row["agent"], row["cause"], row["target_ms"]) for row in offers] == [
        ("1001", "no_answer", None),
        ("1002", None, 15_000),
    ]
    segment = await database.fetchrow(
        "SELECT * FROM segment JOIN recording USING (segment) JOIN media USING (segment)"
    )
    assert (segment["agent"], segment["talk_ms"], segment["path"], segment["codec"]) == (
        "1002",
        60_000,
        "a.wav",
        "alaw",
    )
    states = await database.fetch("SELECT state FROM agent_state WHERE agent = '1002' ORDER BY position")
    assert [row["state"] for row in states] == ["offered", "on_contact", "ready"]
    journal.close()
    keeper.close()


async def test_callers_who_never_reached_an_agent_have_each_their_media(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    """They belong to no segment: the contact stands for it."""
    journal = JournalWriter(tmp_path / "acd", "acd")
    for contact, segment, lost in (("c1", "", 1), ("c2", "", 2), ("c3", "c3-o1", 3)):
        write(
            journal, [MediaMeasured(DAY_MS, contact, segment, "caller", "alaw", 9, 9, lost, 0, 1.0, 1.0, 2.0)]
        )
    journal.close()
    await run_once(tmp_path, database_url)
    rows = await database.fetch("SELECT segment, contact, rx_loss FROM media ORDER BY contact")
    assert [tuple(row) for row in rows] == [("c1", "c1", 1), ("c2", "c2", 2), ("c3-o1", "c3", 3)]


async def test_what_supervisors_did_or_tried_is_a_row_each(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    journal = JournalWriter(tmp_path / "acd", "acd")
    done = acted(DAY_MS, "anna", "page", "force", agent="1001", detail="ready")
    refused = acted(DAY_MS + 1, "1004", "phone", "take", agent="1002", contact="c", refused="not_talking")
    write(journal, [done, refused])
    journal.close()
    await run_once(tmp_path, database_url)
    rows = await database.fetch("SELECT * FROM supervisor_act ORDER BY position")
    assert [(row["by_whom"], row["via"], row["deed"], row["agent"]) for row in rows] == [
        ("anna", "page", "force", "1001"),
        ("1004", "phone", "take", "1002"),
    ]
    assert [(row["contact"], row["detail"], row["refused"]) for row in rows] == [
        ("", "ready", ""),
        ("c", "", "not_talking"),
    ]
    assert rows[0]["at"].timestamp() * 1000 == DAY_MS


async def test_quarters_add_up_to_the_live_picture(tmp_path: Path, database: Any, database_url: str) -> None:
    facts = random_day(3, contacts=200)
    journal = JournalWriter(tmp_path / "acd", "acd")
    write(journal, facts)
    journal.close()
    await run_once(tmp_path, database_url)
    picture = Picture(lambda at_ms: at_ms - at_ms % 86_400_000)
    for fact in facts:
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    rows = await database.fetch("SELECT queue, totals FROM quarter_total")
    sums: dict[str, Totals] = {}
    for row in rows:
        sums[row["queue"]] = sums.get(row["queue"], Totals()) + Totals.from_dict(json.loads(row["totals"]))
    assert len(rows) > 20
    expected = {"": picture.day, **picture.day_by_queue}
    for name, totals in expected.items():
        now_open = Totals(waiting=totals.waiting, open_in_flow=totals.open_in_flow)
        assert (sums[name] + now_open).to_dict() == totals.to_dict()
        assert (sums[name] + now_open).check() == []
    agents: dict[str, AgentTotals] = {}
    for row in await database.fetch("SELECT agent, totals FROM agent_quarter_total"):
        found = AgentTotals.from_dict(json.loads(row["totals"]))
        agents[row["agent"]] = agents.get(row["agent"], AgentTotals()) + found
    assert agents == picture.day_by_agent


async def test_a_rebuild_gives_identical_tables_after_restarts_in_the_middle(
    tmp_path: Path, database: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.ledger.store.FOLD_EVERY", 150)
    monkeypatch.setattr("hotline.ledger.service.BATCH_FACTS", 70)
    facts = random_day(5, contacts=120)
    journal = JournalWriter(tmp_path / "acd", "acd")
    for start in range(0, len(facts), 130):
        write(journal, facts[start : start + 130])
        store = await Store.open(database_url)  # a ledger that dies without keeping its fold
        store.drop()
        await run_once(tmp_path, database_url)
    journal.close()
    before = await projections(database)
    assert all(before[table] for table in ("contact", "queue_entry", "segment", "media", "quarter_total"))
    monkeypatch.setattr("hotline.ledger.store.REBUILD_STEP", 97)
    assert await rebuild_projections(database_url) == await database.fetchval("SELECT count(*) FROM fact")
    assert await projections(database) == before


async def test_a_rebuild_beside_a_ledger_at_work_changes_nothing(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    facts = random_day(6, contacts=150)
    journal = JournalWriter(tmp_path / "acd", "acd")
    async with Running(tmp_path, database_url):
        for start in range(0, len(facts), 40):
            write(journal, facts[start : start + 40])
            if start % 160 == 0:
                await rebuild_projections(database_url)
            await asyncio.sleep(0.02)
    journal.close()
    before = await projections(database)
    assert len(before["contact"]) == 150
    await rebuild_projections(database_url)
    assert await projections(database) == before


async def test_a_file_that_a_power_cut_took_is_read_again_under_its_new_epoch(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    journal = JournalWriter(tmp_path / "acd", "acd")
    write(journal, Story("a").starts().facts)
    journal.rotate({})
    for number in range(5):
        journal.append("Later", 1, {}, fact_id=f"lost-{number}")
    journal.close()
    await run_once(tmp_path, database_url)
    (tmp_path / "acd" / "00000002.jsonl").unlink()
    journal = JournalWriter(tmp_path / "acd", "acd")
    journal.append("Later", 1, {}, fact_id="lost-0")
    journal.append("Later", 1, {}, fact_id="new")
    journal.close()
    await run_once(tmp_path, database_url)
    ids = [row[0] for row in await database.fetch("SELECT fact_id FROM fact ORDER BY position")]
    assert ids == ["a/ContactStarted", *(f"lost-{number}" for number in range(5)), "new"]


@pytest.mark.parametrize("left", [True, False])
async def test_a_journal_that_is_not_the_databases_is_refused(
    tmp_path: Path, database: Any, database_url: str, left: bool
) -> None:
    for _ in range(2):
        journal = JournalWriter(tmp_path / "acd", "acd")
        write(journal, Story("a").starts().facts)
        journal.close()
    await run_once(tmp_path, database_url)
    if left:
        journal = JournalWriter(tmp_path / "other" / "acd", "acd")
        write(journal, Story("b").starts().facts)
        journal.close()
    async with Running(tmp_path / "other", database_url) as running:
        await until(lambda: true(running.health))
    assert "do not belong together" in running.health[0]
    assert await database.fetchval("SELECT count(*) FROM fact") == 1


async def test_only_one_ledger_writes(tmp_path: Path, database_url: str) -> None:
    store = await Store.open(database_url)
    with pytest.raises(LedgerBusy):
        await Store.open(database_url)
    async with Running(tmp_path, database_url) as running:
        await until(lambda: true(running.health))
        assert "another ledger" in running.health[0]
        await store.close()
        await until(lambda: true("ready" in running.health))


async def test_names_and_numbers_live_in_identity_alone(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    journal = JournalWriter(tmp_path / "acd", "acd")
    for number, name in (("13800000001", "<img onerror=1>\0"), ("13800000001", "")):
        body = {"at_ms": DAY_MS, "caller": "ref-1", "number": number, "name": name}
        journal.append("CallerIdentified", 1, body, fact_id=f"id/{name}", at_us=DAY_MS * 1000)
    journal.append("CallerIdentified", 1, {"caller": "ref-2", "number": "139"}, fact_id="malformed")
    journal.close()
    await run_once(tmp_path, database_url)
    row = await database.fetchrow("SELECT caller, number, name FROM identity WHERE caller = 'ref-1'")
    assert tuple(row) == ("ref-1", "13800000001", "<img onerror=1>�")
    for table in ("fact", "fact_refused"):
        texts = [row[0] for row in await database.fetch(f"SELECT body::text FROM {table}")]
        assert texts
        assert not [text for text in texts if "138" in text or "139" in text or "img" in text]


HOSTILE = "=cmd|' /C calc'!A0\r\n\0\u202e" + "x" * 4096


async def test_hostile_text_is_kept_and_unreadable_facts_hold_up_no_other(
    tmp_path: Path, database: Any, database_url: str
) -> None:
    journal = JournalWriter(tmp_path / "acd", "acd")
    journal.append(
        "SomethingElse", 1, {"name": HOSTILE, "\0": ["\ud800"]}, fact_id=f"a{HOSTILE}", contact="\0"
    )
    journal.append("CallQueued", 1, {"contact": "c"}, fact_id="b")
    journal.append("CallQueued", 99, {}, fact_id="c")
    journal.append("RecordingKept", 1, {"segment": "s", "length_ms": "long"}, fact_id="d")
    journal.append("Huge", 1, {}, fact_id="e", at_us=10**19)
    journal.append("Huge", 2**40, {}, fact_id="f")
    journal.append("Good", 1, {}, fact_id="g")
    # No index takes it: PostgreSQL keeps at most a third of a page for an entry.
    journal.append("Endless", 1, {}, fact_id=random.Random(1).randbytes(20_000).hex())
    journal.append("Better", 1, {}, fact_id="h")
    journal.close()
    running = await run_once(tmp_path, database_url)
    rows = await database.fetch("SELECT position, kind, body FROM fact ORDER BY position")
    assert [row["kind"] for row in rows] == ["SomethingElse", "Good", "Better"]
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert json.loads(rows[0]["body"])["name"] == HOSTILE.replace("\0", "�")
    refused = await database.fetch("SELECT fact_id, why FROM fact_refused ORDER BY seq")
    assert [row["fact_id"][:9] for row in refused[:3]] == ["b", "c", "d"]
    assert "index row" in refused[3]["why"]
    assert "missing fields" in refused[0]["why"]
    assert "version 99" in refused[1]["why"]
    assert running.metric("refused_facts_total") >= 1


async def test_a_fact_that_breaks_the_fold_is_put_aside_and_holds_up_no_other(
    tmp_path: Path, database: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def apply(_fold: Fold, kind: str, _at_ms: int, body: Any) -> None:
        if kind == "Poison":
            raise KeyError("a mistake of ours")

    monkeypatch.setattr(Fold, "apply", apply)
    journal = JournalWriter(tmp_path / "acd", "acd")
    for kind in ("Good", "Poison", "Better"):
        journal.append(kind, 1, {}, fact_id=kind)
    journal.close()
    await run_once(tmp_path, database_url)
    assert [row["kind"] for row in await database.fetch("SELECT kind FROM fact ORDER BY position")] == [
        "Good",
        "Better",
    ]
    assert [row["fact_id"] for row in await database.fetch("SELECT fact_id FROM fact_refused")] == ["Poison"]


async def test_a_failure_never_seen_before_is_told_and_tried_again(
    tmp_path: Path, database: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_facts, failures = Store.write, iter((RuntimeError("never seen before"),))

    async def failing(store: Store, entries: Any) -> int:
        for error in failures:
            raise error
        return await write_facts(store, entries)

    monkeypatch.setattr(Store, "write", failing)
    journal = JournalWriter(tmp_path / "acd", "acd")
    journal.append("Good", 1, {}, fact_id="a")
    journal.close()
    async with Running(tmp_path, database_url) as running:
        await until(lambda: database.fetchval("SELECT count(*) FROM fact"))
    assert running.health == ["ready", "never seen before", "ready"]


async def test_readers_are_woken_with_the_position(tmp_path: Path, database: Any, database_url: str) -> None:
    heard: list[str] = []
    await database.add_listener("fact", lambda *arguments: heard.append(arguments[3]))
    journal = JournalWriter(tmp_path / "acd", "acd")
    async with Running(tmp_path, database_url):
        write(journal, Story("c").starts().facts)
        await until(lambda: true(heard))
    assert heard == ["1"]
    await database.remove_listener("fact", lambda *_: None)
    journal.close()


async def test_postgresql_away_under_load_loses_nothing(tmp_path: Path, postgres_of_its_own: Any) -> None:
    from hotline.database import migrate

    url = await asyncio.to_thread(postgres_of_its_own.create, "hotline")
    await migrate(url)
    facts = random_day(8, contacts=400)
    journal = JournalWriter(tmp_path / "acd", "acd", max_bytes=100_000)
    async with Running(tmp_path, url) as running:

        async def load() -> None:
            for start in range(0, len(facts), 10):
                write(journal, facts[start : start + 10])
                if journal.full:
                    journal.rotate({"so": "far"})
                await asyncio.sleep(0.05)

        loading = asyncio.create_task(load())
        await asyncio.sleep(1)
        await asyncio.to_thread(postgres_of_its_own.stop)
        await until(lambda: true(running.metric("backlog_facts", writer="acd") > 50))
        await until(lambda: true(running.metric("backlog_age_seconds", writer="acd") > 0))
        assert "PostgreSQL does not answer" in running.health
        await asyncio.to_thread(postgres_of_its_own.start)
        await loading
        await until(lambda: true(running.metric("backlog_facts", writer="acd") == 0))
    assert running.metric("database_failures_total") >= 1
    connection = await asyncpg.connect(url)
    ids = [row[0] for row in await connection.fetch("SELECT fact_id FROM fact ORDER BY position")]
    await connection.close()
    told = list(dict.fromkeys(envelope.fact_id for _, envelope in read_journal(tmp_path / "acd")))
    assert ids == told
    journal.close()
