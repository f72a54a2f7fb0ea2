"""Supervisors' deeds by API: POST /api/deeds, forwarded to acd's door with the name of who is signed in.

The role is checked here, the deed there (see acd.adapters.deeds): this module must not know any deed.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from hotline.http_bodies import read_at_most
from hotline.web.request_bodies import json_object
from hotline.web.site import Site

log = logging.getLogger(__name__)

MAY_SUPERVISE = ("admin", "supervisor")
ASK_LIMIT_S = 10.0  # acd waits for Asterisk at most half of it
MOST_ANSWER_BYTES = 64 * 1024


class DeedPages:
    """Route POST /api/deeds."""

    def __init__(self, site: Site, acd_socket: Path, registry: CollectorRegistry) -> None:
        self._site = site
        self._socket = acd_socket
        self._deeds = Counter(
            "hotline_web_deeds_total",
            "Deeds asked for by API, by acd's answer",
            ["status"],
            registry=registry,
        )

    def mount(self) -> None:
        """Add the route to the site."""
        allowed = self._site.access.allow(*MAY_SUPERVISE)
        self._site.app.router.add_post("/api/deeds", allowed(self.do))

    async def do(self, request: web.Request) -> web.StreamResponse:
        """JSON {"deed": …} in, acd's answer out: 200, 400, 409, or 503 when acd or Asterisk is away."""
        wish = await json_object(request)
        status, answer = await self._ask({**wish, "by": self._site.access.session(request).user})
        self._deeds.labels(str(status)).inc()
        return web.json_response(answer, status=status)

    async def _ask(self, wish: dict[str, object]) -> tuple[int, object]:
        connector = aiohttp.UnixConnector(str(self._socket))
        timeout = aiohttp.ClientTimeout(total=ASK_LIMIT_S)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.post("http://acd/deed", json=wish) as response,
            ):
                return response.status, json.loads(await read_at_most(response.content, MOST_ANSWER_BYTES))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("deed_not_forwarded", extra={"why": type(error).__name__})
            return 503, {"done": False, "why": "acd"}
