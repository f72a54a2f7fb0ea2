"""acd as the pages know it: its Unix socket with the live stream, fed by a test, over a real picture."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from aiohttp import web

from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from acd.core.picture import Picture
from hotline.core.settings import Settings
from hotline.web.server import day_starts_ms


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class FakeAcd:
    """`await start()`, then `tell(fact)`. `metrics` and `healthy` are what the other routes answer."""

    def __init__(self, socket: Path, settings: Settings | None = None) -> None:
        known = settings or Settings(version=1)
        self.picture = Picture(lambda now_ms: day_starts_ms(now_ms, known))
        self.metrics = ""
        self.healthy = True
        self.beating = True
        self.deeds: list[dict[str, object]] = []  # as they came through the door
        self.callbacks: list[dict[str, object]] = []
        self.refuses = ""  # the code with which every deed is refused
        self._socket = socket
        self._seq = 0
        self._readers: list[asyncio.Queue[dict[str, object]]] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_post("/deed", self._deed)
        app.router.add_get("/callbacks", self._callbacks)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        self._socket.unlink(missing_ok=True)
        await web.UnixSite(self._runner, str(self._socket)).start()

    async def _callbacks(self, _request: web.Request) -> web.Response:
        return web.json_response({"callbacks": self.callbacks})

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        self._socket.unlink(missing_ok=True)

    async def readers(self, number: int = 1) -> None:
        """Until so many follow the stream."""
        async with asyncio.timeout(10):
            while len(self._readers) < number:  # noqa: ASYNC110 - a condition of many, for tests only
                await asyncio.sleep(0.01)

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            self._seq += 1
            kind, body = type(fact).__name__, to_body(fact)
            self.picture.apply(kind, fact.at_ms, body)
            line = {
                "seq": self._seq,
                "kind": kind,
                "version": fact.version,
                "at_ms": fact.at_ms,
                "body": body,
            }
            for reader in self._readers:
                reader.put_nowait({**line, "id": f"fact/{self._seq}", "contact": body.get("contact")})

    def say(self, line: dict[str, object]) -> None:
        """A line as it is, for tests of what should not come."""
        for reader in self._readers:
            reader.put_nowait(line)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        lines: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        lines.put_nowait({"picture": self.picture.snapshot(), "seq": self._seq, "server_ms": wall_ms()})
        self._readers.append(lines)
        try:
            while True:
                try:
                    line = await asyncio.wait_for(lines.get(), 1.0)
                except TimeoutError:
                    line = {"beat": wall_ms()}
                    if not self.beating:
                        continue
                await response.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except ConnectionError:
            return response
        finally:
            self._readers.remove(lines)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.metrics)

    async def _deed(self, request: web.Request) -> web.Response:
        self.deeds.append(await request.json())
        if self.refuses:
            return web.json_response({"done": False, "refused": self.refuses}, status=409)
        return web.json_response({"done": True})

    async def _healthz(self, _request: web.Request) -> web.Response:
        if self.healthy:
            return web.json_response({"ready": True})
        return web.json_response({"ready": False, "why": "asterisk is away"}, status=503)
