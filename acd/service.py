"""The acd service: puts the parts together, in the order in which they need each other.

journal -> picture -> distributor -> engine -> AMI link (observer) -> FastAGI. FastAGI opens only once the
AMI link has been up and a snapshot taken, so that no caller is held by an acd that sees nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from acd.adapters.away import Away
from acd.adapters.cel import ends_in
from acd.adapters.colleague import Colleague
from acd.adapters.deeds import Deed, Deeds
from acd.adapters.desk import Desk
from acd.adapters.lamps import Lamps
from acd.adapters.media_watch import MediaWatch
from acd.adapters.observer import REQUEUE, Observer
from acd.adapters.outgoing import Outgoing
from acd.adapters.own_calls import OwnCalls
from acd.adapters.reachability import Reachability
from acd.adapters.security import FAILURES, SecurityWatch
from acd.adapters.sessions import QueueHandler
from acd.adapters.stream import Stream
from acd.adapters.supervise import SUPERVISE, Supervisors
from acd.adapters.supervise_codes import SupervisorCodes
from acd.adapters.trunks import EVENTS as TRUNK_EVENTS
from acd.adapters.trunks import TrunkWatch
from acd.adapters.verdicts import VERDICT, Verdicts
from acd.clock import SteadyClock
from acd.core.distributor import Distributor
from acd.core.fact_codec import FactUnknown, upgrade
from acd.core.picture import Picture
from acd.core.recovery import restored_from
from acd.engine import Engine
from acd.forecaster import Forecaster
from acd.recalls import Recalls
from acd.settings_view import settings_changed
from hotline.core.settings import Settings
from hotline.journal import JournalMetrics, JournalWriter, read_from_checkpoint
from hotline.journal_reader import last_envelope
from hotline.service import Service
from hotline.words import say
from telephony.agi_metrics import AgiMetrics
from telephony.ami import AmiLink, AmiMetrics
from telephony.fastagi import FastAgiServer

logger = logging.getLogger(__name__)

AMI_WAIT_S = 2.0


def day_starts(settings: Callable[[], Settings]) -> Callable[[int], int]:
    """Local midnight before an instant, in ms since the epoch, in the hotline's time zone."""

    def day_starts_ms(at_ms: int) -> int:
        zone = ZoneInfo(settings().hotline.timezone)
        local = datetime.fromtimestamp(at_ms / 1000, zone)
        return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)

    return day_starts_ms


def recording_path(settings: Callable[[], Settings]) -> Callable[[str, int], str]:
    """Where the keeper will put a recording that begins at an instant: YYYY/MM/DD/OFFER, local date."""

    def path(offer: str, at_ms: int) -> str:
        zone = ZoneInfo(settings().hotline.timezone)
        return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y/%m/%d}/{offer}"

    return path


def caller_references(key: str) -> Callable[[str], str]:
    """The same number gives the same reference, which tells nothing without the key."""

    def reference(number: str) -> str:
        return hmac.new(key.encode(), number.encode(), hashlib.sha256).hexdigest()[:24]

    return reference


