"""Writing a journal: one line per fact, in the file before anybody acts on it.

`append` hands the line to the operating system before it returns, so the death of this process loses nothing;
a thread forces the file to disk within 100 ms, so a power cut loses at most that much. Every opening starts a
new epoch and a new file, after cutting the torn tail of the last one; `rotate` starts a new file with the
owner's state at its head, so that recovery reads from there only.

When the disk refuses, lines wait in memory, in order, and are tried again with every append and every 100 ms.
The memory has a bound (`buffer_bytes`); beyond it facts are given up until the memory is empty again: calls
matter more than their numbers. What was given up is counted, logged, and told by a `JournalGap` line.

It must not know what the facts mean. Reading is `hotline.journal_reader`, one line is `hotline.journal_line`.

    JournalError
    ├── JournalBusy         another process writes this journal
    └── JournalUnavailable  the folder cannot be made or opened
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hotline.file_sizes import JOURNAL_BYTES, file_limit
from hotline.journal_line import GAP, HEAD, Envelope, body_as_json, encode
from hotline.journal_reader import (
    JournalFollower,
    JournalReader,
    Position,
    file_numbers,
    file_path,
    last_line,
    read_from_checkpoint,
    read_journal,
)

__all__ = [
    "Envelope",
    "JournalBusy",
    "JournalError",
    "JournalFollower",
    "JournalMetrics",
    "JournalReader",
    "JournalUnavailable",
    "JournalWriter",
    "Position",
    "read_from_checkpoint",
    "read_journal",
]

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
BUFFER_BYTES = 16 * 1024 * 1024
SYNC_EVERY_S = 0.1


class JournalError(Exception):
    """Something is wrong with a journal."""


class JournalBusy(JournalError):
    """Another process writes this journal."""


class JournalUnavailable(JournalError):
    """The folder or file of a journal cannot be made or opened."""


class JournalMetrics:
    """What a journal tells Prometheus. One per registry and writer."""

    def __init__(self, registry: CollectorRegistry, writer: str) -> None:
        def counter(name: str, text: str) -> Counter:
            return Counter(f"hotline_journal_{name}", text, ["writer"], registry=registry).labels(writer)

        self.facts = counter("facts", "Facts appended")
        self.write_errors = counter("write_errors", "Writes that the disk refused")
        self.lost_facts = counter("lost_facts", "Facts given up because the buffer was full")
        self.buffered = Gauge(
            "hotline_journal_buffered_bytes", "Bytes the disk has yet to take", ["writer"], registry=registry
        ).labels(writer)
        self.sync_s = Histogram(
            "hotline_journal_sync_seconds", "Duration of fdatasync", ["writer"], registry=registry
        ).labels(writer)


class JournalWriter:
    """The one writer of a journal; methods may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        writer: str,
        *,
        max_bytes: int | None = None,
        buffer_bytes: int = BUFFER_BYTES,
        checkpoint: Mapping[str, Any] | None = None,
        metrics: JournalMetrics | None = None,
    ) -> None:
        """Opens the journal, with the owner's state so far if it has one. Raises JournalError."""
        self.writer = writer
        self._folder = folder
        self._max_bytes = max_bytes or file_limit(JOURNAL_BYTES, MAX_BYTES)
        self._buffer_bytes = buffer_bytes
        self._metrics = metrics or JournalMetrics(CollectorRegistry(), writer)
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()  # taken before the other one, never while that is held
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._told_bytes = 0  # as the metric has it
        self._lost: tuple[int, int] | None = None  # first and last seq given up
        self._refused = False  # the last write failed: logged once, not once per fact
        self._sync_refused = False  # the last sync failed: the same
        self._unsure_seq = -1  # up to this one, lines may be lost that no later fdatasync tells of
        self._retired: list[int] = []  # descriptors of finished files, yet to be synced and closed
        self._dirty = False
        self._folder_dirty = True
        self._to_sync = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock_fd = _lock(folder)
            self._folder_fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            last_epoch, self.seq, self._number = _repair(folder)
        except OSError as error:
            raise JournalUnavailable(f"journal {folder}: {error.strerror}") from error
        self.epoch = last_epoch + 1
        self._fd = self._create(self._number + 1)
        self._number += 1
        self._size = 0
        self._put(encode(self._head(checkpoint)))
        self._size = 0  # of the facts alone: a large checkpoint must not fill a file
        self.sync()  # an epoch that somebody has seen must not come again after a power cut
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_syncing, name=f"journal-{writer}", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether max_bytes have come since the file's head: the owner should `rotate` with its state."""
        return self._size >= self._max_bytes

    def append(
        self,
        kind: str,
        version: int,
        body: Mapping[str, Any],
        *,
        fact_id: str,
        contact: str | None = None,
        at_us: int | None = None,
    ) -> Envelope:
        """Writes a fact and returns it as written. at_us: wall clock, default now. Never fails for the disk.

        Raises ValueError when the body is not JSON. An owner that never rotates gets a new file without a
        checkpoint at twice max_bytes.
        """
        with self._lock:
            if self._size >= 2 * self._max_bytes:
                self._rotate(None)
            self._tell_gap()
            envelope = self._envelope(self.seq + 1, kind, version, dict(body), fact_id, contact, at_us)
            line = encode(envelope)
            self.seq += 1
            if not self._put(line):
                self._give_up(envelope.seq)
            self._metrics.facts.inc()
            return envelope

    def rotate(self, checkpoint: Mapping[str, Any] | None) -> bool:
        """Starts a new file with the owner's state after all facts so far; False when the disk refuses."""
        with self._lock:
            return self._rotate(checkpoint)

    def sync(self) -> bool:
        """Forces everything appended so far to disk; returns whether it is there. Errors are logged, counted.

        After a failure, lines up to then are not vouched for again: who needs one on disk appends it anew.
        Source: Linux tells a failed write back once, and takes the page for clean from then on (man 2 fsync).
        """
        with self._sync_lock:  # so that nobody takes for done what another thread has begun
            with self._lock:
                self._flush()
                self._tell_gap()
                written = not self._pending and self._lost is None
                last, current = self.seq, self._fd
                retired, self._retired = self._retired, []
                dirty = [*retired, *([current] if self._dirty else ())]
                dirty += [self._folder_fd] if self._folder_dirty else ()
                self._dirty = self._folder_dirty = False
            # A file that is rotated away meanwhile stays open: only sync and close close one.
            failed = [descriptor for descriptor in dirty if not self._force(descriptor)]
            self._sync_refused = bool(failed)
            if failed:
                with self._lock:
                    self._unsure_seq = max(self._unsure_seq, last)
                    self._retired = [one for one in retired if one in failed] + self._retired
                    self._dirty |= current in failed
                    self._folder_dirty |= self._folder_fd in failed
            for descriptor in retired:
                if descriptor not in failed:
                    os.close(descriptor)
            return written and last > self._unsure_seq

    def close(self) -> None:
        """Syncs and closes; a second call does nothing."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._to_sync.set()
        self._thread.join()
        self.sync()
        with self._sync_lock:
            for descriptor in (*self._retired, self._fd, self._folder_fd, self._lock_fd):
                os.close(descriptor)

    def _keep_syncing(self) -> None:
        while self._to_sync.wait() and not self._stop.wait(SYNC_EVERY_S):
            self._to_sync.clear()
            if self._stop.is_set():
                return  # what has just been cleared was perhaps `close`, which syncs itself
            if not self.sync():
                self._to_sync.set()  # what the disk has refused is tried again

    def _force(self, descriptor: int) -> bool:
        try:
            with self._metrics.sync_s.time():
                os.fdatasync(descriptor)
        except OSError as error:
            if self._sync_refused:
                self._metrics.write_errors.inc()
            else:
                self._refuse(error, "journal_sync_failed")
            return False
        return True

    def _rotate(self, checkpoint: Mapping[str, Any] | None) -> bool:
        line = encode(self._head(checkpoint))
        self._flush()
        if self._pending:
            return False
        path = file_path(self._folder, self._number + 1)
        try:
            descriptor = self._create(self._number + 1)
        except JournalUnavailable as error:
            logger.error("journal_rotation_failed", extra={"writer": self.writer, "why": str(error)})
            return False
        try:
            written = os.write(descriptor, line)
        except OSError as error:
            self._refuse(error, "journal_rotation_failed")
            written = 0
        if written < len(line):
            os.close(descriptor)
            path.unlink()
            return False
        self._retired.append(self._fd)
        self._fd, self._size = descriptor, 0
        self._number += 1
        self._dirty = self._folder_dirty = True
        self._to_sync.set()
        return True

    def _create(self, number: int) -> int:
        path = file_path(self._folder, number)
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise JournalUnavailable(f"journal {path}: {error.strerror}") from error

    def _put(self, line: bytes) -> bool:
        """Writes a line or keeps it for later; False when the memory for that is full."""
        if not self._to_sync.is_set():
            self._to_sync.set()
        if self._pending:
            self._flush()
        too_much = self._pending_bytes + len(line) > self._buffer_bytes
        if self._lost is not None or (self._pending and too_much):
            return False
        self._pending.append(line)
        self._pending_bytes += len(line)
        self._flush()
        return True

    def _flush(self) -> None:
        while self._pending:
            line = self._pending[0]
            try:
                written = os.write(self._fd, line)
            except OSError as error:
                if not self._refused:
                    self._refuse(error, "journal_write_failed")
                self._refused = True
                break
            self._dirty = True
            self._size += written
            self._pending_bytes -= written
            if written < len(line):
                self._pending[0] = line[written:]
            else:
                self._pending.popleft()
                self._refused = False
        if self._pending_bytes != self._told_bytes:
            self._told_bytes = self._pending_bytes
            self._metrics.buffered.set(self._told_bytes)

    def _give_up(self, seq: int) -> None:
        if self._lost is None:
            logger.error("journal_facts_given_up", extra={"writer": self.writer, "first_seq": seq})
        self._lost = (self._lost[0] if self._lost else seq, seq)
        self._metrics.lost_facts.inc()

    def _tell_gap(self) -> None:
        """Once the memory is empty again, names the facts that were given up."""
        if self._lost is None or self._pending:
            return
        first, last = self._lost
        self._lost = None
        self.seq += 1
        self._unsure_seq = self.seq
        body = {"first_seq": first, "last_seq": last, "lost": last - first + 1}
        fact_id = f"{self.writer}/{self.epoch}/gap/{first}"
        self._put(encode(self._envelope(self.seq, GAP, 1, body, fact_id, None, None)))

    def _refuse(self, error: OSError, event: str) -> None:
        self._metrics.write_errors.inc()
        logger.error(event, extra={"writer": self.writer, "errno": error.errno, "why": error.strerror})

    def _head(self, checkpoint: Mapping[str, Any] | None) -> Envelope:
        body = {"checkpoint": checkpoint}
        return self._envelope(self.seq, HEAD, 1, body, f"{self.writer}/{self.epoch}/head", None, None)

    def _envelope(
        self,
        seq: int,
        kind: str,
        version: int,
        body: dict[str, Any],
        fact_id: str,
        contact: str | None,
        at_us: int | None,
    ) -> Envelope:
        at_us = time.time_ns() // 1000 if at_us is None else at_us
        mono_ms = time.monotonic_ns() // 1_000_000
        text = body_as_json(body)
        return Envelope(
            self.writer, self.epoch, seq, kind, version, fact_id, contact, at_us, mono_ms, body, text
        )


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise JournalBusy(f"journal {folder}: another process writes it") from error
    return descriptor


def _repair(folder: Path) -> tuple[int, int, int]:
    """Cuts the torn tail of the last file; returns the last epoch, seq and file number, 0 for none."""
    numbers = file_numbers(folder)
    for number in reversed(numbers):
        path = file_path(folder, number)
        envelope, end = last_line(path)
        if number == numbers[-1] and end < path.stat().st_size:
            logger.warning("journal_tail_cut", extra={"file": path.name, "bytes": path.stat().st_size - end})
            os.truncate(path, end)
        if envelope is not None:
            return envelope.epoch, envelope.seq, numbers[-1]
    return 0, 0, numbers[-1] if numbers else 0
