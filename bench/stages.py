"""Where a benchmark runs. All look the same to the load.

ours             a whole hotline, reached by a direct number
app_queue        the same hotline's Asterisk, with the module app_queue and a dialplan of its own beside ours
app_queue_watched  the same with what a wallboard beside it needs (bench/wallboard.py)
app_queue_alone  app_queue in an Asterisk of few modules, without AMI, CEL or any service: lean as can be
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

from harness.bare_asterisk import MODULES, BareAsterisk
from harness.desk import Desk
from harness.lanes import CARRIER
from harness.phone import Phone
from harness.stack import HotlineStack

from bench import wallboard

ENGINES = ("ours", "app_queue", "app_queue_watched", "app_queue_alone")
QUEUE_MODULES = ("res_manager_devicestate", "app_queue")
LOGINS_AT_ONCE = 8
RECORDED, NOT_RECORDED = "3000", "3001"  # app_queue's numbers


@dataclass(frozen=True, slots=True)
class Stage:
    """What the load needs to know. processes: name and process id of everything that costs processor time."""

    server: tuple[str, int]
    number: str
    agents: tuple[str, ...]
    password: Callable[[str], str]
    make_ready: Callable[[Phone], object]
    processes: dict[str, int]


@contextlib.asynccontextmanager
async def stage(
    engine: str, folder: Path, *, agents: int, recording: bool, port_base: int
) -> AsyncIterator[Stage]:
    """Start one of ENGINES for so many agents."""
    names = tuple(str(2001 + n) for n in range(agents))
    if engine == "ours":
        async with _ours(folder, names, recording, port_base) as ready:
            yield ready
    elif engine in ("app_queue", "app_queue_watched"):
        watched = engine == "app_queue_watched"
        async with _app_queue_beside_ours(folder, names, recording, port_base, watched=watched) as ready:
            yield ready
    elif engine == "app_queue_alone":
        with _app_queue_alone(folder, names, recording, port_base) as ready:
            yield ready
    else:
        raise ValueError(f"engine {engine!r}; allowed: {', '.join(ENGINES)}")


def _queue_files(folder: Path, names: tuple[str, ...], port_base: int) -> dict[str, str]:
    recordings = folder / "recordings"
    recordings.mkdir(parents=True, exist_ok=True)
    account = "[{0}](phone)\nauth={0}\naors={0}\n[{0}](aor)\n[{0}](auth)\nusername={0}\n"
    values = {
        "SIP": port_base,
        "CARRIER": CARRIER,
        "PHONES": "\n".join(account.format(name) for name in names),
        "MEMBERS": "\n".join(f"member => PJSIP/{name},0,{name},PJSIP/{name}" for name in names),
        "RECORDINGS": recordings,
    }
    here = Path(__file__).parent / "app_queue"
    return {file.name: Template(file.read_text("utf-8")).substitute(values) for file in here.glob("*.conf")}


@contextlib.contextmanager
def _app_queue_alone(
    folder: Path, names: tuple[str, ...], recording: bool, port_base: int
) -> Iterator[Stage]:
    files = _queue_files(folder, names, port_base)
    files["rtp.conf"] = f"[general]\nrtpstart={port_base + 10}\nrtpend={port_base + 999}\n"
    with BareAsterisk(folder / "asterisk", files, modules=(*MODULES, *QUEUE_MODULES)) as asterisk:
        yield Stage(
            ("127.0.0.1", port_base),
            RECORDED if recording else NOT_RECORDED,
            names,
            lambda name: "bench",
            _no_login,
            {"asterisk": asterisk.pid},
        )


@contextlib.asynccontextmanager
async def _app_queue_beside_ours(
    folder: Path, names: tuple[str, ...], recording: bool, port_base: int, *, watched: bool
) -> AsyncIterator[Stage]:
    files = _queue_files(folder, names, port_base)
    async with HotlineStack(folder / "hotline", port_base, _settings(names)) as hotline:
        etc = hotline.deployment.asterisk_etc
        await _without_reports(hotline)
        (etc / "queues.conf").write_text(files["queues.conf"], "utf-8")
        dialplan = files["extensions.conf"].replace("[from-trunk]", "[from-trunk](+)")
        ours = (etc / "extensions.conf").read_text("utf-8")
        (etc / "extensions.conf").write_text(f"{ours}\n{dialplan}", "utf-8")
        await hotline.console("dialplan reload")
        if watched:
            wallboard.configure(etc)
            await hotline.console("manager reload")
            await hotline.console("logger reload")
        said = await hotline.console("module load app_queue.so")
        if "Loaded" not in said:
            raise RuntimeError(f"app_queue does not load: {said}")
        reading = wallboard.reading(hotline.deployment.ports.ami) if watched else contextlib.nullcontext()
        async with reading:
            yield Stage(
                hotline.server,
                RECORDED if recording else NOT_RECORDED,
                names,
                hotline.secrets.phone,
                _no_login,
                {"asterisk": hotline.pid("asterisk")},
            )


async def _without_reports(hotline: HotlineStack) -> None:
    """What only acd's watch for one-way calls needs is not made for app_queue. (It takes a start anew.)"""
    etc = hotline.deployment.asterisk_etc
    for file, line, more in (
        ("stasis.conf", "[declined_message_types]", "\ndecline = ast_rtp_rtcp_sent_type"),
        ("manager.conf", "disabledevents = ", "RTCPSent,"),
    ):
        text = (etc / file).read_bytes().decode()  # with the carriage returns of manager.conf
        if text.count(line) != 1:
            raise RuntimeError(f"{etc / file}: no {line!r}")
        (etc / file).write_bytes(text.replace(line, line + more).encode())
    await hotline.back("asterisk", hotline.kill("asterisk"))


