"""`GET /api/recalls`: callers who left unserved and did not return, the next deadline first; for supervisors.

Who is open comes from the live picture, so PostgreSQL may be away; then the numbers are missing. They are
shown whole, for they are to be dialled. Settling one is the deed dismiss_recall (POST /api/deeds). This
module must not know how a recall is made.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from acd.core.returns import Recall
from hotline.core.shown_text import shown_text
from hotline.web.deed_pages import MAY_SUPERVISE
from hotline.web.identities import Identities
from hotline.web.site import Site

MOST = 100
NUMBER_CHARS = 24


class RecallPages:
    """Route GET /api/recalls."""

    def __init__(self, site: Site, database_url: str) -> None:
        self._site = site
        self._identities = Identities(database_url)

    def mount(self) -> None:
        """Add the route to the site."""
        allowed = self._site.access.allow(*MAY_SUPERVISE)
        self._site.app.router.add_get("/api/recalls", allowed(self.recalls))

    async def recalls(self, _request: web.Request) -> web.StreamResponse:
        """200 with how many are open, the next 100, and whether numbers are known; 503 without acd."""
        live = self._site.live
        if live.picture is None:
            return web.json_response({"why": "acd"}, status=503)
        recalls = sorted(
            live.picture.returns.recalls.values(), key=lambda one: (one.deadline_ms, one.contact)
        )
        numbers = await self._identities.numbers_of([recall.caller for recall in recalls[:MOST]])
        return web.json_response(
            {
                "open": len(recalls),
                "overdue": sum(recall.deadline_ms < live.now_ms() for recall in recalls),
                "numbers_known": numbers is not None,
                "recalls": [
                    _row(recall, (numbers or {}).get(recall.caller, "")) for recall in recalls[:MOST]
                ],
            }
        )


def _row(recall: Recall, number: str) -> dict[str, Any]:
    return {
        "contact": recall.contact,
        "queue": recall.queue,
        "left_ms": recall.left_ms,
        "deadline_ms": recall.deadline_ms,
        "number": shown_text(number, NUMBER_CHARS),
    }
