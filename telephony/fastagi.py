"""The FastAGI server: accepts Asterisk's sessions and hands each to the handler that its URL names.

URL in the dialplan: agi://HOST:PORT/HANDLER,TOKEN,argument,… A connection has to prove itself (headers within
limits, token) before it costs more than a socket: connections that have not are few, and the oldest gives way
to a new one, so that a port scan keeps no caller out.
This module must not know what handlers do. Source of the limits: the house's rule, docs/contracts.md.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from telephony.agi_metrics import AgiMetrics
from telephony.agi_session import AgiSession
from telephony.agi_wire import FIRST_HEADER, AgiHeaders, AgiReply, headers_end, parse_headers
from telephony.errors import AgiHeadersRefused, HungUp
from telephony.quiet_log import QuietLog

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 1 << 30  # bytes: whatever has arrived; the stream's own bound is twice header_bytes

Handler = Callable[[AgiSession], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """How much a peer may ask of us."""

    header_bytes: int = 65_536  # all headers together; also the longest line later on
    header_count: int = 128
    header_s: float = 5.0
    sessions: int = 2_000
    unproven: int = 256  # connections that have not sent their headers yet
    handler_grace_s: float = 10.0  # a handler may go on so long after its session is over


class FastAgiServer:
    """Serves `handlers` by name on host:port; port 0 takes a free one, `port` tells which."""

    def __init__(
        self,
        host: str,
        port: int,
        token: str,
        handlers: Mapping[str, Handler],
        *,
        metrics: AgiMetrics | None = None,
        limits: AgiLimits | None = None,
    ) -> None:
        if not token:
            raise ValueError("FastAGI: the token is empty; it must be a secret of at least one character")
        self.host = host
        self.port = port
        self._token = token.encode()
        self._handlers = dict(handlers)
        self._metrics = metrics or AgiMetrics(CollectorRegistry())
        self._limits = limits or AgiLimits()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._unproven: dict[asyncio.StreamWriter, None] = {}  # oldest first
        self._sessions = 0
        self._refusals = QuietLog(logger, "agi_refused")  # a port scan must not fill the log

    @property
    def listening(self) -> bool:
        """Whether new sessions are taken."""
        return self._server is not None

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._accept, self.host, self.port, limit=self._limits.header_bytes, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, end every session at once, and wait for their handlers at most the grace."""
        if self._server is not None:
            self._server.close()
            self._server = None
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        if connections:
            await asyncio.wait(connections, timeout=self._limits.handler_grace_s + 1)

    # ---- one connection ------------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Called for each connection; the event loop has set TCP_NODELAY already."""
        self._unproven[writer] = None
        if len(self._unproven) > self._limits.unproven:
            oldest = next(iter(self._unproven))
            del self._unproven[oldest]
            oldest.transport.abort()
            self._metrics.refused.labels("crowded_out").inc()
            self._refusals.warning("crowded_out")
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            headers = await self._prove(reader, writer)
            if headers is not None:
                await self._serve(AgiSession(headers, reader, writer, self._metrics), headers.handler)
        finally:
            self._unproven.pop(writer, None)
            writer.transport.abort()

    async def _prove(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AgiHeaders | None:
        """The headers of a session that is ours to serve, or None: refused, counted and logged."""
        try:
            headers = await self._read_headers(reader)
            if not headers.arguments or not hmac.compare_digest(headers.arguments[0].encode(), self._token):
                raise AgiHeadersRefused("token", "the token is missing or wrong")
            if headers.handler not in self._handlers:
                raise AgiHeadersRefused("handler", f"there is no handler {headers.handler[:64]!r}")
            if self._sessions >= self._limits.sessions:
                raise AgiHeadersRefused("too_many", f"{self._limits.sessions} sessions are open already")
        except AgiHeadersRefused as error:
            if writer in self._unproven:  # else it was crowded out, and counted as that
                self._metrics.refused.labels(error.reason).inc()
                if error.reason != "empty":  # as the supervisor's own look whether we listen
                    peer = str(writer.get_extra_info("peername"))
                    self._refusals.warning(error.reason, detail=str(error), peer=peer)
            return None
        finally:
            crowded_out = writer not in self._unproven
            self._unproven.pop(writer, None)
        return None if crowded_out else headers

    async def _read_headers(self, reader: asyncio.StreamReader) -> AgiHeaders:
        limits = self._limits
        lines: list[bytes] = []
        size, rest = 0, b""
        try:
            async with asyncio.timeout(limits.header_s):
                while True:
                    # All there is at once: Asterisk writes some forty lines, each by itself.
                    arrived = await reader.read(MOST_AT_ONCE)
                    if not arrived and not lines and not rest:
                        raise AgiHeadersRefused("empty", "the connection ended without a byte")
                    if not arrived:
                        raise AgiHeadersRefused("early_end", "the connection ended within the headers")
                    *whole, rest = (rest + arrived).split(b"\n")
                    for place, line in enumerate(whole, start=1):
                        size += len(line) + 1
                        if size > limits.header_bytes:
                            break
                        if headers_end(line, lines):
                            _put_back(reader, b"\n".join((*whole[place:], rest)))
                            return parse_headers(lines)
                        self._take_header(line, lines)
                    if size + len(rest) > limits.header_bytes:
                        raise AgiHeadersRefused("size", f"more than {limits.header_bytes} bytes of headers")
        except TimeoutError as error:
            raise AgiHeadersRefused("time", f"no end of headers within {limits.header_s:g} s") from error
        except ConnectionError as error:
            raise AgiHeadersRefused("early_end", "the connection ended within the headers") from error

    def _take_header(self, line: bytes, lines: list[bytes]) -> None:
        if len(lines) >= self._limits.header_count:
            raise AgiHeadersRefused("count", f"more than {self._limits.header_count} headers")
        if not lines and line != FIRST_HEADER:
            raise AgiHeadersRefused("garbage", "the first line is not Asterisk's")
        lines.append(line)

    async def _serve(self, session: AgiSession, name: str) -> None:
        self._sessions += 1
        self._metrics.open_sessions.inc()
        self._metrics.sessions.labels(name).inc()
        handler = asyncio.get_running_loop().create_task(self._handle(session, name))
        handler.add_done_callback(lambda _: session.end())
        try:
            await session.read_until_end()
        finally:
            session.end()
            try:
                await self._see_off(handler, name)
            finally:
                self._sessions -= 1
                self._metrics.open_sessions.dec()

    async def _handle(self, session: AgiSession, name: str) -> None:
        try:
            await self._handlers[name](session)
        except HungUp:
            logger.debug("agi_handler_hung_up", extra={"handler": name})
        except Exception:
            # Whatever it is, it must reach neither the loop nor another session.
            self._metrics.handler_failures.labels(name).inc()
            logger.exception("agi_handler_failed", extra={"handler": name, "uniqueid": session.uniqueid})

    async def _see_off(self, handler: asyncio.Task[None], name: str) -> None:
        """The session is over: its handler has the grace to notice, then it is cancelled."""
        _, running = await asyncio.wait({handler}, timeout=self._limits.handler_grace_s)
        if running:
            handler.cancel()
            self._metrics.handler_failures.labels(name).inc()
            logger.error("agi_handler_overran", extra={"handler": name})


def _put_back(reader: asyncio.StreamReader, unread: bytes) -> None:
    """What came behind the headers is the session's; the reader is empty, for all was taken at once."""
    if unread:
        reader.feed_data(unread)


__all__ = ["AgiLimits", "AgiMetrics", "AgiReply", "AgiSession", "FastAgiServer", "Handler"]
