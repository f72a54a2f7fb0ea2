"""`hotline up`: set up what is missing, start everything, watch it until Ctrl-C.

Also `hotline demo`, which is `up --demo`. The work is done in `hotline.supervisor`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hotline.asterisk_install import InstallError, ensure_install
from hotline.cli import CommandError, add_data_argument, chosen_folder
from hotline.deployment import EVERYWHERE, LOOPBACK, Deployment, Ports
from hotline.logs import configure_logging
from hotline.secrets import SecretsError
from hotline.supervisor.follow_logs import follow_logs
from hotline.supervisor.processes import own_process_id, read_pid_file, write_pid_file
from hotline.supervisor.programs import SERVICES
from hotline.supervisor.report import Progress, complain, summary, tell
from hotline.supervisor.setup import SetupError, check_settings_file, current_settings
from hotline.supervisor.supervisor import Options, Supervisor
from hotline.words import say, told

FOLDER, DEMO_FOLDER = "data", "data-demo"


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `up`; `demo` has them with --demo given."""
    add_data_argument(parser, DEMO_FOLDER if command == "demo" else FOLDER)
    parser.add_argument("--port-base", type=int, metavar="N", help=say("up.port_base"))
    parser.add_argument("--lan", action="store_true", help=say("up.lan"))
    parser.add_argument(
        "--demo",
        action="store_true",
        default=command == "demo",
        help=say("up.demo"),
    )
    parser.add_argument("--prepare", action="store_true", help=say("up.prepare"))
    parser.add_argument("--settings", type=Path, metavar="FILE", help=say("up.settings"))
    parser.add_argument("-v", "--verbose", action="store_true", help=say("up.verbose"))


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 after an orderly end, 1 when the hotline could not start."""
    progress = Progress()
    os.umask(0o077)
    folder = chosen_folder(arguments.data, DEMO_FOLDER if arguments.demo else FOLDER)
    deployment = Deployment.load(folder)
    try:
        if arguments.settings:
            check_settings_file(arguments.settings, deployment)
    except SetupError as error:
        raise CommandError(told(error)) from error
    deployment.make_folders()
    with only_supervisor(deployment):
        deployment = arranged(deployment, arguments)
        configure_logging("supervisor", deployment.log_file("supervisor"))
        tell(say("up.heading", data=deployment.data))
        options = Options(settings_file=arguments.settings, demo=arguments.demo)
        # Until the services start, SIGTERM ends us as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            install = ensure_install(lambda text: progress.say("asterisk", text))
            supervisor = Supervisor(deployment, options, install, progress.say)
        except (InstallError, SecretsError) as error:
            raise CommandError(told(error)) from error
        return asyncio.run(_until_stopped(supervisor, arguments, progress))


@contextlib.contextmanager
def only_supervisor(deployment: Deployment) -> Iterator[None]:
    """Hold the lock that makes us this data folder's only supervisor. Raises CommandError."""
    lock = os.open(deployment.run / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    pid_file = deployment.pid_file("supervisor")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        running = read_pid_file(pid_file)
        pid = say("up.pid", pid=running.pid) if running else ""
        raise CommandError(say("up.already", data=deployment.data, pid=pid)) from error
    try:
        write_pid_file(pid_file, own_process_id())
        yield
    finally:
        pid_file.unlink(missing_ok=True)
        os.close(lock)


def arranged(deployment: Deployment, arguments: argparse.Namespace) -> Deployment:
    """The deployment with this start's ports and openness, written to its files. Raises CommandError."""
    names = ("asterisk", "postgres", *(service.name for service in SERVICES))
    running = [name for name in names if read_pid_file(deployment.pid_file(name))]
    if arguments.port_base is not None:
        ports = Ports.from_base(arguments.port_base)
        if ports != deployment.ports and running:
            raise CommandError(say("up.other_ports", names=", ".join(running)))
        replace(Deployment.as_written(deployment.data), ports=ports).save()
    if not running:
        _note(deployment.bind_override, EVERYWHERE if arguments.lan else "")
        _note(deployment.database_override, os.environ.get("DATABASE_URL", ""))
    elif arguments.lan and deployment.bind == LOOPBACK:
        raise CommandError(say("up.not_open"))
    if not deployment.file.exists():
        Deployment.as_written(deployment.data).save()
    return Deployment.load(deployment.data)


def _note(file: Path, text: str) -> None:
    """Keep a value for this run, readable by its owner only; "" removes it."""
    file.unlink(missing_ok=True)
    if text:
        file.touch(mode=0o600)
        file.write_text(text + "\n", "utf-8")


async def _until_stopped(supervisor: Supervisor, arguments: argparse.Namespace, progress: Progress) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        # A vanished terminal hangs up twice, through its shell and by itself: that asks for no haste.
        if stop.is_set() and number != signal.SIGHUP:
            complain(say("up.ending_at_once"))
            supervisor.kill()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal, number)
    starting = loop.create_task(_prepared(supervisor) if arguments.prepare else supervisor.start())
    stopping = loop.create_task(stop.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        await _end(supervisor)
        return 1
    error = starting.exception()
    if error is not None:
        complain(told(error))
        await supervisor.stop(adopted=False)  # what an earlier supervisor left may hold calls
        return 1
    if arguments.prepare:
        await supervisor.stop(adopted=False)
        tell(say("up.prepared", passed_s=f"{progress.passed_s:.1f}"))
        return 0
    try:
        await _watch(supervisor, arguments, progress, starting.result(), stop)
    finally:
        await _end(supervisor)  # whatever went wrong here, nothing goes on unsupervised
    return 0


async def _prepared(supervisor: Supervisor) -> list[str]:
    await supervisor.prepare_all()
    return []


async def _watch(
    supervisor: Supervisor,
    arguments: argparse.Namespace,
    progress: Progress,
    unready: list[str],
    stop: asyncio.Event,
) -> None:
    deployment = supervisor.deployment
    for line in summary(deployment, current_settings(deployment), demo=arguments.demo):
        tell(f"  {line}")
    passed_s = f"{progress.passed_s:.1f}"
    if unready:
        tell(say("up.not_ready", passed_s=passed_s, why="; ".join(unready)))
    else:
        tell(say("up.ready", passed_s=passed_s))
    _tell_systemd("READY=1")
    following = asyncio.create_task(follow_logs(deployment.logs)) if arguments.verbose else None
    await stop.wait()
    if following:
        following.cancel()


async def _end(supervisor: Supervisor) -> None:
    tell(say("up.ending"))
    _tell_systemd("STOPPING=1")
    await supervisor.stop()
    tell(say("up.ended"))


def _tell_systemd(state: str) -> None:
    """Tell systemd (Type=notify) about our state; without systemd nothing happens.

    Nor when it does not listen: systemd has time limits of its own for that. Source: sd_notify(3).
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.connect("\0" + address[1:] if address.startswith("@") else address)
        notify.send(state.encode())
