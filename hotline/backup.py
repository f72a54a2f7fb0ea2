"""Backup of a living hotline, equal to one moment: that of a snapshot of PostgreSQL.

The moment is a position of the facts, after everything that was in the journals when the backup was asked
for. The tables are copied within one transaction that sees that moment; the journals are cut where the ledger
was then; of the recordings those are taken that were kept then, and raw ones that were not yet, as long as
they were. Nobody is held up, and nothing is changed in the data folder.

    BackupError   the backup cannot be made; the text says why, and no file is left
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from hotline.archive import ArchiveError, ArchiveWriter
from hotline.database import CONNECT_LIMIT_S, load_queries
from hotline.database.copying import copy_out
from hotline.deployment import Deployment
from hotline.journal_reader import file_numbers, file_path, last_checkpoint, last_envelope
from hotline.ledger.service import WRITERS
from hotline.words import told

SQL = load_queries("hotline", "backup.sql")
CATCH_UP_S = 20.0
NOT_SECRETS = ("lock", "pgpass", "initdb")  # made when missing, from secrets.json


class BackupError(Exception):
    """The backup cannot be made; the text says why, and no file is left."""


@dataclass
class Backup:
    """What a backup holds. missing, damaged: recordings that the database knows and that were not so."""

    target: Path
    position: int = 0
    facts: int = 0
    behind: int = 0  # facts in the journals that the ledger would not write in time: not in the backup
    recordings: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Moment:
    """What was so at the moment of the backup, beside the copied tables."""

    at: str
    position: int
    facts: int
    behind: int
    settings: bytes
    unfinished: dict[str, int]  # sizes of recordings that were not kept so far, by name
    unkept: set[str]  # offers whose raw recording belongs into the backup
    offsets: list[Any]
    recordings: list[Any]
    messages: list[Any]
    database: dict[str, Any]


def make_backup(deployment: Deployment, target: Path) -> Backup:
    """Write a backup to a new file; not to be called in an event loop. Raises BackupError."""
    try:
        archive = ArchiveWriter(target)
    except ArchiveError as error:
        raise BackupError(told(error)) from error
    try:
        with (
            tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as spool,
            tempfile.TemporaryDirectory(dir=deployment.run, prefix="backup-") as links,
        ):
            moment = asyncio.run(_take_moment(deployment, Path(spool), Path(links)))
            backup = Backup(target, moment.position, moment.facts, moment.behind)
            _fill(archive, deployment, moment, backup, Path(spool), Path(links))
        backup.bytes = target.stat().st_size
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        archive.abandon()
        raise BackupError(f"{type(error).__name__}: {error}") from error
    except BaseException:
        archive.abandon()
        raise
    return backup


async def _take_moment(deployment: Deployment, spool: Path, links: Path) -> _Moment:
    """Copy the tables into the spool folder, and hold the recordings under way by links."""
    connection = await asyncpg.connect(deployment.database_url, timeout=CONNECT_LIMIT_S)
    try:
        behind = await _catch_up(connection, deployment, links)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            moment = await connection.fetchrow(SQL["moment"])
            # Linked before and after the moment: what was not kept at the moment is in one of the two.
            unfinished = _link_unfinished(deployment, links)
            settings = deployment.settings_file.read_bytes()
            return _Moment(
                at=moment["at"].isoformat(),
                position=moment["position"],
                facts=moment["facts"],
                behind=behind,
                settings=settings,
                unfinished=unfinished,
                unkept={row["offer"] for row in await connection.fetch(SQL["unkept"])},
                offsets=await connection.fetch(SQL["offsets"]),
                recordings=await connection.fetch(SQL["recordings"]),
                messages=await connection.fetch(SQL["voice_messages"]),
                database=await copy_out(connection, spool),
            )
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)


async def _catch_up(connection: Any, deployment: Deployment, links: Path) -> int:
    """Wait until the ledger has written what is in the journals now; how many facts it has not in time.

    A raw recording goes when the journal says that it is kept. So once the ledger has come that far, each raw
    one that is gone is kept in the database; the others are held by links meanwhile.
    """
    _link_unfinished(deployment, links)
    ends = _journal_ends(deployment)
    deadline_s = time.monotonic() + CATCH_UP_S
    while True:
        written = {row["writer"]: row["seq"] for row in await connection.fetch(SQL["offsets"])}
        behind: int = sum(max(0, seq - written.get(writer, 0)) for writer, seq in ends.items())
        if not behind or time.monotonic() >= deadline_s:
            return behind
        await asyncio.sleep(0.05)
        _link_unfinished(deployment, links)


def _journal_ends(deployment: Deployment) -> dict[str, int]:
    """The last sequence number of each journal, by writer."""
    last = {writer: last_envelope(deployment.journal(writer)) for writer in WRITERS}
    return {writer: envelope.seq for writer, envelope in last.items() if envelope}


def _fill(
    archive: ArchiveWriter, deployment: Deployment, moment: _Moment, backup: Backup, spool: Path, links: Path
) -> None:
    for copied in sorted(spool.iterdir()):
        archive.add_file(f"database/{copied.name}", copied)
        copied.unlink()
    archive.add_bytes("settings/current.json", moment.settings)
    _add_small_files(deployment, archive)
    for row in moment.offsets:
        _add_journal(archive, deployment.journal(row["writer"]), row["writer"], row["file"], row["bytes"])
    _add_kept(archive, "recordings", deployment.recordings, moment.recordings, backup)
    _add_kept(archive, "voice-messages", deployment.voice_messages, moment.messages, backup)
    for name, size in sorted(moment.unfinished.items()):
        folder, _, file = name.partition("+")
        if folder == "voice-messages" or Path(file).stem in moment.unkept:
            archive.add_file(f"{folder}/incoming/{file}", links / name, size)
            backup.recordings += 1
    archive.finish(
        {
            "at": moment.at,
            "position": moment.position,
            "facts": moment.facts,
            "behind": moment.behind,
            "database": moment.database,
            "missing": backup.missing,
            "damaged": backup.damaged,
        }
    )


def _add_small_files(deployment: Deployment, archive: ArchiveWriter) -> None:
    archive.add_file("deployment.toml", deployment.file)
    for file in sorted(deployment.secrets_file.parent.iterdir()):
        if file.is_file() and file.name not in NOT_SECRETS and not file.name.startswith("."):
            archive.add_file(f"secrets/{file.name}", file)
    for file in sorted(deployment.asterisk_keys.glob("*")):
        if file.is_file():
            archive.add_file(f"asterisk/keys/{file.name}", file)
    for file in sorted(deployment.sounds.rglob("*.wav")):
        if not _is_synthetic(file):
            archive.add_file(f"sounds/{file.relative_to(deployment.sounds).as_posix()}", file)


def _is_synthetic(sound: Path) -> bool:
    """Whether we spoke the sound ourselves: its marker (see ivr.prompts_build) has its hash."""
    try:
        marker = json.loads(sound.with_name(f"{sound.stem}.synthetic.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    ours = (marker.get("sha256"), marker.get("replaces_sha256"))
    return hashlib.sha256(sound.read_bytes()).hexdigest() in ours


def _add_journal(archive: ArchiveWriter, folder: Path, writer: str, last: int, last_bytes: int) -> None:
    """The journal from its last checkpoint at the moment up to where the ledger was."""
    _, first = last_checkpoint(folder, upto=last)
    for number in file_numbers(folder):
        if first <= number <= last:
            path = file_path(folder, number)
            size = min(path.stat().st_size, last_bytes) if number == last else None
            archive.add_file(f"journal/{writer}/{path.name}", path, size)


def _add_kept(archive: ArchiveWriter, name: str, folder: Path, rows: list[Any], backup: Backup) -> None:
    for row in rows:
        try:
            sha256 = archive.add_file(f"{name}/{row['path']}", folder / row["path"])
        except FileNotFoundError:
            backup.missing.append(f"{name}/{row['path']}")
            continue
        backup.recordings += 1
        if sha256 != row["sha256"]:
            backup.damaged.append(f"{name}/{row['path']}")


def _link_unfinished(deployment: Deployment, links: Path) -> dict[str, int]:
    """Hold what is not kept so far by links, since it may be finished and removed meanwhile.

    Returns the present sizes by name of link: FOLDER+FILE.
    """
    for folder in (deployment.recordings, deployment.voice_messages):
        for file in (folder / "incoming").glob("*.[rw]a[wv]"):
            # Held already by the first look; or finished and removed in this very moment.
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(file, links / f"{folder.name}+{file.name}")
    return {link.name: link.stat().st_size for link in links.iterdir()}
