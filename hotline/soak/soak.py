"""One soak, in order: start, log agents in, call, kill each service once, drain, look, end.

Decides nothing about what is right: `promises` judges.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hotline.core.phrases import phrase
from hotline.core.settings_check import check_settings
from hotline.file_sizes import JOURNAL_BYTES, LOG_BYTES
from hotline.journal import read_journal
from hotline.journal_reader import file_numbers, file_path, head_of
from hotline.secrets import Secrets
from hotline.soak import house, plan, promises
from hotline.soak.channels import ChannelLog
from hotline.soak.counts import Facts, read_facts, with_crossings
from hotline.soak.house import CALLERS_ADDRESS, PHONES_ADDRESS
from hotline.soak.promises import Report
from hotline.soak.sipp import Counts, Place, Sipp, SippError
from hotline.soak.site import PROCESSES, SERVICES, Site, SiteError, Sizes
from hotline.words import say

KILLS = dict(zip(("ledger", "keeper", "acd", "ivr", "web"), (0.05, 0.09, 0.13, 0.18, 0.23), strict=True))
"""When each service is killed, as a part of the calls."""
WARM = (0.55, 0.65)
END = (0.85, 1.0)
"""Between which parts of the calls memory is measured before and after.

By then acd has filled what it remembers of the past: the last agents of 10,000 callers.
"""

LOOK_EVERY_S = 1.0
READY_EVERY_S = 3.0
REGISTER_EVERY_S = 1500.0
LOGIN_LIMIT_S = 90.0
DRAIN_LIMIT_S = 120.0
SIP_LIMIT_S = (
    40.0  # a request without an answer keeps its call's sockets for 32 s; source: RFC 3261, 17.1, 64 x T1
)
REST_S = 2.0
AGENTS_AT_ONCE = 12
BYTES_PER_CALL = {JOURNAL_BYTES: 800, LOG_BYTES: 300}
"""A file's limit for each call of the soak. A call writes about 7,000 to acd's journal, 2,500 to CEL's."""

