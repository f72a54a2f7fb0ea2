"""The supervisor's page and what it shows as JSON; deeds go to /api/deeds (hotline.web.deed_pages).

Mounted with the wallboard. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hotline.core.settings import Text
from hotline.core.shown_text import shown_text
from hotline.web.site import Site
from wallboard.core.alarms import alarm_rows
from wallboard.core.floor import floor

PATH = "/supervise"
MAY_SUPERVISE = ("admin", "supervisor")


class SupervisePages:
    """Routes /supervise and /api/floor."""

    def __init__(self, site: Site, reasons: Mapping[str, Text]) -> None:
        self._site = site
        self._reasons = reasons

    def mount(self) -> None:
        """Add the routes to the site."""
        allowed = self._site.access.allow(*MAY_SUPERVISE)
        self._site.app.router.add_get(PATH, allowed(self.page))
        self._site.app.router.add_get("/api/floor", allowed(self.floor))

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page; its figures come by /api/floor."""
        language = self._site.language(request)
        catalogue = self._site.catalogue
        texts = catalogue.section("wallboard", language) | catalogue.section("supervise", language)
        user = shown_text(self._site.access.session(request).user, 24)
        return self._site.render(request, "wallboard/supervise.html", texts=texts, user=user)

    async def floor(self, _request: web.Request) -> web.StreamResponse:
        """Agents, waiting calls, queues and alarms with their age: 200, or 503 while acd has told nothing."""
        live = self._site.live
        answer: dict[str, object] = {"now_ms": live.now_ms(), "age_ms": live.age_ms(), "floor": None}
        if live.picture is None:
            return web.json_response(answer, status=503)
        answer["floor"] = floor(live.picture, self._site.settings(), self._reasons, live.now_ms())
        answer["alarms"] = alarm_rows(live.picture, self._site.alarms())
        return web.json_response(answer)
