"""The live picture as the pages see it: acd's stream, followed for ever.

Connects to acd's socket, takes the picture, applies every fact after it, and tells those who listen. When
acd is away it keeps the last picture, says how old it is, and tries again with growing pauses. This module
must not know what is shown to whom.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from acd.core.picture import Picture

log = logging.getLogger(__name__)

SILENCE_S = 3.0  # acd beats every second; after so long the link is taken for dead
MAX_LINE_BYTES = 64 * 1024 * 1024  # a picture of 10,000 agents is a few megabytes
STALE_MS = 3_000
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0


class StreamBroken(Exception):
    """The stream cannot be followed further: it ended, went back, or is not what was agreed."""


class LivePicture:
    """Follows acd; `picture` is None until the first connection."""

    def __init__(
        self, socket: Path, day_starts_ms: Callable[[int], int], registry: CollectorRegistry
    ) -> None:
        self._socket = socket
        self._day_starts_ms = day_starts_ms
        self._listeners: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._offset_ms = 0  # acd's clock minus our monotonic one
        self._heard_ms: int | None = None  # our monotonic clock
        self._seq = 0
        self.picture: Picture | None = None
        self._breaks = Counter(
            "hotline_web_stream_breaks_total",
            "Times the link to acd's live stream was lost",
            registry=registry,
        )
        registry.register(_AgeCollector(self))

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change of the picture; it must not raise or block."""
        self._listeners.append(listener)

    def now_ms(self) -> int:
        """The time on acd's clock, in ms since 1970; goes on while acd is away."""
        if self._heard_ms is None:
            return time.time_ns() // 1_000_000
        return _monotonic_ms() + self._offset_ms

    def age_ms(self) -> int | None:
        """How long ago the picture was last known to be current; None when there is none."""
        return None if self._heard_ms is None else max(0, _monotonic_ms() - self._heard_ms)

    @property
    def stale(self) -> bool:
        """True when nobody should take the picture for the present."""
        age_ms = self.age_ms()
        return age_ms is None or age_ms > STALE_MS

    def start(self) -> None:
        """Begin to follow; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._follow_for_ever())

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow_for_ever(self) -> None:
        pause_s = _FIRST_PAUSE_S
        told = False  # an outage is logged once, not at every try
        while True:
            before = self._heard_ms
            try:
                await self._follow_once()
            except (aiohttp.ClientError, OSError, TimeoutError, StreamBroken) as error:
                level = logging.DEBUG if told and self._heard_ms == before else logging.WARNING
                log.log(level, "acd_stream_lost", extra={"why": f"{type(error).__name__}: {error}"})
                told = True
            except Exception:  # a fact we cannot apply: a fresh picture is the remedy
                log.exception("acd_stream_unreadable")
            if self._heard_ms != before:
                self._breaks.inc()
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _follow_once(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=SILENCE_S)
        connector = aiohttp.UnixConnector(str(self._socket))
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get("http://acd/stream") as response,
        ):
            response.raise_for_status()
            first = True
            async for batch in _batches_of_lines(response.content):
                for line in batch:
                    self._take(json.loads(line), first)
                    first = False
        raise StreamBroken("acd closed the stream")

    def _take(self, message: dict[str, object], first: bool) -> None:
        """Apply one line and tell the listeners. Raises StreamBroken for one that should not come."""
        match message:
            case {"picture": dict(snapshot), "seq": int(seq), "server_ms": int(server_ms)} if first:
                self.picture = Picture.restore(snapshot, self._day_starts_ms)
                self._seq = seq
                self._hear(server_ms)
            case {"beat": int(beat_ms)} if not first:
                self._hear(beat_ms)
                return
            case {"seq": int(seq), "kind": str(kind), "at_ms": int(at_ms), "body": dict(body)} if not first:
                # Numbers may be left out (the journal also has lines that are no facts), never turned back.
                if seq <= self._seq:
                    raise StreamBroken(f"line {self._seq} is followed by {seq}")
                assert self.picture is not None  # the first line brought it
                self._seq = seq
                self._heard_ms = _monotonic_ms()
                self.picture.apply(kind, at_ms, body)
            case _:
                raise StreamBroken(f"unexpected line with {', '.join(sorted(message))}")
        for listener in self._listeners:
            listener()

    def _hear(self, server_ms: int) -> None:
        self._heard_ms = _monotonic_ms()
        self._offset_ms = server_ms - self._heard_ms


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


async def _batches_of_lines(content: aiohttp.StreamReader) -> AsyncIterator[list[bytes]]:
    """The stream's lines as they come in. Raises StreamBroken for one longer than MAX_LINE_BYTES."""
    parts: list[bytes] = []
    held = 0
    async for chunk in content.iter_any():
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = b"".join([*parts, lines[0]])
            parts, held = [], 0
            yield [line for line in lines if line]
        if rest:
            parts.append(rest)
            held += len(rest)
            if held > MAX_LINE_BYTES:
                raise StreamBroken(f"a line is longer than {MAX_LINE_BYTES} bytes")


class _AgeCollector(Collector):
    """How old the picture is when somebody asks."""

    def __init__(self, live: LivePicture) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        age_ms = self._live.age_ms()
        gauge = GaugeMetricFamily("hotline_web_picture_age_seconds", "Age of the live picture")
        if age_ms is not None:
            gauge.add_metric([], age_ms / 1000)
        yield gauge
