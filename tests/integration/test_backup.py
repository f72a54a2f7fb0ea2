"""A backup taken while everything is written, restored: equal to its moment, fact by fact, file by file."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from ledgers import run_once, write
from prometheus_client import CollectorRegistry
from stories import DAY_MS, Story, random_day

from acd.core.fact_codec import to_body
from acd.core.facts import CallConnected, Fact, OutgoingAnswered, OutgoingStarted
from acd.core.picture import Picture
from hotline import settings_snapshot
from hotline.backup import BackupError, make_backup
from hotline.cli import main
from hotline.core.settings import Settings
from hotline.database import migrate
from hotline.database.copying import copy_in, copy_out
from hotline.deployment import DATABASE_NAME, Deployment
from hotline.journal import JournalWriter, read_from_checkpoint, read_journal
from hotline.ledger.service import Ledger
from hotline.ledger.store import rebuild_projections
from hotline.restore import RestoreError, restore_backup

TABLES = (
    "fact",
    "identity",
    "contact",
    "queue_entry",
    "offer",
    "segment",
    "recording",
    "media",
    "agent_state",
    "quarter_total",
    "agent_quarter_total",
    "settings_version",
    "web_user",
    "journal_offset",
)


class House:
    """A hotline without telephony: journals, a ledger, recordings and settings in one data folder."""

    def __init__(self, postgres: Any) -> None:
        self.postgres = postgres
        self.deployment: Deployment = postgres.deployment
        self.deployment.save()
        self.url: str = postgres.create(DATABASE_NAME)
        asyncio.run(self._prepare())
        settings_snapshot.write(self.deployment.settings_file, Settings(version=3))
        sounds = self.deployment.sounds / "zh" / "hotline"
        sounds.mkdir(parents=True)
        (sounds / "greeting.wav").write_bytes(b"spoken by a person")
        (sounds / "thanks.wav").write_bytes(b"spoken by a machine")
        marker = hashlib.sha256(b"spoken by a machine").hexdigest()
        (sounds / "thanks.synthetic.json").write_text(f'{{"sha256": "{marker}"}}')
        self._stop, self._stop_ledger = threading.Event(), threading.Event()

    async def _prepare(self) -> None:
        await migrate(self.url)
        connection = await asyncpg.connect(self.url)
        await connection.execute(
            "INSERT INTO settings_version (version, author, document)"
            " VALUES (3, 'test', '{\"a\": \"值\\t\"}')"
        )
        await connection.execute(
            "INSERT INTO web_user (name, role, password_hash) VALUES ('admin', 'admin', '$argon2id$x')"
        )
        await connection.close()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Writers and the ledger are at work within this."""
        writing, ledger = threading.Thread(target=self._write), threading.Thread(target=self._keep_ledger)
        self._stop.clear()
        self._stop_ledger.clear()
        writing.start()
        ledger.start()
        try:
            yield
        finally:
            self._stop.set()
            writing.join()
            self._stop_ledger.set()
            ledger.join()

    def _write(self) -> None:
        """Facts without pause; for each conversation a raw recording, soon replaced by a kept one."""
        acd = JournalWriter(self.deployment.journal("acd"), "acd", max_bytes=200_000)
        keeper = JournalWriter(self.deployment.journal("keeper"), "keeper")
        picture = Picture(lambda at_ms: at_ms - at_ms % 86_400_000)
        raws: list[tuple[str, str]] = []
        try:
            for number, fact in enumerate(random_day(11, contacts=5_000, length_ms=80_000_000)):
                if self._stop.wait(0.0005):
                    break
                body, kind = to_body(fact), type(fact).__name__
                fact_id, contact = f"{kind}/{number}", body.get("contact") or None
                if kind == "CallConnected":
                    raw = self.deployment.recordings_incoming / f"{body['segment']}.raw"
                    raw.write_bytes(f"sound of {body['segment']}".encode() * 1000)
                    raws.append((body["segment"], body["contact"]))
                acd.append(
                    kind, fact.version, body, fact_id=fact_id, contact=contact, at_us=fact.at_ms * 1000
                )
                picture.apply(kind, fact.at_ms, body)
                if acd.full:
                    acd.rotate(picture.snapshot())
                if len(raws) > 5:
                    self._keep(keeper, *raws.pop(0), at_us=fact.at_ms * 1000)
        finally:
            acd.close()
            keeper.close()

    def _keep(self, keeper: JournalWriter, segment: str, contact: str, at_us: int) -> None:
        raw = self.deployment.recordings_incoming / f"{segment}.raw"
        wav = self.deployment.recordings / "2026" / f"{segment}.wav"
        wav.parent.mkdir(exist_ok=True)
        content = b"RIFF" + raw.read_bytes()
        wav.write_bytes(content)
        body = {"contact": contact, "segment": segment, "path": f"2026/{segment}.wav", "length_ms": 1}
        body |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "at_ms": at_us // 1000}
        keeper.append("RecordingKept", 1, body, fact_id=f"{segment}/kept", contact=contact, at_us=at_us)
        raw.unlink()

    def tell(self, *facts: Fact) -> None:
        """Facts of acd, and the ledger has written them."""
        acd = JournalWriter(self.deployment.journal("acd"), "acd")
        write(acd, facts)
        acd.close()
        asyncio.run(run_once(self.deployment.journals, self.url))

    def speak(self, *segments: str) -> None:
        """Raw recordings under way."""
        for segment in segments:
            (self.deployment.recordings_incoming / f"{segment}.raw").write_bytes(b"sound")

    def _keep_ledger(self) -> None:
        async def run() -> None:
            ledger = Ledger(self.deployment.journal, self.url, CollectorRegistry())
            task = asyncio.create_task(ledger.run())
            await asyncio.to_thread(self._stop_ledger.wait)
            ledger.stop()
            await task

        asyncio.run(run())

    def rows(self, upto: int | None = None) -> dict[str, list[str]]:
        """All tables as text; facts up to a position."""

        async def ask() -> dict[str, list[str]]:
            connection = await asyncpg.connect(self.url)
            found = {}
            for table in TABLES:
                where = f"WHERE position <= {upto}" if upto is not None and table == "fact" else ""
                found[table] = [
                    row[0]
                    for row in await connection.fetch(f"SELECT t::text FROM {table} t {where} ORDER BY 1")
                ]
            await connection.close()
            return found

        return asyncio.run(ask())


