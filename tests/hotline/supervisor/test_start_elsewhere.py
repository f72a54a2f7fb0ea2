"""A whole hotline where others have been before: in a database of their own, as a user who is not root."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from harness.ports import WHOLE_START_BASE
from postgres_server import Postgres, new_postgres
from started_hotline import PARTS, Hotline

from hotline.asterisk_install import cache_folder, find_system_asterisk
from hotline.deployment import Deployment

PASSWORD = "p@ss/wörd"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A PostgreSQL that no hotline has started."""
    server = new_postgres(tmp_path / "theirs")
    server.start()
    yield server
    server.stop()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_database_of_ones_own_takes_the_place_of_the_embedded_one(
    hotline: Hotline, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.create_for("house", PASSWORD, "calls")
    _wrong_urls_are_refused(hotline, server, url, monkeypatch)

    monkeypatch.setenv("DATABASE_URL", url)
    hotline.up()
    monkeypatch.delenv("DATABASE_URL")  # as in another shell
    _all_but_postgres_are_ready(hotline)
    asyncio.run(_do_as_admin(hotline, "close_queue"))
    _until_facts(url, "QueueClosed")
    _the_password_is_in_no_log_and_no_command_line(hotline)
    hotline.down()

    monkeypatch.setenv("DATABASE_URL", url)
    hotline.up()
    monkeypatch.delenv("DATABASE_URL")
    _all_but_postgres_are_ready(hotline)
    asyncio.run(_do_as_admin(hotline, "open_queue"))
    _until_facts(url, "QueueClosed", "QueueOpened")
    hotline.down()
    assert server.takes_connections()  # theirs, and not ours to end


def _wrong_urls_are_refused(
    hotline: Hotline, server: Postgres, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.deployment.ports.postgres
    guessed = "guessed-wrong"
    wrong = {
        f"postgresql://house:{guessed}@127.0.0.1:{port}/calls": "password authentication failed",
        f"postgresql://house:{guessed}@127.0.0.1:{_nobodys_port()}/calls": "Connect call failed",
        url.replace("/calls", "/letters"): 'database "letters" does not exist',
        f"{url}?sslmode=perhaps": "sslmode",
        f"house:{guessed}@127.0.0.1": "allowed a postgresql:// URL",
    }
    for text, why in wrong.items():
        monkeypatch.setenv("DATABASE_URL", text)
        refused = hotline.run("up", "--port-base", str(hotline.base))
        assert refused.returncode == 1
        assert "DATABASE_URL" in refused.stderr and why in refused.stderr, refused.stderr
        assert "Traceback" not in refused.stderr
        shown = refused.stdout + refused.stderr
        assert not any(secret in shown for secret in (guessed, PASSWORD, url.split("@")[0])), shown
        assert hotline.living() == []


def _nobodys_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _do_as_admin(hotline: Hotline, deed: str) -> None:
    """A deed by API: the user who signs in is in the database already, the fact comes to be there."""
    password = (hotline.data / "secrets" / "first-admin-password").read_text().strip()
    pages = f"http://127.0.0.1:{hotline.base + 5}"
    async with aiohttp.ClientSession(pages, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.post("/api/sign-in", json={"name": "admin", "password": password}) as signed_in:
            assert signed_in.status == 200
        async with session.post("/api/deeds", json={"deed": deed, "queue": "service"}) as done:
            assert done.status == 200, await done.text()


def _until_facts(url: str, *kinds: str) -> None:
    limit_s = time.monotonic() + 20
    while not set(kinds) <= asyncio.run(_kinds(url)):
        assert time.monotonic() < limit_s, f"the database did not get {kinds} within 20 s"
        time.sleep(0.1)


async def _kinds(url: str) -> set[str]:
    """The kinds of all facts in the database."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT DISTINCT kind FROM fact")
    await connection.close()
    return {row["kind"] for row in rows}


def _all_but_postgres_are_ready(hotline: Hotline) -> None:
    status = hotline.status()
    assert [part["name"] for part in status["parts"] if part["ready"]] == list(PARTS[1:])
    assert hotline.run("status").returncode == 0
    checked = hotline.run("check")
    assert checked.returncode == 0, checked.stdout
    deployment = Deployment.load(hotline.data)
    assert not (deployment.postgres / "PG_VERSION").exists()
    assert not any("pginstall" in words for words in hotline.living())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", deployment.ports.postgres)).close()
    assert deployment.database_override.stat().st_mode & 0o777 == 0o600


def _the_password_is_in_no_log_and_no_command_line(hotline: Hotline) -> None:
    quoted = "p%40ss%2Fw%C3%B6rd"
    logs = [file.read_text("utf-8", errors="replace") for file in (hotline.data / "log").glob("*.*")]
    assert logs
    for text in (*logs, *hotline.printed, *hotline.living()):
        assert PASSWORD not in text and quoted not in text


@pytest.fixture
def anothers() -> Iterator[Hotline]:
    """A hotline of a user who is not root, in that user's own folders.

    Where root's folders hide Python or the fetched Asterisk, the user may read (and no more) what is root's.
    """
    folder = Path(tempfile.mkdtemp(prefix="hl"))
    hotline = Hotline(folder / "data", WHOLE_START_BASE)
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        bare = "--inh-caps=-all", "--bounding-set=-all"
        reading = "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"
        needed = f"import hotline.cli, os; assert os.access({str(_asterisk_cache())!r}, os.X_OK)"
        alone = subprocess.run((*as_user, *bare, sys.executable, "-c", needed), check=False, cwd="/")
        # The supervisor ends with us: what the harness asks of the kernel is lost when the user changes.
        hotline.before = (*as_user, *(bare if alone.returncode == 0 else reading), "--pdeathsig=TERM")
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    hotline.environment = {
        **environment,
        "HOME": str(folder),
        "HOTLINE_LANG": "en",
        "HOTLINE_CACHE": str(cache_folder()),
    }
    yield hotline
    if hotline.supervisor and hotline.supervisor.poll() is None:
        hotline.end(signal.SIGTERM)
    hotline.run("down")
    shutil.rmtree(folder)


def _asterisk_cache() -> Path:
    """A folder that whoever starts Asterisk has to read."""
    return Path("/") if find_system_asterisk() else cache_folder()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_user_who_is_not_root_has_a_hotline(anothers: Hotline) -> None:
    anothers.up()
    user = anothers.data.stat().st_uid
    assert user != 0
    processes = anothers.processes()
    for name, process in processes.items():
        assert process is not None, name
        status = Path(f"/proc/{process.pid}/status").read_text()
        uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        assert set(uids) == {str(user)}, name
    assert anothers.run("status").returncode == 0
    checked = anothers.run("check")
    assert checked.returncode == 0, checked.stdout
    secrets = list((anothers.data / "secrets").iterdir())
    assert {"secrets.json", "pgpass", "first-admin-password"} <= {file.name for file in secrets}
    assert {file.stat().st_mode & 0o777 for file in secrets} == {0o600}
    for path in (anothers.data, *anothers.data.rglob("*")):
        assert path.lstat().st_uid == user, path
    assert list(anothers.data.parent.iterdir()) == [anothers.data]  # nothing lies about in the user's home

    anothers.down()
    assert not any(_is_alive(process.pid) for process in processes.values() if process)


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
