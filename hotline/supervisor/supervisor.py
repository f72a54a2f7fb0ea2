"""All programs of one hotline together: set-up, start or adoption, readiness, changes, and the end.

What must exist before what:
    settings snapshot -> Asterisk's files -> Asterisk, acd, ivr, keeper     (no database needed)
    postgres -> database -> migrations -> settings -> ledger, web
On a machine that has a snapshot both lines run side by side; a first start makes the snapshot first.
Must not print (see `report`) and not know how a service works.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hotline.asking import Asker
from hotline.asterisk_install import AsteriskInstall
from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.postgres import ensure_cluster, ensure_database
from hotline.secrets import Secrets
from hotline.supervisor import setup
from hotline.supervisor.changes import Changes, Stamp, reload_asterisk, stamp
from hotline.supervisor.hang_watch import HangWatch
from hotline.supervisor.log_rotation import LogRotation
from hotline.supervisor.ports import port_troubles
from hotline.supervisor.processes import read_pid_file
from hotline.supervisor.programs import (
    DEMO,
    SERVICES,
    STOP_ORDER,
    asterisk_program,
    is_present,
    postgres_program,
    service_program,
)
from hotline.supervisor.readiness import QUESTION_LIMIT_S, Probe, probe_of
from hotline.supervisor.setup import SetupError
from hotline.supervisor.watched import Watched
from hotline.words import say, told

log = logging.getLogger(__name__)

READY_LIMIT_S = 60.0
DATABASE_LIMIT_S = 30.0
_PROBE_EVERY_S = 0.1
_DATABASE_RETRY_S = 5.0
_LOOK_EVERY_S = 1.0

Say = Callable[[str, str], None]  # part, what about it


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of one start."""

    settings_file: Path | None = None
    demo: bool = False


