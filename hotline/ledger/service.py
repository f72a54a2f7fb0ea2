"""The ledger's loop: facts from the journals, in batches, to PostgreSQL; for as long as it takes.

While PostgreSQL is away the facts wait in their journals, which nobody deletes before they are written; the
loop tries again with growing pauses. Readers start from the offsets in the database, so that whatever
happened to a batch, its facts are written once. Must not know what the facts mean.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hotline.journal import JournalReader, Position
from hotline.journal_reader import START, head_of, last_envelope
from hotline.journal_retention import delete_old_files
from hotline.ledger.store import Entry, FactsRefused, LedgerBusy, Offset, Store
from hotline.service import Service
from hotline.words import say, told

logger = logging.getLogger(__name__)

WRITERS = ("acd", "ivr", "keeper", "fallback")
BATCH_FACTS = 500
BATCH_S = 0.2
POLL_S = 0.1
"""How often the ledger looks for facts. Without a backlog one is written within this and BATCH_S."""

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
LOOK_S = 1.0
DELETE_EVERY_S = 3600.0

DATABASE_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class JournalOfAnother(Exception):
    """A journal is older than what the database has of it: the two do not belong together."""


def start_after(writer: str, folder: Path, offset: Offset | None) -> Position:
    """Where to read on. Raises JournalOfAnother.

    A power cut may have taken a file that was read already, and another epoch may have its number now: then
    that file is read from its start, and what is known already counts once.
    """
    if offset is None:
        return START
    last = last_envelope(folder)
    if last is None or last.epoch < offset.epoch:
        found = say("ledger.epoch", epoch=last.epoch) if last else say("ledger.nothing")
        raise JournalOfAnother(
            say("ledger.journal_of_another", writer=writer, found=found, epoch=offset.epoch)
        )
    head = head_of(folder, offset.position.file)
    if head is not None and head.epoch != offset.epoch:
        return Position(offset.position.file, 0)
    return offset.position


class LedgerMetrics:
    """What the ledger tells Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.facts = Counter("hotline_ledger_facts", "Facts written to PostgreSQL", registry=registry)
        self.refused = Counter("hotline_ledger_refused_facts", "Facts put aside unread", registry=registry)
        self.failures = Counter(
            "hotline_ledger_database_failures", "Times PostgreSQL failed", registry=registry
        )
        self.backlog = Gauge(
            "hotline_ledger_backlog_facts",
            "Facts in the journals, not in PostgreSQL",
            ["writer"],
            registry=registry,
        )
        self.age_s = Gauge(
            "hotline_ledger_backlog_age_seconds", "Age of the oldest of them", ["writer"], registry=registry
        )
        self.batch_s = Histogram("hotline_ledger_batch_seconds", "Time to write a batch", registry=registry)


