"""The other side of telephony's sockets, scripted: an Asterisk that behaves as badly as a test wants."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import CollectorRegistry

LIMIT_S = 5.0
TOKEN = "a-token"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"


def count(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """A metric's value now; 0 when it was never touched."""
    return registry.get_sample_value(name, labels) or 0.0


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, LIMIT_S at most."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 (what is waited for has no event of its own)
            await asyncio.sleep(0.002)


class Heart:
    """Beats every 5 ms; `worst_s` is the longest that the loop kept it waiting beyond that."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self.beats = 0

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[Heart]:
        task = asyncio.ensure_future(self._beat())
        try:
            yield self
        finally:
            task.cancel()

    async def _beat(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            await asyncio.sleep(0.005)
            self.worst_s = max(self.worst_s, clock() - began - 0.005)
            self.beats += 1


# ---- AGI ---------------------------------------------------------------------------------------------------


def agi_headers(handler: str = "probe", token: str = TOKEN, *arguments: str, **changed: str) -> bytes:
    """The headers of a session as Asterisk writes them, in its order; `changed` replaces values."""
    values = {
        "network": "yes",
        "network_script": handler,
        "request": f"agi://127.0.0.1/{handler}",
        "channel": "PJSIP/trunk1-00000001",
        "language": "zh",
        "type": "PJSIP",
        "uniqueid": "1700000000.1",
        "version": "22.10.1",
        "callerid": "02112345678",
        "calleridname": "张三",
        "dnid": "95598",
        "context": "hotline",
        "extension": "queue",
        "priority": "5",
        "enhanced": "0.0",
        "accountcode": "1700000000.1",
        "threadid": "1",
        **changed,
    }
    lines = [f"agi_{name}: {value}" for name, value in values.items()]
    lines += [f"agi_arg_{place}: {value}" for place, value in enumerate((token, *arguments), 1)]
    return "\n".join([*lines, "", ""]).encode()


class AgiPeer:
    """A connection to a FastAGI server, as Asterisk would make it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, first: bytes | None = None) -> AgiPeer:
        """Connect, and send `first` (default: the headers of a good session)."""
        peer = cls(*await asyncio.open_connection("127.0.0.1", port))
        peer.send(agi_headers() if first is None else first)
        return peer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def command(self) -> str:
        """The next line that we are sent."""
        async with asyncio.timeout(LIMIT_S):
            return (await self.reader.readline()).decode().rstrip("\n")

    async def expect(self, command: str, answer: bytes) -> None:
        """Be asked exactly this, and answer."""
        asked = await self.command()
        assert asked == command, asked
        self.send(answer)

    async def is_closed(self) -> bool:
        """Wait until the server has closed, and close; what it still sent is dropped."""
        with suppress(ConnectionError):
            async with asyncio.timeout(LIMIT_S):
                while await self.reader.read(4096):
                    pass
        self.close()
        return True

    def close(self) -> None:
        self.writer.transport.abort()


# ---- AMI ---------------------------------------------------------------------------------------------------

Action = dict[str, str]


class AmiPeer:
    """A manager interface whose answers a test writes. Logins are granted unless `login_answer` differs."""

    def __init__(self) -> None:
        self.port = 0
        self.login_answer = "Response: Success\r\nMessage: Authentication accepted"
        self.boots = True
        self.banner = BANNER
        self.answers_pings = True
        self.actions: asyncio.Queue[Action] = asyncio.Queue()  # all but Login and Ping
        self.logins = 0
        self.pings = 0
        self.raw = b""
        self.writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, and drop the link."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def drop(self) -> None:
        """Drop the link, as a restart of Asterisk does."""
        assert self.writer is not None
        self.writer.transport.abort()

    def send(self, *messages: str) -> None:
        """Send messages, whose lines stand apart by a line feed."""
        assert self.writer is not None
        for message in messages:
            self.writer.write(message.replace("\r\n", "\n").replace("\n", "\r\n").encode() + b"\r\n\r\n")

    def send_bytes(self, data: bytes) -> None:
        assert self.writer is not None
        self.writer.write(data)

    async def action(self) -> Action:
        """The next action that we are sent, Login and Ping apart."""
        async with asyncio.timeout(LIMIT_S):
            return await self.actions.get()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        try:
            writer.write(self.banner)
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                self.raw += block
                self._hear(block.decode())
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.transport.abort()

    def _hear(self, block: str) -> None:
        pairs = [line.partition(": ")[::2] for line in block.strip().split("\r\n")]
        action = dict(pairs)
        if action["Action"] == "Login":
            self.logins += 1
            self.send(f"{self.login_answer}\r\nActionID: {action['ActionID']}")
            if "Success" in self.login_answer and self.boots:
                self.send("Event: FullyBooted\nStatus: Fully Booted")
        elif action["Action"] == "Ping":
            self.pings += 1
            if self.answers_pings:
                self.send(f"Response: Success\nPing: Pong\nActionID: {action['ActionID']}")
        else:
            self.actions.put_nowait(action)


class DeafPeer:
    """Accepts connections and reads nothing: a stalled process behind a living kernel."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(16)
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()
