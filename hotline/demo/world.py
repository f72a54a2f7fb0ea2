"""The world of `./run --demo`: a carrier with callers, and agents with phones, in an Asterisk of its own.

The hotline knows nothing of it: callers come over the trunk "demo", agents register the phones of the
settings, dial the feature codes and talk; all over SIP and RTP on loopback. This module writes the world's
configuration, starts it, logs the agents in and lets callers call, by Asterisk's call files.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2

from acd.background import for_ever
from acd.core.picture import Picture
from hotline.asterisk_install import AsteriskInstall, find_install
from hotline.core.settings import Agent, Settings
from hotline.service import Service
from hotline.web.live_picture import LivePicture
from hotline.words import say

logger = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parents[2] / "asterisk-conf" / "demo"
START_LIMIT_S = 20.0
STOP_LIMIT_S = 5.0
CALLS_PER_AGENT_AND_HOUR = 55.0  # a little more than the agents can serve, so that callers wait
PATIENCE_MEAN_S = 90.0
CALLBACK_SHARE = 0.5  # of the callers, who would rather be called back than wait for longer …
CALLBACK_AFTER_S = (8, 25)  # … than some time between these
BACK_AFTER_MS = 40_000  # an agent who did not answer was away from the phone for so long
_PR_SET_PDEATHSIG = 1


class DemoError(Exception):
    """The demo's world cannot be started; the text says why."""


@dataclass(frozen=True, slots=True)
class World:
    """Where the demo's Asterisk lives and how it is reached."""

    folder: Path
    sip_port: int

    @property
    def configuration(self) -> Path:
        return self.folder / "etc" / "asterisk.conf"

    @property
    def outgoing(self) -> Path:
        """Call files moved here are dialled at once."""
        return self.folder / "spool" / "outgoing"


def write_world(world: World, service: Service, install: AsteriskInstall) -> None:
    """Write the world's configuration from its templates, mode 0600."""
    for name in ("etc", "spool/outgoing", "spool/new", "log", "run", "var"):
        (world.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=False
    )
    values = {
        "world": world,
        "install": install,
        "ports": service.deployment.ports,
        "settings": service.settings,
        "phone_password": service.secrets.phone,
        "trunk_password": service.secrets.trunk("demo"),
        "sounds": service.deployment.sounds,
    }
    for template in TEMPLATES.glob("*.conf"):
        file = world.folder / "etc" / template.name
        file.touch(mode=0o600)
        file.write_text(environment.get_template(template.name).render(values), "utf-8")


def call_file(channel: str, exten: str, caller: str, variables: dict[str, str]) -> str:
    """The text of an Asterisk call file. Source: Asterisk's sample.call, pbx_spool.c."""
    lines = [
        f"Channel: {channel}",
        f"CallerID: <{caller}>",
        "MaxRetries: 0",
        "WaitTime: 300",
        "Context: world",
        f"Extension: {exten}",
        "Priority: 1",
        *(f"Setvar: {name}={value}" for name, value in variables.items()),
    ]
    return "\n".join(lines) + "\n"


