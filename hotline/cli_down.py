"""`hotline down`: end everything of one data folder, also what a killed supervisor left behind."""

from __future__ import annotations

import argparse
import asyncio
import signal
import time

from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.deployment import Deployment
from hotline.supervisor.processes import read_pid_file
from hotline.supervisor.programs import STOP_ORDER
from hotline.supervisor.watched import Program, Watched
from hotline.words import say

DOWN_LIMIT_S = 90.0


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `down`."""
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 when nothing runs any more. Raises CommandError when something would not end."""
    deployment = existing_deployment(arguments.data)
    supervisor = read_pid_file(deployment.pid_file("supervisor"))
    if supervisor is None:
        asyncio.run(_end_leftovers(deployment))
        return 0
    supervisor.signal(signal.SIGTERM)
    deadline_s = time.monotonic() + DOWN_LIMIT_S
    while supervisor.alive():
        if time.monotonic() > deadline_s:
            raise CommandError(say("down.not_ended", pid=supervisor.pid, limit_s=f"{DOWN_LIMIT_S:.0f}"))
        time.sleep(0.05)
    print(say("down.ended"))
    return 0


async def _end_leftovers(deployment: Deployment) -> None:
    ended = []
    for names in STOP_ORDER:
        # Ending needs no command; PostgreSQL's SIGINT is the orderly signal, as in `programs`.
        programs = [
            Program(name, tuple, stop_signal=signal.SIGINT if name == "postgres" else signal.SIGTERM)
            for name in names
        ]
        left = [watched for watched in (Watched(p, deployment) for p in programs) if watched.adopt()]
        await asyncio.gather(*(watched.stop() for watched in left))
        ended += [watched.name for watched in left]
    print(say("down.leftovers", names=", ".join(ended)) if ended else say("down.nothing"))
