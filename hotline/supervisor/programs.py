"""Which programs make up a hotline, how each is started and ended, and in which order they end.

Must not know how they are watched.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import Deployment
from hotline.postgres import drop_stale_lock, postgres_command
from hotline.supervisor.watched import Program


@dataclass(frozen=True, slots=True)
class ServiceModule:
    """One process of ours: the name it goes by, and the module that `python -m` starts."""

    name: str
    module: str
    before: tuple[str, ...] = ()  # words put before the command
    needs_database: bool = False
    stop_limit_s: float = 12.0


SERVICES = (
    ServiceModule("acd", "acd"),
    ServiceModule("ivr", "ivr"),
    ServiceModule("ledger", "hotline.ledger", needs_database=True),
    # Finishing recordings must never take processor time from a live call.
    ServiceModule("keeper", "recording", before=("nice", "-n", "10")),
    ServiceModule("web", "hotline.web", needs_database=True),
)
DEMO = ServiceModule("demo", "hotline.demo")

STOP_ORDER = (("demo",), ("asterisk",), ("acd", "ivr", "web"), ("keeper",), ("ledger",), ("postgres",))
"""Callers first, then who writes facts, then who reads them: so the last facts still reach the database."""


def asterisk_program(deployment: Deployment, install: AsteriskInstall) -> Program:
    """Asterisk in the foreground with our configuration."""
    command = tuple(install.start(asterisk_configuration(deployment)))
    # Calls have threads, and threads arenas of memory, eight a core, which give little back.
    return Program("asterisk", lambda: command, stop_limit_s=10.0, environment={"MALLOC_ARENA_MAX": "2"})


def asterisk_configuration(deployment: Deployment) -> Path:
    """Our asterisk.conf."""
    return deployment.asterisk_etc / "asterisk.conf"


def postgres_program(deployment: Deployment) -> Program:
    """The embedded server; SIGINT is its fast and orderly shutdown (SIGTERM waits for every client)."""

    def command() -> tuple[str, ...]:
        drop_stale_lock(deployment)
        return postgres_command(deployment)

    return Program("postgres", command, stop_signal=signal.SIGINT, stop_limit_s=20.0)


def service_program(deployment: Deployment, service: ServiceModule) -> Program:
    """One of our services under this very Python; -P keeps the current folder out of its imports."""
    python = (sys.executable, "-P", "-m", service.module, "--data", str(deployment.data))
    return Program(service.name, lambda: (*service.before, *python), stop_limit_s=service.stop_limit_s)


def is_present(service: ServiceModule) -> bool:
    """Whether the module that runs the service is part of this installation."""
    try:
        if importlib.util.find_spec(service.module) is None:
            return False
        return importlib.util.find_spec(f"{service.module}.__main__") is not None
    except ModuleNotFoundError:
        return False  # `hotline.x` is a plain module: it has no __main__ beside it
