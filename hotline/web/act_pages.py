"""`GET /api/acts?limit=50`: what supervisors did or tried, the newest first, for supervisors and admins.

Read from PostgreSQL, so some tenths of a second after the deed. This module must not know what a deed means.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import asyncpg
from aiohttp import web

from hotline.database import CONNECT_LIMIT_S, load_queries
from hotline.web.deed_pages import MAY_SUPERVISE
from hotline.web.site import Site

log = logging.getLogger(__name__)

PATH = "/api/acts"
USUAL, MOST = 50, 500
ASK_LIMIT_S = 5.0

_SQL = load_queries("hotline", "act_queries.sql")
_WORDS = ("via", "deed", "agent", "contact", "queue", "detail", "refused")


class ActPages:
    """Route GET /api/acts; one question at a time is asked of the database."""

    def __init__(self, site: Site, database_url: str) -> None:
        self._site = site
        self._database_url = database_url
        self._one_at_a_time = asyncio.Lock()

    def mount(self) -> None:
        """Add the route to the site."""
        allowed = self._site.access.allow(*MAY_SUPERVISE)
        self._site.app.router.add_get(PATH, allowed(self.acts))

    async def acts(self, request: web.Request) -> web.StreamResponse:
        """200 with the acts; 400 for a limit out of 1 to 500, 503 while PostgreSQL is away."""
        text = request.query.get("limit", str(USUAL))
        limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
        if not 0 < limit <= MOST:
            return web.json_response(
                {"field": "limit", "value": text[:20], "allowed": f"1 to {MOST}"}, status=400
            )
        try:
            async with asyncio.timeout(ASK_LIMIT_S), self._one_at_a_time:
                rows = await self._newest(limit)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("acts_not_read", extra={"why": type(error).__name__})
            return web.json_response({"why": "database"}, status=503)
        return web.json_response({"acts": [_act(row) for row in rows]})

    async def _newest(self, limit: int) -> list[Any]:
        connection = await asyncpg.connect(self._database_url, timeout=CONNECT_LIMIT_S)
        try:
            rows: list[Any] = await connection.fetch(_SQL["newest_acts"], limit)
            return rows
        finally:
            connection.terminate()


def _act(row: Any) -> dict[str, Any]:
    at_ms = round(row["at"].timestamp() * 1000)
    return {"at_ms": at_ms, "by": row["by_whom"], **{name: row[name] for name in _WORDS}}
