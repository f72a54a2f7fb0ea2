"""/healthz for everyone and /metrics for those who may: on this machine, or with the token.

This module must not know what the figures are.
"""

from __future__ import annotations

import secrets as entropy
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from hotline.web.access import is_loopback
from hotline.web.metrics import joined
from hotline.web.services import Services
from hotline.web.site import Site

_MAY_SEE_REASONS = ("admin", "supervisor")


class HealthPages:
    """Routes /healthz and /metrics."""

    def __init__(
        self, site: Site, services: Services, registry: CollectorRegistry, token: Callable[[], str]
    ) -> None:
        self._site = site
        self._services = services
        self._registry = registry
        self._token = token

    def mount(self) -> None:
        """Add the routes to the site."""
        self._site.app.router.add_get("/healthz", self.healthz)
        self._site.app.router.add_get("/metrics", self.metrics)

    async def healthz(self, request: web.Request) -> web.StreamResponse:
        """200 when every service is ready, else 503; the reasons only for those who look after the house."""
        health = await self._services.health()
        ready = all(one.state == "ready" for one in health.values())
        answer: dict[str, object] = {
            "ready": ready,
            "services": {"web": "ready", **{name: one.state for name, one in health.items()}},
        }
        session = self._site.access.session_of(request)
        if session is not None and session.role in _MAY_SEE_REASONS:
            answer["why"] = {name: one.why for name, one in health.items() if one.why}
        return web.json_response(answer, status=200 if ready else 503)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        """All services' metrics in the Prometheus text format."""
        if not (self._has_token(request) or is_on_this_machine(request)):
            raise web.HTTPForbidden
        body = generate_latest(joined(self._registry.collect(), await self._services.metrics()))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _has_token(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and entropy.compare_digest(
            token.strip().encode(), self._token().encode()
        )


def is_on_this_machine(request: web.Request) -> bool:
    """True for a program on this machine: not a proxy's guest, nor a page that gave its name our address."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    host = request.host.rpartition(":")[0] if request.host.count(":") == 1 else request.host
    host = host.partition("]")[0].lstrip("[")
    return is_loopback(request.remote) and (host == "localhost" or is_loopback(host))