SMALLEST_BYTES = 60_000


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. rate: calls a second."""

    calls: int
    agents: int
    rate: float
    seed: int
    data: Path
    port_base: int

    @property
    def file_bytes(self) -> dict[str, int]:
        """When journals and logs go on in a new file: so small that a soak of any length shows it."""
        return {name: max(SMALLEST_BYTES, each * self.calls) for name, each in BYTES_PER_CALL.items()}


class Soak:
    """Use as `await Soak(site, options, say).run()`."""

    def __init__(self, site: Site, options: Options, tell: Callable[[str], None]) -> None:
        self._site, self._options, self._tell = site, options, tell
        self._folder = options.data / "soak"
        self._callers = Sipp(self._folder / "callers")
        self._phones = Sipp(self._folder / "phones")
        self._codes = 0
        self._registered_s = 0.0
        self._resident: dict[str, list[tuple[float, int]]] = {name: [] for name in PROCESSES}
        self._away_s: dict[str, float] = {}
        self._at_rest: dict[str, int] = {}
        self._channels = ChannelLog(site.deployment.cel_file, house.TRUNK)

    async def run(self) -> Report:
        """The whole soak. Raises SiteError or SippError when it cannot be carried out."""
        began_s = time.monotonic()
        report = Report(self._options.calls, self._options.seed, str(self._options.data))
        try:
            await self._start()
            await self._log_in()
            await asyncio.sleep(REST_S)
            self._at_rest = {name: sizes.descriptors for name, sizes in (await self._sizes()).items()}
            counts = await self._call()
            await self._drain()
            await asyncio.sleep(REST_S)
            await self._judge(report, counts)
        finally:
            await self._callers.stop()
            await self._phones.stop()
            await self._site.stop()
        report.took_s = round(time.monotonic() - began_s, 1)
        return report

    # ---- before the calls

    async def _start(self) -> None:
        settings_file = self._folder / "settings.toml"
        self._folder.mkdir(mode=0o700, parents=True)
        text = house.settings_text(self._options.agents)
        settings_file.write_text(text, "utf-8")
        settings = check_settings(tomllib.loads(text), file=str(settings_file), version=1)
        house.write_prompts(self._options.data / "sounds", settings)
        await self._site.start(settings_file)
        self._tell(say("soak.up", data=self._options.data))

    async def _log_in(self) -> None:
        await self._register()
        fields = ((p.ring_ms, p.talk_ms, p.deed, p.target) for p in plan.agent_plans(self._options.seed))
        await self._phones.start("agent.xml", self._place(self._phones_port, echo=True), fields)
        numbers = house.agent_numbers(self._options.agents)
        secrets = Secrets.load(self._site.deployment)
        keys = {number: f"{number}#{secrets.pin(number)}#" for number in numbers}
        await self._dial("*11", keys)
        await self._make_ready(numbers)
        deadline_s = time.monotonic() + LOGIN_LIMIT_S
        while len(ready := await self._agents_in("ready")) < len(numbers):
            if time.monotonic() > deadline_s:
                raise SiteError(f"agents not ready after {LOGIN_LIMIT_S:.0f} s: {set(numbers) - set(ready)}")
            await asyncio.sleep(0.5)
            await self._make_ready([number for number in numbers if number not in ready])
        self._tell(say("soak.agents", count=len(numbers)))

    @property
    def _server(self) -> tuple[str, int]:
        return "127.0.0.1", self._site.deployment.ports.sip

    @property
    def _phones_port(self) -> int:
        return self._site.deployment.ports.sip

    def _place(self, port: int = 0, *, echo: bool = False) -> Place:
        media_port = self._site.deployment.ports.rtp_first if echo else 0
        return Place(self._server, PHONES_ADDRESS, port, media_port)

    def _credentials(self, number: str) -> str:
        password = Secrets.load(self._site.deployment).phone(number)
        return f"[authentication username={number} password={password}]"

    async def _register(self) -> None:
        numbers = house.agent_numbers(self._options.agents)
        run = self._code_run()
        fields = [(number, self._credentials(number)) for number in numbers]
        words = ["-m", str(len(fields)), "-r", "50", "-key", "phone_port", str(self._phones_port)]
        await run.start("register.xml", self._place(), fields, words=words)
        counts = await run.finished(30)
        if counts.successful != len(numbers):
            raise SippError(f"{counts.successful} of {len(numbers)} phones registered: {run.said()}")
        self._registered_s = time.monotonic()

    async def _dial(self, code: str, keys: dict[str, str]) -> Counts:
        """Let these agents' phones dial a feature code, each with its keys (all as many)."""
        run = self._code_run()
        fields = [(number, self._credentials(number), code, *pressed) for number, pressed in keys.items()]
        longest = max(len(pressed) for pressed in keys.values())
        first = next(iter(keys.values()))
        pauses = [0, *(place + 1 for place, key in enumerate(first) if key == "#")]
        words = ["-m", str(len(fields)), "-r", "5", "-l", str(AGENTS_AT_ONCE)]
        await run.start(
            "code.xml",
            self._place(),
            fields,
            words=words,
            values={"keys": longest, "pauses": pauses},
            files={"speech.alaw": house.speech()},
        )
        return await run.finished(30 + 10 * len(fields) / AGENTS_AT_ONCE)

    def _code_run(self) -> Sipp:
        self._codes += 1
        return Sipp(self._folder / f"code-{self._codes}")

    async def _make_ready(self, numbers: list[str]) -> None:
        if numbers:
            await self._dial("*13", dict.fromkeys(numbers, ""))

    async def _agents_in(self, *states: str) -> list[str]:
        agents = (await self._site.picture())["open"]["agents"]
        return [number for number, agent in agents.items() if agent["state"] in states]

    # ---- the calls

    async def _call(self) -> Counts:
        options = self._options
        plans = plan.caller_plans(options.calls, options.seed)
        fields = ((p.caller, p.number, p.before_ms, p.after_ms) for p in plans)
        place = Place(self._server, CALLERS_ADDRESS, self._site.deployment.ports.sip)
        words = ["-m", str(options.calls), "-l", "500"]
        words += ["-r", str(max(1, round(options.rate * 10))), "-rp", "10000"]
        files = {"speech.alaw": house.speech()}
        await self._callers.start("caller.xml", place, fields, words=words, files=files)
        beside = [asyncio.create_task(one) for one in (self._kill(), self._measure(), self._keep_agents())]
        limit_s = options.calls / options.rate * 1.5 + 180
        try:
            finished = asyncio.create_task(self._callers.finished(limit_s))
            done, _ = await asyncio.wait([finished, *beside[:1]], return_when=asyncio.ALL_COMPLETED)
            for task in done:
                task.result()
            return finished.result()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    def _share(self) -> float:
        """How far the calls are, 0 … 1."""
        return self._callers.counts().created / self._options.calls

    async def _kill(self) -> None:
        for service, share in KILLS.items():
            while self._share() < share and self._callers.running:  # noqa: ASYNC110 - SIPp's own counts
                await asyncio.sleep(0.2)
            self._away_s[service] = round(await self._site.kill(service), 2)
            self._tell(say("soak.killed", service=service, away_s=self._away_s[service]))

    async def _measure(self) -> None:
        """Memory every second, kept in soak/memory.csv too for whoever wants to draw it."""
        told = 0.1
        series = self._folder / "memory.csv"
        series.write_text(f"calls;{';'.join(PROCESSES)}\n", "utf-8")
        while True:
            share = self._share()
            sizes = await self._sizes()
            for name, size in sizes.items():
                self._resident[name].append((share, size.resident_bytes))
            row = [sizes[name].resident_bytes if name in sizes else "" for name in PROCESSES]
            with series.open("a", encoding="utf-8") as file:
                file.write(f"{round(share * self._options.calls)};{';'.join(map(str, row))}\n")
            if share >= told:
                counts = self._callers.counts()
                self._tell(say("soak.placed", count=counts.created, failed=counts.failed))
                told += 0.1
            await asyncio.to_thread(self._channels.look)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _sizes(self) -> dict[str, Sizes]:
        found = {name: await self._site.sizes(name) for name in PROCESSES}
        return {name: sizes for name, sizes in found.items() if sizes is not None}

    async def _keep_agents(self) -> None:
        """Agents whom a lost race has made not ready go ready again; phones stay registered."""
        while True:
            await asyncio.sleep(READY_EVERY_S)
            with contextlib.suppress(SiteError, SippError):  # acd is away: the next look will do
                if time.monotonic() > self._registered_s + REGISTER_EVERY_S:
                    await self._register()
                await self._make_ready(await self._agents_in("not_ready", "not_responding"))

    # ---- after the calls

    async def _drain(self) -> None:
        """Wait until the last call, fact and recording have come where they belong, or the limit is over."""
        deadline_s = time.monotonic() + DRAIN_LIMIT_S
        while time.monotonic() < deadline_s:
            with contextlib.suppress(SiteError):
                opened = (await self._site.picture())["open"]
                backlog = (await self._site.metrics("ledger"))["hotline_ledger_backlog_facts"]
                incoming = any(self._site.deployment.recordings_incoming.iterdir())
                if not (opened["contacts"] or backlog or incoming or await self._site.channels()):
                    break
            await asyncio.sleep(0.5)
        self._tell(say("soak.drained"))

    async def _judge(self, report: Report, counts: Counts) -> None:
        site, options = self._site, self._options
        facts = await asyncio.to_thread(self._read_facts)
        phones_log = self._phones.calls()
        log = with_crossings(self._callers.calls(), phones_log, facts)
        report.figures = {
            "sipp": {"created": counts.created, "successful": counts.successful, "failed": counts.failed},
            "callers": dict(Counter(line.partition(" ")[2] for line in log)),
            "phones": dict(Counter(line.partition(" ")[0] for line in phones_log)),
            "away_s": self._away_s,
            "facts": facts.facts,
        }
        add = report.promises
        complaints = [*self._callers.complaints(), *self._phones.complaints()]
        phones_failed = self._phones.counts().failed
        add.append(
            promises.calls_promise(options.calls, counts.created, counts.failed, phones_failed, complaints)
        )
        await asyncio.to_thread(self._channels.look)
        add += promises.contact_promises(counts.created, log, facts, self._channels.never_begun())
        add += promises.entry_promises(facts)
        add.append(promises.transfer_promise(phones_log, facts))
        keeper = read_journal(site.deployment.journal("keeper"))
        kept = [envelope.body["segment"] for _, envelope in keeper if envelope.kind == "RecordingKept"]
        add.append(promises.recording_promise(kept, facts))
        written = await site.count("SELECT count(*) FROM fact WHERE writer = 'acd'")
        in_database = phrase("soak.facts_in_database")
        add.append(promises.equal_promise("database", facts.facts, written, in_database))
        picture = await site.picture()
        add.append(promises.picture_promise(picture))
        add.append(promises.tiles_promise(picture, facts))
        add.append(promises.none_left_promise("channels", {"channels": await site.channels()}))
        sessions = {name: await self._sessions(name) for name in ("acd", "ivr")}
        add.append(promises.none_left_promise("agi", sessions))
        add.append(await self._descriptors())
        add.append(self._memory())
        add.append(promises.restart_promise(dict.fromkeys(SERVICES, 1), site.restarts()))
        add += self._files()

    async def _descriptors(self) -> promises.Promise:
        """Judged when they are as few as before, at last when SIP has given up every answer it waited for."""
        deadline_s = time.monotonic() + SIP_LIMIT_S
        while True:
            after = {name: sizes.descriptors for name, sizes in (await self._sizes()).items()}
            promise = promises.descriptor_promise(self._at_rest, after)
            if promise.kept or time.monotonic() > deadline_s:
                return promise
            await asyncio.sleep(LOOK_EVERY_S)

    def _read_facts(self) -> Facts:
        return read_facts(envelope for _, envelope in read_journal(self._site.deployment.journal("acd")))

    async def _sessions(self, service: str) -> int:
        return int((await self._site.metrics(service))["hotline_agi_open_sessions"])

    def _memory(self) -> promises.Promise:
        warm, end = (
            {
                name: statistics.median(size for share, size in sizes if low <= share <= high)
                for name, sizes in self._resident.items()
                if any(low <= share <= high for share, _ in sizes)
            }
            for low, high in (WARM, END)
        )
        known = warm.keys() & end.keys()
        return promises.memory_promise(
            {name: warm[name] for name in PROCESSES if name in known},
            {name: end[name] for name in PROCESSES if name in known},
            round(self._options.calls * (1 - WARM[1])),
        )

    def _files(self) -> list[promises.Promise]:
        deployment, limits = self._site.deployment, self._options.file_bytes
        journals: dict[str, int] = {}
        rotated = 0
        for writer in ("acd", "ivr"):
            folder = deployment.journal(writer)
            numbers = file_numbers(folder)
            journals |= {f"{writer}/{number}": file_path(folder, number).stat().st_size for number in numbers}
            heads = (head_of(folder, number) for number in numbers)
            rotated += len(numbers) - len({head.epoch for head in heads if head})
        folders = (deployment.logs, deployment.asterisk_log, deployment.cel_file.parent)
        logs = {file.name: file.stat().st_size for folder in folders for file in folder.glob("*.*")}
        old_logs = sum(file.rpartition(".")[2].isdigit() for file in logs)
        return [
            # A journal's file holds a checkpoint besides its facts; logs are looked at every second.
            promises.file_promise("journals", journals, 2 * limits[JOURNAL_BYTES], rotated),
            promises.file_promise("logs", logs, 2 * limits[LOG_BYTES], old_logs),
        ]
