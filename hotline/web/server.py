"""Puts the web process together: site, sign-in, health, metrics, and the pages of the rooms."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web
from prometheus_client import CollectorRegistry

import wallboard.adapters.pages as wallboard_pages
from hotline.catalogue import load_catalogue
from hotline.core.settings import Settings
from hotline.service import Service
from hotline.signin import UserDirectory
from hotline.web.access import Access
from hotline.web.act_pages import ActPages
from hotline.web.alarm_watch import AlarmWatch
from hotline.web.callback_pages import CallbackPages
from hotline.web.deed_pages import DeedPages
from hotline.web.explain_pages import ExplainPages
from hotline.web.figures import FiguresCollector
from hotline.web.headers import add_headers, errors_as_answers
from hotline.web.health_pages import HealthPages
from hotline.web.live_picture import LivePicture
from hotline.web.recall_pages import RecallPages
from hotline.web.services import Services
from hotline.web.sign_in_pages import SignInPages
from hotline.web.site import Site

log = logging.getLogger(__name__)

Closer = Callable[[], Awaitable[None]]
Mount = Callable[[Site, CollectorRegistry], Closer]

ROOMS: tuple[Mount, ...] = (wallboard_pages.mount,)
"""What each room offers to be mounted; its closer is called at the end."""

FIRST_PAGE = wallboard_pages.PATH
MAX_BODY_BYTES = 64 * 1024
_KEEPALIVE_S = 30.0


@dataclass
class _Closers:
    """Closes in the opposite order of opening; one that fails does not stop the others."""

    steps: list[Closer] = field(default_factory=list)

    async def close(self) -> None:
        for step in reversed(self.steps):
            try:
                await step()
            except Exception:  # the rest must still be closed
                log.exception("close_failed")


async def start(service: Service) -> Closer:
    """Serve the pages on the deployment's address until the returned closer is called."""
    deployment, secrets = service.deployment, service.secrets
    closers = _Closers()
    live = LivePicture(
        deployment.socket("acd"), lambda now_ms: day_starts_ms(now_ms, service.settings), service.registry
    )
    directory = UserDirectory(deployment.database_url, deployment.first_password_file)
    access = Access(
        key=lambda: secrets.web_cookie_key,
        display_token=lambda: secrets.display_token,
        in_good_standing=directory.in_good_standing,
        port=deployment.ports.http,
    )
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    services = Services(deployment)
    watch = AlarmWatch(services, live.now_ms)
    site = Site(app, lambda: service.settings, live, access, load_catalogue(), lambda: watch.alarms)
    app.middlewares.append(errors_as_answers(site))
    app.on_response_prepare.append(add_headers)

    site.add_room("web", "hotline.web")
    app.router.add_get("/", _to_first_page)
    SignInPages(site, directory, service.registry).mount()
    service.registry.register(FiguresCollector(live, site.settings))
    HealthPages(site, services, service.registry, lambda: secrets.metrics_token).mount()
    ExplainPages(site, deployment, service.registry).mount()
    ActPages(site, deployment.database_url).mount()
    CallbackPages(site, deployment.socket("acd")).mount()
    RecallPages(site, deployment.database_url).mount()
    DeedPages(site, deployment.socket("acd"), service.registry).mount()
    closers.steps.extend(mount(site, service.registry) for mount in ROOMS)
    live.start()
    closers.steps.append(live.close)
    closers.steps.append(services.close)
    watch.start()
    closers.steps.append(watch.close)
    directory.start(lambda: secrets.user("admin"))
    closers.steps.append(directory.close)

    runner = web.AppRunner(
        app, handle_signals=False, access_log=None, shutdown_timeout=1.0, keepalive_timeout=_KEEPALIVE_S
    )
    await runner.setup()
    closers.steps.append(runner.cleanup)
    await web.TCPSite(runner, deployment.bind, deployment.ports.http).start()
    service.ready()
    return closers.close


def day_starts_ms(now_ms: int, settings: Settings) -> int:
    """The midnight, in ms since 1970, that began the house's day at now_ms."""
    local = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(settings.hotline.timezone))
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


async def _to_first_page(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(FIRST_PAGE)
