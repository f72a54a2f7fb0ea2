"""`GET /api/recalls`: callers who left unserved and did not return, the next deadline first; for supervisors.

Who is open comes from the live picture, so PostgreSQL may be away; then the numbers are missing. Settling one
is the deed dismiss_recall (POST /api/deeds). This module must not know how a recall is made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import asyncpg
from aiohttp import web

from acd.core.returns import Recall
from hotline.core.shown_text import shown_text
from hotline.database import CONNECT_LIMIT_S, load_queries
from hotline.web.deed_pages import MAY_SUPERVISE
from hotline.web.site import Site

log = logging.getLogger(__name__)

PATH = "/api/recalls"
MOST = 100
ASK_LIMIT_S = 3.0
NUMBER_CHARS = 24

_SQL = load_queries("hotline", "identity_queries.sql")


class RecallPages:
    """Route GET /api/recalls; one question at a time is asked of the database."""

    def __init__(self, site: Site, database_url: str) -> None:
        self._site = site
        self._database_url = database_url
        self._one_at_a_time = asyncio.Lock()

    def mount(self) -> None:
        """Add the route to the site."""
        allowed = self._site.access.allow(*MAY_SUPERVISE)
        self._site.app.router.add_get(PATH, allowed(self.recalls))

    async def recalls(self, _request: web.Request) -> web.StreamResponse:
        """200 with how many are open, the next 100, and whether numbers are known; 503 without acd."""
        live = self._site.live
        if live.picture is None:
            return web.json_response({"why": "acd"}, status=503)
        recalls = sorted(
            live.picture.returns.recalls.values(), key=lambda one: (one.deadline_ms, one.contact)
        )
        shown = recalls[:MOST]
        numbers = await self._numbers([recall.caller for recall in shown]) if shown else {}
        return web.json_response(
            {
                "open": len(recalls),
                "overdue": sum(recall.deadline_ms < live.now_ms() for recall in recalls),
                "numbers_known": numbers is not None,
                "recalls": [_row(recall, numbers or {}) for recall in shown],
            }
        )

    async def _numbers(self, callers: list[str]) -> dict[str, str] | None:
        """By caller's reference; None while PostgreSQL is away."""
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


def _row(recall: Recall, numbers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "contact": recall.contact,
        "queue": recall.queue,
        "left_ms": recall.left_ms,
        "deadline_ms": recall.deadline_ms,
        "number": shown_text(numbers.get(recall.caller, ""), NUMBER_CHARS),
    }
