"""The wallboard's page, its live link, and the same figures as JSON.

Mounted by the web process. It connects the hub to browsers and decides nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import WSCloseCode, web
from prometheus_client import CollectorRegistry

from hotline.catalogue import Catalogue
from hotline.core.sessions import Session
from hotline.core.settings import Text
from hotline.core.shown_text import shown_text
from hotline.web.access import EVERYONE, from_our_site
from hotline.web.site import Site
from wallboard.adapters.hub import Browser, Hub
from wallboard.adapters.supervise import MAY_SUPERVISE, SupervisePages
from wallboard.core.board import Board, board

log = logging.getLogger(__name__)

PATH = "/wallboard"
SEND_LIMIT_S = 5.0
CLOSE_LIMIT_S = 1.0
SIGNED_OFF = 4401  # close code told to the page: the sign-in has ended
BUSY = 4503


def mount(site: Site, registry: CollectorRegistry) -> Callable[[], Awaitable[None]]:
    """Add the wallboard to the site and begin to push; returns its closer."""
    site.add_room("wallboard", "wallboard")
    pages = WallboardPages(site, registry)
    for_everyone = site.access.allow(*EVERYONE)
    site.app.router.add_get(PATH, pages.page)
    site.app.router.add_get(f"{PATH}/live", for_everyone(pages.live))
    site.app.router.add_get("/api/picture", for_everyone(pages.picture))
    SupervisePages(site, pages.reasons).mount()
    pages.hub.start()
    return pages.hub.close


class WallboardPages:
    """Handlers of the wallboard's routes."""

    def __init__(self, site: Site, registry: CollectorRegistry) -> None:
        self._site = site
        self.reasons = _reasons(site.catalogue)
        self.hub = Hub(self._board, site.live.now_ms, site.live.age_ms, registry)
        site.live.on_change(self.hub.changed)
        self._guarded_page = site.access.allow(*EVERYONE)(self._page)

    def _board(self) -> Board | None:
        live = self._site.live
        if live.picture is None:
            return None
        return board(live.picture, self._site.settings(), self.reasons, live.now_ms(), self._site.alarms())

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page; a display token in the address becomes a cookie and leaves the address."""
        token = request.query.get("token")
        if token is None:
            return await self._guarded_page(request)
        rest = request.rel_url.without_query_params("token")
        response = web.Response(status=303, headers={"Location": str(rest)})
        if not self._site.access.sign_in_display(request, response, token):
            log.warning("display_token_wrong", extra={"pii_address": request.remote})
            raise web.HTTPForbidden
        return response

    async def _page(self, request: web.Request) -> web.StreamResponse:
        language = self._site.language(request)
        texts = self._site.catalogue.section("wallboard", language)
        session = self._site.access.session(request)
        return self._site.render(
            request,
            "wallboard/wallboard.html",
            texts=texts,
            user=shown_text(session.user, 24),
            may_supervise=session.role in MAY_SUPERVISE,
        )

    async def picture(self, _request: web.Request) -> web.StreamResponse:
        """The board as JSON with its age: 200, or 503 while there is none."""
        now = self._board()
        answer = {"now_ms": self._site.live.now_ms(), "age_ms": self._site.live.age_ms(), "board": now}
        return web.json_response(answer, status=503 if now is None else 200)

    async def live(self, request: web.Request) -> web.StreamResponse:
        """WebSocket: the whole board, then its changes, and a beat every second."""
        if not from_our_site(request):
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=1024, compress=False)
        await socket.prepare(request)
        browser = self.hub.join()
        if browser is None:
            await socket.close(code=BUSY)
            return socket
        reader = asyncio.get_running_loop().create_task(_until_gone(socket, browser))
        code: int = WSCloseCode.GOING_AWAY
        try:
            code = await self._send(socket, browser, self._site.access.session(request))
        finally:
            self.hub.leave(browser)
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
            await _hang_up(socket, request, code)
        return socket

    async def _send(self, socket: web.WebSocketResponse, browser: Browser, session: Session) -> int:
        """Send until the browser is gone, too slow or signed off; returns the close code to tell it."""
        while (message := await browser.next()) is not None:
            if not self._site.access.still_good(session):
                return SIGNED_OFF
            try:
                await asyncio.wait_for(socket.send_str(message), SEND_LIMIT_S)
            except (ConnectionError, TimeoutError):
                break
        return WSCloseCode.TRY_AGAIN_LATER


async def _hang_up(socket: web.WebSocketResponse, request: web.Request, code: int) -> None:
    # A browser that reads nothing would also never hear our goodbye: it gets a moment, then it is cut.
    try:
        await asyncio.wait_for(socket.close(code=code), CLOSE_LIMIT_S)
    except (ConnectionError, TimeoutError):
        log.debug("browser_cut")
    if request.transport is not None:
        request.transport.abort()


async def _until_gone(socket: web.WebSocketResponse, browser: Browser) -> None:
    # Browsers have nothing to say here; reading is how we learn that one has left.
    async for _ in socket:
        pass
    browser.drop()


def _reasons(catalogue: Catalogue) -> dict[str, Text]:
    prefix = "wallboard.reason."
    return {key.removeprefix(prefix): catalogue.both(key) for key in catalogue.keys if key.startswith(prefix)}
