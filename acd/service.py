"""The acd service: puts the parts together, in the order in which they need each other.

journal -> picture -> distributor -> engine -> AMI link (observer) -> FastAGI, which opens only once the link
is up and a snapshot taken (acd.door), so that no caller is held by an acd that sees nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection
from random import Random

from acd.adapters.away import Away
from acd.adapters.callbacks import LINE, OTHER_HALF, Callbacks
from acd.adapters.cel import ends_in
from acd.adapters.colleague import Colleague
from acd.adapters.deeds import Deed, Deeds
from acd.adapters.desk import Desk
from acd.adapters.heard_trunks import HeardTrunks
from acd.adapters.lamps import Lamps
from acd.adapters.line_codes import LineCodes
from acd.adapters.media_watch import REPORT, MediaWatch
from acd.adapters.number_file import NumberFile
from acd.adapters.observer import Observer
from acd.adapters.orders import REQUEUE
from acd.adapters.outgoing import EVENTS as OUTGOING_EVENTS
from acd.adapters.outgoing import Outgoing
from acd.adapters.own_calls import OwnCalls
from acd.adapters.queue_handler import QueueHandler
from acd.adapters.reachability import STATUS, Reachability
from acd.adapters.security import FAILURES, SecurityWatch
from acd.adapters.stream import Stream
from acd.adapters.supervise import SUPERVISE, Supervisors
from acd.adapters.supervise_codes import SupervisorCodes
from acd.adapters.trunks import EVENTS as TRUNK_EVENTS
from acd.adapters.trunks import TrunkWatch
from acd.adapters.verdicts import EVENTS as VERDICT_EVENTS
from acd.adapters.verdicts import VERDICT, Verdicts
from acd.adapters.winners import JOINED, WINNER, Winners
from acd.background import for_ever
from acd.callers import caller_references
from acd.clock import SteadyClock
from acd.core.distributor import Distributor
from acd.core.recovery import restored_from
from acd.door import Door
from acd.engine import Engine
from acd.forecaster import Forecaster
from acd.listeners import Listener, Listeners
from acd.local_days import day_starts, recording_path
from acd.past import read_back
from acd.predicted_waits import PredictedWaits
from acd.recalls import Recalls
from acd.settings_view import settings_changed
from hotline.core.settings import Settings
from hotline.journal import JournalMetrics, JournalWriter
from hotline.service import Service
from hotline.words import say
from telephony.agi_metrics import AgiMetrics
from telephony.ami import AmiLink, AmiMetrics
from telephony.fastagi import FastAgiServer

logger = logging.getLogger(__name__)


class Acd:
    """All of the acd process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings: Callable[[], Settings] = lambda: service.settings
        self._caller_reference = caller_references(service.secrets.caller_key)
        self._recording_path = recording_path(self._settings)
        self._phones = frozenset(phone.name for phone in service.settings.phones)
        self._clock = SteadyClock()
        self._past = read_back(service.deployment.journal("acd"), day_starts(self._settings))
        self._journal = JournalWriter(
            service.deployment.journal("acd"),
            "acd",
            checkpoint=self._past.picture.snapshot(),
            metrics=JournalMetrics(service.registry, "acd"),
        )
        distributor = Distributor(self._journal.epoch, day_starts(self._settings))
        self.engine = Engine(distributor, self._past.picture, self._journal, self._clock, service.registry)
        self._forecaster = Forecaster(self.engine, Random())
        self.observer = self._make_observer()
        self._media = MediaWatch(self.engine, self.observer, service.registry)
        self._security = SecurityWatch(
            service.settings, service.deployment.banned_file, self._clock, service.registry
        )
        self._link = self._make_link()
        self._trunks = TrunkWatch(
            self._link,
            service.settings,
            service.registry,
            self._security.exempt,
            HeardTrunks(service.deployment.heard_trunks_file),
        )
        self._lamps = Lamps(self.engine, self._link, self._settings, service.registry)
        self._reachability = Reachability(self.engine, self._link, self._settings)
        self._recalls = Recalls(self.engine, service.registry)
        self._outgoing = Outgoing(
            self.engine,
            self._settings,
            self._caller_reference,
            self._recording_path,
            service.deployment.recordings / "incoming",
            service.registry,
        )
        self._verdicts = Verdicts(self.engine, self.observer, self._settings)
        Winners(self.engine, self.observer, self._settings)
        self._callbacks = Callbacks(
            self.engine,
            self.observer.orders,
            self._settings,
            self._caller_reference,
            NumberFile(service.deployment.callback_numbers),
            service.registry,
        )
        self._supervisors = supervisors = Supervisors(
            self.engine, self.observer, self._settings, service.registry
        )
        self.deeds = Deeds(self.engine, supervisors, self._settings, self._has_prompt)
        self.deeds.add("dismiss_recall", Deed(self._recalls.dismiss, ("contact",), ("how",)))
        self.deeds.add("cancel_callback", Deed(self._callbacks.cancel, ("contact",)))
        self._fastagi = self._make_fastagi(supervisors)
        self._door = Door(self._fastagi, service.ready, service.registry)
        self._tasks: list[asyncio.Task[None]] = []
        self._listen = self._listeners()
        self._connect()

    def _make_observer(self) -> Observer:
        cel_file = self._service.deployment.cel_file
        away = Away(
            self.engine,
            lambda since_ms: ends_in(cel_file, since_ms),
            self._recording_path,
            self._past.known,
            self._past.known_since_ms or self._clock.now_ms(),
            self._past.last_ms or self._clock.now_ms(),
        )
        own_calls = OwnCalls(self.engine, lambda name: name in self._phones)
        return Observer(
            self.engine,
            self._caller_reference,
            away,
            self._recording_path,
            own_calls,
            self._service.registry,
        )

    def _make_link(self) -> AmiLink:
        return AmiLink(
            "127.0.0.1",
            self._service.deployment.ports.ami,
            "acd",
            self._service.secrets.ami_acd,
            on_message=lambda message: self._listen(message),
            on_state=self.observer.on_state,
            wanted=self.observer.wanted | FAILURES | TRUNK_EVENTS | {STATUS, REPORT},
            metrics=AmiMetrics(self._service.registry),
            destinations=(REQUEUE, SUPERVISE, VERDICT, WINNER, JOINED, LINE, OTHER_HALF),
        )

    def _make_fastagi(self, supervisors: Supervisors) -> FastAgiServer:
        secrets, registry = self._service.secrets, self._service.registry
        return FastAgiServer(
            "127.0.0.1",
            self._service.deployment.ports.agi_acd,
            secrets.agi_token,
            {
                "outgoing": self._outgoing,
                "transfer-out": self._outgoing.transfer,
                "overflow-out": self._outgoing.overflow,
                "colleague": Colleague(self.engine, self._settings),
                "queue": QueueHandler(self.engine, self._forecaster, self._settings, self._callbacks),
                "callback": self._callbacks,
                "desk": Desk(self.engine, self._settings, secrets.pin, registry),
                "supervise": supervisors,
                "supervise-code": SupervisorCodes(self.engine, supervisors, self._settings),
                "keep": self._verdicts.keep,
                "line-code": LineCodes(self.engine, supervisors, self._settings),
            },
            metrics=AgiMetrics(registry),
        )

    def _connect(self) -> None:
        """Tell the parts of each other, and of what the service tells."""
        self.observer.orders.link = self._link
        self.observer.on_synchronized = self._on_synchronized
        self.observer.follow_outside(self._outgoing)
        self.observer.on_channels = self._supervisors.on_channels
        self.engine.cancel_offer = self.observer.orders.cancel_offer
        self.engine.take_snapshot = self.observer.take_snapshot
        self.engine.fetch_call = self.observer.orders.fetch_call
        self.engine.drop_leg = self.observer.orders.drop_leg
        self._service.web.router.add_get("/stream", Stream(self.engine, self._service.registry).handle)
        self._service.web.router.add_post("/deed", self.deeds.handle)
        self._service.web.router.add_get("/callbacks", self._callbacks.listed)
        self._service.on_settings(self._on_settings)
        self._service.on_settings(self._security.on_settings)
        self._service.on_settings(self._trunks.on_settings)
        self._service.on_settings(lambda _: self._lamps.hint())

    def _has_prompt(self, prompt: str) -> bool:
        sounds, languages = self._service.deployment.sounds, self._service.settings.hotline.languages
        return all((sounds / language / "hotline" / f"{prompt}.wav").exists() for language in languages)

    def _listeners(self) -> Listeners:
        wants: tuple[tuple[Collection[str], Listener], ...] = (
            # First, for it keeps an agent whom the observer's word would set free.
            (VERDICT_EVENTS, self._verdicts.on_message),
            (self.observer.wanted, self.observer.on_message),
            (FAILURES, self._security.on_message),
            (TRUNK_EVENTS, self._trunks.on_message),
            ({STATUS}, self._reachability.on_message),
            (OUTGOING_EVENTS, self._outgoing.on_message),
            ({REPORT}, self._media.on_report),
        )
        return Listeners(wants, self.observer.take_snapshot)

    def _on_settings(self, settings: Settings) -> None:
        self._phones = frozenset(phone.name for phone in settings.phones)
        self.engine.handle(settings_changed(settings))

    def _on_synchronized(self, synchronized: bool) -> None:
        self._callbacks.synchronized = synchronized
        if not synchronized:
            self._reachability.look_away()
            self._service.not_ready(say("readiness.no_ami"))
        self._door.see(synchronized)
        if synchronized:
            self._trunks.hint()
            self._lamps.hint()
            self._reachability.hint()

    async def start(self) -> None:
        """Restore, then connect."""
        self.engine.handle(settings_changed(self._service.settings))
        self.engine.handle(restored_from(self._past.picture))
        predicted_waits = PredictedWaits(self.engine, self._forecaster, self._service.registry)
        watches = (self._media.run, self._trunks.run, self._lamps.run, self._recalls.run)
        for watch in (*watches, predicted_waits.run, self._callbacks.run, self._door.run):
            self._tasks.append(asyncio.get_running_loop().create_task(for_ever(watch)))
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
