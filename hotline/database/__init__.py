"""PostgreSQL's schema and the SQL of the rooms: migrations, and queries by name.

A migration is a file `migrations/NNNN_verb_object.sql`; it goes forward only and is never changed once
released. A file of queries is a document: each query begins with `-- name: NAME` and may be described below
it. This package must not know what the tables mean.

    DatabaseError
    ├── MigrationFailed      a migration was refused by PostgreSQL; nothing of it was kept
    └── DatabaseIsNewer      a newer program has migrated this database
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

import asyncpg

from hotline.words import say, told

CONNECT_LIMIT_S = 5.0
LOCK_LIMIT_S = 60.0
_MIGRATION_LOCK = 0x686F746C  # any number that all of us use
_FILE_NAME = re.compile(r"(\d{4})_([a-z]+(?:_[a-z0-9]+)+)\.sql")


class DatabaseError(Exception):
    """The database cannot be used as it is; the text says why."""


class MigrationFailed(DatabaseError):
    """A migration was refused by PostgreSQL; nothing of it was kept."""


class DatabaseIsNewer(DatabaseError):
    """A newer program has migrated this database; this one must not write to it."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str  # verb_object
    sql: str


def load_queries(package: str, file: str) -> dict[str, str]:
    """The queries of an SQL document by name. Raises ValueError for one named twice."""
    text = resources.files(package).joinpath(file).read_text("utf-8")
    queries: dict[str, str] = {}
    for section in re.split(r"^-- name: ", text, flags=re.MULTILINE)[1:]:
        name, _, sql = section.partition("\n")
        if name.strip() in queries:
            raise ValueError(f"{package}/{file}: query {name.strip()!r} stands there twice")
        queries[name.strip()] = sql.strip()
    return queries


def migrations() -> list[Migration]:
    """All migrations of this program in order. Raises ValueError for a wrong or doubled file name."""
    found: dict[int, Migration] = {}
    for path in resources.files(__name__).joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"migrations/{path.name}: allowed NNNN_verb_object.sql")
        number = int(match[1])
        if number in found:
            raise ValueError(f"migrations/{path.name}: number {number} is taken by {found[number].name}")
        found[number] = Migration(number, match[2], path.read_text("utf-8"))
    return [found[number] for number in sorted(found)]


async def migrate(url: str, *, upto: int | None = None) -> list[int]:
    """Bring a database to this program's schema (or to `upto`); returns the numbers of the steps it took.

    Safe to call from several processes at once. Raises DatabaseError, or asyncpg's errors and OSError when
    the database cannot be reached.
    """
    connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S)
    try:
        await connection.execute(f"SET lock_timeout = '{LOCK_LIMIT_S:.0f}s'")
        await connection.execute("SELECT pg_advisory_lock($1)", _MIGRATION_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration"
            " (number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return await _take_steps(connection, upto)
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)


async def _take_steps(connection: asyncpg.Connection, upto: int | None) -> list[int]:
    known = migrations()
    rows = await connection.fetch("SELECT number, name FROM schema_migration")
    applied = {row["number"]: row["name"] for row in rows}
    strange = sorted(applied.keys() - {step.number for step in known})
    if strange:
        name = f"{strange[-1]:04}_{applied[strange[-1]]}"
        raise DatabaseIsNewer(say("database.newer", name=name))
    taken = []
    for step in known:
        if step.number in applied or (upto is not None and step.number > upto):
            continue
        try:
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(
                    "INSERT INTO schema_migration (number, name) VALUES ($1, $2)", step.number, step.name
                )
        except asyncpg.PostgresError as error:
            name = f"{step.number:04}_{step.name}"
            raise MigrationFailed(say("database.migration_failed", name=name, why=told(error))) from error
        taken.append(step.number)
    return taken
