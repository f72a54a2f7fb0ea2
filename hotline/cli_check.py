"""`hotline check`: looks for problems without changing anything, running or not."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator

from hotline.asterisk_install import AsteriskInstall, find_install
from hotline.cli import add_data_argument, existing_deployment
from hotline.deployment import LOOPBACK, Deployment
from hotline.supervisor.ports import OWNERS, taken_ports
from hotline.supervisor.processes import read_pid_file
from hotline.supervisor.readiness import asterisk_ready, database_ready
from hotline.supervisor.setup import SetupError, current_settings
from ivr.prompts_build import count_synthetic


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `check`."""
    add_data_argument(parser)
    parser.epilog = "Exit status: 0 no problem was found, 1 otherwise."


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; returns 0 when none of them is a problem."""
    deployment = existing_deployment(arguments.data)
    problems = 0
    for good, text in _findings(deployment, find_install()):
        problems += not good
        print(f"  {'ok     ' if good else 'PROBLEM'}  {text}")
    print(f"{problems} problems" if problems != 1 else "1 problem")
    return 1 if problems else 0


def _findings(deployment: Deployment, install: AsteriskInstall | None) -> Iterator[tuple[bool, str]]:
    yield from secret_modes(deployment)
    yield from _settings(deployment)
    yield from _prompts(deployment)
    yield from _asterisk(deployment, install)
    yield from _ports(deployment)
    if deployment.bind != LOOPBACK:
        yield True, f"SIP, RTP and pages listen on {deployment.bind}; everything else on this machine only"


def secret_modes(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    """Whether the data folder and the secrets are closed to everybody else."""
    closed = [deployment.data, deployment.secrets_file.parent]
    closed += sorted(file for file in deployment.secrets_file.parent.iterdir() if file.is_file())
    for path in closed:
        mode = path.stat().st_mode & 0o777
        allowed = 0o700 if path.is_dir() else 0o600
        if mode & ~allowed:
            yield False, f"{path}: mode {mode:04o}, allowed {allowed:04o}; run: chmod {allowed:04o} {path}"
            return
    yield True, f"secrets are readable by their owner only ({len(closed)} files and folders)"


def _settings(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    try:
        settings = current_settings(deployment)
    except SetupError as error:
        yield False, f"settings: {error}"
        return
    yield (
        True,
        f"settings version {settings.version}: {len(settings.queues)} queues, {len(settings.agents)} agents",
    )
    why = asyncio.run(database_ready(deployment.database_url))
    yield not why, f"database: {why or 'answers'}"


def _prompts(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    for language, (synthetic, every) in count_synthetic(deployment).items():
        folder = deployment.sounds / language / "hotline"
        yield (
            every > 0,
            f"prompts {language}: {synthetic} of {every} synthetic; recordings go to {folder}",
        )


def _asterisk(deployment: Deployment, install: AsteriskInstall | None) -> Iterator[tuple[bool, str]]:
    if install is None:
        yield False, "no Asterisk on this machine; run `hotline up --prepare`"
        return
    yield True, f"Asterisk {install.version}: {install.modules}"
    if read_pid_file(deployment.pid_file("asterisk")) is None:
        yield True, "Asterisk is not running: modules not checked"
        return
    why = asyncio.run(asterisk_ready(deployment, install))
    yield not why, f"Asterisk's modules: {why or 'all listed ones run'}"


def _ports(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    not_running = (name for name in OWNERS if read_pid_file(deployment.pid_file(name)) is None)
    taken = taken_ports(deployment, not_running)
    yield (
        not taken,
        f"ports in use by another program: {', '.join(taken)}" if taken else "ports are ours or free",
    )
