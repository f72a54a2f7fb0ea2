"""What every answer carries so that browsers guard our users, and what becomes of errors.

This module must not know the pages.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from hotline.web.access import is_for_programs
from hotline.web.site import Site

log = logging.getLogger(__name__)

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a browser sends its forms as from nowhere
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    "Server": "hotline",
}
_COMPLAINTS = {403: "error.forbidden", 404: "error.not_found", 503: "error.busy"}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler for `on_response_prepare`."""
    response.headers.update(HEADERS)
    # Style sheets and scripts may be kept but are asked for anew; figures and names are never kept.
    kept = request.path.startswith("/static/")
    response.headers.setdefault("Cache-Control", "no-cache" if kept else "no-store")


def errors_as_answers(site: Site) -> Middleware:
    """Middleware: errors become a page in the asker's language, or JSON for programs."""

    @web.middleware
    async def answer(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return _refusal(site, request, error.status)
        except Exception:
            log.exception("page_failed", extra={"path": request.path})
            return _refusal(site, request, 500)

    return answer


def _refusal(site: Site, request: web.Request, status: int) -> web.Response:
    if is_for_programs(request) or request.path.startswith(("/static/", "/metrics", "/healthz")):
        return web.json_response({"error": status}, status=status)
    key = "error.failed" if status >= 500 and status != 503 else _COMPLAINTS.get(status, "error.refused")
    complaint = site.catalogue.text(key, site.language(request))
    return site.render(request, "web/error.html", status=status, complaint=complaint)
