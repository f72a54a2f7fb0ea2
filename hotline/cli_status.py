"""`hotline status`: what runs, since when, and whether each part says that it is ready."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hotline.asterisk_install import AsteriskInstall, find_install
from hotline.cli import add_data_argument, existing_deployment
from hotline.deployment import Deployment
from hotline.supervisor.processes import ProcessId, read_pid_file
from hotline.supervisor.programs import SERVICES
from hotline.supervisor.readiness import probe_of
from hotline.words import padded, say

NOT_READY_STATUS = 3


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part of the hotline. up_s: seconds since its start; why: what keeps it from being ready."""

    name: str
    running: bool
    ready: bool
    pid: int | None
    up_s: int | None
    restarts: int
    why: str


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `status`."""
    add_data_argument(parser)
    parser.add_argument("--json", action="store_true", help=say("status.json"))
    parser.epilog = say("status.exit", status=NOT_READY_STATUS)


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 when everything is ready, else NOT_READY_STATUS."""
    deployment = existing_deployment(arguments.data)
    parts = asyncio.run(all_parts(deployment))
    supervised = read_pid_file(deployment.pid_file("supervisor")) is not None
    if arguments.json:
        document = {"data": str(deployment.data), "supervised": supervised, "parts": [*map(asdict, parts)]}
        print(json.dumps(document, indent=1))
    else:
        whether = say("status.supervised") if supervised else say("status.unsupervised")
        print(say("status.heading", data=deployment.data, supervised=whether))
        for part in parts:
            print(_line(part))
    return 0 if supervised and all(part.ready for part in parts) else NOT_READY_STATUS


def _line(part: PartStatus) -> str:
    if part.ready:
        state = say("status.ready")
    else:
        state = say("status.not_ready") if part.running else say("status.not_running")
    seen = say("status.running", pid=part.pid, up_s=part.up_s) if part.running else ""
    again = say("status.restarts", count=part.restarts) if part.restarts else ""
    return f"  {part.name:<9} {padded(state, 12)} {seen}{again}{'  ' + part.why if part.why else ''}"


async def all_parts(deployment: Deployment) -> list[PartStatus]:
    """The state of every part, all asked at the same time."""
    install = await asyncio.to_thread(find_install)
    noted = _noted_by_supervisor(deployment)
    names = ["asterisk", *(service.name for service in SERVICES)]
    if not deployment.own_database_url:
        names.insert(0, "postgres")
    if "demo" in noted:
        names.append("demo")
    return list(await asyncio.gather(*(_part(deployment, install, name, noted) for name in names)))


async def _part(
    deployment: Deployment, install: AsteriskInstall | None, name: str, noted: dict[str, Any]
) -> PartStatus:
    process = read_pid_file(deployment.pid_file(name))
    restarts = int(noted.get(name, {}).get("restarts", 0))
    if process is None:
        why = str(noted.get(name, {}).get("last_end", ""))
        return PartStatus(name, False, False, None, None, restarts, why)
    if install is None:
        why = say("status.no_asterisk")
    else:
        why = await probe_of(name, deployment, install)()
    return PartStatus(name, True, not why, process.pid, _up_s(process), restarts, why)


def _up_s(process: ProcessId) -> int:
    since_boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return int(since_boot_s - process.start_ticks / os.sysconf("SC_CLK_TCK"))


def _noted_by_supervisor(deployment: Deployment) -> dict[str, Any]:
    file: Path = deployment.run / "supervisor.json"
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # never started, or killed in the middle of its first note
    return document if isinstance(document, dict) else {}
