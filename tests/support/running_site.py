"""A whole web process within a test, on a free port, in a data folder of its own."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry

from hotline.core.sessions import Session, seal, stamp_of
from hotline.core.settings import Agent, Hotline, Queue, Settings, Text
from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets
from hotline.service import Closer, Service
from hotline.signin import UserDirectory
from hotline.web.access import PEOPLE
from hotline.web.server import start

FAR_MS = 4_000_000_000_000


def zone_at_noon() -> str:
    """A time zone in which midnight is far, so that no test meets the change of days by chance."""
    behind = datetime.now(UTC).hour - 12
    return f"Etc/GMT{behind:+d}" if behind else "Etc/GMT"


def two_queues(**hotline: object) -> Settings:
    """Settings with queues `service` and `sales`, and three agents, one with a hostile name."""
    return Settings(
        version=1,
        hotline=Hotline(
            name=Text("客户服务热线", "Customer hotline"),
            **{"timezone": zone_at_noon(), **hotline},  # type: ignore[arg-type]
        ),
        skills=("service",),
        not_ready_reasons={"1": Text("小休", "Break")},
        queues=(
            Queue("service", Text("业务咨询", "Service"), target_rings=3),
            Queue("sales", Text("销售", "Sales"), target_rings=3),
        ),
        agents=(Agent("1001", "王伟"), Agent("1002", "<img src=x onerror=alert(1)>"), Agent("1003", "")),
    )


class RunningSite:
    """The service under test, where it listens, and cookies to be someone."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.deployment = service.deployment
        self.secrets = service.secrets
        self.url = f"http://127.0.0.1:{self.deployment.ports.http}"
        self._stamps: dict[str, str] = {}  # of the users in PostgreSQL, by role
        self._close: Closer | None = None

    async def add_users(self) -> None:
        """A user of each role but that of wall screens in PostgreSQL, named as the role."""
        folder, quick = self.deployment.data, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        directory = UserDirectory(self.deployment.database_url, folder / "first", quick)
        for role in PEOPLE:
            await directory.add_user(role, role, "long enough")
            self._stamps[role] = (await directory.sign_in(role, "long enough")).stamp

    async def start_pages(self) -> None:
        """Serve, as after a start of the process."""
        self._close = await start(self.service)

    async def stop_pages(self) -> None:
        """Serve no more."""
        if self._close is not None:
            await self._close()
        self._close = None
        # Metrics are registered once per process: the next start, a new process in truth, has its own.
        self.service.registry = CollectorRegistry()

    def cookie(self, role: str = "supervisor", user: str = "wei", stamp: str = "") -> dict[str, str]:
        """The cookie of someone signed in: where PostgreSQL was never reached, the signature decides."""
        if role in self._stamps and not stamp:
            user, stamp = role, self._stamps[role]
        if role == "display" and not stamp:
            user, stamp = "", stamp_of(self.secrets.display_token)
        session = Session(user, role, stamp, FAR_MS)
        name = f"hotline_session_{self.deployment.ports.http}"
        return {name: seal(session, self.secrets.web_cookie_key.encode())}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def running_site(
    settings: Settings | None = None, database_url: str = ""
) -> AsyncIterator[RunningSite]:
    """Serves until left. Without a database URL PostgreSQL is away."""
    with TemporaryDirectory(prefix="hl-") as folder:
        url = database_url or f"postgresql://nobody@127.0.0.1:{free_port()}/none"
        ports = replace(Ports(), http=free_port())
        deployment = Deployment(Path(folder), ports=ports, own_database_url=url)
        deployment.make_folders()
        service = Service("web", deployment, Secrets.load(deployment), settings or two_queues())
        site = RunningSite(service)
        if database_url:
            await site.add_users()
        await site.start_pages()
        try:
            yield site
        finally:
            await site.stop_pages()
