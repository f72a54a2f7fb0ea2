"""`hotline ledger rebuild` on a real PostgreSQL, and without one."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from hotline.cli import main
from hotline.database import migrate
from hotline.deployment import DATABASE_NAME


def test_a_rebuild_tells_how_many_facts_there_are(
    postgres_of_its_own: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment = postgres_of_its_own.deployment
    deployment.save()
    url = postgres_of_its_own.create(DATABASE_NAME)

    async def prepare() -> None:
        await migrate(url)
        connection = await asyncpg.connect(url)
        await connection.execute("INSERT INTO contact VALUES ('stale', now(), '', '', false, '')")
        await connection.close()

    async def contacts() -> int:
        connection = await asyncpg.connect(url)
        count: int = await connection.fetchval("SELECT count(*) FROM contact")
        await connection.close()
        return count

    asyncio.run(prepare())
    words = ["ledger", "rebuild", "--data", str(deployment.data)]
    assert main(words) == 0
    assert capsys.readouterr().out == "rebuilt from 0 facts\n"
    assert asyncio.run(contacts()) == 0
    postgres_of_its_own.stop()
    assert main(words) == 1
    assert "PostgreSQL" in capsys.readouterr().err