async def _no_login(phone: Phone) -> None:
    """app_queue's agents are in its configuration: who is registered is called."""


@contextlib.asynccontextmanager
async def _ours(
    folder: Path, names: tuple[str, ...], recording: bool, port_base: int
) -> AsyncIterator[Stage]:
    one_by_one = asyncio.Semaphore(LOGINS_AT_ONCE)
    async with HotlineStack(folder / "hotline", port_base, _settings(names)) as hotline:
        if not recording:
            await _without_recording(hotline)

        async def make_ready(phone: Phone) -> None:
            async with one_by_one:
                desk: Desk = hotline.desk(phone)
                await desk.log_in()
                await desk.ready()

        services = ("asterisk", "acd", "ivr", "ledger", "keeper", "web", "postgres")
        yield Stage(
            hotline.server,
            "2000",
            names,
            hotline.secrets.phone,
            make_ready,
            {name: hotline.pid(name) for name in services},
        )


def _settings(names: tuple[str, ...]) -> str:
    """One queue, without flow, survey, announcements, after-contact work and (as there) transfers by code."""
    people = "\n".join(
        f'[[phone]]\nname = "{name}"\ncodecs = ["ulaw"]\n\n'
        f'[[agent]]\nnumber = "{name}"\nname = "{name}"\nphone = "{name}"\nskills = {{ bench = 5 }}\n'
        for name in names
    )
    return f"""
skills = ["bench"]

[hotline]
survey = false
feature_codes = false
ring_cycle_ms = 1000
offer_rings = 15

[[trunk]]
name = "carrier"
kind = "address"
address = "{CARRIER}"
codecs = ["ulaw"]
max_channels = 2000
qualify_s = 0

[[queue]]
name = "bench"
title = {{ zh = "比较", en = "Benchmark" }}
needs = "bench"
whisper = "queue-bench"
announce_queue = false
announce_agent = false
announce_position_s = 0
after_contact_s = 0

[[number]]
did = "2000"
direct_queue = "bench"
direct_rings = 1

{people}
"""


async def _without_recording(hotline: HotlineStack) -> None:
    """The dialplan without its recording line, as rendered for this run only."""
    file = hotline.deployment.asterisk_etc / "extensions.conf"
    text = file.read_text("utf-8")
    changed = "\n".join(
        "" if "MixMonitor(" in line and "same" not in line else line for line in text.splitlines()
    )
    changed = changed.replace("MixMonitor(", "NoOp(")
    if changed == text:
        raise RuntimeError(f"{file}: no MixMonitor to leave out")
    file.write_text(changed + "\n", "utf-8")
    await hotline.console("dialplan reload")
