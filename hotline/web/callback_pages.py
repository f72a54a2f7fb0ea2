"""`GET /api/callbacks`: who is to be called back instead of waiting, as acd lists them; for supervisors.

The role is checked here; what an entry means, acd.adapters.callbacks says.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import aiohttp
from aiohttp import web

from hotline.http_bodies import read_at_most
from hotline.web.deed_pages import MAY_SUPERVISE
from hotline.web.site import Site

log = logging.getLogger(__name__)

PATH = "/api/callbacks"
ASK_LIMIT_S = 5.0
MOST_BYTES = 1024 * 1024


class CallbackPages:
    """Route GET /api/callbacks."""

    def __init__(self, site: Site, acd_socket: Path) -> None:
        self._site = site
        self._socket = acd_socket

    def mount(self) -> None:
        """Add the route to the site."""
        allowed = self._site.access.allow(*MAY_SUPERVISE)
        self._site.app.router.add_get(PATH, allowed(self.callbacks))

    async def callbacks(self, _request: web.Request) -> web.StreamResponse:
        """{"callbacks": [...]}, the oldest place first; 503 {"why": "acd"} while acd is away."""
        connector = aiohttp.UnixConnector(str(self._socket))
        timeout = aiohttp.ClientTimeout(total=ASK_LIMIT_S)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
                session.get("http://acd/callbacks") as response,
            ):
                response.raise_for_status()
                return web.json_response(json.loads(await read_at_most(response.content, MOST_BYTES)))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.warning("callbacks_not_listed", extra={"why": type(error).__name__})
            return web.json_response({"why": "acd"}, status=503)
