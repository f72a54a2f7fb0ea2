"""One line of a journal: how an envelope becomes bytes and back.

A line is one JSON object whose first key is the checksum of everything after it, so that a line can be judged
without being parsed: `{"crc":"0a1b2c3d",` + rest + newline, where crc is CRC-32 of the bytes of `rest`.
Only the standard library, so that a stand-alone script can write the same lines. It must not know files.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HEAD = "JournalHead"
"""First line of every file. body = {"checkpoint": the owner's state after all earlier lines, or null}."""

GAP = "JournalGap"
"""Lines that were given up because the disk could not take them. body = {"first_seq", "last_seq", "lost"}."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is refused when written: readers hold one line in memory."""

_PREFIX = b'{"crc":"'
_REST_AT = len(_PREFIX) + 8 + 2
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class LineDamaged(ValueError):
    """The bytes are no line of a journal: no checksum, a wrong one, or not the expected keys."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A fact and where it comes from. at_us: wall clock in µs; mono_ms: the writer's monotonic clock."""

    writer: str
    epoch: int  # counts the openings of this journal, from 1
    seq: int  # counts the facts of this writer, from 1, over all epochs
    kind: str
    version: int
    fact_id: str
    contact: str | None
    at_us: int
    mono_ms: int
    body: dict[str, Any]
    # The body as JSON, where it has been written.
    body_text: str = field(default="", repr=False, compare=False)


def body_as_json(body: Mapping[str, Any]) -> str:
    """The body as it stands in a line. Raises ValueError when it is not JSON."""
    return _encode(body)


def encode(envelope: Envelope) -> bytes:
    """The line of an envelope, with its newline. Raises ValueError when the body is not JSON or too long."""
    contact = "null" if envelope.contact is None else _encode(envelope.contact)
    text = (
        f'"writer":{_encode(envelope.writer)},"epoch":{envelope.epoch},"seq":{envelope.seq},'
        f'"kind":{_encode(envelope.kind)},"version":{envelope.version},"fact_id":{_encode(envelope.fact_id)},'
        f'"contact":{contact},"at_us":{envelope.at_us},"mono_ms":{envelope.mono_ms},'
        f'"body":{envelope.body_text or _encode(envelope.body)}}}'
    )
    rest = text.encode("utf-8", "replace")  # half a surrogate pair in a caller's name is no reason to fail
    line = b'%s%08x",%s\n' % (_PREFIX, zlib.crc32(rest), rest)
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"{envelope.kind}: a line of {len(line)} bytes; allowed {MAX_LINE_BYTES}")
    return line


def decode(line: bytes) -> Envelope:
    """The envelope of a line (with or without its newline). Raises LineDamaged."""
    line = line.rstrip(b"\n")
    rest = line[_REST_AT:]
    if not line.startswith(_PREFIX) or line[_REST_AT - 2 : _REST_AT] != b'",':
        raise LineDamaged("no checksum at the start of the line")
    try:
        crc = int(line[len(_PREFIX) : _REST_AT - 2], 16)
    except ValueError as error:
        raise LineDamaged("the checksum is not a number") from error
    if crc != zlib.crc32(rest):
        raise LineDamaged("the checksum does not match")
    try:
        return _envelope(json.loads(b"{" + rest))
    except (ValueError, TypeError) as error:
        raise LineDamaged("the checksum matches, the keys do not") from error


def _envelope(fields: Mapping[str, Any]) -> Envelope:
    envelope = Envelope(**fields)
    if not isinstance(envelope.body, dict):
        raise TypeError("body is not an object")
    return envelope
