"""SIP over one UDP socket: requests repeated until answered, answers repeated for repeated requests.

Every message is logged with the kernel's time of arrival (µs), so that a busy event loop does not falsify
what is measured. Knows no dialogs: requests that are no repetition go to `on_request`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import struct
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from harness import sip
from harness.networks import udp_socket

log = logging.getLogger(__name__)

T1_S = 0.5
GIVE_UP_S = 8.0  # RFC 3261 says 32 s; a test knows sooner
SO_TIMESTAMPNS = 35  # linux/socket.h; Python names it only since 3.15
MAX_LOG = 20_000
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Logged:
    """A message as it passed the wire. at_us: microseconds since the epoch, by the kernel when received."""

    at_us: int
    sent: bool
    message: sip.Message


class _ClientTransaction:
    """A request on its way: sent again until answered. Responses are put into `responses`."""

    def __init__(self, request: sip.Message, to: Address) -> None:
        self.request, self.to = request, to
        self.responses: asyncio.Queue[sip.Message] = asyncio.Queue()
        self.answered = False
        self.timer: asyncio.TimerHandle | None = None


class SipSocket:
    """A UDP socket that speaks SIP. Must be made in a running event loop."""

    def __init__(
        self, address: str, port: int, on_request: Callable[[sip.Message, Address, int], None]
    ) -> None:
        self.log: deque[Logged] = deque(maxlen=MAX_LOG)
        self.malformed = 0
        self.deaf = False  # unplugged: nothing that arrives is heard
        self._on_request = on_request
        self._loop = asyncio.get_running_loop()
        self._socket = udp_socket(address)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        if sys.platform == "linux":
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((address, port))
        self._socket.setblocking(False)
        self.address: Address = self._socket.getsockname()
        self.shown = self.address  # what the phone says of itself; another one behind a NAT
        self._clients: dict[tuple[str, str], _ClientTransaction] = {}
        self._answers: OrderedDict[tuple[str, str], bytes] = (
            OrderedDict()
        )  # last answer per server transaction
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Free the port; may be called again."""
        if self._socket.fileno() < 0:
            return
        for transaction in self._clients.values():
            if transaction.timer:
                transaction.timer.cancel()
        self._clients.clear()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    @staticmethod
    def now_us() -> int:
        """Microseconds since the epoch."""
        return time.time_ns() // 1000

    def via(self) -> str:
        """A Via header value with a new branch."""
        host, port = self.shown
        return f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}"

    def send(self, message: sip.Message, to: Address) -> int:
        """Send once and log it; returns the time in µs just before."""
        at_us = self.now_us()
        self._put(message.to_bytes(), to)
        self.log.append(Logged(at_us, True, message))
        return at_us

    def start_request(self, request: sip.Message, to: Address) -> asyncio.Queue[sip.Message]:
        """Send a request until it is answered; its responses arrive in the queue, repetitions of them too.

        After GIVE_UP_S without any, a 408 is put in by ourselves.
        """
        transaction = _ClientTransaction(request, to)
        self._clients[request.branch, request.cseq[1]] = transaction
        self.send(request, to)
        self._again(transaction, T1_S, self._loop.time() + GIVE_UP_S)
        return transaction.responses

    async def request(self, request: sip.Message, to: Address) -> sip.Message:
        """Send a request other than INVITE and wait for its final response (408 when none comes)."""
        responses = self.start_request(request, to)
        while True:
            response = await responses.get()
            if response.status >= 200:
                self.forget(request)
                return response

    def forget(self, request: sip.Message) -> None:
        """The transaction is over: later responses are dropped."""
        transaction = self._clients.pop((request.branch, request.cseq[1]), None)
        if transaction and transaction.timer:
            transaction.timer.cancel()

    def answer(self, response: sip.Message, to: Address) -> int:
        """Send a response, and again whenever its request is repeated; returns the time in µs."""
        key = (response.branch, response.cseq[1])
        self._answers[key] = response.to_bytes()
        self._answers.move_to_end(key)
        if len(self._answers) > 500:
            self._answers.popitem(last=False)
        return self.send(response, to)

    def _again(self, transaction: _ClientTransaction, pause_s: float, until: float) -> None:
        def fire() -> None:
            if transaction.answered:
                return
            if self._loop.time() >= until:
                transaction.responses.put_nowait(_timed_out(transaction.request))
                return
            self._put(transaction.request.to_bytes(), transaction.to)
            self._again(transaction, min(4.0, 2 * pause_s), until)

        transaction.timer = self._loop.call_later(pause_s, fire)

    def _put(self, packet: bytes, to: Address) -> None:
        try:
            self._socket.sendto(packet, to)
        except (BlockingIOError, ConnectionRefusedError) as error:
            log.debug("not_sent", extra={"error": str(error)})  # retransmission mends it

    def _read(self) -> None:
        while True:
            try:
                packet, ancillary, _, source = self._socket.recvmsg(65535, 64)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # ICMP tells that a far port is closed
                continue
            at_us = _arrival_us(ancillary)
            if self.deaf:
                continue
            try:
                message = sip.parse(packet)
            except sip.SipSyntaxError:
                self.malformed += packet.strip() != b""  # an empty datagram is a keep-alive
                continue
            self.log.append(Logged(at_us, False, message))
            self._dispatch(message, source, at_us)

    def _dispatch(self, message: sip.Message, source: Address, at_us: int) -> None:
        key = (message.branch, message.cseq[1])
        if message.status:
            transaction = self._clients.get(key)
            if transaction:
                transaction.answered = True
                transaction.responses.put_nowait(message)
            return
        if message.method != "ACK":
            if key in self._seen:
                if key in self._answers:
                    self._put(self._answers[key], source)
                return
            self._seen[key] = None
            if len(self._seen) > 500:
                self._seen.popitem(last=False)
        self._on_request(message, source, at_us)


def _arrival_us(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(content) >= 16:
            seconds, nanoseconds = struct.unpack_from("qq", content)
            return int(seconds * 1_000_000 + nanoseconds // 1000)
    return time.time_ns() // 1000


def _timed_out(request: sip.Message) -> sip.Message:
    kept = [
        (name, value) for name, value in request.headers if name in ("Via", "From", "To", "Call-ID", "CSeq")
    ]
    return sip.Message(status=408, reason="No answer came", headers=kept)
