"""Reading journals: from the start, from the last checkpoint, or following a writer as it writes.

A journal is a folder of numbered files. A file is finished as soon as one with a higher number exists; only
the last one grows. Damaged lines are logged and passed over; half a line at the end of the last file is
waited for, at the end of a finished one it is a torn tail. It must not know what the facts mean.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hotline.journal_line import HEAD, Envelope, LineDamaged, decode

logger = logging.getLogger(__name__)

POLL_S = 0.02
"""How often a follower looks for new bytes: well under the 50 ms within which it has to wake."""

TAIL_BYTES = 64 * 1024
LINE_BYTES = 512
"""A guess at the length of a line, to read about as much as is asked for."""
_FILE_NAME = re.compile(r"(\d{8})\.jsonl")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Just behind a line: file number, and bytes from the start of that file."""

    file: int
    offset: int


START = Position(0, 0)


def file_path(folder: Path, number: int) -> Path:
    """The path of a journal's file by its number."""
    return folder / f"{number:08d}.jsonl"


def file_numbers(folder: Path) -> list[int]:
    """The numbers of a journal's files, ascending; empty when the folder is missing."""
    if not folder.is_dir():
        return []
    matches = (_FILE_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match[1]) for match in matches if match)


class JournalReader:
    """Reads facts after a position without waiting; remembers where it is. Not for several threads."""

    def __init__(self, folder: Path, after: Position | None = None) -> None:
        self.position = after or START
        self.damaged_lines = 0
        self._folder = folder
        self._file: BinaryIO | None = None

    def read(self, limit: int = 500) -> list[tuple[Position, Envelope]]:
        """Up to `limit` facts, each with the position behind it; empty when nothing new is there."""
        facts: list[tuple[Position, Envelope]] = []
        while len(facts) < limit:
            # Looked up before reading: only then is the end we reach the end of a finished file.
            numbers = file_numbers(self._folder)
            if self._file is None and not self._open(numbers):
                break
            successor = next((number for number in numbers if number > self.position.file), None)
            facts += self._read_lines(limit - len(facts))
            if len(facts) == limit or successor is None:
                break
            self._finish_file(successor)
        return facts

    def behind_bytes(self) -> int:
        """Bytes of this journal behind which the reader is."""
        behind = -self.position.offset
        for number in file_numbers(self._folder):
            if number >= self.position.file:
                behind += file_path(self._folder, number).stat().st_size
        return max(behind, 0)

    def close(self) -> None:
        """Closes the file being read."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, numbers: list[int]) -> bool:
        number = next((number for number in numbers if number >= self.position.file), None)
        if number is None:
            return False
        if number != self.position.file:
            if self.position.file:
                place = {"folder": self._folder.name, "file": self.position.file}
                logger.error("journal_file_missing", extra=place)
            self.position = Position(number, 0)
        self._file = file_path(self._folder, number).open("rb")
        return True

    def _read_lines(self, limit: int) -> list[tuple[Position, Envelope]]:
        assert self._file is not None
        facts: list[tuple[Position, Envelope]] = []
        while len(facts) < limit:
            offset = self.position.offset
            self._file.seek(offset)
            lines = self._file.readlines(LINE_BYTES * limit)
            if not lines or not lines[0].endswith(b"\n"):
                break
            for line in lines:
                if not line.endswith(b"\n") or len(facts) == limit:
                    break
                offset += len(line)
                self.position = Position(self.position.file, offset)
                envelope = self._decode(line)
                if envelope is not None and envelope.kind != HEAD:
                    facts.append((self.position, envelope))
        return facts

    def _decode(self, line: bytes) -> Envelope | None:
        try:
            return decode(line)
        except LineDamaged as error:
            self.damaged_lines += 1
            place = {"folder": self._folder.name, "file": self.position.file, "offset": self.position.offset}
            logger.error("journal_line_damaged", extra={**place, "why": str(error)})
            return None

    def _finish_file(self, successor: int) -> None:
        assert self._file is not None
        torn = self._file.seek(0, 2) - self.position.offset
        if torn:
            # More: half a line at a crash. Less: a power cut took lines that we had already read.
            place = {"folder": self._folder.name, "file": self.position.file}
            logger.warning("journal_torn_tail", extra={**place, "bytes": torn})
        self.close()
        self.position = Position(successor, 0)


def read_journal(folder: Path, after: Position | None = None) -> Iterator[tuple[Position, Envelope]]:
    """All facts after a position that are in the journal now, in order."""
    reader = JournalReader(folder, after)
    try:
        while facts := reader.read():
            yield from facts
    finally:
        reader.close()


def read_from_checkpoint(folder: Path) -> tuple[dict[str, Any] | None, Iterator[Envelope]]:
    """The owner's state at the last checkpoint, or None, and the facts after it."""
    checkpoint, number = last_checkpoint(folder)
    facts = read_journal(folder, Position(number, 0) if number else None)
    return checkpoint, (envelope for _, envelope in facts)


def head_of(folder: Path, number: int) -> Envelope | None:
    """The first line of a file; None when there is no such file or the line is damaged."""
    try:
        with file_path(folder, number).open("rb") as file:
            return decode(file.readline())
    except (FileNotFoundError, LineDamaged):
        return None


def last_checkpoint(folder: Path, *, upto: int | None = None) -> tuple[dict[str, Any] | None, int]:
    """The state in the newest file head that has one, and that file's number; else (None, 0).

    upto: the highest file number that is looked at.
    """
    for number in reversed(file_numbers(folder)):
        if upto is not None and number > upto:
            continue
        head = head_of(folder, number)
        if head is not None and head.kind == HEAD and head.body["checkpoint"] is not None:
            return head.body["checkpoint"], number
    return None, 0


def last_envelope(folder: Path) -> Envelope | None:
    """The newest line of a journal, which may be a file's head: its seq is that of the newest fact."""
    for number in reversed(file_numbers(folder)):
        envelope, _ = last_line(file_path(folder, number))
        if envelope is not None:
            return envelope
    return None


def last_line(path: Path) -> tuple[Envelope | None, int]:
    """The last undamaged line of a file and the offset behind it; (None, 0) when there is none."""
    size = path.stat().st_size
    window = TAIL_BYTES
    with path.open("rb") as file:
        while True:
            start = max(0, size - window)
            file.seek(start)
            lines = file.read(size - start).split(b"\n")
            end = size - len(lines.pop())
            for line in reversed(lines if start == 0 else lines[1:]):
                try:
                    return decode(line), end
                except LineDamaged:
                    end -= len(line) + 1
            if start == 0:
                return None, 0
            window *= 4


class JournalFollower:
    """Async iteration over a journal's facts, from a position on and without end; follows rotation."""

    def __init__(self, folder: Path, after: Position | None = None, *, poll_s: float = POLL_S) -> None:
        self._reader = JournalReader(folder, after)
        self._poll_s = poll_s
        self._ready: deque[tuple[Position, Envelope]] = deque()

    def __aiter__(self) -> AsyncIterator[tuple[Position, Envelope]]:
        return self

    async def __anext__(self) -> tuple[Position, Envelope]:
        while not self._ready:
            self._ready.extend(self._reader.read())
            if not self._ready:
                await asyncio.sleep(self._poll_s)
        return self._ready.popleft()

    def close(self) -> None:
        """Closes the file being read."""
        self._reader.close()
