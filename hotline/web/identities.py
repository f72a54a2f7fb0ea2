"""Who caller references stand for, asked of PostgreSQL. This module must not know who may see it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import asyncpg

from hotline.database import CONNECT_LIMIT_S, load_queries

log = logging.getLogger(__name__)

ASK_LIMIT_S = 3.0

_SQL = load_queries("hotline", "identity_queries.sql")


class Identities:
    """One question at a time is asked of the database."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._one_at_a_time = asyncio.Lock()

    async def numbers_of(self, callers: Sequence[str]) -> Mapping[str, str] | None:
        """Numbers by caller's reference; who is not known is missing. None while PostgreSQL is away."""
        if not callers:
            return {}
        try:
            async with asyncio.timeout(ASK_LIMIT_S), self._one_at_a_time:
                connection = await asyncpg.connect(self._database_url, timeout=CONNECT_LIMIT_S)
                try:
                    rows = await connection.fetch(_SQL["numbers_of"], callers)
                finally:
                    connection.terminate()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("numbers_not_read", extra={"why": type(error).__name__})
            return None
        return {row["caller"]: row["number"] for row in rows}
