"""The keeper's hands: lists raw recordings, sees which Asterisk still holds, and makes WAV files of them.

A recording appears under its final name whole and on disk, or not at all. This module must not know facts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recording.core.raw import (
    CHANNELS,
    FRAME_BYTES,
    SAMPLE_BYTES,
    SAMPLE_RATE_HZ,
    bytes_of,
    length_ms,
    segment_of,
    swap_channels,
    whole_frames_bytes,
)

_CHUNK_BYTES = 1024 * 1024 // FRAME_BYTES * FRAME_BYTES


class RawGrew(Exception):
    """The raw file grew while the recording was made of it: it was not finished after all."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """A raw file as it lies there. written_ms: of its last byte, ms since the epoch."""

    path: Path
    segment: str
    size_bytes: int
    written_ms: int

    @property
    def began_ms(self) -> int:
        """When its sound began, in ms since the epoch."""
        return self.written_ms - length_ms(self.size_bytes)


@dataclass(frozen=True, slots=True)
class Made:
    """A finished recording."""

    length_ms: int
    sha256: str
    size_bytes: int


def raw_files(folder: Path) -> tuple[list[RawFile], int]:
    """The raw files, oldest first, and how many other files lie there (left alone)."""
    found: list[RawFile] = []
    others = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            segment = segment_of(entry.name)
            if segment is None or not entry.is_file(follow_symlinks=False):
                others += 1
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found.append(RawFile(Path(entry.path), segment, status.st_size, status.st_mtime_ns // 1_000_000))
    return sorted(found, key=lambda raw: (raw.written_ms, raw.segment)), others


def held_files(pid_file: Path, folder: Path) -> set[str]:
    """Names of files of the folder that the process of pid_file (Asterisk) holds open.

    The folder is a real path. Empty when there is no such process, or when it is not ours to see.
    Source: man 5 proc, /proc/PID/fd.
    """
    try:
        descriptors = Path("/proc") / str(int(pid_file.read_text().strip())) / "fd"
        targets = list(_targets(descriptors))
    except (OSError, ValueError):
        return set()
    return {target.name for target in targets if target.parent == folder}


def _targets(descriptors: Path) -> Iterator[Path]:
    for descriptor in os.listdir(descriptors):
        try:
            yield Path(os.readlink(descriptors / descriptor))
        except FileNotFoundError:
            continue  # closed meanwhile


def make_recording(
    raw: RawFile, temporary: Path, target: Path, *, skip_ms: int = 0, swap: bool = True
) -> Made:
    """Make a WAV file of a finished raw file, caller left, agent right, and move it into place.

    skip_ms: so much of its beginning is left out. swap: the raw file has the agent first. Everything is on
    disk when this returns. Raises OSError, and RawGrew when the raw file was not finished; nothing half made
    is left then.
    """
    try:
        made = _make(raw, temporary, skip_ms, swap)
        move_into_place(temporary, target)
    except BaseException:
        with contextlib.suppress(
            OSError
        ):  # the disk that refused may refuse this too; the first error counts
            temporary.unlink()
        raise
    return made


def _make(raw: RawFile, temporary: Path, skip_ms: int, swap: bool) -> Made:
    skipped = min(bytes_of(skip_ms), whole_frames_bytes(raw.size_bytes))
    size = whole_frames_bytes(raw.size_bytes) - skipped
    with raw.path.open("rb") as sound, temporary.open("wb") as file:
        with wave.open(file, "wb") as made:
            made.setparams((CHANNELS, SAMPLE_BYTES, SAMPLE_RATE_HZ, size // FRAME_BYTES, "NONE", ""))
            sound.seek(skipped)
            left = size
            while left:
                frames = sound.read(min(left, _CHUNK_BYTES))
                if not frames:
                    raise OSError(f"{raw.path.name} is shorter than it was")
                made.writeframesraw(swap_channels(frames) if swap else frames)
                left -= len(frames)
        file.flush()
        os.fsync(file.fileno())
    if raw.path.stat().st_size != raw.size_bytes:
        raise RawGrew(raw.path.name)
    with temporary.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        made_bytes = os.fstat(file.fileno()).st_size
    return Made(length_ms(size), digest, made_bytes)


def move_into_place(temporary: Path, target: Path) -> None:
    """Rename into a folder that is made when missing, and force every changed folder to disk."""
    new_folders = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary.replace(target)
    for folder in (target.parent, *(folder.parent for folder in new_folders)):
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
