"""A real PostgreSQL for the whole session, and a migrated database of its own for every test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from postgres_server import Postgres, new_postgres

from hotline.database import migrate


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The session's PostgreSQL; do not stop it."""
    server = new_postgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_of_its_own(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that the test may stop."""
    server = new_postgres(tmp_path / "data")
    server.start()
    yield server
    server.stop()


_made = 0


@pytest.fixture
def empty_database_url(postgres: Postgres) -> str:
    """A database without any table."""
    global _made
    _made += 1
    return postgres.create(f"test_{os.getpid()}_{_made}")


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """A migrated database."""
    asyncio.run(migrate(empty_database_url))
    return empty_database_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    """A connection to the migrated database."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
