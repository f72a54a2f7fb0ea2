"""What a hostile network does: scans, half-open connections, endless headers, garbage, floods of SIP.

Everything is bounded in count and pace, so that it is the hotline's manners that are tried, not the machine's
processors. Must not know what the right reaction is.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType

STRANGER = "127.0.0.66"  # no trunk's address
HALF_OPEN = 60  # connections for each port
SCANS_PER_S, LINES_PER_S, SIP_PER_S = 100, 200, 300
PAUSE_S = 0.05
MOST_BURSTS = 2000  # 100 s: a test has ended by then
METHODS = ("OPTIONS", "REGISTER", "INVITE")

Address = tuple[str, int]
Sent = list[asyncio.StreamWriter]


def sip_request(
    method: str,
    here: Address,
    *,
    to: str = "4001",
    sender: str = "stranger",
    server: str = "127.0.0.1",
    more: Sequence[str] = (),
) -> bytes:
    """A well-formed request of somebody unknown."""
    lines = [
        f"{method} sip:{to}@{server} SIP/2.0",
        f"Via: SIP/2.0/UDP {here[0]}:{here[1]};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 70",
        f"From: <sip:{sender}@{server}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{to}@{server}>",
        f"Call-ID: {secrets.token_hex(8)}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{sender}@{here[0]}:{here[1]}>",
        *more,
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Storm:
    """Use as `async with Storm(tcp_ports, sip) as storm`: all attacks at once until the block is left."""

    def __init__(self, tcp: Sequence[Address], sip: Address) -> None:
        self.counts: Counter[str] = Counter()
        self._tcp, self._sip = tcp, sip
        self._tasks: list[asyncio.Task[None]] = []
        self._open: Sent = []
        self._chance = random.Random(4475)

    async def __aenter__(self) -> Storm:
        attacks: list[Callable[[], Awaitable[None]]] = [self._scan, self._endless_headers, self._garbage]
        attacks += [self._half_open, self._flood]
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._again_and_again(attack)) for attack in attacks]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._open:
            writer.transport.abort()
        broken = [one for one in ended if one is not None and not isinstance(one, asyncio.CancelledError)]
        assert not broken, f"an attack ended by itself: {broken}"

    async def lasted(self, kind: str, count: int, *, within_s: float = 30.0) -> None:
        """Wait until so much of one kind of attack was made. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            for _ in range(MOST_BURSTS):
                if self.counts[kind] >= count:
                    return
                await asyncio.sleep(PAUSE_S)

    async def _again_and_again(self, attack: Callable[[], Awaitable[None]]) -> None:
        for _ in range(MOST_BURSTS):
            await attack()
            await asyncio.sleep(PAUSE_S)

    # ---- over TCP: FastAGI, AMI, SIP, pages

    async def _scan(self) -> None:
        for _ in range(round(SCANS_PER_S * PAUSE_S)):
            for address in self._tcp:
                if writer := await self._connect(address):
                    writer.transport.abort()
                    self.counts["scanned"] += 1

    async def _half_open(self) -> None:
        """Connections that say nothing; closed ones are replaced."""
        silent = [writer for writer in self._open if not writer.is_closing()]
        for address in self._tcp:
            held = sum(writer.get_extra_info("peername") == address for writer in silent)
            for _ in range(min(5, HALF_OPEN - held)):
                if writer := await self._connect(address):
                    self._open.append(writer)
                    self.counts["half open"] += 1

    async def _endless_headers(self) -> None:
        for address in self._tcp:
            if writer := await self._connect(address):
                with contextlib.suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(1):
                        await self._send_lines(writer)
                self._open.append(writer)  # goes on as a half-open one

    async def _send_lines(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"agi_network: yes\nINVITE sip:4001@127.0.0.1 SIP/2.0\r\n")
        for number in range(round(LINES_PER_S * PAUSE_S)):
            writer.write(b"agi_x%d: %s\r\n" % (number, b"y" * 1000))
            await writer.drain()
            self.counts["header lines"] += 1

    async def _garbage(self) -> None:
        for address in self._tcp:
            if writer := await self._connect(address):
                with contextlib.suppress(ConnectionError, TimeoutError):
                    writer.write(self._chance.randbytes(8192))
                    async with asyncio.timeout(1):
                        await writer.drain()
                    self.counts["bursts of garbage"] += 1
                writer.transport.abort()

    async def _connect(self, address: Address) -> asyncio.StreamWriter | None:
        try:
            async with asyncio.timeout(2):
                _, writer = await asyncio.open_connection(*address, local_addr=(STRANGER, 0))
        except (OSError, TimeoutError):
            self.counts["connections refused"] += 1
            return None
        return writer

    # ---- over UDP: SIP

    async def _flood(self) -> None:
        """Requests with names and numbers by chance, and bytes that are nothing at all."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.bind((STRANGER, 0))
            here = sender.getsockname()
            for _ in range(round(SIP_PER_S * PAUSE_S)):
                method = self._chance.choice(METHODS)
                user = str(self._chance.randrange(1000, 9999))
                self._send(sender, sip_request(method, here, to=user, sender=user))
                self.counts["SIP requests"] += 1
            self._send(sender, self._chance.randbytes(500))
            await asyncio.sleep(PAUSE_S)
            with contextlib.suppress(BlockingIOError):
                while answer := sender.recv(65536):
                    self.counts[f"answered {answer[8:11].decode('ascii', 'replace')}"] += 1

    def _send(self, sender: socket.socket, packet: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            sender.sendto(packet, self._sip)


def comparable(answer: bytes) -> str:
    """A SIP answer without what differs by chance from one to the next, or repeats the question."""
    text = answer.decode("utf-8", "replace")
    text = re.sub(r"(branch|tag|nonce|opaque)=\"?[^\";,\s]+\"?", r"\1=…", text)
    text = re.sub(r"rport=\d+", "rport=…", text)
    text = re.sub(r"(?m)^(Call-ID|From|To|CSeq):.*$", r"\1: …", text)
    return re.sub(r"(?m)^Via: .*$", "Via: …", text)
