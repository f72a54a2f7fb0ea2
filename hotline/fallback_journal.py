"""Journal lines from short-lived scripts: the fallback's way to tell what happened while we were away.

Only the standard library, and safe between processes: each call locks the folder, numbers its line after the
last one, writes it and forces it to disk. It must not know a service of ours, none need be running.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hotline.journal_line import Envelope, LineDamaged, decode, encode

WRITER = "fallback"
MAX_BYTES = 1024 * 1024


def append_fallback_line(
    folder: Path,
    kind: str,
    body: Mapping[str, Any],
    *,
    contact: str | None = None,
    fact_id: str | None = None,
) -> Envelope:
    """Adds one fact to the fallback journal and returns it, on disk. Raises OSError, ValueError (not JSON).

    fact_id: give one that is the same on a second try; by default it is random.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        paths = sorted(folder.glob("[0-9]" * 8 + ".jsonl"))
        number = int(paths[-1].stem) if paths else 1
        lines = [line for path in paths[-2:] for line in path.read_bytes().split(b"\n")]
        torn = bool(lines and lines[-1])
        if paths and (torn or paths[-1].stat().st_size >= MAX_BYTES):
            number += 1  # never behind half a line; readers pass over a torn tail of a finished file
        envelope = Envelope(
            writer=WRITER,
            epoch=1,
            seq=_last_seq(lines) + 1,
            kind=kind,
            version=1,
            fact_id=fact_id or f"{WRITER}/{uuid.uuid4()}",
            contact=contact,
            at_us=time.time_ns() // 1000,
            mono_ms=time.monotonic_ns() // 1_000_000,
            body=dict(body),
        )
        _write(folder, number, encode(envelope))
        return envelope
    finally:
        os.close(lock)


def _last_seq(lines: list[bytes]) -> int:
    for line in reversed(lines):
        try:
            return decode(line).seq
        except LineDamaged:
            continue
    return 0


def _write(folder: Path, number: int, line: bytes) -> None:
    descriptor = os.open(folder / f"{number:08d}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