class Acd:
    """All of the acd process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        deployment, registry = service.deployment, service.registry
        clock = SteadyClock()
        # Contacts in the journal since a time (0: there is none): a later one that is not there was not seen.
        self._known: set[str] = set()
        self._known_since_ms = 0
        self._picture = self._recover()
        self._journal = JournalWriter(
            deployment.journal("acd"),
            "acd",
            checkpoint=self._picture.snapshot(),
            metrics=JournalMetrics(registry, "acd"),
        )
        distributor = Distributor(self._journal.epoch, day_starts(lambda: service.settings))
        self.engine = Engine(distributor, self._picture, self._journal, clock, registry)
        self.observer = Observer(
            self.engine,
            caller_references(service.secrets.caller_key),
            Away(
                self.engine,
                lambda: ends_in(deployment.cel_file),
                recording_path(lambda: service.settings),
                self._known,
                self._known_since_ms or clock.now_ms(),
            ),
            recording_path(lambda: service.settings),
            OwnCalls(self.engine, lambda name: any(name == phone.name for phone in service.settings.phones)),
            registry,
        )
        self._security = SecurityWatch(service.settings, deployment.banned_file, clock, registry)
        self._link = AmiLink(
            "127.0.0.1",
            deployment.ports.ami,
            "acd",
            service.secrets.ami_acd,
            on_message=self._on_message,
            on_state=self.observer.on_state,
            wanted=self.observer.wanted | FAILURES | TRUNK_EVENTS,
            metrics=AmiMetrics(registry),
            destinations=(REQUEUE, SUPERVISE, VERDICT),
        )
        self._trunks = TrunkWatch(self._link, service.settings, registry, self._security.exempt)
        self._lamps = Lamps(self.engine, self._link, lambda: service.settings, registry)
        self.observer.link = self._link
        self._reachability = Reachability(self.engine, self._link)
        self.observer.on_synchronized = self._on_synchronized
        self.engine.cancel_offer = self.observer.cancel_offer
        self.engine.take_snapshot = self.observer.take_snapshot
        forecaster = Forecaster(self.engine, Random())
        self.engine.fetch_call = self.observer.fetch_call
        supervisors = Supervisors(self.engine, self.observer, lambda: service.settings, registry)
        self._recalls = Recalls(self.engine, registry)
        self.deeds = Deeds(self.engine, supervisors, lambda: service.settings, self._has_prompt)
        self.deeds.add("dismiss_recall", Deed(self._recalls.dismiss, ("contact",)))
        self._outgoing = Outgoing(
            self.engine,
            lambda: service.settings,
            caller_references(service.secrets.caller_key),
            recording_path(lambda: service.settings),
            deployment.recordings / "incoming",
            registry,
        )
        self._verdicts = Verdicts(self.engine, self.observer)
        self.observer.on_channels = self._outgoing.on_channels
        self._fastagi = FastAgiServer(
            "127.0.0.1",
            deployment.ports.agi_acd,
            service.secrets.agi_token,
            {
                "outgoing": self._outgoing,
                "transfer-out": self._outgoing.transfer,
                "colleague": Colleague(self.engine, lambda: service.settings),
                "queue": QueueHandler(self.engine, forecaster, lambda: service.settings),
                "desk": Desk(self.engine, lambda: service.settings, service.secrets.pin, registry),
                "supervise": supervisors,
                "supervise-code": SupervisorCodes(self.engine, supervisors, lambda: service.settings),
            },
            metrics=AgiMetrics(registry),
        )
        self._fastagi_open = False
        self._tasks: list[asyncio.Task[None]] = []
        service.web.router.add_get("/stream", Stream(self.engine, registry).handle)
        service.web.router.add_post("/deed", self.deeds.handle)
        service.on_settings(self._on_settings)
        service.on_settings(self._security.on_settings)
        service.on_settings(self._trunks.on_settings)
        service.on_settings(lambda _: self._lamps.hint())

    def _has_prompt(self, prompt: str) -> bool:
        sounds, languages = self._service.deployment.sounds, self._service.settings.hotline.languages
        return all((sounds / language / "hotline" / f"{prompt}.wav").exists() for language in languages)

    def _recover(self) -> Picture:
        """The picture as the journal left it."""
        starts = day_starts(lambda: self._service.settings)
        folder = self._service.deployment.journal("acd")
        checkpoint, envelopes = read_from_checkpoint(folder)
        picture = Picture.restore(checkpoint, starts) if checkpoint else Picture(starts)
        self._known = set(picture.contacts)
        last = last_envelope(folder)
        self._known_since_ms = last.at_us // 1000 if last else 0
        count = 0
        for envelope in envelopes:
            self._known_since_ms = min(self._known_since_ms, envelope.at_us // 1000)
            if envelope.contact:
                self._known.add(envelope.contact)
            try:
                body = upgrade(envelope.kind, envelope.version, envelope.body)
            except FactUnknown as error:  # a JournalGap, or written by a newer program
                logger.warning("journal_line_passed_over", extra={"kind": envelope.kind, "why": str(error)})
                continue
            picture.apply(envelope.kind, envelope.at_us // 1000, body)
            count += 1
        logger.info("journal_read", extra={"facts": count, "open_contacts": len(picture.contacts)})
        return picture

    def _on_message(self, message: Mapping[str, str]) -> None:
        self.observer.on_message(message)
        self._security.on_message(message)
        self._trunks.on_message(message)
        self._outgoing.on_message(message)
        self._verdicts.on_message(message)

    def _on_settings(self, settings: Settings) -> None:
        self.engine.handle(settings_changed(settings))

    def _on_synchronized(self, synchronized: bool) -> None:
        if not synchronized:
            self._service.not_ready(say("readiness.no_ami"))
            return
        self._trunks.hint()
        self._lamps.hint()
        self._reachability.hint()
        if not self._fastagi_open:
            self._fastagi_open = True
            self._tasks.append(asyncio.get_running_loop().create_task(self._open_fastagi()))
        else:
            self._service.ready()

    async def _open_fastagi(self) -> None:
        await self._fastagi.start()
        self._service.ready()

    async def start(self) -> None:
        """Restore, then connect."""
        self.engine.handle(settings_changed(self._service.settings))
        self.engine.handle(restored_from(self._picture))
        media_watch = MediaWatch(self.engine, self.observer, self._service.registry)
        for watch in (media_watch.run(), self._trunks.run(), self._lamps.run(), self._recalls.run()):
            self._tasks.append(asyncio.get_running_loop().create_task(watch))
        self._link.start()

    async def close(self) -> None:
        """Callers waiting here fall through to the dialplan, which asks again."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._reachability.close()
        await self._fastagi.close()
        await self.observer.close()
        await self._link.close()
        self.engine.close()
        self._journal.close()


async def start(service: Service) -> Callable[[], Awaitable[None]]:
    """Start acd; returns its closer."""
    acd = Acd(service)
    await acd.start()
    return acd.close
