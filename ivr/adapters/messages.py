"""Voice messages as files: a new name for each, what was recorded in the end, and where it is kept.

A message is spoken into `incoming/` and moved out once it is in the journal, so that whatever lies in
`incoming/`, is quiet and belongs to no session is a message that nobody took in. Asterisk writes the files.
This module must not know sessions or facts.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SHORTEST_MS = 1500
"""Shorter is no message: Asterisk leaves 1 s of the silence that ended it, or the click of hanging up."""

SETTLE_S = 2.0  # Asterisk tells of the hang-up just before it closes the file
ORPHAN_QUIET_S = 60.0
_SETTLE_STEP_S = 0.05
_HEADER_BYTES = 44
_MOST_PER_CONTACT = 100
_NAME = re.compile(r"([A-Za-z0-9.-]{1,100}?)(?:_\d{1,2})?\.wav", re.ASCII)


class MessageUnusable(Exception):
    """Nothing worth keeping was recorded; a file that is too short is gone. The text says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """A finished file. at_ms: when it was written last, ms since the epoch."""

    at_ms: int
    length_ms: int
    sha256: str
    size_bytes: int


class VoiceMessages:
    """The folder of voice messages."""

    def __init__(
        self, folder: Path, *, settle_s: float = SETTLE_S, orphan_quiet_s: float = ORPHAN_QUIET_S
    ) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._settle_s = settle_s
        self._orphan_quiet_s = orphan_quiet_s
        self._spoken: set[Path] = set()

    @contextmanager
    def new(self, contact: str) -> Iterator[Path]:
        """A free name for a message that is being spoken; a second one does not overwrite the first."""
        for number in range(1, _MOST_PER_CONTACT):
            file = self._incoming / (f"{contact}.wav" if number == 1 else f"{contact}_{number}.wav")
            if not file.exists() and not (self._folder / file.name).exists():
                break
        self._spoken.add(file)
        try:
            yield file
        finally:
            self._spoken.discard(file)

    def measure(self, file: Path) -> Message:
        """Length, hash and size of a finished file. Blocks up to settle_s. Raises MessageUnusable."""
        deadline = time.monotonic() + self._settle_s
        while (length_ms := _length_ms(file)) is None:
            if time.monotonic() > deadline:
                raise MessageUnusable("there is no complete file")
            time.sleep(_SETTLE_STEP_S)
        if length_ms < SHORTEST_MS:
            file.unlink()
            raise MessageUnusable(f"only {length_ms} ms")
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
            os.fsync(content.fileno())
            status = os.fstat(content.fileno())
        return Message(status.st_mtime_ns // 1_000_000, length_ms, digest, status.st_size)

    def repair(self, file: Path) -> None:
        """Make an orphan's header tell of all its content, as a killed Asterisk could not; drop an empty one.

        Source: RIFF: the size of what follows at byte 4, of the samples at byte 40, little-endian.
        """
        size = file.stat().st_size
        if size <= _HEADER_BYTES:
            file.unlink()
        elif _length_ms(file) is None:
            with file.open("r+b") as content:
                content.seek(4)
                content.write(struct.pack("<I", size - 8))
                content.seek(40)
                content.write(struct.pack("<I", size - _HEADER_BYTES))

    def keep(self, file: Path) -> Path:
        """Move a message that is in the journal to where it stays; returns its new path."""
        return file.replace(self._folder / file.name)

    def orphans(self) -> list[tuple[Path, str]]:
        """Messages in no session's hands that have not grown for orphan_quiet_s, each with its contact."""
        found = []
        for file in sorted(self._incoming.glob("*.wav")):
            name = _NAME.fullmatch(file.name)
            if (
                name
                and file not in self._spoken
                and time.time() - file.stat().st_mtime >= self._orphan_quiet_s
            ):
                found.append((file, name[1]))
        return found


def _length_ms(file: Path) -> int | None:
    """None while the file is missing or its header does not tell of all its content."""
    try:
        with wave.open(str(file), "rb") as sound:
            content_bytes, rate = sound.getnframes() * sound.getsampwidth(), sound.getframerate()
        complete = file.stat().st_size == content_bytes + _HEADER_BYTES
    except (OSError, EOFError, wave.Error):
        return None
    return content_bytes * 1000 // (2 * rate) if complete else None