class Supervisor:
    """Everything that runs, by name, and the steps to get it running and to end it."""

    def __init__(self, deployment: Deployment, options: Options, install: AsteriskInstall, say: Say) -> None:
        self.deployment = deployment
        self.options = options
        self.install = install
        self.say = say
        self.secrets = Secrets.load(deployment)
        self._asker = Asker(deployment, QUESTION_LIMIT_S)
        self.watched: dict[str, Watched] = {}
        self._database_task: asyncio.Task[None] | None = None
        self._files_changed = False
        self._files_from: tuple[Stamp, Stamp] = (None, None)  # snapshot and secrets they were written from
        self._background: list[asyncio.Task[None]] = []
        self._noted_state: dict[str, dict[str, object]] = {}

    # ---- set-up ---------------------------------------------------------------------------------------

    async def prepare(self) -> Settings:
        """All that must precede the start of Asterisk; returns the settings. Raises SetupError and others."""
        self._enlist()
        adopted = [name for name, watched in self.watched.items() if watched.adopt()]
        if adopted:
            self.say(say("start.adopted_part"), ", ".join(adopted))
        self._refuse_ports()
        self._database_task = asyncio.create_task(self._prepare_database())
        if not self.deployment.settings_file.exists():
            await self._database_task
        # Stamped before they are read: whatever replaces them from then on is a change.
        settings_stamp = stamp(self.deployment.settings_file)
        settings = await asyncio.to_thread(setup.current_settings, self.deployment)
        self.secrets.make_missing(settings)
        self._files_from = (settings_stamp, stamp(self.deployment.secrets_file))
        self._files_changed = await setup.write_asterisk_files(
            self.deployment, settings, self.secrets, self.install
        )
        return settings

    async def prepare_all(self) -> None:
        """The whole set-up, and nothing left to do at the first start but starting."""
        settings = await self.prepare()
        assert self._database_task is not None
        await self._database_task
        await self._build_prompts(settings)

    def _enlist(self) -> None:
        programs = [asterisk_program(self.deployment, self.install)]
        if not self.deployment.own_database_url:
            programs.append(postgres_program(self.deployment))
        demo = self.options.demo or read_pid_file(self.deployment.pid_file(DEMO.name)) is not None
        for service in (*SERVICES, *([DEMO] if demo else [])):
            if is_present(service):
                programs.append(service_program(self.deployment, service))
            else:
                self.say(service.name, say("start.absent", module=service.module))
        self.watched = {program.name: Watched(program, self.deployment) for program in programs}

    def _refuse_ports(self) -> None:
        troubles = port_troubles(self.deployment, (n for n, w in self.watched.items() if w.process is None))
        lines = list(troubles.refused)
        if troubles.taken:
            taken = ", ".join(troubles.taken)
            lines.append(say("start.ports_taken", ports=taken, file=self.deployment.file))
        if lines:
            raise SetupError("\n".join(lines))

    async def _prepare_database(self) -> None:
        if "postgres" in self.watched:
            await asyncio.to_thread(ensure_cluster, self.deployment, self.secrets)
            self.watched["postgres"].start()
            await self._until_connected()
        await setup.migrate(self.deployment)
        file = self.options.settings_file or setup.default_settings_file(demo=self.options.demo)
        settings = await setup.settle_settings(self.deployment, file)
        self.say("postgres", say("start.ready"))
        offered = self.options.settings_file
        if offered and setup.check_settings_file(offered, self.deployment) != replace(settings, version=1):
            refused = say("start.not_imported", file=offered, version=settings.version)
            self.say(say("start.settings_part"), refused)

    async def _until_connected(self) -> None:
        deadline_s = time.monotonic() + DATABASE_LIMIT_S
        while True:
            try:
                await ensure_database(self.deployment)
                return
            except Exception as error:
                if time.monotonic() > deadline_s:
                    raise SetupError(say("start.no_database", why=told(error))) from error
            await asyncio.sleep(_PROBE_EVERY_S)

    # ---- start and readiness ----------------------------------------------------------------------------

    async def start(self) -> list[str]:
        """Start or go on with everything; returns what did not become ready in time (nothing if all is well).

        Raises SetupError when the hotline cannot start at all.
        """
        settings = await self.prepare()
        assert self._database_task is not None
        prompts = asyncio.create_task(self._build_prompts(settings))
        if not any(self.deployment.sounds.rglob("*.wav")):
            await prompts  # a first start: no caller may come before there is a greeting
        changes = await self._follow_changes()
        for name in self._names(needs_database=False):
            self.watched[name].start()
        rotation = LogRotation(self.deployment, self.install)
        hang_watch = HangWatch(self.watched, tuple(service.name for service in SERVICES), self._asker.answers)
        for look in (changes.look, rotation.look, hang_watch.look, self._write_state):
            self._background.append(asyncio.create_task(_every_second(look)))
        unready = asyncio.gather(*(self._until_ready(name) for name in self._names(needs_database=False)))
        await self._database_settled()
        for name in self._names(needs_database=True):
            self.watched[name].start()
        more = await asyncio.gather(*(self._until_ready(name) for name in self._names(needs_database=True)))
        await prompts
        return [line for line in (*await unready, *more) if line]

    async def _follow_changes(self) -> Changes:
        """What carries later changes over. An adopted Asterisk reads first what the set-up has changed.

        Else it reads all again when nobody waits for it: the supervisor before us may have ended between
        writing a file and having it read, so that files that are as they should be prove nothing.
        """
        reload_due = self.watched["asterisk"].adopted
        if reload_due and self._files_changed:
            reload_due = not await reload_asterisk(self.deployment, self.install)
        seen = self._files_from
        return Changes(self.deployment, self.secrets, self.install, seen=seen, reload_due=reload_due)

    def _names(self, *, needs_database: bool) -> list[str]:
        later = {service.name for service in SERVICES if service.needs_database}
        return [n for n in self.watched if n != "postgres" and (n in later) == needs_database]

    async def _build_prompts(self, settings: Settings) -> None:
        try:
            report = await setup.build_prompts(self.deployment, settings, self.install)
        except SetupError as error:
            # A hotline without a prompt still connects callers; `hotline check` shows what is missing.
            log.exception("prompts_not_built")
            self.say(say("start.prompts_part"), say("start.prompts_not_built", why=told(error)))
            return
        counts = say("start.prompts", synthetic=report.synthetic, recorded=report.recorded)
        self.say(say("start.prompts_part"), counts)

    async def _database_settled(self) -> None:
        """Wait for the database steps; if they fail on a machine that has settings, go on and try again."""
        assert self._database_task is not None
        try:
            await self._database_task
        except Exception as error:
            log.exception("database_not_ready")
            self.say("postgres", say("start.database_later", why=told(error)))
            self._database_task = asyncio.create_task(self._retry_database())

    async def _retry_database(self) -> None:
        while True:
            await asyncio.sleep(_DATABASE_RETRY_S)
            try:
                await self._prepare_database()
                return
            except Exception:  # whatever is wrong with it, the database is wanted
                log.exception("database_not_ready")

    async def _until_ready(self, name: str) -> str:
        why = await until_ready(probe_of(name, self.deployment, self.install), READY_LIMIT_S)
        watched = self.watched[name]
        if why:
            end = say("start.last_end", end=watched.last_end) if watched.last_end else ""
            self.say(name, say("start.not_ready", why=why, end=end, log=self.deployment.logs / name))
            return f"{name}: {why}"
        self.say(name, say("start.taken_over") if watched.adopted else say("start.ready"))
        return ""

    # ---- the end ----------------------------------------------------------------------------------------

    async def stop(self, *, adopted: bool = True) -> None:
        """End everything in order, leaving no process; with adopted=False, only what we started ourselves."""
        background = [*self._background, *([self._database_task] if self._database_task else [])]
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await self._asker.close()
        ours = {name: w for name, w in self.watched.items() if adopted or not w.adopted}
        for names in STOP_ORDER:
            await asyncio.gather(*(ours[name].stop() for name in names if name in ours))

    def kill(self) -> None:
        """End everything at once (a second Ctrl-C)."""
        for watched in self.watched.values():
            if watched.process:
                watched.process.kill_session()

    async def _write_state(self) -> None:
        """Note for `hotline status` what each program does."""
        state: dict[str, dict[str, object]] = {
            name: {
                "state": w.state,
                "pid": w.process.pid if w.process else None,
                "restarts": w.restarts,
                "last_end": w.last_end,
            }
            for name, w in self.watched.items()
        }
        if state == self._noted_state:
            return
        file = self.deployment.run / "supervisor.json"
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(state), "utf-8")
        temporary.replace(file)
        self._noted_state = state


async def _every_second(look: Callable[[], Awaitable[None]]) -> None:
    """Repeat a look until cancelled; one that fails is logged and the next is taken all the same."""
    while True:
        try:
            await look()
        except Exception:
            log.exception("supervisor_look_failed")
        await asyncio.sleep(_LOOK_EVERY_S)


async def until_ready(probe: Probe, limit_s: float) -> str:
    """Ask until the answer is "" (ready) or the limit is over; returns the last answer."""
    deadline_s = time.monotonic() + limit_s
    while True:
        why = await probe()
        if not why or time.monotonic() > deadline_s:
            return why
        await asyncio.sleep(_PROBE_EVERY_S)
