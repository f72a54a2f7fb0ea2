"""Raw recordings: their names, their sound, and when one is finished.

A raw recording is what MixMonitor writes on the agent's leg (option D): 8 kHz, 16 bit little-endian, two
interleaved channels. Measured on Asterisk 22.10: the first channel is what comes from the agent, the second
what goes to the agent; we keep the caller left. Of a caller who talks outside, MixMonitor is on the caller's
own channel, so the first is the caller already. It must not know files or journals.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from datetime import date

SAMPLE_RATE_HZ = 8000
CHANNELS = 2
SAMPLE_BYTES = 2
FRAME_BYTES = CHANNELS * SAMPLE_BYTES

SETTLED_MS = 2_000
"""An ended segment's file is finished after so long without growth: MixMonitor closes it a moment later."""

ABANDONED_MS = 60_000
"""A file of which no end is told (acd was away) is finished after so long without growth."""

SIDE = "s-"
"""So begins the name of a leg's sound that is a part of a contact only if acd says so: a consultation."""

_CALLERS_OWN = re.compile(r"o-[^.]+\.\d+\..+", re.ASCII)
"""A caller who talks outside: o-CONTACT.ENTRY or o-CONTACT.LEG; an agent: o-ID. Ids are NAME.NUMBER."""

_DAY = re.compile(r"\d{4}/\d{2}/\d{2}", re.ASCII)
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}", re.ASCII)


def segment_of(file_name: str) -> str | None:
    """The segment's id in a raw file's name, or None when the name is none of ours."""
    stem, dot, suffix = file_name.rpartition(".")
    return stem if dot and suffix == "raw" and _SEGMENT.fullmatch(stem) else None


def caller_is_first(segment: str) -> bool:
    """Whether the first channel of the segment's raw sound is the caller: one who was transferred outside."""
    return _CALLERS_OWN.fullmatch(segment) is not None


@dataclass(frozen=True, slots=True)
class RawState:
    """What is known of a raw file. ended: acd told its segment's end; open: Asterisk is seen to hold it."""

    quiet_ms: int
    ended: bool
    open: bool


def is_finished(state: RawState) -> bool:
    """Whether nobody will write to the file any more.

    A file that Asterisk holds is not, however long it is quiet: perhaps neither side is sending. Otherwise it
    is once it has been quiet for SETTLED_MS after its segment's end, or for ABANDONED_MS without one.
    """
    if state.open:
        return False
    return state.quiet_ms >= (SETTLED_MS if state.ended else ABANDONED_MS)


def whole_frames_bytes(size_bytes: int) -> int:
    """The size without the torn frame that a crash may leave at the end."""
    return size_bytes - size_bytes % FRAME_BYTES


def length_ms(size_bytes: int) -> int:
    """Length of so many bytes of sound, in ms, rounded down."""
    return size_bytes // FRAME_BYTES * 1000 // SAMPLE_RATE_HZ


def bytes_of(sound_ms: int) -> int:
    """How many bytes so much sound is, in whole frames."""
    return sound_ms * SAMPLE_RATE_HZ // 1000 * FRAME_BYTES


def swap_channels(frames: bytes) -> bytes:
    """The same sound with left and right exchanged. Raises ValueError unless the frames are whole."""
    if len(frames) % FRAME_BYTES:
        raise ValueError(f"{len(frames)} bytes: allowed a multiple of {FRAME_BYTES}")
    # Samples are moved, never read as numbers, so this machine's byte order does not matter.
    given = array("H", frames)
    swapped = array("H", bytes(len(frames)))
    swapped[0::2], swapped[1::2] = given[1::2], given[0::2]
    return swapped.tobytes()


def kept_path(segment: str, announced: str, began: date) -> str:
    """Where a recording is kept, below the recordings folder: as acd announced it, else by its first day.

    announced: the path without suffix, "" when unknown. One that is not YYYY/MM/DD/SEGMENT is not followed.
    """
    day, _, name = announced.rpartition("/")
    if name != segment or not _DAY.fullmatch(day):
        day = f"{began:%Y/%m/%d}"
    return f"{day}/{segment}.wav"
