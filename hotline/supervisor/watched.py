"""Keeps one program running: adopts the one that is there, else starts it, and again after each crash.

Must not know what the program does; whether it is ready is for `readiness`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hotline.core.restarts import RestartPolicy
from hotline.deployment import Deployment
from hotline.supervisor.processes import ProcessId, read_pid_file, start_process
from hotline.words import say, told

log = logging.getLogger(__name__)

_PID_FILE_LIMIT_S = 5.0
_KILL_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to end it."""

    name: str
    command: Callable[[], tuple[str, ...]]  # asked at each start, for it may depend on what was set up
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_limit_s: float = 12.0


class Watched:
    """One program under supervision. `state`: waiting, running, pausing, stopped."""

    def __init__(self, program: Program, deployment: Deployment) -> None:
        self.program = program
        self.name = program.name
        self.state = "waiting"
        self.process: ProcessId | None = None
        self.adopted = False
        self.restarts = 0
        self.last_end = ""
        self._deployment = deployment
        self._policy = RestartPolicy()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def adopt(self) -> bool:
        """Take over the process that an earlier supervisor started, if it still runs."""
        self.process = read_pid_file(self._deployment.pid_file(self.name))
        self.adopted = self.process is not None
        if self.process:
            self.state = "running"
            log.info("program_adopted", extra={"program": self.name, "pid": self.process.pid})
        return self.adopted

    def start(self) -> None:
        """Begin to keep it running, from now until `stop`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"keep {self.name}")

    async def _keep(self) -> None:
        while self.process or not self._stopping.is_set():
            since_s = time.monotonic()
            try:
                if self.process is None:
                    await self._launch()
                    if self._stopping.is_set() and self.process:
                        # `stop` came while it was being launched, and found nobody to tell.
                        self.process.signal(self.program.stop_signal)
                await self._until_end()
            except OSError as error:
                self.last_end = say("start.could_not_start", why=told(error))
            ran_s = time.monotonic() - since_s
            self.process = None
            if self._stopping.is_set():
                break
            pause_s = self._policy.pause_s(ran_s)
            self.state = "pausing"
            self.restarts += 1
            log.error(
                "program_ended",
                extra={
                    "program": self.name,
                    "end": self.last_end,
                    "ran_s": round(ran_s, 3),
                    "pause_s": pause_s,
                },
            )
            try:
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            except TimeoutError:
                continue  # the pause is over
        self.state = "stopped"

    async def _launch(self) -> None:
        pid_file = self._deployment.pid_file(self.name)
        pid_file.unlink(missing_ok=True)
        output = self._deployment.logs / f"{self.name}.out"
        self._child = start_process(self.program.command(), pid_file, output, self.program.environment)
        self.adopted = False
        deadline_s = time.monotonic() + _PID_FILE_LIMIT_S
        while (noted := read_pid_file(pid_file)) is None:
            if self._child.poll() is not None:
                raise OSError(say("start.see_output", status=self._child.returncode, output=output))
            if time.monotonic() > deadline_s:
                self._child.kill()
                self._child.wait()
                raise OSError(say("start.no_pid", limit_s=f"{_PID_FILE_LIMIT_S:.0f}"))
            await asyncio.sleep(0.005)
        self.process = noted
        self.state = "running"
        log.info("program_started", extra={"program": self.name, "pid": noted.pid})

    async def _until_end(self) -> None:
        assert self.process is not None
        descriptor = self.process.open()
        if descriptor is not None:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            loop.add_reader(descriptor, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
        if self._child is None:
            self.last_end = say("start.ended")  # adopted: only a parent learns the status
            return
        status = self._child.wait()
        self._child = None
        if status < 0:
            self.last_end = say("start.killed", signal=signal.Signals(-status).name)
        else:
            self.last_end = say("start.status", status=status)

    async def stop(self) -> None:
        """End it: the polite signal, then, after its limit, SIGKILL to its whole session."""
        self._stopping.set()
        if self.process:
            self.start()  # adopted, but not yet watched: its end is waited for all the same
        if self._task is None:
            self.state = "stopped"
            return
        if self.process:
            self.process.signal(self.program.stop_signal)
        done, _ = await asyncio.wait([self._task], timeout=self.program.stop_limit_s)
        if not done and self.process:
            log.error("program_killed", extra={"program": self.name, "limit_s": self.program.stop_limit_s})
            self.process.kill_session()
            await asyncio.wait([self._task], timeout=_KILL_LIMIT_S)
        self._deployment.pid_file(self.name).unlink(missing_ok=True)
        self.state = "stopped"
