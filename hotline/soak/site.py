"""The hotline under test: `hotline up` as its user would run it, observed from outside.

Only what every operator can see is read: status, metrics, acd's stream, journals, PostgreSQL, console, /proc.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import Deployment
from hotline.supervisor.processes import read_pid_file
from hotline.supervisor.readiness import ConsoleError, run_console
from hotline.words import CHOICE

START_LIMIT_S = 240.0
READY = "ready after "  # what `hotline up` says in English, ready or "NOT ready"
STOP_LIMIT_S = 120.0
BACK_LIMIT_S = 60.0
QUESTION_LIMIT_S = 20.0
SERVICES = ("acd", "ivr", "ledger", "keeper", "web")
PROCESSES = ("asterisk", *SERVICES)


class SiteError(Exception):
    """The hotline under test does not start, end or answer; the text says which."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What one process holds."""

    resident_bytes: int
    descriptors: int


class Site:
    """One hotline in a data folder."""

    def __init__(
        self, data: Path, port_base: int, install: AsteriskInstall, environment: dict[str, str]
    ) -> None:
        """environment: added to that of `hotline up`."""
        self.data, self._port_base, self._install = data, port_base, install
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def deployment(self) -> Deployment:
        """Its folders and ports."""
        return Deployment.load(self.data)

    @property
    def output(self) -> Path:
        """What `hotline up` printed."""
        return self.data / "up.log"

    # ---- its life

    async def start(self, settings: Path) -> None:
        """`hotline up` until it says that it is ready. Raises SiteError."""
        words = ["up", "--data", str(self.data), "--port-base", str(self._port_base)]
        with self.output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *_hotline(*words, "--settings", str(settings)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, **self._environment, "PYTHONUNBUFFERED": "1", CHOICE: "en"},  # read below
                start_new_session=True,  # Ctrl-C is for the soak, which then ends it
            )
        deadline_s = time.monotonic() + START_LIMIT_S
        while READY not in (said := self.output.read_text("utf-8", "replace")):
            if self._process.returncode is not None or time.monotonic() > deadline_s:
                raise SiteError(f"hotline up: not ready: {said[-1500:]}")
            await asyncio.sleep(0.1)
        if "NOT ready" in said:
            raise SiteError(f"hotline up: {said[-1500:]}")

    async def stop(self) -> None:
        """`hotline down`. Raises SiteError."""
        if not self.deployment.file.exists():
            return
        down = await asyncio.create_subprocess_exec(
            *_hotline("down", "--data", str(self.data)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                said, _ = await down.communicate()
                if self._process is not None:
                    await self._process.wait()
        except TimeoutError as error:
            raise SiteError(f"hotline down: not done within {STOP_LIMIT_S:.0f} s") from error
        if down.returncode:
            raise SiteError(f"hotline down: {said.decode('utf-8', 'replace')[-1000:]}")

    async def kill(self, service: str) -> float:
        """`kill -9` of a service; waits until it is ready again. Returns how long it was away, in s.

        Raises SiteError.
        """
        killed = read_pid_file(self.deployment.pid_file(service))
        if killed is None:
            raise SiteError(f"{service} does not run")
        killed.signal(signal.SIGKILL)
        began_s = time.monotonic()
        while True:
            now = read_pid_file(self.deployment.pid_file(service))
            if now is not None and now.pid != killed.pid and await self._ready(service):
                return time.monotonic() - began_s
            if time.monotonic() - began_s > BACK_LIMIT_S:
                raise SiteError(f"{service} is not ready again {BACK_LIMIT_S:.0f} s after kill -9")
            await asyncio.sleep(0.1)

    def restarts(self) -> dict[str, int]:
        """How often each part was started again, as the supervisor noted."""
        noted = json.loads((self.deployment.run / "supervisor.json").read_text("utf-8"))
        return {name: int(part["restarts"]) for name, part in noted.items()}

    # ---- what it says

    async def _ready(self, service: str) -> bool:
        try:
            async with self._http(service) as session, session.get(f"http://{service}/healthz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def metrics(self, service: str) -> dict[str, float]:
        """The sum of each metric's samples, by sample name. Raises SiteError."""
        try:
            async with self._http(service) as session, session.get(f"http://{service}/metrics") as answer:
                text = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SiteError(f"metrics of {service}: {type(error).__name__}: {error}") from error
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0.0) + sample.value
        return sums

    async def picture(self) -> dict[str, Any]:
        """acd's live picture: the first line of its stream. Raises SiteError."""
        try:
            async with self._http("acd") as session, session.get("http://acd/stream") as answer:
                # A picture can be longer than what readline takes.
                head = b""
                async for chunk in answer.content.iter_any():
                    head += chunk
                    if b"\n" in chunk:
                        break
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise SiteError(f"stream of acd: {type(error).__name__}: {error}") from error
        picture: dict[str, Any] = json.loads(head.split(b"\n", 1)[0])["picture"]
        return picture

    async def sizes(self, process: str) -> Sizes | None:
        """Memory and descriptors of a process now; None while it is away."""
        running = read_pid_file(self.deployment.pid_file(process))
        if running is None:
            return None
        folder = Path(f"/proc/{running.pid}")
        with contextlib.suppress(OSError):  # it has just ended
            pages = int((folder / "statm").read_text("ascii").split()[1])
            return Sizes(pages * os.sysconf("SC_PAGE_SIZE"), len(list((folder / "fd").iterdir())))
        return None

    async def console(self, command: str) -> str:
        """What Asterisk's console answers. Raises SiteError."""
        try:
            return await run_console(self.deployment, self._install, command)
        except ConsoleError as error:
            raise SiteError(f"console: {error}") from error

    async def channels(self) -> int:
        """How many channels live in Asterisk. Raises SiteError."""
        # Asterisk may say more before it, as on a machine without a network card.
        return int((await self.console("core show channels count")).split(" active channel")[0].split()[-1])

    async def count(self, query: str) -> int:
        """The one number that a query on its database gives. Raises SiteError."""
        try:
            connection = await asyncpg.connect(self.deployment.database_url, timeout=QUESTION_LIMIT_S)
            try:
                return int(await connection.fetchval(query))
            finally:
                await connection.close()
        except (asyncpg.PostgresError, OSError, TimeoutError) as error:
            raise SiteError(f"PostgreSQL: {type(error).__name__}: {error}") from error

    def _http(self, service: str) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(path=str(self.deployment.socket(service)))
        timeout = aiohttp.ClientTimeout(total=QUESTION_LIMIT_S)
        return aiohttp.ClientSession(connector=connector, timeout=timeout)


def _hotline(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "hotline.cli", *words]
