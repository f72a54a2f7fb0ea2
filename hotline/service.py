"""The frame of every service: its arguments, log, metrics, health, settings and orderly end.

A service is started as `python -m ROOM --data DATA`, speaks HTTP on its Unix socket (/healthz, /metrics and
what it adds), and ends with status 0 on SIGTERM. This module must not know what the services do.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import uvloop
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hotline import settings_snapshot
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused
from hotline.deployment import Deployment, DeploymentError
from hotline.logs import configure_logging
from hotline.secrets import Secrets, SecretsError
from hotline.words import say, told

log = logging.getLogger(__name__)

Closer = Callable[[], Awaitable[None]]
CLOSE_LIMIT_S = 10.0
GC_THRESHOLDS = (20_000, 20, 20)  # few cycles are made here, and looking for them delays a ring
_TICK_S = 0.5  # between two looks at the loop's lag and the settings
_LAG_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Service:
    """What a running service is given. See docs/contracts.md for the fields' meaning."""

    def __init__(self, name: str, deployment: Deployment, secrets: Secrets, settings: Settings) -> None:
        self.name = name
        self.deployment = deployment
        self.secrets = secrets
        self.settings = settings
        self.registry = CollectorRegistry()
        self.web = web.Application()
        self._why_not_ready = say("readiness.starting")
        self._settings_callbacks: list[Callable[[Settings], None]] = []
        self._ready_gauge = Gauge(
            "hotline_service_ready", "1 when the service is ready", ["service"], registry=self.registry
        ).labels(name)
        self._lag = Histogram(
            "hotline_loop_lag_seconds",
            "How late the event loop woke",
            ["service"],
            registry=self.registry,
            buckets=_LAG_BUCKETS_S,
        ).labels(name)
        self.registry.register(_ProcessCollector(name))
        self.web.router.add_get("/healthz", self._healthz)
        self.web.router.add_get("/metrics", self._metrics)

    def on_settings(self, callback: Callable[[Settings], None]) -> None:
        """Call `callback` with the new settings whenever the snapshot was replaced by another version."""
        self._settings_callbacks.append(callback)

    def ready(self) -> None:
        """/healthz answers 200 from now on."""
        if self._why_not_ready:
            log.info("service_ready")
        self._why_not_ready = ""
        self._ready_gauge.set(1)

    def not_ready(self, why: str) -> None:
        """/healthz answers 503 with the reason from now on."""
        if self._why_not_ready != why:
            log.warning("service_not_ready", extra={"why": why})
        self._why_not_ready = why
        self._ready_gauge.set(0)

    def replace_settings(self, settings: Settings) -> None:
        """Make `settings` current and tell every callback; one that raises does not stop the others."""
        self.settings = settings
        log.info("settings_changed", extra={"version": settings.version})
        for callback in self._settings_callbacks:
            try:
                callback(settings)
            except Exception:  # a room's mistake must not keep the others on old settings
                log.exception("settings_callback_failed", extra={"version": settings.version})

    async def _healthz(self, _request: web.Request) -> web.Response:
        if self._why_not_ready:
            return web.json_response({"ready": False, "why": self._why_not_ready}, status=503)
        return web.json_response({"ready": True, "settings_version": self.settings.version})

    async def _metrics(self, request: web.Request) -> web.Response:
        # All, or as Prometheus' own clients do it only the samples named: to tell all takes milliseconds.
        names = request.query.getall("name[]", ())
        wanted = self.registry.restricted_registry(names) if names else self.registry
        headers = {"Content-Type": CONTENT_TYPE_LATEST}
        return web.Response(body=generate_latest(wanted), headers=headers)

    async def watch(self) -> None:
        """Measure the event loop's lag and follow the snapshot file, until cancelled."""
        snapshot = _SnapshotFile(self.deployment.settings_file)
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK_S)
            self._lag.observe(max(0.0, time.monotonic() - before - _TICK_S))
            settings = snapshot.changed()
            if settings is not None and settings.version != self.settings.version:
                self.replace_settings(settings)


