"""Restore of a backup into an empty data folder: facts, settings, recordings and secrets of its moment.

Everything is made in a folder beside the wanted one, which gets its name only when all of it is there and
right. The embedded PostgreSQL runs meanwhile on a port of its own, so a hotline may be running beside it.

    RestoreError   nothing was restored; the text says why
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg

from hotline.archive import ArchiveError, unpack
from hotline.backup import SQL
from hotline.database import CONNECT_LIMIT_S, DatabaseError, migrate, migrations
from hotline.database.copying import copy_in
from hotline.deployment import DATABASE_NAME, DATABASE_USER, LOOPBACK, Deployment, DeploymentError
from hotline.postgres import PostgresError, ensure_cluster, ensure_database, postgres_command
from hotline.secrets import Secrets, SecretsError
from hotline.words import say, told

START_LIMIT_S = 60.0
STOP_LIMIT_S = 60.0


class RestoreError(Exception):
    """Nothing was restored; the text says why."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored."""

    at: str
    position: int
    facts: int
    files: int
    missing: list[str]
    damaged: list[str]


def restore_backup(source: Path, data: Path) -> Restored:
    """Restore a backup into a folder that is empty or not there; not to be called in an event loop.

    Raises RestoreError.
    """
    data = data.expanduser().resolve()
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise RestoreError(say("restore.not_empty", data=data))
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data.parent, prefix=".restore-") as folder:
            staging = Path(folder) / "data"
            staging.mkdir(mode=0o700)
            restored = _restore(source, staging)
            if data.exists():
                data.rmdir()
            staging.rename(data)
        Deployment.load(data).make_folders()
    except (
        ArchiveError,
        DatabaseError,
        DeploymentError,
        PostgresError,
        SecretsError,
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        raise RestoreError(told(error)) from error
    return restored


def _restore(source: Path, staging: Path) -> Restored:
    manifest = unpack(source, staging)
    needed, newest = manifest["database"]["migration"], migrations()[-1].number
    if needed > newest:
        raise RestoreError(say("restore.newer", file=source, needed=f"{needed:04}", here=f"{newest:04}"))
    deployment = Deployment.load(staging)
    copies = staging / "database"
    asyncio.run(_restore_database(deployment, copies, manifest))
    shutil.rmtree(copies)
    (staging / "manifest.json").unlink()
    return Restored(
        at=manifest["at"],
        position=manifest["position"],
        facts=manifest["facts"],
        files=len(manifest["files"]),
        missing=manifest["missing"],
        damaged=manifest["damaged"],
    )


async def _restore_database(deployment: Deployment, copies: Path, manifest: dict[str, Any]) -> None:
    if deployment.own_database_url:
        await _fill(deployment.own_database_url, copies, manifest)
        return
    async with _own_postgres(deployment) as url:
        await _fill(url, copies, manifest)


async def _fill(url: str, copies: Path, manifest: dict[str, Any]) -> None:
    connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S)
    try:
        await _refuse_content(connection, manifest["database"]["migration"])
        await migrate(url, upto=manifest["database"]["migration"])
        async with connection.transaction():
            await copy_in(connection, copies, manifest["database"])
            moment = await connection.fetchrow(SQL["moment"])
            if (moment["position"], moment["facts"]) != (manifest["position"], manifest["facts"]):
                found, expected = moment["facts"], manifest["facts"]
                raise RestoreError(say("restore.facts_differ", found=found, expected=expected))
        await migrate(url)
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)


async def _refuse_content(connection: Any, needed: int) -> None:
    """Empty tables are left by a restore that failed, and may be filled; but not those of a newer schema."""
    present = {row["name"] for row in await connection.fetch(SQL["irreplaceable"])}
    for table in sorted(present - {"schema_migration"}):
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            raise RestoreError(say("restore.database_not_empty"))
    if "schema_migration" in present and (found := await connection.fetchval(SQL["migration"])) > needed:
        raise RestoreError(say("restore.database_newer", needed=f"{needed:04}", found=f"{found:04}"))


@contextlib.asynccontextmanager
async def _own_postgres(deployment: Deployment) -> AsyncIterator[str]:
    """A new cluster in the folder, running on a free port of loopback; its URL."""
    secrets = Secrets.load(deployment)
    here = replace(deployment, ports=replace(deployment.ports, postgres=_free_port()))
    await asyncio.to_thread(ensure_cluster, here, secrets)
    server = subprocess.Popen(  # noqa: ASYNC220 - it is started, not waited for
        postgres_command(here), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        await _until_ready(here, server)
        address = f"{LOOPBACK}:{here.ports.postgres}"
        yield f"postgresql://{DATABASE_USER}:{secrets.postgres}@{address}/{DATABASE_NAME}"
    finally:
        server.send_signal(signal.SIGINT)  # ends open sessions, and everything is on disk
        try:
            await asyncio.to_thread(server.wait, STOP_LIMIT_S)
        except subprocess.TimeoutExpired as error:
            server.kill()
            await asyncio.to_thread(server.wait)
            raise RestoreError(say("restore.not_ended", limit_s=f"{STOP_LIMIT_S:.0f}")) from error


async def _until_ready(deployment: Deployment, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while True:
        try:
            await ensure_database(deployment)
            return
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            if server.poll() is not None or time.monotonic() > deadline_s:
                folder = deployment.postgres / "log"
                raise RestoreError(say("restore.no_postgres", folder=folder, why=told(error))) from error
        await asyncio.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