class Ledger:
    """One per process."""

    def __init__(
        self,
        journal: Callable[[str], Path],
        database_url: str,
        registry: CollectorRegistry,
        *,
        ready: Callable[[], None] = lambda: None,
        not_ready: Callable[[str], None] = lambda why: None,
    ) -> None:
        """journal gives the folder of a writer's journal; ready and not_ready hear of PostgreSQL."""
        self._folders = {writer: journal(writer) for writer in WRITERS}
        self._url = database_url
        self._metrics = LedgerMetrics(registry)
        self._ready, self._not_ready = ready, not_ready
        self._offsets: dict[str, Offset] = {}  # as last known, also while PostgreSQL is away
        self._readers: dict[str, JournalReader] = {}
        self._store: Store | None = None
        self._loaded = False  # before, nobody knows what is in PostgreSQL already
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Write facts until `stop`, whatever PostgreSQL does."""
        looking = asyncio.get_running_loop().create_task(self._keep_looking())
        pause_s = FIRST_PAUSE_S
        try:
            while not self._stopping.is_set():
                try:
                    await self._open()
                    pause_s = FIRST_PAUSE_S
                    await self._work()
                except (*DATABASE_AWAY, LedgerBusy, JournalOfAnother) as error:
                    self._failed(error)
                    await self._pause(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                except Exception as error:  # else no fact would be written any more, and nobody told
                    logger.exception("ledger_failed")
                    self._failed(error)
                    await self._pause(LONGEST_PAUSE_S)
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            await self._close()

    def stop(self) -> None:
        """Let `run` come back, after one more look at the journals."""
        self._stopping.set()

    async def _open(self) -> None:
        self._store = await Store.open(self._url)
        self._offsets, self._loaded = dict(self._store.offsets), True
        self._readers = {}
        for writer, folder in self._folders.items():
            offset = self._offsets.get(writer)
            self._readers[writer] = JournalReader(folder, start_after(writer, folder, offset))
        logger.info("ledger_connected", extra={"position": self._store.position})
        self._ready()

    async def _work(self) -> None:
        while True:
            stopping = self._stopping.is_set()  # asked before the last look
            batch = await self._gather()
            if batch:
                await self._write(batch)
            elif stopping:
                return

    async def _gather(self) -> list[Entry]:
        """Up to BATCH_FACTS facts, with what comes within BATCH_S of a look; [] after POLL_S without any."""
        batch = self._read(BATCH_FACTS)
        if len(batch) < BATCH_FACTS:  # else there is a backlog, and no reason to wait for more
            await self._pause(BATCH_S if batch else POLL_S)
            if batch:
                batch += self._read(BATCH_FACTS - len(batch))
        return batch

    def _read(self, limit: int) -> list[Entry]:
        """What the journals have, up to so many facts."""
        found: list[Entry] = []
        for reader in self._readers.values():
            found += reader.read(limit - len(found))
        return found

    async def _write(self, batch: list[Entry]) -> None:
        assert self._store is not None
        with self._metrics.batch_s.time():
            try:
                self._metrics.facts.inc(await self._store.write(batch))
            except FactsRefused:
                before = self._store.position
                refused = await self._store.write_one_by_one(batch)
                self._metrics.refused.inc(refused)
                self._metrics.facts.inc(self._store.position - before)
                logger.error("ledger_facts_refused", extra={"facts": refused})
        self._offsets = dict(self._store.offsets)

    def _failed(self, error: Exception) -> None:
        self._metrics.failures.inc()
        logger.warning("ledger_database_failed", extra={"why": f"{type(error).__name__}: {error}"[:300]})
        away = isinstance(error, DATABASE_AWAY)
        self._not_ready(say("readiness.no_postgres") if away else told(error))
        if self._store is not None:
            self._store.drop()
            self._store = None
        self._close_readers()

    async def _close(self) -> None:
        if self._store is not None:
            await self._store.close()
            self._store = None
        self._close_readers()

    def _close_readers(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers = {}

    async def _pause(self, pause_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _keep_looking(self) -> None:
        """Measure the backlog, and now and then delete journal files that nobody needs any more."""
        delete_at_s = time.monotonic()
        while True:
            for writer, folder in self._folders.items() if self._loaded else ():
                try:
                    self._measure(writer, folder)
                except Exception:  # a look that fails must not end all later ones
                    logger.exception("ledger_look_failed", extra={"writer": writer})
            if time.monotonic() >= delete_at_s:
                delete_at_s = time.monotonic() + DELETE_EVERY_S
                await asyncio.to_thread(self._delete_old)
            await asyncio.sleep(LOOK_S)

    def _measure(self, writer: str, folder: Path) -> None:
        offset = self._offsets.get(writer)
        last = last_envelope(folder)
        backlog = (last.seq if last else 0) - (offset.seq if offset else 0)
        self._metrics.backlog.labels(writer).set(max(0, backlog))
        age_s = 0.0
        if backlog > 0:
            reader = JournalReader(folder, offset.position if offset else START)
            oldest = reader.read(1)
            reader.close()
            age_s = max(0.0, time.time() - oldest[0][1].at_us / 1e6) if oldest else 0.0
        self._metrics.age_s.labels(writer).set(age_s)

    def _delete_old(self) -> None:
        for writer, offset in self._offsets.items():
            folder = self._folders.get(writer)
            if folder is None:
                continue
            try:
                deleted = delete_old_files(folder, offset.position, now_s=time.time())
            except Exception:  # as above
                logger.exception("journal_deletion_failed", extra={"writer": writer})
                continue
            if deleted:
                logger.info("journal_files_deleted", extra={"writer": writer, "files": deleted})


async def start(service: Service) -> Callable[[], Awaitable[None]]:
    """Start the ledger as a service; ready while PostgreSQL takes facts."""
    ledger = Ledger(
        service.deployment.journal,
        service.deployment.database_url,
        service.registry,
        ready=service.ready,
        not_ready=service.not_ready,
    )
    task = asyncio.get_running_loop().create_task(ledger.run())

    async def close() -> None:
        ledger.stop()
        await task

    return close
