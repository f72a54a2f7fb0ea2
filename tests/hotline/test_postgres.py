"""The embedded PostgreSQL: made whole, closed without the password, orderly at its end."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from hotline import postgres
from hotline.deployment import Deployment, Ports
from hotline.postgres import (
    PostgresError,
    drop_stale_lock,
    ensure_cluster,
    ensure_database,
    postgres_command,
)
from hotline.secrets import Secrets
from hotline.supervisor.programs import postgres_program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    deployment = Deployment(tmp_path / "data", ports=Ports(postgres=_free_port()))
    deployment.make_folders()
    return deployment


@pytest.fixture
async def server(deployment: Deployment) -> AsyncIterator[asyncio.subprocess.Process]:
    assert await asyncio.to_thread(ensure_cluster, deployment, Secrets.load(deployment))
    process = await asyncio.create_subprocess_exec(
        *postgres_command(deployment), cwd="/", stderr=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(30):
        await _until_it_answers(deployment)
    yield process
    if process.returncode is None:
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            await process.wait()


async def _until_it_answers(deployment: Deployment) -> None:
    while True:
        try:
            await ensure_database(deployment)
            return
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.05)


async def test_the_url_lets_in_and_a_wrong_password_does_not(
    deployment: Deployment, server: asyncio.subprocess.Process
) -> None:
    connection = await asyncpg.connect(deployment.database_url)
    assert await connection.fetchval("SELECT current_database()") == "hotline"
    collation = await connection.fetchrow("SELECT datlocprovider, datlocale FROM pg_database LIMIT 1")
    await connection.close()
    assert tuple(collation) == (b"b", "C.UTF-8")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(deployment.database_url, password="guessed")


async def test_it_listens_on_loopback_only_and_its_folder_is_closed(
    deployment: Deployment, server: asyncio.subprocess.Process
) -> None:
    connection = await asyncpg.connect(deployment.database_url)
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    assert await connection.fetchval("SHOW unix_socket_directories") == ""
    await connection.close()
    assert deployment.postgres.stat().st_mode & 0o777 == 0o700
    assert deployment.data.stat().st_mode & 0o777 == 0o700
    assert not (deployment.secrets_file.parent / "initdb").exists()


async def test_it_never_runs_as_root(deployment: Deployment, server: asyncio.subprocess.Process) -> None:
    status = await asyncio.to_thread(Path(f"/proc/{server.pid}/status").read_text)
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
    assert "0" not in uids
    if os.geteuid() == 0:
        bounding = next(line for line in status.splitlines() if line.startswith("CapBnd:")).split()[1]
        assert int(bounding, 16) == 1 << 2  # CAP_DAC_READ_SEARCH and nothing else


async def test_sigint_ends_it_although_a_client_is_connected(
    deployment: Deployment, server: asyncio.subprocess.Process
) -> None:
    connection = await asyncpg.connect(deployment.database_url)
    server.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        assert await server.wait() == 0
    connection.terminate()


async def test_a_second_start_keeps_the_cluster(
    deployment: Deployment, server: asyncio.subprocess.Process
) -> None:
    assert not await asyncio.to_thread(ensure_cluster, deployment, Secrets.load(deployment))


async def test_the_lock_of_a_living_server_is_left_alone(
    deployment: Deployment, server: asyncio.subprocess.Process
) -> None:
    lock = deployment.postgres / "postmaster.pid"
    assert int(lock.read_text().split()[0]) == server.pid
    drop_stale_lock(deployment)
    assert lock.exists()


async def test_the_lock_names_another_clusters_server(
    deployment: Deployment, server: asyncio.subprocess.Process, tmp_path: Path
) -> None:
    """Two hotlines on one machine that was cut off: one pid may well go over to the other."""
    other = Deployment(tmp_path / "other")
    other.postgres.mkdir(parents=True)
    (other.postgres / "postmaster.pid").write_text(f"{server.pid}\n")
    drop_stale_lock(other)
    assert not (other.postgres / "postmaster.pid").exists()


@pytest.mark.parametrize(
    ("text", "left"), [("{living}\n/data", False), ("-{living}\n", False), ("{ended}\n", True), ("", True)]
)
def test_a_lock_whose_pid_belongs_to_another_program_is_removed_before_the_start(
    deployment: Deployment, text: str, left: bool
) -> None:
    deployment.postgres.mkdir()
    lock = deployment.postgres / "postmaster.pid"
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock.write_text(text.format(living=os.getpid(), ended=ended.pid))
    assert postgres_program(deployment).command() == postgres_command(deployment)
    assert lock.exists() == left


def test_without_a_lock_there_is_nothing_to_remove(deployment: Deployment) -> None:
    drop_stale_lock(deployment)


def test_a_cluster_cut_off_in_the_making_is_made_anew(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftover = deployment.data / "postgres.new"
    leftover.mkdir()
    (leftover / "PG_VERSION").touch()

    def initdb(folder: Path, _password_file: Path) -> None:
        assert list(folder.iterdir()) == []
        (folder / "PG_VERSION").touch()

    monkeypatch.setattr(postgres, "_initdb", initdb)
    assert ensure_cluster(deployment, Secrets.load(deployment))
    assert (deployment.postgres / "PG_VERSION").exists()
    assert not leftover.exists()


def test_a_failed_initdb_is_told_and_leaves_no_cluster(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "initdb").write_text("#!/bin/sh\necho 'no space left' >&2\nexit 1\n")
    (tmp_path / "initdb").chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(postgres, "programs_folder", lambda: tmp_path)
    with pytest.raises(PostgresError, match="initdb failed: no space left"):
        ensure_cluster(deployment, Secrets.load(deployment))
    assert not deployment.postgres.exists()
    assert not (deployment.secrets_file.parent / "initdb").exists()
