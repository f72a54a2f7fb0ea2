"""What comes over the wire to a machine: for phones that keep nothing of what they hear, as SIPp."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from types import TracebackType

from harness import sound
from harness.networks import wire
from harness.rtp import CODEC_NAMES, KEPT_PACKETS, parse_packet
from harness.waiting import until

_UDP = 17
_WINDOW_PACKETS = 10


class Wiretap:
    """Use as `async with Wiretap(address) as heard`: audio (RTP) that comes to this address from then on."""

    def __init__(self, address: str) -> None:
        self._address = socket.inet_aton(address)
        self._wire = wire(address)
        self._wire.setblocking(False)
        self._heard: deque[list[int]] = deque(maxlen=KEPT_PACKETS)

    async def __aenter__(self) -> Wiretap:
        asyncio.get_running_loop().add_reader(self._wire, self._read)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._wire)
        self._wire.close()

    async def hears(self, frequency_hz: int, *, within_s: float, share: float = 0.9) -> None:
        """Wait until this tone makes up so much of the newest 0.2 s. Raises TimeoutError."""
        await until(
            lambda: self._share_of(frequency_hz) >= share,
            lambda: f"{frequency_hz} Hz on the wire (share {self._share_of(frequency_hz):.2f})",
            within_s,
        )

    def _share_of(self, frequency_hz: int) -> float:
        newest = list(self._heard)[-_WINDOW_PACKETS:]
        if len(newest) < _WINDOW_PACKETS:
            return 0.0
        return sound.tone_share([sample for packet in newest for sample in packet], frequency_hz)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._take(self._wire.recv(4096))

    def _take(self, packet: bytes) -> None:
        """An IPv4 packet. Source: RFC 791 3.1, RFC 768."""
        header = 4 * (packet[0] & 0x0F)
        if packet[9] != _UDP or packet[16:20] != self._address:
            return
        audio = parse_packet(packet[header + 8 :])
        codec = CODEC_NAMES.get(audio.payload_type, "") if audio else ""
        if audio and codec in sound.CODECS:
            self._heard.append(sound.decode(codec, audio.payload))
