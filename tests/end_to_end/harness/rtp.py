"""RTP for a phone: says a tone or silence, keeps what it hears, sends and receives RFC 4733 digits.

Knows no SIP: where to send and in which codec is told by the call.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness import sound
from harness.networks import udp_socket
from harness.sdp import PAYLOAD_TYPES, Audio
from harness.waiting import until

PACKET_S = 0.020
DIGITS = "0123456789*#ABCD"
EVENT_VOLUME = 10  # -10 dBm0
KEPT_PACKETS = 500  # 10 s
WINDOW_S = 0.2
LOOK_PACKETS = 5  # 0.1 s
CODEC_NAMES = {number: name for name, number in PAYLOAD_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet."""

    payload_type: int
    sequence: int
    timestamp: int
    source: int
    payload: bytes
    marker: bool = False

    def to_bytes(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return struct.pack("!BBHII", 0x80, second, self.sequence, self.timestamp, self.source) + self.payload


def parse_packet(datagram: bytes) -> Packet | None:
    """The packet, or None for what is no RTP (RTCP among it: types 72..76 with the marker's bit).

    Source: RFC 3550 5.1, RFC 5761 4.
    """
    if len(datagram) < 12 or datagram[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, source = struct.unpack_from("!BBHII", datagram)
    if 72 <= second & 0x7F <= 76:
        return None
    start = 12 + 4 * (first & 0x0F)
    return Packet(second & 0x7F, sequence, timestamp, source, datagram[start:], bool(second & 0x80))


def event_payloads(digit: str, *, packets: int) -> Iterator[bytes]:
    """Payloads of one RFC 4733 event: so many with rising duration, then the end three times."""
    if len(digit) != 1 or digit not in DIGITS:
        raise ValueError(f"digit {digit!r}; allowed: one of {DIGITS}")
    event = DIGITS.index(digit)
    for n in range(1, packets + 1):
        yield struct.pack("!BBH", event, EVENT_VOLUME, n * sound.SAMPLES_PER_PACKET)
    for _ in range(3):
        yield struct.pack("!BBH", event, 0x80 | EVENT_VOLUME, packets * sound.SAMPLES_PER_PACKET)


class RtpPort:
    """One RTP socket of a phone, on an even port of its address.

    tone_hz: what it says; 0 is silence, None sends nothing at all. Must be made in a running event loop.
    speech: payloads that it says instead of the tone, in a loop.
    """

    def __init__(self, address: str, *, tone_hz: int | None = 0) -> None:
        self.tone_hz = tone_hz
        self.speech: tuple[bytes, ...] = ()
        self.received = 0  # packets of audio
        self.sent = 0
        self.skipped_s = 0.0  # not sent, because this process stood still
        self.digits = ""  # heard
        self.last_heard = 0.0  # time.monotonic() of the newest audio packet
        self._socket = _even_port(address)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)
        self._far: tuple[str, int] | None = None
        self._codec = "PCMU"
        self._event_type = 101
        self._heard: deque[tuple[str, bytes]] = deque(maxlen=KEPT_PACKETS)
        self._events: deque[tuple[bool, bytes]] = deque()
        self.sequence = random.randrange(0x8000)  # of the next packet
        self._timestamp = random.randrange(0x7FFFFFFF)
        self._source = random.randrange(0xFFFFFFFF)
        self._event_stamp = self._event_seen = -1
        self._phase = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.port: int = self._socket.getsockname()[1]

    def talk_to(self, far: Audio, codec: str) -> None:
        """Send there from now on (again after a re-INVITE); nothing to a side that does not listen."""
        if self._socket.fileno() < 0:
            return
        listens = far.direction in ("sendrecv", "recvonly") and far.address != "0.0.0.0"
        self._far = (far.address, far.port) if listens else None
        self._codec = codec
        self._event_type = far.dtmf_payload_type or self._event_type
        if self._timer is None:
            self._due = self._loop.time()
            self._tick()

    def close(self) -> None:
        """Stop sending and free the port; may be called again."""
        if self._socket.fileno() < 0:
            return
        if self._timer:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def send_digit(self, digit: str, *, length_s: float = 0.1, pause_s: float = 0.1) -> None:
        """Queue one RFC 4733 digit, followed by a pause."""
        payloads = list(event_payloads(digit, packets=max(1, round(length_s / PACKET_S))))
        self._events += [(n == 0, payload) for n, payload in enumerate(payloads)]
        self._events += [(False, b"")] * round(pause_s / PACKET_S)

    @property
    def digits_waiting(self) -> bool:
        """Whether queued digits have not all been sent."""
        return bool(self._events)

    def share_of(self, frequency_hz: int, *, window_s: float = WINDOW_S) -> float:
        """Share of the power of what was heard last that lies at this frequency, 0..1."""
        return sound.tone_share(self.newest(window_s), frequency_hz)

    @property
    def payloads(self) -> list[bytes]:
        """The newest payloads of audio that were heard, 10 s of them."""
        return [payload for _, payload in self._heard]

    def newest(self, window_s: float) -> list[int]:
        """The samples heard last."""
        return self._window(round(window_s / PACKET_S), 0)

    def _window(self, packets: int, before: int) -> list[int]:
        """The samples of so many packets, with so many packets after them."""
        kept = list(self._heard)
        end = max(0, len(kept) - before)
        kept = kept[max(0, end - packets) : end]
        return [sample for codec, payload in kept for sample in sound.decode(codec, payload)]

    async def hears(self, frequency_hz: int, *, within_s: float = 3.0, share: float = 0.5) -> None:
        """Wait until this tone makes up so much of 0.2 s. Raises TimeoutError."""

        def miss() -> str:
            heard = (
                f"{self.received} packets, share {self.share_of(frequency_hz):.2f}, fresh: {self._fresh()}"
            )
            return f"no tone of {frequency_hz} Hz on port {self.port} ({heard})"

        await self._hears(lambda samples: sound.tone_share(samples, frequency_hz) >= share, miss, within_s)

    async def hears_sound(self, *, within_s: float = 3.0, least_power: float = 1000.0) -> None:
        """Wait until anything louder than silence is heard for 0.2 s. Raises TimeoutError."""
        await self._hears(
            lambda samples: sound.power(samples) >= least_power,
            lambda: f"only silence on port {self.port} ({self.received} packets)",
            within_s,
        )

    async def _hears(
        self, is_it: Callable[[list[int]], bool], miss: Callable[[], str], within_s: float
    ) -> None:
        """Judge 0.2 s, now and every 0.1 s of sound, also of what came while this process stood still."""
        judged = self.received - (LOOK_PACKETS if self._fresh() else 0)

        def found() -> bool:
            nonlocal judged
            while self.received - judged >= LOOK_PACKETS:
                judged += LOOK_PACKETS
                if is_it(self._window(round(WINDOW_S / PACKET_S), self.received - judged)):
                    return True
            return False

        await until(found, miss, within_s)

    def _fresh(self) -> bool:
        """Whether 0.1 s of sound has come, and goes on coming."""
        return len(self._heard) >= 5 and time.monotonic() - self.last_heard < 0.2

    def _tick(self) -> None:
        """Send what is due: an event, else audio. Sends the missed ones too, so that the pace is kept."""
        now = self._loop.time()
        if now - self._due > 1.0:  # this machine slept: do not flood
            self.skipped_s += now - self._due
            self._due = now
        while self._due <= now:
            self._send_one()
            self._due += PACKET_S
        self._timer = self._loop.call_at(self._due, self._tick)

    def _send_one(self) -> None:
        event = self._events.popleft() if self._events else (False, b"")
        starts, payload = event
        if starts:
            self._event_stamp = self._timestamp
        if payload:
            self._send(self._event_type, self._event_stamp, payload, marker=starts)
        elif self.tone_hz is not None:
            self._send(PAYLOAD_TYPES[self._codec], self._timestamp, self._next_audio(), marker=False)
        self._phase += 1
        self._timestamp = (self._timestamp + sound.SAMPLES_PER_PACKET) & 0xFFFFFFFF

    def _next_audio(self) -> bytes:
        if self.speech:
            return self.speech[self._phase % len(self.speech)]
        second = sound.tone_second(self._codec, self.tone_hz or 0)
        at = self._phase * sound.SAMPLES_PER_PACKET % len(second)
        return second[at : at + sound.SAMPLES_PER_PACKET]

    def _send(self, payload_type: int, timestamp: int, payload: bytes, *, marker: bool) -> None:
        if self._far is None:
            return
        packet = Packet(payload_type, self.sequence, timestamp, self._source, payload, marker)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent += 1
        try:
            self._socket.sendto(packet.to_bytes(), self._far)
        except (BlockingIOError, ConnectionRefusedError):
            self.sent -= 1  # a full buffer or a closed far port: audio is lost, as on any network

    def _read(self) -> None:
        while True:
            try:
                datagram = self._socket.recv(2048)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # the far port is closed: told by ICMP, no matter
                continue
            packet = parse_packet(datagram)
            if packet is None:
                continue
            codec = CODEC_NAMES.get(packet.payload_type)
            if codec in sound.CODECS:
                self._heard.append((codec, packet.payload))
                self.received += 1
                self.last_heard = time.monotonic()
            elif packet.payload_type == self._event_type and len(packet.payload) >= 4:
                self._hear_event(packet)

    def _hear_event(self, packet: Packet) -> None:
        """All packets of one event bear the time stamp of its start."""
        if packet.timestamp != self._event_seen and packet.payload[0] < len(DIGITS):
            self._event_seen = packet.timestamp
            self.digits += DIGITS[packet.payload[0]]


def _even_port(address: str) -> socket.socket:
    """A bound socket on an even port: the odd one above it is where the far side sends RTCP."""
    while True:
        candidate = udp_socket(address)
        candidate.bind((address, 0))
        if candidate.getsockname()[1] % 2 == 0:
            candidate.setblocking(False)
            return candidate
        candidate.close()
