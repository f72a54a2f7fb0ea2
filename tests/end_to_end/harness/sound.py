"""Sound in plain Python: G.711, tones, and finding a tone again (Goertzel).

Samples are lists of 16-bit integers at 8,000 per second. Knows nothing of RTP or SIP.
"""

from __future__ import annotations

import array
import math
import random
import sys
import wave
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from pathlib import Path

SAMPLES_PER_S = 8000
SAMPLES_PER_PACKET = 160  # 20 ms
CODECS = ("PCMU", "PCMA")


def _ulaw_to_linear(code: int) -> int:
    """One mu-law byte as a sample. Source: ITU-T G.711, table 2a."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


def _alaw_to_linear(code: int) -> int:
    """One A-law byte as a sample. Source: ITU-T G.711, table 1a."""
    code ^= 0x55
    exponent = (code & 0x70) >> 4
    magnitude = ((code & 0x0F) << 4) + (8 if exponent == 0 else 0x108)
    magnitude <<= max(0, exponent - 1)
    return magnitude if code & 0x80 else -magnitude


@cache
def _decoding(codec: str) -> tuple[int, ...]:
    to_linear = {"PCMU": _ulaw_to_linear, "PCMA": _alaw_to_linear}[codec]
    return tuple(to_linear(code) for code in range(256))


@cache
def _encoding(codec: str) -> tuple[tuple[int, int], ...]:
    """(sample, code) in rising order of samples; the nearest sample is the best code."""
    return tuple(sorted((sample, code) for code, sample in enumerate(_decoding(codec))))


def decode(codec: str, payload: bytes) -> list[int]:
    """Samples of a G.711 payload; codec is PCMU or PCMA."""
    table = _decoding(codec)
    return [table[code] for code in payload]


def encode(codec: str, samples: Sequence[int]) -> bytes:
    """G.711 payload nearest to the samples; codec is PCMU or PCMA."""
    table = _encoding(codec)
    codes = bytearray()
    for sample in samples:
        at = bisect_left(table, (sample, 0))
        nearest = min(table[max(0, at - 1) : at + 1], key=lambda pair: abs(pair[0] - sample))
        codes.append(nearest[1])
    return bytes(codes)


def tone(frequency_hz: int, samples: int, *, amplitude: int = 8000) -> list[int]:
    """A sine of so many samples."""
    step = 2 * math.pi * frequency_hz / SAMPLES_PER_S
    return [round(amplitude * math.sin(step * n)) for n in range(samples)]


@cache
def tone_second(codec: str, frequency_hz: int) -> bytes:
    """One second of a tone, encoded: whole frequencies loop without a click. 0 Hz is silence."""
    return encode(codec, tone(frequency_hz, SAMPLES_PER_S))


def speech(seed: int, packets: int) -> tuple[bytes, ...]:
    """G.711 payloads of noise, none like another: what is found again tells where in the speech it was."""
    chance = random.Random(seed)
    return tuple(chance.randbytes(SAMPLES_PER_PACKET) for _ in range(packets))


def position_of(payload: bytes, codec: str, samples: Sequence[int]) -> int:
    """Where in the samples this very payload is; -1 where it is not."""
    at_byte = array.array("h", samples).tobytes().find(array.array("h", decode(codec, payload)).tobytes())
    return at_byte // 2


def power(samples: Sequence[int]) -> float:
    """Mean square of the samples."""
    return sum(sample * sample for sample in samples) / len(samples) if samples else 0.0


def tone_share(samples: Sequence[int], frequency_hz: int) -> float:
    """Share of the samples' power that lies at this frequency, 0..1.

    Source: Goertzel's algorithm; a pure sine of amplitude A has the power A²/2 and |X|² = (A N / 2)².
    """
    whole = power(samples)
    if whole < 1.0:  # silence has no tone
        return 0.0
    coefficient = 2 * math.cos(2 * math.pi * frequency_hz / SAMPLES_PER_S)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + coefficient * last - before
    squared = last * last + before * before - coefficient * last * before
    return min(1.0, 2 * squared / (len(samples) ** 2 * whole))


def clearest_share(samples: Sequence[int], frequency_hz: int) -> float:
    """The tone's share in the tenth of a second that has most of it.

    A recording has gaps where a loaded machine let packets come late: pieces are whole, not all of it.
    """
    length = SAMPLES_PER_S // 10
    starts = range(0, max(1, len(samples) - length + 1), length // 2)
    return max(tone_share(samples[at : at + length], frequency_hz) for at in starts)


def write_wav(path: Path, samples: Sequence[int]) -> None:
    """A mono 16-bit WAV file at 8 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLES_PER_S)
        file.writeframes(_little_endian(array.array("h", samples)).tobytes())


def read_channels(path: Path) -> tuple[list[int], ...]:
    """Samples per channel of a 16-bit WAV file, or (suffix .raw) of raw stereo at 8 kHz."""
    if path.suffix == ".raw":
        content, channels = path.read_bytes(), 2
        content = content[: len(content) // 4 * 4]
    else:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{path}: {8 * file.getsampwidth()} bit samples; allowed: 16")
            channels, content = file.getnchannels(), file.readframes(file.getnframes())
    samples = _little_endian(array.array("h", content))
    return tuple(samples[n::channels].tolist() for n in range(channels))


def _little_endian(samples: array.array[int]) -> array.array[int]:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples
