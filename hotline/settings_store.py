"""The master of the settings: PostgreSQL keeps every version, with who imported it and when.

An import is checked in full before anything changes, becomes a new version as a whole, and only after its
commit replaces the local snapshot (`hotline.settings_snapshot`), from which the services work. Must not know
what the settings mean (`hotline.core.settings_check` does).

    SettingsStoreError
    ├── NoSuchVersion       no such version, or none at all yet
    └── FileUnreadable      a settings file is missing or is no TOML
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from hotline import settings_snapshot
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused, check_settings, settings_to_document
from hotline.core.settings_toml import document_to_toml
from hotline.database import CONNECT_LIMIT_S, load_queries
from hotline.words import say

QUERY_LIMIT_S = 10.0
LONGEST_HISTORY = 1000
_HIGHEST_VERSION = 2**31 - 1  # what the column can hold

_SQL = load_queries("hotline", "settings_queries.sql")


class SettingsStoreError(Exception):
    """Base of what can go wrong here, besides SettingsRefused, asyncpg's errors and OSError."""


class NoSuchVersion(SettingsStoreError):
    """The database has no such version of the settings, or none at all yet."""


class FileUnreadable(SettingsStoreError):
    """A settings file is missing, cannot be read, or is no TOML; the text says which and where."""


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """Who made a version of the settings, and when."""

    version: int
    at: datetime
    author: str
    comment: str


def read_file(file: Path) -> dict[str, Any]:
    """The document in a TOML file, not yet checked. Raises FileUnreadable."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise FileUnreadable(say("settings.unreadable", file=file, why=error.strerror)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileUnreadable(say("settings.not_toml", file=file, why=error)) from error


async def current(url: str) -> Settings | None:
    """The newest settings in the database, None when there are none yet."""
    async with _connected(url) as connection:
        return _checked(await connection.fetchrow(_SQL["newest"]))


async def import_file(url: str, file: Path, *, author: str, snapshot: Path, comment: str = "") -> Settings:
    """Makes a TOML file the current settings, as a new version; see `import_document`."""
    return await import_document(
        url, read_file(file), file=str(file), author=author, snapshot=snapshot, comment=comment
    )


async def import_document(
    url: str, document: Mapping[str, Any], *, file: str, author: str, snapshot: Path, comment: str = ""
) -> Settings:
    """Makes a document the current settings, as a new version, and replaces the snapshot after the commit.

    Raises SettingsRefused with every complaint (named after `file`), before the database is asked at all;
    OSError when the snapshot cannot be written: the version is in force then, and `settle` writes it.
    """
    check_settings(document, file=file, version=1)
    async with _connected(url) as connection:
        await connection.execute(_SQL["lock"])
        settings = await _insert(connection, document, file, author, comment)
        settings_snapshot.write(snapshot, settings)
    return settings


async def settle(url: str, first: Path, *, author: str, snapshot: Path) -> Settings:
    """Makes the snapshot hold the newest version. What the database holds is never replaced.

    An empty database takes over the snapshot with its number (the database is new, the house is not), or on a
    first start the file `first`. Raises as `import_file`; SettingsRefused too for a damaged snapshot.
    """
    async with _connected(url) as connection:
        await connection.execute(_SQL["lock"])
        settings = _checked(await connection.fetchrow(_SQL["newest"]))
        local = _local(snapshot, needed=settings is None)
        if settings is None and local is not None:
            await _store(connection, local, author, say("settings.taken_over"))
            return local
        if settings is None:
            settings = await _insert(
                connection, read_file(first), str(first), author, say("settings.first_start")
            )
        if settings != local:  # a snapshot that is replaced makes every service read it again
            settings_snapshot.write(snapshot, settings)
    return settings


async def export(url: str, version: int | None = None) -> str:
    """A version of the settings (the newest when None) as TOML, complete. Raises NoSuchVersion."""
    async with _connected(url) as connection:
        if version is None:
            settings = _checked(await connection.fetchrow(_SQL["newest"]))
        else:
            known = 0 < version <= _HIGHEST_VERSION
            settings = _checked(await connection.fetchrow(_SQL["one"], version)) if known else None
    if settings is None:
        none = version is None
        raise NoSuchVersion(say("settings.none_yet") if none else say("settings.no_version", version=version))
    heading = f"# {say('settings.exported', version=settings.version)}\n\n"
    return heading + document_to_toml(settings_to_document(settings))


async def history(url: str, limit: int = LONGEST_HISTORY) -> list[VersionEntry]:
    """Who imported which version when, the newest first, at most `limit` of them."""
    async with _connected(url) as connection:
        rows = await connection.fetch(_SQL["history"], limit)
    return [VersionEntry(row["version"], row["at"], row["author"], row["comment"]) for row in rows]


def _local(snapshot: Path, *, needed: bool) -> Settings | None:
    """The snapshot, None when there is none; a damaged one is refused only when nothing else is left."""
    try:
        return settings_snapshot.read(snapshot)
    except FileNotFoundError:
        return None
    except SettingsRefused:
        if needed:
            raise
        return None


async def _insert(
    connection: asyncpg.Connection, document: Mapping[str, Any], file: str, author: str, comment: str
) -> Settings:
    """The next version; the lock is held."""
    async with connection.transaction():
        number = await connection.fetchval(_SQL["newest_number"]) + 1
        settings = check_settings(document, file=file, version=number)
        await _store(connection, settings, author, comment)
    return settings


async def _store(connection: asyncpg.Connection, settings: Settings, author: str, comment: str) -> None:
    # Written with every default, so that a later program's other defaults do not change an old version.
    body = json.dumps(settings_to_document(settings), ensure_ascii=False)
    await connection.execute(_SQL["insert"], settings.version, author, comment, body)


def _checked(row: asyncpg.Record | None) -> Settings | None:
    if row is None:
        return None
    version: int = row["version"]
    name = say("settings.stored_version", version=version)
    return check_settings(json.loads(row["document"]), file=name, version=version, stored=True)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S, command_timeout=QUERY_LIMIT_S)
    try:
        yield connection
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)
