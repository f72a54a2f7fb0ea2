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
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class _Sound:
    """A recording under way, held by a link. name: in the backup; bytes: so many there were at the moment."""

    name: str
    link: Path
    bytes: int


@dataclass
class _Held:
    """What may be gone the next moment: recordings under way, by links, and the numbers to be called back."""

    deployment: Deployment
    links: dict[Path, Path]  # by folder of recordings, and below it: a link cannot lead to another disk
    numbers: dict[str, str] = field(default_factory=dict)

    def look(self) -> list[_Sound]:
        """Hold what is there now too; returns all recordings held, with their present sizes."""
        # acd has no numbers from a damaged one either.
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
            self.numbers |= json.loads(self.deployment.callback_numbers.read_bytes())
        for folder, links in self.links.items():
            suffix = "raw" if folder == self.deployment.recordings else "wav"
            for file in (folder / "incoming").glob(f"*.{suffix}"):
                # Held already by an earlier look; or finished and removed in this very moment.
                with contextlib.suppress(FileExistsError, FileNotFoundError):
                    os.link(file, links / file.name)
        return [
            _Sound(f"{folder.name}/incoming/{link.name}", link, link.stat().st_size)
            for folder, links in self.links.items()
            for link in sorted(links.iterdir())
        ]


@dataclass(frozen=True)
class _Moment:
    """What was so at the moment of the backup, beside the copied tables."""

    at: str
    position: int
    facts: int
    behind: int
    settings: bytes
    unfinished: list[_Sound]  # recordings that were not kept so far
    heard_since: datetime | None  # when the first of them began: acd's facts from then on tell whose they are
    numbers: dict[str, str]  # of those who are to be called back
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
            tempfile.TemporaryDirectory(dir=deployment.recordings, prefix=".backup-") as recordings,
            tempfile.TemporaryDirectory(dir=deployment.voice_messages, prefix=".backup-") as messages,
        ):
            links = {deployment.recordings: Path(recordings), deployment.voice_messages: Path(messages)}
            moment = asyncio.run(_take_moment(deployment, Path(spool), _Held(deployment, links)))
            backup = Backup(target, moment.position, moment.facts, moment.behind)
            _fill(archive, deployment, moment, backup, Path(spool))
        backup.bytes = target.stat().st_size
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        archive.abandon()
        raise BackupError(f"{type(error).__name__}: {error}") from error
    except BaseException:
        archive.abandon()
        raise
    return backup


async def _take_moment(deployment: Deployment, spool: Path, held: _Held) -> _Moment:
    """Copy the tables into the spool folder, and hold what may be gone soon."""
    connection = await asyncpg.connect(deployment.database_url, timeout=CONNECT_LIMIT_S)
    try:
        behind = await _catch_up(connection, deployment, held)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            moment = await connection.fetchrow(SQL["moment"])
            # Looked at before and after the moment: what was not kept at the moment is in one of the two.
            unfinished = held.look()
            settings = deployment.settings_file.read_bytes()
            raw = [sound.link.stem for sound in unfinished if sound.link.suffix == ".raw"]
            unkept = {row["segment"]: row["since"] for row in await connection.fetch(SQL["unkept"], raw)}
            return _Moment(
                at=moment["at"].isoformat(),
                position=moment["position"],
                facts=moment["facts"],
                behind=behind,
                settings=settings,
                # All messages; of the others those that are part of a contact, and were not kept.
                unfinished=[s for s in unfinished if s.link.suffix != ".raw" or s.link.stem in unkept],
                heard_since=min(unkept.values(), default=None),
                numbers=held.numbers,
                offsets=await connection.fetch(SQL["offsets"]),
                recordings=await connection.fetch(SQL["recordings"]),
                messages=await connection.fetch(SQL["voice_messages"]),
                database=await copy_out(connection, spool),
            )
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)


async def _catch_up(connection: Any, deployment: Deployment, held: _Held) -> int:
    """Wait until the ledger has written what is in the journals now; how many facts it has not in time.

    A raw recording goes when the journal says that it is kept. So once the ledger has come that far, each raw
    one that is gone is kept in the database; the others are held by links meanwhile.
    """
    held.look()
    ends = _journal_ends(deployment)
    deadline_s = time.monotonic() + CATCH_UP_S
    while True:
        written = {row["writer"]: row["seq"] for row in await connection.fetch(SQL["offsets"])}
        behind: int = sum(max(0, seq - written.get(writer, 0)) for writer, seq in ends.items())
        if not behind or time.monotonic() >= deadline_s:
            return behind
        await asyncio.sleep(0.05)
        held.look()


def _journal_ends(deployment: Deployment) -> dict[str, int]:
    """The last sequence number of each journal, by writer."""
    last = {writer: last_envelope(deployment.journal(writer)) for writer in WRITERS}
    return {writer: envelope.seq for writer, envelope in last.items() if envelope}


def _fill(
    archive: ArchiveWriter, deployment: Deployment, moment: _Moment, backup: Backup, spool: Path
) -> None:
    for copied in sorted(spool.iterdir()):
        archive.add_file(f"database/{copied.name}", copied)
        copied.unlink()
    archive.add_bytes("settings/current.json", moment.settings)
    _add_small_files(deployment, archive, moment.numbers)
    for row in moment.offsets:
        _add_journal(archive, deployment, row, moment.heard_since)
    _add_kept(archive, "recordings", deployment.recordings, moment.recordings, backup)
    _add_kept(archive, "voice-messages", deployment.voice_messages, moment.messages, backup)
    for sound in moment.unfinished:
        archive.add_file(sound.name, sound.link, sound.bytes)
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


def _add_small_files(deployment: Deployment, archive: ArchiveWriter, numbers: dict[str, str]) -> None:
    archive.add_file("deployment.toml", deployment.file)
    # As it is by now it lacks those who were called back since the moment.
    numbers_file = deployment.callback_numbers
    if numbers:
        archive.add_bytes(f"secrets/{numbers_file.name}", json.dumps(numbers).encode())
    for file in sorted(deployment.secrets_file.parent.iterdir()):
        is_secret = file.name not in NOT_SECRETS and file != numbers_file and not file.name.startswith(".")
        if is_secret and file.is_file():
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


def _add_journal(
    archive: ArchiveWriter, deployment: Deployment, offset: Any, heard_since: datetime | None
) -> None:
    """The journal from its last checkpoint at the moment up to where the ledger was.

    acd's from earlier on where the keeper needs it, to know whose the recordings under way are.
    """
    writer, last = offset["writer"], offset["file"]
    folder = deployment.journal(writer)
    _, first = last_checkpoint(folder, upto=last)
    for number in file_numbers(folder):
        path = file_path(folder, number)
        # A file's time is that of its last fact.
        is_heard = writer == "acd" and heard_since and path.stat().st_mtime >= heard_since.timestamp()
        if (first <= number or is_heard) and number <= last:
            size = min(path.stat().st_size, offset["bytes"]) if number == last else None
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
