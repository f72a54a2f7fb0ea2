"""Where a benchmark runs: our hotline, or app_queue in a plain Asterisk. Both look the same to the load.

app_queue runs in an Asterisk with fewer modules than ours, without AMI, CEL or any service beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from harness import sound
from harness.bare_asterisk import MODULES, BareAsterisk
from harness.desk import Desk
from harness.lanes import CARRIER
from harness.phone import Phone
from harness.stack import HotlineStack

ENGINES = ("ours", "app_queue")
QUEUE_MODULES = ("res_manager_devicestate", "app_queue")
LOGINS_AT_ONCE = 8


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
    elif engine == "app_queue":
        with _app_queue(folder, names, recording, port_base) as ready:
            yield ready
    else:
        raise ValueError(f"engine {engine!r}; allowed: {', '.join(ENGINES)}")


@contextlib.contextmanager
def _app_queue(folder: Path, names: tuple[str, ...], recording: bool, port_base: int):  # type: ignore[no-untyped-def]
    recordings = folder / "recordings"
    recordings.mkdir(parents=True, exist_ok=True)
    phones = "\n".join(
        f"[{n}](phone)\nauth={n}\naors={n}\n[{n}](aor)\n[{n}](auth)\nusername={n}\n" for n in names
    )
    values = {
        "SIP": port_base,
        "CARRIER": CARRIER,
        "PHONES": phones,
        "MEMBERS": "\n".join(f"member => PJSIP/{name},0,{name},PJSIP/{name}" for name in names),
        "RECORDINGS": recordings,
    }
    here = Path(__file__).parent / "app_queue"
    files = {file.name: Template(file.read_text("utf-8")).substitute(values) for file in here.glob("*.conf")}
    files["rtp.conf"] = f"[general]\nrtpstart={port_base + 10}\nrtpend={port_base + 999}\n"
    with BareAsterisk(folder / "asterisk", files, modules=(*MODULES, *QUEUE_MODULES)) as asterisk:
        yield Stage(
            ("127.0.0.1", port_base),
            "2000" if recording else "2001",
            names,
            lambda name: "bench",
            _no_login,
            {"asterisk": asterisk.pid},
        )


async def _no_login(phone: Phone) -> None:
    """app_queue's agents are in its configuration: who is registered is called."""


@contextlib.asynccontextmanager
async def _ours(
    folder: Path, names: tuple[str, ...], recording: bool, port_base: int
) -> AsyncIterator[Stage]:
    one_by_one = asyncio.Semaphore(LOGINS_AT_ONCE)
    async with HotlineStack(folder / "hotline", port_base, _settings(names)) as hotline:
        _shorten_whisper(hotline.deployment.sounds)
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
    """One queue, reached without a flow; no survey, no announcement, no after-contact work."""
    people = "\n".join(
        f'[[phone]]\nname = "{name}"\ncodecs = ["ulaw"]\n\n'
        f'[[agent]]\nnumber = "{name}"\nname = "{name}"\nphone = "{name}"\nskills = {{ bench = 5 }}\n'
        for name in names
    )
    return f"""
skills = ["bench"]

[hotline]
survey = false
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
announce_agent = false
announce_position_s = 0
after_contact_s = 0

[[number]]
did = "2000"
direct_queue = "bench"
direct_rings = 1

{people}
"""


def _shorten_whisper(sounds: Path) -> None:
    """The whisper becomes one packet of silence: app_queue has none."""
    for language in ("zh", "en"):
        file = sounds / language / "hotline" / "queue-bench.wav"
        if not file.exists():
            raise RuntimeError(f"{file}: no such prompt to shorten")
        sound.write_wav(file, [0] * sound.SAMPLES_PER_PACKET)


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
