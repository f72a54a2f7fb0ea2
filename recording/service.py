"""The keeper as a service, at low priority: follows acd's journal and sweeps the incoming recordings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from hotline.journal import JournalMetrics, JournalReader, JournalWriter, Position
from hotline.service import Service
from hotline.words import say, told
from recording.keeper import Keeper, KeeperMetrics

logger = logging.getLogger(__name__)

NICENESS = 10
SWEEP_EVERY_S = 0.5
FACTS_AT_ONCE = 2_000


async def start(service: Service) -> Callable[[], Awaitable[None]]:
    """Open the journal and begin to sweep; returns the closer."""
    # Whoever is not root may only stand back further.
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    deployment = service.deployment
    journal = JournalWriter(
        deployment.journal("keeper"), "keeper", metrics=JournalMetrics(service.registry, "keeper")
    )
    keeper = Keeper(
        deployment.recordings,
        deployment.asterisk_run / "asterisk.pid",
        journal,
        lambda: ZoneInfo(service.settings.hotline.timezone),
        KeeperMetrics(service.registry),
    )
    acd_journal = deployment.journal("acd")
    reader = JournalReader(acd_journal, first_position(acd_journal, keeper.oldest_began_ms()))
    stop = asyncio.Event()
    work = asyncio.get_running_loop().create_task(_work(service, keeper, reader, journal, stop))

    async def close() -> None:
        keeper.stop()
        stop.set()
        await work  # a recording is never left half made
        reader.close()
        journal.close()

    return close


def first_position(folder: Path, since_ms: int | None) -> Position | None:
    """Where to begin reading a journal for all facts since an instant; its newest file when there is none."""
    files = sorted(folder.glob("[0-9]*.jsonl"))
    if not files:
        return None
    # A file's time is that of its last fact, so the first one written since then holds the first fact of it.
    wanted = (file for file in files if since_ms is not None and file.stat().st_mtime * 1000 >= since_ms)
    return Position(int(next(wanted, files[-1]).stem), 0)


async def _work(
    service: Service, keeper: Keeper, reader: JournalReader, journal: JournalWriter, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            while (facts := reader.read(FACTS_AT_ONCE)) and not stop.is_set():
                for _, envelope in facts:
                    keeper.segments.apply(envelope.kind, envelope.body)
                await asyncio.sleep(0)
            keeper.watch_disk()
            await asyncio.to_thread(keeper.sweep)  # so that health and metrics answer meanwhile
            service.ready()
            if journal.full:
                journal.rotate(None)
        except Exception as error:  # whatever it was, it is told, and the next sweep tries again
            logger.exception("sweep_failed")
            service.not_ready(say("readiness.sweep_failed", why=told(error)))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SWEEP_EVERY_S)
