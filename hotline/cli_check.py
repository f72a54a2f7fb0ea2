"""`hotline check`: looks for problems without changing anything, running or not."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator

from hotline.asterisk_install import AsteriskInstall, find_install
from hotline.cli import add_data_argument, existing_deployment
from hotline.deployment import LOOPBACK, Deployment
from hotline.secrets import Secrets, SecretsError
from hotline.supervisor.ports import OWNERS, port_troubles
from hotline.supervisor.processes import read_pid_file
from hotline.supervisor.readiness import asterisk_ready, database_ready
from hotline.supervisor.setup import SetupError, current_settings
from hotline.words import padded, say, told
from ivr.prompts_build import count_synthetic


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `check`."""
    add_data_argument(parser)
    parser.epilog = say("check.exit")


def run(arguments: argparse.Namespace) -> int:
    """Print every finding; returns 0 when none of them is a problem."""
    deployment = existing_deployment(arguments.data)
    problems = 0
    for good, text in _findings(deployment, find_install()):
        problems += not good
        print(f"  {padded(say('check.good') if good else say('check.bad'), 7)}  {text}")
    print(say("check.problem") if problems == 1 else say("check.problems", count=problems))
    return 1 if problems else 0


def _findings(deployment: Deployment, install: AsteriskInstall | None) -> Iterator[tuple[bool, str]]:
    yield from secret_modes(deployment)
    yield from _settings(deployment)
    yield from _prompts(deployment)
    yield from _asterisk(deployment, install)
    yield from _ports(deployment)
    if deployment.bind != LOOPBACK:
        yield True, say("check.open", address=deployment.bind)


def secret_modes(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    """Whether the data folder and the secrets are closed to everybody else."""
    if not deployment.secrets_file.parent.is_dir():
        yield False, say("check.no_secrets", folder=deployment.secrets_file.parent)
        return
    closed = [deployment.data, deployment.secrets_file.parent]
    closed += sorted(file for file in deployment.secrets_file.parent.iterdir() if file.is_file())
    for path in closed:
        mode = path.stat().st_mode & 0o777
        allowed = 0o700 if path.is_dir() else 0o600
        if mode & ~allowed:
            yield False, say("check.mode", path=path, mode=f"{mode:04o}", allowed=f"{allowed:04o}")
            return
    try:
        Secrets(deployment).check()
    except SecretsError as error:
        yield False, str(error)
        return
    yield True, say("check.secrets", count=len(closed))


def _settings(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    try:
        settings = current_settings(deployment)
    except SetupError as error:
        yield False, say("check.no_settings", why=told(error))
        return
    yield (
        True,
        say(
            "check.settings",
            version=settings.version,
            queues=len(settings.queues),
            agents=len(settings.agents),
        ),
    )
    why = asyncio.run(database_ready(deployment.database_url))
    yield not why, say("check.database", why=why or say("check.answers"))


def _prompts(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    for language, (synthetic, every) in count_synthetic(deployment).items():
        folder = deployment.sounds / language / "hotline"
        yield (
            every > 0,
            say("check.prompts", language=language, synthetic=synthetic, every=every, folder=folder),
        )


def _asterisk(deployment: Deployment, install: AsteriskInstall | None) -> Iterator[tuple[bool, str]]:
    if install is None:
        yield False, say("check.no_asterisk")
        return
    yield True, say("check.asterisk", version=install.version, modules=install.modules)
    if read_pid_file(deployment.pid_file("asterisk")) is None:
        yield True, say("check.not_running")
        return
    why = asyncio.run(asterisk_ready(deployment, install))
    yield not why, say("check.modules", why=why or say("check.all_modules"))


def _ports(deployment: Deployment) -> Iterator[tuple[bool, str]]:
    not_running = (name for name in OWNERS if read_pid_file(deployment.pid_file(name)) is None)
    troubles = port_troubles(deployment, not_running)
    for text in troubles.refused:
        yield False, text
    if troubles.taken:
        yield False, say("check.ports_taken", ports=", ".join(troubles.taken))
    elif not troubles.refused:
        yield True, say("check.ports_free")
