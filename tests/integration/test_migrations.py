"""Migrations go forward, once each, all or nothing; their names say what they do."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import Any

import asyncpg
import pytest

import hotline.database
from hotline.database import DatabaseIsNewer, Migration, MigrationFailed, load_queries, migrate, migrations

VERBS = ("create", "add", "drop", "rename", "alter", "index", "split", "merge", "fill")


def test_every_name_begins_with_a_verb_and_numbers_have_no_gap() -> None:
    steps = migrations()
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    for step in steps:
        assert step.name.split("_")[0] in VERBS


async def test_a_database_is_migrated_once(empty_database_url: str) -> None:
    everything = [step.number for step in migrations()]
    assert await migrate(empty_database_url, upto=2) == everything[:2]
    assert await migrate(empty_database_url) == everything[2:]
    assert await migrate(empty_database_url) == []


async def test_two_processes_may_migrate_at_once(empty_database_url: str) -> None:
    taken = await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))
    assert sorted(len(steps) for steps in taken) == [0, 0, len(migrations())]


async def test_a_refused_migration_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [
        Migration(1, "create_a", "CREATE TABLE a (x int)"),
        Migration(2, "create_b", "CREATE TABLE b (x); ?"),
    ]
    monkeypatch.setattr(hotline.database, "migrations", lambda: steps)
    with pytest.raises(MigrationFailed, match="0002_create_b"):
        await migrate(empty_database_url)
    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL")
    assert await connection.fetchval("SELECT count(*) FROM schema_migration") == 1
    await connection.close()


async def test_a_newer_database_is_not_touched(database: Any, database_url: str) -> None:
    await database.execute("INSERT INTO schema_migration (number, name) VALUES (9999, 'create_future')")
    with pytest.raises(DatabaseIsNewer, match="9999_create_future"):
        await migrate(database_url)


async def test_every_query_of_ours_is_understood_by_postgresql(database: Any) -> None:
    for package, file in (
        ("hotline.ledger", "queries.sql"),
        ("hotline.ledger", "projections.sql"),
        ("hotline.ledger", "work_projections.sql"),
        ("hotline", "signin_queries.sql"),
        ("hotline", "act_queries.sql"),
        ("hotline", "identity_queries.sql"),
    ):
        for name, sql in load_queries(package, file).items():
            if name != "empty_projections":  # several statements: only run, never prepared
                await database.prepare(sql)


async def test_every_table_says_what_it_is_or_is_a_projection_with_plain_names(database: Any) -> None:
    rows = await database.fetch(
        "SELECT relname, obj_description(oid) AS told FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    )
    silent = sorted(row["relname"] for row in rows if row["told"] is None)
    assert silent == ["recording", "schema_migration", "voice_message"]


def test_sql_files_are_installed_with_the_package() -> None:
    assert resources.files("hotline.ledger").joinpath("queries.sql").is_file()
