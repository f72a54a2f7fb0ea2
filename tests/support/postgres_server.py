"""A PostgreSQL that tests start, stop and fill: the embedded one's programs, in a folder of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import asyncpg

from hotline.deployment import DATABASE_USER, LOOPBACK, Deployment, Ports
from hotline.postgres import ensure_cluster, postgres_command
from hotline.secrets import Secrets


@dataclass
class Postgres:
    """An embedded PostgreSQL that tests may stop and start."""

    deployment: Deployment
    password: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        with (self.deployment.data / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                postgres_command(self.deployment), stdout=log, stderr=log, cwd="/"
            )
        deadline_s = time.monotonic() + 30
        while not self.takes_connections():
            assert self.process.poll() is None, (self.deployment.data / "postgres.log").read_text()
            assert time.monotonic() < deadline_s, "PostgreSQL did not start within 30 s"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once: open connections are cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
            self.process = None

    def takes_connections(self) -> bool:
        async def ask() -> None:
            await (await asyncpg.connect(self.url("postgres"), timeout=2)).close()

        try:
            asyncio.run(ask())
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        return True

    def url(self, database: str) -> str:
        return f"postgresql://{DATABASE_USER}:{self.password}@{LOOPBACK}:{self.deployment.ports.postgres}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database; its URL."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url("postgres"))
            await connection.execute(f"CREATE DATABASE {database}")
            await connection.close()

        asyncio.run(run())
        return self.url(database)

    def create_for(self, owner: str, password: str, database: str) -> str:
        """Make a user who may do nothing but own an empty database; its URL."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url("postgres"))
            quoted = password.replace("'", "''")
            await connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD '{quoted}'")
            await connection.execute(f"CREATE DATABASE {database} OWNER {owner}")
            await connection.close()

        asyncio.run(run())
        port = self.deployment.ports.postgres
        return f"postgresql://{owner}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def new_postgres(folder: Path) -> Postgres:
    """A cluster in a data folder, not started."""
    deployment = replace(Deployment(folder), ports=Ports(postgres=free_port()))
    deployment.make_folders()
    secrets = Secrets.load(deployment)
    ensure_cluster(deployment, secrets)
    return Postgres(deployment, secrets.postgres)
