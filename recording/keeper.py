"""The keeper: turns finished raw recordings into kept ones, and stands by them in its journal.

For each: make the WAV under another name, on disk; move it into place; journal `RecordingKept`, on disk; only
then remove the raw file. Killed between any two steps, the next sweep does the same again: the same bytes,
the same path, the same fact under the same id, which counts once.
"""

from __future__ import annotations

import errno
import logging
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from acd.core.fact_codec import to_body
from hotline.journal import JournalWriter
from recording.adapters.raw_files import RawFile, RawGrew, held_files, make_recording, raw_files
from recording.core.facts import RecordingKept
from recording.core.raw import (
    SIDE,
    RawState,
    bytes_of,
    caller_is_first,
    is_finished,
    kept_path,
    length_ms,
    whole_frames_bytes,
)
from recording.core.segments import Segments

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 30.0
DISK_LOW_BYTES = 2 * 1024**3
"""Below so much free space an alarm is raised: about 18 hours of one recorded conversation."""

RESERVE_BYTES = 256 * 1024**2
"""So much of the disk is left to calls that are being recorded: about 2 hours of one conversation."""

STEPS = ("wav_in_place", "fact_on_disk", "raw_removed")
"""The moments between which the keeper may be killed; tests do."""


class KeeperMetrics:
    """What the keeper tells Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str) -> Counter:
            return Counter(f"hotline_recordings_{name}", text, registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"hotline_recordings_{name}", text, registry=registry)

        self.kept = counter("kept", "Recordings kept")
        self.kept_s = counter("kept_seconds", "Length of the recordings kept")
        self.kept_bytes = counter("kept_bytes", "Size of the recordings kept")
        self.empty = counter("empty", "Raw files without sound, removed")
        self.private = counter("private", "Sound of calls between colleagues, removed: no part of a contact")
        self.torn = counter("torn", "Raw files that ended within a frame")
        self.untold = counter("untold_ends", "Recordings kept although acd told no end of their segment")
        self.failures = counter("failures", "Attempts to keep a recording that failed and will be repeated")
        self.incoming = gauge("incoming", "Raw files that wait or are being written")
        self.strangers = gauge("strangers", "Other files among the raw ones, left alone")
        self.disk_free = gauge("disk_free_bytes", "Free space where recordings are kept")
        self.disk_low = gauge("disk_low", "1 when the free space is below the limit")


class Keeper:
    """Sweeps the incoming folder. `passed` is told each step done; tests kill the process there."""

    def __init__(
        self,
        folder: Path,
        asterisk_pid_file: Path,
        journal: JournalWriter,
        zone: Callable[[], tzinfo],
        metrics: KeeperMetrics,
        *,
        disk_low_bytes: int = DISK_LOW_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
        passed: Callable[[str], None] = lambda step: None,
    ) -> None:
        self.segments = Segments()
        self._folder = folder
        self._incoming = folder / "incoming"
        self._making = folder / "making"
        self._pid_file = asterisk_pid_file
        self._journal = journal
        self._zone = zone
        self._metrics = metrics
        self._disk_low_bytes = disk_low_bytes
        self._reserve_bytes = reserve_bytes
        self._passed = passed
        self._retry_at_s: dict[str, float] = {}
        self._disk_is_low = False
        self._stopping = False
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._making.mkdir(mode=0o700, exist_ok=True)
        for leftover in self._making.iterdir():
            leftover.unlink()

    def oldest_began_ms(self) -> int | None:
        """When the oldest raw file's sound began: acd's facts from then on are needed. None: no file."""
        return min((raw.began_ms for raw in raw_files(self._incoming)[0]), default=None)

    def sweep(self) -> int:
        """Keep what is finished; returns how many raw files are dealt with. Blocks; one thread at a time."""
        raws, strangers = raw_files(self._incoming)
        self._metrics.incoming.set(len(raws))
        self._metrics.strangers.set(strangers)
        self._forget_retries(raws)
        quiet = [raw for raw in raws if self._is_finished(raw, held=False)]
        # Only now, because looking through Asterisk's descriptors costs more than all the rest.
        held = held_files(self._pid_file, self._incoming) if quiet else set()
        done = 0
        for raw in quiet:
            if self._stopping:
                break
            if self._is_finished(raw, held=raw.path.name in held):
                done += self._try(raw)
        return done

    def _is_finished(self, raw: RawFile, *, held: bool) -> bool:
        quiet_ms = time.time_ns() // 1_000_000 - raw.written_ms
        return is_finished(RawState(quiet_ms, self.segments.get(raw.segment).ended, held))

    def stop(self) -> None:
        """End a sweep after the file at hand; may be called from another thread."""
        self._stopping = True

    def watch_disk(self) -> None:
        """Measure the free space; tell once when it falls below the limit, and once when it is back."""
        free = shutil.disk_usage(self._folder).free
        low = free < self._disk_low_bytes
        was_low, self._disk_is_low = self._disk_is_low, low
        self._metrics.disk_free.set(free)
        self._metrics.disk_low.set(low)
        if low and not was_low:
            logger.error("disk_low", extra={"free_bytes": free, "limit_bytes": self._disk_low_bytes})
        elif was_low and not low:
            logger.info("disk_no_longer_low", extra={"free_bytes": free})

    def _forget_retries(self, raws: Iterable[RawFile]) -> None:
        present = {raw.segment for raw in raws}
        self._retry_at_s = {name: at for name, at in self._retry_at_s.items() if name in present}

    def _try(self, raw: RawFile) -> bool:
        if time.monotonic() < self._retry_at_s.get(raw.segment, 0.0):
            return False
        try:
            self._deal_with(raw)
        except (OSError, RawGrew) as error:
            self._metrics.failures.inc()
            self._retry_at_s[raw.segment] = time.monotonic() + RETRY_AFTER_S
            logger.error("recording_not_kept", extra={"segment": raw.segment, "why": str(error)})
            return False
        return True

    def _deal_with(self, raw: RawFile) -> None:
        size = whole_frames_bytes(raw.size_bytes)
        skip_ms = self.segments.get(raw.segment).skipped_ms(length_ms(size))
        if raw.segment.startswith(SIDE) and not self.segments.get(raw.segment).contact:
            self._metrics.private.inc()
            raw.path.unlink()
            return
        if size > bytes_of(skip_ms):
            self._keep(raw, skip_ms)
        else:
            self._metrics.empty.inc()
            logger.info("recording_empty", extra={"segment": raw.segment})
        raw.path.unlink()
        self._passed("raw_removed")
        if size != raw.size_bytes:
            self._metrics.torn.inc()
        if not self.segments.get(raw.segment).ended:
            self._metrics.untold.inc()
        self.segments.forget(raw.segment)

    def _keep(self, raw: RawFile, skip_ms: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < raw.size_bytes + self._reserve_bytes:
            raise OSError(errno.ENOSPC, f"{free} bytes are free: left to calls that are being recorded")
        segment = self.segments.get(raw.segment)
        began = datetime.fromtimestamp(raw.began_ms / 1000, self._zone()).date()
        path = kept_path(raw.segment, segment.recording, began)
        making = self._making / f"{raw.segment}.wav"
        swap = not caller_is_first(raw.segment)
        made = make_recording(raw, making, self._folder / path, skip_ms=skip_ms, swap=swap)
        self._passed("wav_in_place")
        fact = RecordingKept(
            raw.written_ms,
            segment.contact,
            raw.segment,
            path,
            made.length_ms,
            made.sha256,
            made.size_bytes,
        )
        self._journal.append(
            "RecordingKept",
            fact.version,
            to_body(fact),
            fact_id=f"{raw.segment}/recording",
            contact=segment.contact or None,
            at_us=raw.written_ms * 1000,
        )
        if not self._journal.sync():
            raise OSError(
                "its fact is not on disk"
            )  # then the raw file is all there is; the next try tells anew
        self._passed("fact_on_disk")
        self._metrics.kept.inc()
        self._metrics.kept_s.inc(made.length_ms / 1000)
        self._metrics.kept_bytes.inc(made.size_bytes)
