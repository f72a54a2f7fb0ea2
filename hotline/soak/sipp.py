"""SIPp as callers, as agents' phones, and as whoever dials a feature code. Knows nothing of the hotline.

Each run has a folder with its scenario, its fields, its log, its counts and its errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import ctypes
import re
import shutil
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

SCENARIOS = Path(__file__).parent / "scenarios"
STOP_LIMIT_S = 3.0
_PR_SET_PDEATHSIG = 1
_ENTRY = re.compile(r"(?=\d{4}-\d\d-\d\d\t)")  # of the log of errors: they begin anywhere in a line


class SippError(Exception):
    """SIPp cannot be started, or it ended otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What SIPp counted so far. A failed call is one that did not go as the scenario says."""

    created: int = 0
    successful: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where this SIPp is, and the server it speaks to. port 0: a free one; media_port 0: no echo."""

    server: tuple[str, int]
    address: str
    port: int = 0
    media_port: int = 0


def installed() -> bool:
    """Whether SIPp can be found."""
    return shutil.which("sipp") is not None


class Sipp:
    """One run of one scenario. Use `start`, then `finished` or `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(
        self,
        scenario: str,
        place: Place,
        fields: Iterable[Sequence[object]],
        *,
        words: Sequence[str] = (),
        values: Mapping[str, object] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        """Start it. fields: a line per call. values: of the scenario's template. files: for its folder."""
        program = shutil.which("sipp")
        if program is None:
            raise SippError("SIPp is not installed (Debian: apt-get install sip-tester)")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = (SCENARIOS / scenario).read_text("utf-8")
        if values is not None:
            source = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(source).render(values)
        (self.folder / scenario).write_text(source, "utf-8")
        lines = [";".join(map(str, line)) for line in fields]
        (self.folder / "fields.csv").write_text("\n".join(["SEQUENTIAL", *lines]) + "\n", "utf-8")
        for name, content in (files or {}).items():
            (self.folder / name).write_bytes(content)
        command = [program, f"{place.server[0]}:{place.server[1]}", "-sf", scenario, "-inf", "fields.csv"]
        command += ["-i", place.address, "-mi", place.address, "-nostdin", "-trace_err"]
        command += ["-error_file", "errors.log", "-trace_logs", "-log_file", "calls.log"]
        command += ["-trace_stat", "-stf", "counts.csv", "-fd", "1"]
        command += ["-p", str(place.port)] if place.port else []
        command += ["-mp", str(place.media_port), "-rtp_echo"] if place.media_port else []
        with (self.folder / "screen.log").open("wb") as screen:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=screen,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self.folder,
                preexec_fn=_die_with_parent,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.returncode is None

    async def finished(self, within_s: float) -> Counts:
        """Wait for its own end. Raises SippError when it takes longer."""
        assert self._process is not None
        try:
            async with asyncio.timeout(within_s):
                await self._process.wait()
        except TimeoutError as error:
            await self.stop()
            raise SippError(f"{self.folder}: not finished within {within_s:.0f} s: {self.said()}") from error
        if self._process.returncode not in (0, 1):  # 1: some calls failed, which the counts tell
            raise SippError(f"{self.folder}: ended with {self._process.returncode}: {self.said()}")
        return self.counts()

    async def stop(self) -> None:
        """End it now; calls under way are given up."""
        if self._process is None or self._process.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_LIMIT_S):
                    await self._process.wait()
                    return

    def counts(self) -> Counts:
        """Its counts, at most a second old; after its end exact."""
        file = self.folder / "counts.csv"
        rows = list(csv.reader(_text(file).splitlines(), delimiter=";"))
        if len(rows) < 2:
            return Counts()
        counted = dict(zip(rows[0], rows[-1], strict=False))
        return Counts(
            int(counted["TotalCallCreated"]),
            int(counted["SuccessfulCall(C)"]),
            int(counted["FailedCall(C)"]),
        )

    def calls(self) -> list[str]:
        """What the scenario has logged of its calls."""
        return [line for line in _text(self.folder / "calls.log").splitlines() if line]

    def complaints(self) -> list[str]:
        """Why it gave calls up, one by one."""
        said = _ENTRY.split(_text(self.folder / "errors.log"))
        return [" ".join(entry.split())[:300] for entry in said if "abort" in entry.lower()]

    def said(self) -> str:
        """The end of its complaints, for an error message."""
        return (_text(self.folder / "errors.log") or _text(self.folder / "screen.log"))[-1500:]


def _text(file: Path) -> str:
    return file.read_text("utf-8", "replace") if file.exists() else ""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