@pytest.fixture
def house(postgres_of_its_own: Any) -> House:
    return House(postgres_of_its_own)


@contextlib.contextmanager
def opened(house: House, data: Path) -> Iterator[House]:
    """The restored house with its PostgreSQL running."""
    deployment = Deployment.load(data)
    other = object.__new__(House)
    other.deployment = deployment
    other.postgres = type(house.postgres)(deployment, house.postgres.password)
    house.postgres.stop()  # both want the same port
    other.postgres.start()
    other.url = other.postgres.url(DATABASE_NAME)
    other._stop_ledger = threading.Event()
    try:
        yield other
    finally:
        other.postgres.stop()
        house.postgres.start()


def test_a_backup_under_load_is_equal_to_its_moment(house: House, tmp_path: Path) -> None:
    with house.at_work():
        threading.Event().wait(4)
        backup = make_backup(house.deployment, tmp_path / "b.tar")
        threading.Event().wait(1)
    after = house.rows(upto=backup.position)
    everything = house.rows()["fact"]
    assert 500 < backup.facts < len(everything), "facts were written before, during and after"
    assert (backup.missing, backup.damaged, backup.behind) == ([], [], 0)
    restored = restore_backup(tmp_path / "b.tar", tmp_path / "new")
    assert (restored.position, restored.facts) == (backup.position, backup.facts)
    with opened(house, tmp_path / "new") as new:
        rows = new.rows()
        assert rows["fact"] == after["fact"]
        assert rows["settings_version"] == after["settings_version"]
        assert rows["web_user"] == after["web_user"]
        asyncio.run(rebuild_projections(new.url))
        assert new.rows() == rows, "projections are those of exactly these facts"
        check_recordings(house, new, backup.facts)
        check_journals(new)
        go_on(new)
    check_files(house.deployment, Deployment.load(tmp_path / "new"))
    assert not list(house.deployment.run.iterdir())
    assert not list(tmp_path.glob(".*"))