class _SnapshotFile:
    """The settings' snapshot as it changes; an unreadable one is logged once and the old kept."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None  # it may have been replaced since the start read it
        self._failed: tuple[int, int] | None = None

    def changed(self) -> Settings | None:
        """The settings in it when it was replaced since the last look, else None."""
        stamp = _file_stamp(self._file)
        if stamp == self._seen or stamp is None:
            return None
        try:
            settings = settings_snapshot.read(self._file)
        except OSError:
            if stamp != self._failed:
                log.exception("settings_unreadable")
            self._failed = stamp  # tried again: not the file is wrong, but for now the machine
            return None
        except Exception:  # whatever is wrong with the file, the service goes on
            self._seen = stamp
            log.exception("settings_unreadable")
            return None
        self._seen = stamp
        return settings


class _ProcessCollector(Collector):
    """Processor time, memory, descriptors and start of this process, labelled by service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._started_s = time.time()

    def collect(self) -> Iterator[Metric]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = CounterMetricFamily("hotline_process_cpu_seconds", "Processor time used", labels=["service"])
        cpu.add_metric([self._service], usage.ru_utime + usage.ru_stime)
        yield cpu
        resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
        for name, text, value in (
            ("resident_memory_bytes", "Resident memory", resident_pages * resource.getpagesize()),
            ("open_fds", "Open file descriptors", len(os.listdir("/proc/self/fd"))),
            ("start_time_seconds", "Start, seconds since 1970", self._started_s),
        ):
            gauge = GaugeMetricFamily(f"hotline_process_{name}", text, labels=["service"])
            gauge.add_metric([self._service], value)
            yield gauge


def _file_stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def data_folder(argument: str | None) -> Path:
    """The data folder: the argument, else HOTLINE_DATA, else ./data."""
    return Path(argument or os.environ.get("HOTLINE_DATA") or "data")


def run_service(name: str, start: Callable[[Service], Awaitable[Closer]]) -> None:
    """Run a service until SIGTERM or SIGINT, then end the process: status 0, or 1 when it could not start.

    `start` sets up and returns its own closer, which gets CLOSE_LIMIT_S seconds.
    """
    parser = argparse.ArgumentParser(prog=f"hotline service {name}")
    parser.add_argument("--data", help=say("service.data"))
    arguments = parser.parse_args()
    os.umask(0o077)
    try:
        deployment = Deployment.load(data_folder(arguments.data))
        configure_logging(name, deployment.log_file(name))
        settings = settings_snapshot.read(deployment.settings_file)
        service = Service(name, deployment, Secrets.load(deployment), settings)
    except (DeploymentError, SecretsError, SettingsRefused, OSError) as error:
        log.exception("service_cannot_start")
        sys.exit(say("service.cannot_start", name=name, why=told(error)))
    gc.freeze()  # what was imported lives for ever: no need to look through it again
    gc.set_threshold(*GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(serve(service, start)))


async def serve(service: Service, start: Callable[[Service], Awaitable[Closer]]) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.set_exception_handler(_log_loop_exception)
    try:
        close = await start(service)
    except Exception as error:
        log.exception("service_cannot_start")
        print(say("service.cannot_start", name=service.name, why=told(error)), file=sys.stderr)
        return 1
    runner = web.AppRunner(service.web, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    tasks: list[asyncio.Task[None]] = []
    try:
        await runner.setup()
        socket = service.deployment.socket(service.name)
        socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(socket)).start()
        socket.chmod(0o600)
        tasks = [loop.create_task(service.watch())]
        log.info("service_started", extra={"pid": os.getpid(), "settings_version": service.settings.version})
        await stop.wait()
        log.info("service_stopping")
        return 0
    finally:
        for task in tasks:
            task.cancel()
        await _close(service.name, close, runner)
        service.deployment.socket(service.name).unlink(missing_ok=True)


async def _close(name: str, close: Closer, runner: web.AppRunner) -> None:
    for step, closing in (("room", close), ("pages", runner.cleanup)):
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await closing()
        except TimeoutError:
            log.error("service_close_timeout", extra={"step": step, "limit_s": CLOSE_LIMIT_S})
        except Exception:  # the other step must still be closed
            log.exception("service_close_failed", extra={"step": step})


def _log_loop_exception(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    error = context.get("exception")
    log.error(
        "loop_exception",
        extra={"what": str(context.get("message"))},
        exc_info=error if isinstance(error, BaseException) else None,
    )