class Demo:
    """Runs the world until closed."""

    def __init__(self, service: Service, install: AsteriskInstall, seed: int | None = None) -> None:
        self._service = service
        self._install = install
        self._random = random.Random(seed)
        self._world = World(service.deployment.data / "demo", service.deployment.ports.postgres + 1)
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._count = 0
        # Whose phone was not answered; nothing of today's numbers is read, so any day will do.
        self._live = LivePicture(service.deployment.socket("acd"), lambda _: 0, service.registry)

    async def start(self) -> None:
        """Start the world's Asterisk, then callers and agents. Raises DemoError."""
        shutil.rmtree(self._world.folder / "spool", ignore_errors=True)
        write_world(self._world, self._service, self._install)
        self._process = await asyncio.create_subprocess_exec(
            *self._install.start(self._world.configuration),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # the world must not outlive us
        )
        await self._wait_until_up()
        self._live.start()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(for_ever(one)) for one in (self._keep_agents, self._keep_calling)]

    async def _wait_until_up(self) -> None:
        try:
            async with asyncio.timeout(START_LIMIT_S):
                while not await self._console("core waitfullybooted"):  # noqa: ASYNC110 - a process of its own
                    await asyncio.sleep(0.2)
        except TimeoutError as error:
            limit_s, folder = f"{START_LIMIT_S:g}", self._world.folder / "log"
            raise DemoError(say("demo.not_up", limit_s=limit_s, folder=folder)) from error

    async def _console(self, command: str) -> bool:
        words = self._install.console(self._world.configuration, command)
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        return await process.wait() == 0

    async def _keep_agents(self) -> None:
        """Log every agent in, one after the other, and make each ready again when a break is over."""
        await asyncio.sleep(2.0)  # the phones register first
        for agent in self._service.settings.agents:
            pin = self._service.secrets.pin(agent.number)
            variables = {"DIGITS_1": f"{agent.number}#", "DIGITS_2": f"{pin}#"}
            self._dial(f"PJSIP/*11@phone-{agent.phone}", "login", agent.number, variables)
            await asyncio.sleep(0.3)
        await asyncio.sleep(12.0)
        for agent in self._service.settings.agents:
            self._dial(f"PJSIP/*13@phone-{agent.phone}", "code", agent.number, {})
            await asyncio.sleep(0.1)
        phones = {agent.number: agent.phone for agent in self._service.settings.agents}
        away: list[Agent] = []  # on a break, the longest first
        while True:
            await asyncio.sleep(self._random.uniform(10.0, 30.0))
            for number in missed_a_call(self._live.picture, self._live.now_ms()):
                self._dial(f"PJSIP/*13@phone-{phones[number]}", "code", number, {})
            if away and (len(away) > 2 or self._random.random() < 0.5):
                agent = away.pop(0)
                self._dial(f"PJSIP/*13@phone-{agent.phone}", "code", agent.number, {})
                continue
            agent = self._random.choice([one for one in self._service.settings.agents if one not in away])
            away.append(agent)
            reason = self._random.choice([*self._service.settings.not_ready_reasons] or [""])
            self._dial(f"PJSIP/*14{reason}@phone-{agent.phone}", "code", agent.number, {})

    async def _keep_calling(self) -> None:
        await asyncio.sleep(18.0)
        rate_per_s = CALLS_PER_AGENT_AND_HOUR * len(self._service.settings.agents) / 3600
        while True:
            self._call()
            await asyncio.sleep(self._random.expovariate(rate_per_s))

    def _call(self) -> None:
        settings = self._service.settings
        number = self._random.choices(settings.numbers, weights=_weights(settings))[0]
        caller = f"13{self._random.randrange(10**9):09d}"
        variables = {
            "LANGUAGE_DIGIT": self._random.choices(["1", "2"], weights=[3, 1])[0],
            "SUBJECT_DIGIT": self._random.choices(["1", "2"], weights=[4, 1])[0],
            "PATIENCE_S": str(max(5, round(self._random.expovariate(1 / PATIENCE_MEAN_S)))),
            "SCORE": self._random.choices(["5", "4", "3", "2", "1", ""], weights=[45, 25, 8, 4, 3, 15])[0],
            "CALLBACK_S": self._callback_after_s(),
            "FLOW": "0" if number.direct_queue else "1",
        }
        self._dial(f"PJSIP/{number.did}@trunk", "caller", caller, variables)

    def _callback_after_s(self) -> str:
        """After how long a wait the caller asks to be called back; "" for one who never does."""
        return str(self._random.randint(*CALLBACK_AFTER_S)) if self._random.random() < CALLBACK_SHARE else ""

    def _dial(self, channel: str, exten: str, caller: str, variables: dict[str, str]) -> None:
        """Write the call file beside the spool and move it in: Asterisk reads whole files only."""
        self._count += 1
        name = f"{self._count:08d}.call"
        new = self._world.folder / "spool" / "new" / name
        new.write_text(call_file(channel, exten, caller, variables), "utf-8")
        new.rename(self._world.outgoing / name)

    async def close(self) -> None:
        """End callers, agents and their Asterisk."""
        for task in self._tasks:
            task.cancel()
        await self._live.close()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            logger.warning("demo_world_killed", extra={"limit_s": STOP_LIMIT_S})
            self._process.kill()
            await self._process.wait()


def missed_a_call(picture: Picture | None, now_ms: int) -> list[str]:
    """Agents, by number, who did not answer and are back at their phones by now."""
    agents = {} if picture is None else picture.agents
    return [
        number
        for number, view in agents.items()
        if view.state == "not_responding" and now_ms - view.since_ms > BACK_AFTER_MS
    ]


def _weights(settings: Settings) -> list[int]:
    return [1 if number.direct_queue else 4 for number in settings.numbers]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def start(service: Service) -> Callable[[], Awaitable[None]]:
    """Start the demo's world; returns its closer."""
    install = find_install()
    if install is None:
        raise DemoError(say("demo.no_asterisk"))
    os.umask(0o077)
    demo = Demo(service, install)
    await demo.start()
    service.ready()
    return demo.close