def check_recordings(old: House, new: House, facts: int) -> None:
    async def ask() -> tuple[list[Any], set[str]]:
        connection = await asyncpg.connect(new.url)
        kept = await connection.fetch("SELECT segment, path, sha256 FROM recording")
        segments = {row["segment"] for row in await connection.fetch("SELECT segment FROM segment")}
        await connection.close()
        return kept, segments

    kept, segments = asyncio.run(ask())
    assert kept
    for row in kept:
        content = (new.deployment.recordings / row["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
    raws = {path.stem: path for path in new.deployment.recordings_incoming.iterdir()}
    unkept = segments - {row["segment"] for row in kept}
    assert unkept
    assert unkept <= set(raws), "every conversation of that moment has its sound"
    for segment in unkept:
        assert raws[segment].read_bytes() == f"sound of {segment}".encode() * 1000


def check_journals(new: House) -> None:
    """They end where the database's offsets are, and the picture can be recovered from them."""
    checkpoint, facts = read_from_checkpoint(new.deployment.journal("acd"))
    assert checkpoint is not None
    picture = Picture.restore(checkpoint, lambda at_ms: at_ms - at_ms % 86_400_000)
    for envelope in facts:
        picture.apply(envelope.kind, envelope.at_us // 1000, envelope.body)
    assert picture.day.check() == []
    ids = [e.fact_id for writer in ("acd", "keeper") for _, e in read_journal(new.deployment.journal(writer))]
    known = {row.split(",")[4].strip('"') for row in new.rows()["fact"]}
    assert set(ids) <= known


def go_on(new: House) -> None:
    """The restored house takes new facts, each once."""
    before = len(new.rows()["fact"])
    journal = JournalWriter(new.deployment.journal("acd"), "acd")
    journal.append("Something", 1, {}, fact_id="after the restore")
    journal.close()
    ledger = threading.Thread(target=new._keep_ledger)
    ledger.start()
    threading.Event().wait(1)
    new._stop_ledger.set()
    ledger.join()
    assert len(new.rows()["fact"]) == before + 1


def check_files(old: Deployment, new: Deployment) -> None:
    assert settings_snapshot.read(new.settings_file) == settings_snapshot.read(old.settings_file)
    assert new.secrets_file.read_bytes() == old.secrets_file.read_bytes()
    assert new.secrets_file.stat().st_mode & 0o777 == 0o600
    assert new.ports == old.ports
    sounds = [path.name for path in new.sounds.rglob("*") if path.is_file()]
    assert sounds == ["greeting.wav"], "only what a person recorded; the rest is spoken again"


def test_a_lost_or_changed_recording_is_told_and_does_not_stop_the_backup(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with house.at_work():
        threading.Event().wait(3)
    lost, changed = sorted((house.deployment.recordings / "2026").iterdir())[:2]
    lost.unlink()
    changed.write_bytes(b"?")
    words = [str(tmp_path / "b.tar"), "--data", str(house.deployment.data)]
    assert main(["backup", *words]) == 1
    told = capsys.readouterr().out
    assert f"missing in the data folder: recordings/2026/{lost.name}" in told
    assert f"not as it was recorded: recordings/2026/{changed.name}" in told
    assert main(["restore", str(tmp_path / "b.tar"), "--data", str(tmp_path / "new")]) == 0
    assert "restored the moment" in capsys.readouterr().out


def test_facts_that_the_ledger_does_not_write_are_told(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hotline.backup.CATCH_UP_S", 0.1)
    journal = JournalWriter(house.deployment.journal("ivr"), "ivr")
    journal.append("Something", 1, {}, fact_id="unwritten")
    journal.close()
    assert main(["backup", str(tmp_path / "b.tar"), "--data", str(house.deployment.data)]) == 1
    assert "not in the backup: 1 facts" in capsys.readouterr().out


def test_a_backup_that_cannot_be_made_leaves_nothing(house: House, tmp_path: Path) -> None:
    house.postgres.stop()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupError):
        make_backup(house.deployment, tmp_path / "b.tar")
    assert sorted(tmp_path.iterdir()) == before
    assert not list(house.deployment.run.iterdir())


def test_a_restore_refuses_and_leaves_everything_as_it_was(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "b.tar"
    make_backup(house.deployment, archive)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").touch()
    with pytest.raises(RestoreError, match="not an empty folder"):
        restore_backup(archive, full)
    before = sorted(tmp_path.iterdir())
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b'"position": 0', b'"position": 9'))
    with pytest.raises(RestoreError, match="0 facts came back"):
        restore_backup(archive, tmp_path / "new")
    archive.write_bytes(content.replace(b'"migration": ', b'"migration":9'))
    with pytest.raises(RestoreError, match="made by a newer program"):
        restore_backup(archive, tmp_path / "new")
    archive.write_bytes(content[:5_000])
    assert main(["restore", str(archive), "--data", str(tmp_path / "new")]) == 1
    assert "hotline restore:" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_a_database_that_has_facts_is_not_filled(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_backup(house.deployment, tmp_path / "b.tar")
    monkeypatch.setenv("DATABASE_URL", house.url)
    with pytest.raises(RestoreError, match="not empty"):
        restore_backup(tmp_path / "b.tar", tmp_path / "new")
    monkeypatch.setenv("DATABASE_URL", house.postgres.create("another"))
    assert restore_backup(tmp_path / "b.tar", tmp_path / "new").facts == 0


def test_a_restore_that_failed_halfway_can_be_tried_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables are there, and empty."""
    house.tell(JOINED)
    make_backup(house.deployment, tmp_path / "b.tar")
    url = house.postgres.create("another")
    monkeypatch.setenv("DATABASE_URL", url)

    async def fill_and_fail(*arguments: Any) -> None:
        await copy_in(*arguments)
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("hotline.restore.copy_in", fill_and_fail)
        with pytest.raises(RestoreError, match="the disk is full"):
            restore_backup(tmp_path / "b.tar", tmp_path / "new")
    assert restore_backup(tmp_path / "b.tar", tmp_path / "new").facts == 1
    with pytest.raises(RestoreError, match="not empty"):
        restore_backup(tmp_path / "b.tar", tmp_path / "third")


def test_empty_tables_of_a_newer_schema_than_the_backups_are_not_filled(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schema's later steps would not be taken over what the backup has."""
    make_backup(house.deployment, tmp_path / "b.tar")
    url = house.postgres.create("another")
    asyncio.run(migrate(url))
    asyncio.run(_execute(url, "INSERT INTO schema_migration (number, name) VALUES (9999, 'create_future')"))
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(RestoreError, match="newer than the backup"):
        restore_backup(tmp_path / "b.tar", tmp_path / "new")


async def _execute(url: str, query: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(query)
    await connection.close()


JOINED = CallConnected(DAY_MS, "1.9", "s-1.1", "1002", "", "2026/joined", how="joined")
OUTGOING = (
    OutgoingStarted(DAY_MS, "o-1.2", "", "1003", "1003", "ref", "carrier", "0", False),
    OutgoingAnswered(DAY_MS, "o-1.2", "", "1003", "2026/outgoing"),
)


def test_recordings_under_way_that_no_offer_began_are_in_the_backup(house: House, tmp_path: Path) -> None:
    """An attended transfer or third party, and a call to outside; not a talk between two colleagues."""
    house.tell(JOINED, *OUTGOING)
    house.speak("s-1.1", "o-1.2", "s-7.7")
    (house.deployment.voice_messages / "incoming").mkdir()
    (house.deployment.voice_messages / "incoming" / "1.5.wav").write_bytes(b"a message")
    backup = make_backup(house.deployment, tmp_path / "b.tar")
    restore_backup(tmp_path / "b.tar", tmp_path / "new")
    new = Deployment.load(tmp_path / "new")
    assert {path.name for path in new.recordings_incoming.iterdir()} == {"s-1.1.raw", "o-1.2.raw"}
    assert (new.voice_messages / "incoming" / "1.5.wav").read_bytes() == b"a message"
    assert backup.recordings == 3


def test_what_the_keeper_must_know_of_recordings_under_way_is_in_the_backup(
    house: House, tmp_path: Path
) -> None:
    """Without the fact, which stands before acd's last checkpoint, it would remove the sound as private."""
    house.tell(JOINED)
    acd = JournalWriter(house.deployment.journal("acd"), "acd")
    acd.rotate({"any": "state"})
    acd.close()
    house.tell(*Story("2.1").starts().facts)
    house.speak("s-1.1")
    make_backup(house.deployment, tmp_path / "b.tar")
    restore_backup(tmp_path / "b.tar", tmp_path / "new")
    journal = read_journal(Deployment.load(tmp_path / "new").journal("acd"))
    assert [envelope.kind for _, envelope in journal] == ["CallConnected", "ContactStarted"]


def test_recordings_on_another_disk_are_held_there(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link cannot lead from one disk to another."""
    link = os.link

    def link_on_one_disk(source: Path, target: Path) -> None:
        if house.deployment.recordings not in target.parents:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(source, target)

    monkeypatch.setattr("hotline.backup.os.link", link_on_one_disk)
    house.tell(JOINED)
    house.speak("s-1.1")
    assert make_backup(house.deployment, tmp_path / "b.tar").recordings == 1
    assert sorted(path.name for path in house.deployment.recordings.iterdir()) == ["incoming"]


def test_numbers_of_those_called_back_meanwhile_are_in_the_backup(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = house.deployment.callback_numbers
    numbers.write_text('{"1.1": "13800000001", "1.2": "13800000002"}')

    def call_one_back(_: Deployment) -> dict[str, int]:
        numbers.write_text('{"1.2": "13800000002"}')  # before the moment, perhaps not in its facts
        return {}

    async def copy_and_call_back(connection: Any, spool: Path) -> Any:
        numbers.write_text('{"1.3": "13800000003"}')  # after the moment
        return await copy_out(connection, spool)

    monkeypatch.setattr("hotline.backup._journal_ends", call_one_back)
    monkeypatch.setattr("hotline.backup.copy_out", copy_and_call_back)
    make_backup(house.deployment, tmp_path / "b.tar")
    restore_backup(tmp_path / "b.tar", tmp_path / "new")
    restored = json.loads(Deployment.load(tmp_path / "new").callback_numbers.read_bytes())
    assert restored == {"1.1": "13800000001", "1.2": "13800000002"}
