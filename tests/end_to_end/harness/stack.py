"""A complete hotline of the test's own: `hotline up` in a data folder, observed as an operator would.

Reads what the product publishes (status, journals, acd's stream, PostgreSQL, console); decides nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from harness.desk import Desk
from harness.fact_log import FactLog
from harness.lanes import CARRIER
from harness.lifelines import ends_with_us
from harness.phone import Manner, Phone
from harness.prompt_tones import write_music_tones, write_prompt_tones
from harness.waiting import until
from hotline.asterisk_install import find_install
from hotline.deployment import LOOPBACK, Deployment
from hotline.journal import Envelope, read_journal
from hotline.secrets import Secrets

START_LIMIT_S = 90.0
DOWN_LIMIT_S = 100.0
SERVICES = ("acd", "ivr", "ledger", "keeper", "web")


class StackError(Exception):
    """The hotline does not do what every test relies on; the text has its last output."""


class HotlineStack:
    """Use as `async with HotlineStack(data, port_base, settings) as stack`: ready when entered."""

    def __init__(
        self,
        data: Path,
        port_base: int,
        settings: str,
        *,
        tone_prompts: bool = True,
        bind: str = LOOPBACK,
    ) -> None:
        """tone_prompts: every prompt, and music that a queue names, is a tone, see harness.prompt_tones.

        bind: the address of this machine at which SIP, RTP and pages are reached.
        """
        self.data, self.port_base, self._settings = data, port_base, settings
        self._tone_prompts, self._bind = tone_prompts, bind
        self._process: asyncio.subprocess.Process | None = None
        self._facts: FactLog | None = None
        self.ready_after_s = 0.0

    async def __aenter__(self) -> HotlineStack:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ---- its life

    async def start(self) -> None:
        """`hotline up` until it says that it is ready. Raises StackError."""
        self.data.mkdir(parents=True, exist_ok=True)
        if self._bind != LOOPBACK and not (self.data / "deployment.toml").exists():
            Deployment(self.data, bind=self._bind).save()
        file = self.data.parent / f"{self.data.name}-settings.toml"
        file.write_text(self._settings, "utf-8")
        if self._tone_prompts:
            house = tomllib.loads(self._settings)
            write_prompt_tones(
                self.data / "sounds",
                agents=[agent["number"] for agent in house.get("agent", [])],
                queues=[queue["name"] for queue in house.get("queue", [])],
            )
            music = {queue["music"] for queue in house.get("queue", []) if "music" in queue}
            write_music_tones(self.data / "sounds", music)
        words = ["up", "--data", str(self.data), "--port-base", str(self.port_base), "--settings", str(file)]
        started_s = time.monotonic()
        with self.output.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *_hotline(*words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C at the tests is not meant for the supervisor
                preexec_fn=ends_with_us(signal.SIGTERM),  # but the end of the tests is: it ends all
            )
        process = self._process

        def settled() -> bool:
            return process.returncode is not None or "ready after " in self.said()

        try:
            await until(settled, "hotline up: no word of readiness", START_LIMIT_S)
        except TimeoutError as error:
            await self.close()
            raise StackError(f"{error}: {self.said()[-3000:]}") from error
        if process.returncode is not None or "NOT ready" in self.said():
            said = self.said()
            await self.close()
            raise StackError(f"hotline up: {said[-3000:]}")
        self.ready_after_s = time.monotonic() - started_s
        if self._facts:
            self._facts.close()  # started once more
        self._facts = FactLog(self.deployment.journal("acd"), everything=True)

    async def close(self) -> None:
        """`hotline down`; then nothing of it may be left. Raises StackError."""
        if self._facts:
            self._facts.close()
        if not (self.data / "deployment.toml").exists():
            return
        status, said = await run_hotline("down", "--data", str(self.data), within_s=DOWN_LIMIT_S)
        if self._process:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self._process.wait()
        left = processes_of(self.data)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if status or left:
            raise StackError(f"hotline down ended with {status}, left {left}: {said[-2000:]}")

    @property
    def output(self) -> Path:
        """What `hotline up` printed."""
        return self.data.parent / f"{self.data.name}-up.log"

    def said(self) -> str:
        """What `hotline up` printed so far."""
        return self.output.read_text("utf-8", "replace")

    def pid(self, name: str) -> int:
        """Process id of a service, of "asterisk", "postgres" or "supervisor"; 0 when it does not run."""
        file = self.deployment.pid_file(name)
        return int(file.read_text("ascii").split()[0]) if file.exists() else 0

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal (kill -9) to one of its processes; returns the pid."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    async def back(self, name: str, killed_pid: int, *, within_s: float = 20.0) -> None:
        """Wait until a killed process has a successor that says that it is ready."""

        await until(lambda: self.pid(name) not in (0, killed_pid), f"a new process of {name}", within_s)
        deadline_s = time.monotonic() + within_s
        part: dict[str, Any] = {}
        while time.monotonic() < deadline_s:
            part = next(part for part in (await self.status())["parts"] if part["name"] == name)
            if part["ready"]:
                return
        raise TimeoutError(f"{name} is not ready again within {within_s} s: {part}")

    # ---- what it says

    @property
    def deployment(self) -> Deployment:
        """Its folders and ports."""
        return Deployment.load(self.data)

    @property
    def secrets(self) -> Secrets:
        """Its passwords, PINs and tokens."""
        return Secrets.load(self.deployment)

    @property
    def server(self) -> tuple[str, int]:
        """Where SIP is spoken."""
        return self._bind, self.deployment.ports.sip

    @property
    def pages(self) -> str:
        """Address of the pages."""
        return f"http://{self._bind}:{self.deployment.ports.http}"

    @property
    def facts(self) -> FactLog:
        """acd's facts since the start."""
        if self._facts is None:
            raise StackError("the hotline is not up")
        return self._facts

    async def fact(self, kind: str, *, count: int = 1, within_s: float = 5.0, **body: Any) -> Envelope:
        """Wait for a fact of acd, for example fact("CallAnswered", contact=…). Raises TimeoutError."""
        return await self.facts.fact(kind, count=count, within_s=within_s, **body)

    def journal(self, writer: str) -> list[Envelope]:
        """All facts of a writer: acd, ivr, keeper, fallback."""
        return [envelope for _, envelope in read_journal(self.deployment.journal(writer))]

    async def status(self) -> dict[str, Any]:
        """What `hotline status --json` says."""
        _, said = await run_hotline("status", "--data", str(self.data), "--json", within_s=15)
        status: dict[str, Any] = json.loads(said)
        return status

    async def ready(self, service: str) -> bool:
        """Whether a service of ours says now that it is ready."""
        try:
            async with (
                self._service(service) as session,
                session.get(f"http://{service}/healthz") as response,
            ):
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def picture(self) -> dict[str, Any]:
        """The live picture, as the first line of acd's stream has it now."""
        async with self._service("acd") as session, session.get("http://acd/stream") as response:
            line: dict[str, Any] = json.loads(await response.content.readline())
            picture: dict[str, Any] = line["picture"]
            return picture

    async def metrics(self, service: str) -> str:
        """A service's metrics, in Prometheus' text form."""
        async with self._service(service) as session, session.get(f"http://{service}/metrics") as response:
            return await response.text()

    async def metric(self, service: str, start: str) -> float:
        """The sum of a service's samples whose line begins with `start`; 0 when there is none."""
        lines = (await self.metrics(service)).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(start))

    async def metric_becomes(self, service: str, start: str, value: float, *, within_s: float = 10.0) -> None:
        """Wait until `metric` has this value. Raises TimeoutError."""
        deadline_s = time.monotonic() + within_s
        while (now := await self.metric(service, start)) != value:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{service}: {start} is {now} after {within_s} s, not {value}")
            await asyncio.sleep(0.05)

    def _service(self, name: str) -> aiohttp.ClientSession:
        connector = aiohttp.UnixConnector(path=str(self.deployment.socket(name)))
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10))

    async def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of a query on its database."""
        connection = await asyncpg.connect(self.deployment.database_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def console(self, command: str) -> str:
        """What Asterisk's console answers."""
        install = find_install()
        assert install is not None
        words = install.console(self.deployment.asterisk_etc / "asterisk.conf", command)
        _, said = await _run(words, within_s=10)
        return said

    async def channels(self) -> int:
        """How many channels live in Asterisk."""
        # Asterisk may say more before it, as on a machine without a network card.
        return int((await self.console("core show channels count")).split(" active channel")[0].split()[-1])

    # ---- who uses it

    def caller(self, number: str = "13800000000", *, address: str = CARRIER, **more: Any) -> Phone:
        """A caller at the carrier's address (not opened yet)."""
        return Phone(number, server=self.server, address=address, **more)

    def phone(self, name: str, *, manner: Manner | None = None, **more: Any) -> Phone:
        """A phone with its password (not opened, not registered yet)."""
        return Phone(name, self.secrets.phone(name), server=self.server, manner=manner, **more)

    def desk(self, phone: Phone, number: str = "") -> Desk:
        """An agent at a phone, with the right PIN; by default of the same number as the phone."""
        number = number or phone.account.user
        return Desk(phone, number, self.secrets.pin(number))

    @contextlib.asynccontextmanager
    async def agent(self, number: str, *, ready: bool = True, **more: Any):  # type: ignore[no-untyped-def]
        """A registered phone whose agent is logged in and (ready) ready; yields the Desk."""
        async with self.phone(number, **more) as phone:
            await phone.register()
            desk = self.desk(phone)
            await desk.log_in()
            if ready:
                await desk.ready()
                await self.facts.agent_state(number, "ready")
            yield desk
            with contextlib.suppress(TimeoutError):
                for call in phone.calls:
                    await call.hang_up()
                await desk.log_out()


def _hotline(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "hotline.cli", *words]


async def run_hotline(*words: str, within_s: float) -> tuple[int, str]:
    """Run a `hotline` command; returns its exit status and output. Raises TimeoutError."""
    return await _run(_hotline(*words), within_s=within_s)


async def _run(words: list[str], *, within_s: float) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise TimeoutError(f"{' '.join(words[:6])} …: not done within {within_s} s") from None
    return process.returncode or 0, said.decode("utf-8", "replace")


def processes_of(data: Path) -> list[int]:
    """Processes whose command line names this data folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):  # it has just ended
                if str(data).encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    return found
