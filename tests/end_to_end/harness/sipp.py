"""SIPp as callers and as agents' phones: an implementation of SIP that is not ours, and a load generator.

Scenarios are templates in sipp_scenarios/. A wrong outcome shows in `Run.finished`, which quotes the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import shutil
from dataclasses import dataclass
from pathlib import Path

import jinja2

from harness import sound
from harness.lifelines import ends_with_us
from harness.networks import inside
from harness.ports import free_udp_port
from harness.sdp import PAYLOAD_TYPES

SCENARIOS = Path(__file__).parent / "sipp_scenarios"
Server = tuple[str, int]


class SippError(Exception):
    """SIPp cannot be started, or some of its calls did not go as the scenario says."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What SIPp counted."""

    successful: int
    failed: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One message in SIPp's short log. at_us: microseconds since the epoch; first: its first line."""

    at_us: int
    sent: bool
    call_id: str
    first: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls of one kind. All durations in seconds.

    keys: (pause before, digits) each, sent as SIP INFO. hold_s: hangs up after so long; None waits for the
    far side. cancel_after_s: gives up after so long of ringing. limit_s: how long an answer or the far
    hang-up may take. tone_hz: 0 is silence; None sends no audio: Asterisk then waits 0.5 s at its answer,
    and hears no keys.
    """

    number: str
    user: str = "13800000000"
    password: str = ""
    keys: tuple[tuple[float, str], ...] = ()
    hold_s: float | None = None
    cancel_after_s: float | None = None
    limit_s: float = 60.0
    tone_hz: int | None = None
    codec: str = "PCMU"


@dataclass(frozen=True, slots=True)
class Agent:
    """A registered phone. refuse: None answers after ring_s; a status refuses then; 0 never answers.

    talk_s: hangs up after so long; None waits for the far side.
    """

    user: str
    password: str
    ring_s: float = 0.0
    refuse: int | None = None
    talk_s: float | None = None
    limit_s: float = 60.0
    tone_hz: int | None = None
    codec: str = "PCMU"


class Run:
    """A running SIPp. Its logs are in `folder`."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.folder, self._process = folder, process

    @property
    def pid(self) -> int:
        return self._process.pid

    async def finished(self, *, within_s: float, failures_allowed: int = 0) -> Outcome:
        """Wait for SIPp's own end. Raises SippError (too many failed calls) or TimeoutError."""
        try:
            async with asyncio.timeout(within_s):
                await self._process.wait()
        except TimeoutError:
            await self.stop()
            raise TimeoutError(f"SIPp in {self.folder} not finished within {within_s} s") from None
        outcome = self.outcome()
        if outcome.failed > failures_allowed or self._process.returncode not in (0, 1):
            log = self.folder / "errors.log"
            told = log.read_text("utf-8", "replace")[-2000:] if log.exists() else "no error log"
            raise SippError(f"{outcome} (exit {self._process.returncode}) in {self.folder}: {told}")
        return outcome

    async def stop(self) -> None:
        """End it: calls under way are given up."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                async with asyncio.timeout(3):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def outcome(self) -> Outcome:
        """The counts so far, at most a second old."""
        file = self.folder / "counts.csv"
        text = file.read_text("utf-8") if file.exists() else ""
        rows = list(csv.reader(text.splitlines(), delimiter=";"))
        if len(rows) < 2:
            return Outcome(0, 0)
        counted = dict(zip(rows[0], rows[-1], strict=False))
        return Outcome(int(counted["SuccessfulCall(C)"]), int(counted["FailedCall(C)"]))

    def seen(self) -> list[Seen]:
        """All messages so far, in order."""
        file = self.folder / "short.log"
        return (
            [_seen(line) for line in file.read_text("utf-8", "replace").splitlines()] if file.exists() else []
        )


async def call(
    caller: Caller,
    server: Server,
    folder: Path,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
    calls: int = 1,
    per_s: float = 10.0,
    at_once: int = 1000,
) -> Run:
    """Start so many calls, so many a second, never more than `at_once` together."""
    if caller.cancel_after_s is not None and caller.password:
        raise ValueError("a caller with a password cannot give up: that scenario does not exist")
    values = {
        "user": caller.user,
        "password": caller.password,
        "keys": [(_ms(pause), digits) for pause, digits in caller.keys],
        "hold_ms": _ms(caller.hold_s),
        "cancel_after_ms": _ms(caller.cancel_after_s),
        **_common(caller, folder),
    }
    words = ["-s", caller.number, "-m", str(calls), "-l", str(at_once)]
    words += ["-r", str(max(1, round(per_s * 10))), "-rp", "10000"]
    return await _start("caller.xml", values, server, folder, address, port, words)


async def agent(
    agent: Agent,
    server: Server,
    folder: Path,
    *,
    address: str = "127.0.0.1",
    port: int,
    calls: int = 1_000_000,
) -> Run:
    """Register a phone, then take so many calls, one after the other or together."""
    await register(agent.user, agent.password, server, folder / "register", address=address, port=port)
    values = {
        "user": agent.user,
        "ring_ms": _ms(agent.ring_s),
        "refuse": agent.refuse,
        "talk_ms": _ms(agent.talk_s),
        **_common(agent, folder),
    }
    return await _start("agent.xml", values, server, folder, address, port, ["-m", str(calls)])


async def register(
    user: str,
    password: str,
    server: Server,
    folder: Path,
    *,
    address: str = "127.0.0.1",
    port: int,
    expires_s: int = 3600,
) -> None:
    """Register an account at this address and port. Raises SippError when it is refused."""
    values = {"user": user, "password": password, "expires_s": expires_s}
    run = await _start("register.xml", values, server, folder, address, port, ["-m", "1"])
    await run.finished(within_s=10)


def _common(party: Caller | Agent, folder: Path) -> dict[str, object]:
    folder.mkdir(parents=True, exist_ok=True)
    stream = folder / "tone.g711"
    if party.tone_hz is not None:
        stream.write_bytes(sound.tone_second(party.codec, party.tone_hz))
    return {
        "sound": "" if party.tone_hz is None else str(stream),
        "codec": party.codec,
        "payload_type": PAYLOAD_TYPES[party.codec],
        "limit_ms": _ms(party.limit_s),
    }


async def _start(
    scenario: str,
    values: dict[str, object],
    server: Server,
    folder: Path,
    address: str,
    port: int,
    more: list[str],
) -> Run:
    words = _command_line(scenario, values, server, folder, address, port or free_udp_port(address))
    with (folder / "screen.log").open("wb") as screen:
        process = await asyncio.create_subprocess_exec(
            *words,
            *more,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=screen,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            preexec_fn=ends_with_us(),
        )
    return Run(process, folder)


def _command_line(
    scenario: str, values: dict[str, object], server: Server, folder: Path, address: str, port: int
) -> list[str]:
    program = shutil.which("sipp")
    if program is None:
        raise SippError("SIPp is not installed (Debian: sip-tester)")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / scenario
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SCENARIOS), undefined=jinja2.StrictUndefined, autoescape=False
    )
    file.write_text(environment.get_template(scenario).render(values).strip() + "\n", "utf-8")
    words = [*inside(address), program, f"{server[0]}:{server[1]}", "-sf", str(file), "-nostdin"]
    # -aa: OPTIONS are answered; a phone that does not is unreachable, and rightly so.
    words += ["-aa", "-i", address, "-mi", address, "-p", str(port)]
    words += ["-trace_err", "-error_file", str(folder / "errors.log")]
    words += ["-trace_shortmsg", "-shortmessage_file", str(folder / "short.log")]
    words += ["-trace_stat", "-stf", str(folder / "counts.csv"), "-fd", "1"]
    return words


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _seen(line: str) -> Seen:
    """A line of SIPp's short log: date, time, seconds since the epoch, S or R, Call-ID, CSeq, first line."""
    fields = line.split("\t")
    if len(fields) < 7:
        raise SippError(f"line of SIPp's short log: {line[:100]!r}")
    seconds, _, fraction = fields[2].partition(".")
    return Seen(int(seconds) * 1_000_000 + int(fraction), fields[3] == "S", fields[4], fields[6])
