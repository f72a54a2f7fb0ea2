"""The live stream: one picture, then every fact, with no gap between (see docs/contracts.md, Stream).

Each reader has a bounded queue; one that is too far behind is cut and may come again. Between the snapshot
and the subscription there is no await, so nothing can happen in between.
"""

from __future__ import annotations

import asyncio
import json
import logging

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge

from acd.engine import Engine
from hotline.journal import Envelope

logger = logging.getLogger(__name__)

READER_LIMIT = 10_000
BEAT_S = 1.0
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
GATHER_S = 0.05  # what happens within is told together: nobody sees the difference, and it costs less


class Stream:
    """Serves GET /stream on acd's Unix socket."""

    def __init__(self, engine: Engine, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._readers = Gauge("hotline_acd_stream_readers", "Followers of the live stream", registry=registry)
        self._cut = Counter(
            "hotline_acd_stream_cut_total", "Followers cut for being behind", registry=registry
        )
        self._seq = 0
        engine.follow(self._count)

    def _count(self, envelope: Envelope) -> None:
        self._seq = envelope.seq

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with NDJSON until the reader leaves, is cut, or the service closes."""
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        lines: asyncio.Queue[Envelope | None] = asyncio.Queue(READER_LIMIT)
        behind = False

        def follow(envelope: Envelope) -> None:
            nonlocal behind
            try:
                lines.put_nowait(envelope)
            except asyncio.QueueFull:
                behind = True

        first = {
            "picture": self._engine.picture.snapshot(),
            "seq": self._seq,
            "server_ms": self._engine.clock.now_ms(),
        }
        stop = self._engine.follow(follow)
        self._readers.inc()
        try:
            await response.write(_line(first))
            while not behind:
                await self._write_next(response, lines)
            self._cut.inc()
            logger.warning("stream_reader_cut", extra={"limit": READER_LIMIT})
        except ConnectionError:
            logger.debug("stream_reader_left")
        finally:
            stop()
            self._readers.dec()
        return response

    async def _write_next(self, response: web.StreamResponse, lines: asyncio.Queue[Envelope | None]) -> None:
        try:
            async with asyncio.timeout(BEAT_S):
                envelope = await lines.get()
        except TimeoutError:
            await response.write(_line({"beat": self._engine.clock.now_ms()}))
            return
        await asyncio.sleep(GATHER_S)
        batch = [envelope]
        while not lines.empty():
            batch.append(lines.get_nowait())
        await response.write(b"".join(_told(one) for one in batch if one is not None))


def _told(envelope: Envelope) -> bytes:
    """A fact's line. Its body is the longest part, and the journal has put it into words already."""
    about = {
        "seq": envelope.seq,
        "kind": envelope.kind,
        "version": envelope.version,
        "at_ms": envelope.at_us // 1000,
        "id": envelope.fact_id,
        "contact": envelope.contact,
    }
    text = f'{_encode(about)[:-1]},"body":{envelope.body_text or _encode(envelope.body)}}}\n'
    return text.encode("utf-8", "replace")  # as in the journal: half a character of a caller's name


def _line(value: object) -> bytes:
    return f"{_encode(value)}\n".encode("utf-8", "replace")
