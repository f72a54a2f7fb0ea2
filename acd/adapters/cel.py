"""Asterisk's channel event log: what ended while we were away.

`cel_custom` writes every channel's life to a file without us (see asterisk-conf/cel_custom.conf), and the
dialplan adds a line of ours as each caller's and each agent's leg ends (extensions.conf, [ended]). The file's
end is read only after a gap: as far back as the gap began, over all the files that the supervisor has renamed
and kept (NAME.0 the newest). Must not know what acd makes of it.
"""

from __future__ import annotations

import csv
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)

TAIL_BYTES = 8 * 1024 * 1024
MOST_BYTES = 128 * 1024 * 1024  # more than is kept; a file that nobody renames may grow larger
START, CONTACT_END, LEG_END = "CHAN_START", "HotlineContact", "HotlineLeg"
ANSWERED, CONNECTED, TRANSFERRED = "ANSWER", "BRIDGE_ENTER", "BLINDTRANSFER"
HUNG_UP, HANDED_OVER = "HANGUP", "ATTENDEDTRANSFER"
AT_ONCE_MS = 2_000  # so soon after it who hands a caller over has gone; of three parties nobody goes


@dataclass(frozen=True, slots=True)
class EndedContact:
    """A caller's channel that is gone. Times in ms since the epoch; started_ms is 0 when not in the file.

    by: caller, agent, us. cause: Q.850.
    """

    started_ms: int
    ended_ms: int
    stage: str
    outcome: str
    satisfaction: int
    survey_asked: bool
    number: str
    trunk: str
    direct: bool
    cause: int
    by: str


@dataclass(frozen=True, slots=True)
class Talk:
    """When a leg was answered and first entered a bridge, in ms since the epoch (0: not, or not in the file);
    whether it sent the caller elsewhere."""

    answered_ms: int = 0
    connected_ms: int = 0
    transferred: bool = False


NEVER = Talk()


@dataclass(frozen=True, slots=True)
class EndedLeg:
    """An agent's leg that answered and is gone. ended_ms: since the epoch; by: agent, caller, transfer."""

    ended_ms: int
    cause: int
    by: str
    talk: Talk = NEVER


@dataclass(frozen=True, slots=True)
class Dialled:
    """A channel that another one dialled, whose call it belonged to as it began (ms since the epoch)."""

    by: str
    channel: str
    started_ms: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """A channel's end. cause: Q.850."""

    ended_ms: int
    cause: int


@dataclass(frozen=True, slots=True)
class Ends:
    """What has ended: contacts by id, agents' legs by offer. By unique id: talks and who dialled whom,
    also of those that live, and how the others ended."""

    contacts: Mapping[str, EndedContact] = field(default_factory=dict)
    legs: Mapping[str, EndedLeg] = field(default_factory=dict)
    talks: Mapping[str, Talk] = field(default_factory=dict)
    dialled: Mapping[str, Dialled] = field(default_factory=dict)
    hang_ups: Mapping[str, HangUp] = field(default_factory=dict)


def ends_in(
    file: Path, since_ms: int | None = None, tail_bytes: int = TAIL_BYTES, most_bytes: int = MOST_BYTES
) -> Ends:
    """The ends told since then (ms since the epoch), as far as the files go, at least those in the last
    tail_bytes of them and none before the last most_bytes.

    Columns: event, epoch seconds with fraction, unique id, linked id, accountcode, details as JSON, channel
    name (see asterisk-conf/cel_custom.conf). A line that cannot be read is passed over; a missing file has
    no ends.
    """
    started_ms: dict[str, int] = {}
    contacts: dict[str, EndedContact] = {}
    ended: dict[str, tuple[str, EndedLeg]] = {}  # by offer: unique id, and what its line says
    talks: dict[str, Talk] = {}
    dialled: dict[str, Dialled] = {}
    hang_ups: dict[str, HangUp] = {}
    handed_over_ms: dict[str, int] = {}  # by unique id of the leg that was with the caller
    for row in csv.reader(_lines(file, since_ms, tail_bytes, most_bytes)):
        try:
            if row[0] == START:
                started_ms[row[2]] = _ms(row[1])
                if row[3] != row[2]:
                    dialled[row[2]] = Dialled(row[3], row[6], _ms(row[1]))
            elif row[0] == HUNG_UP:
                hang_ups[row[2]] = HangUp(_ms(row[1]), int(json.loads(row[5])["hangupcause"]))
            elif row[0] == ANSWERED:
                talks.setdefault(row[2], Talk(answered_ms=_ms(row[1])))
            elif row[0] == CONNECTED:
                talk = talks.get(row[2], NEVER)
                talks[row[2]] = replace(talk, connected_ms=talk.connected_ms or _ms(row[1]))
            elif row[0] == TRANSFERRED:
                talks[row[2]] = replace(talks.get(row[2], NEVER), transferred=True)
            elif row[0] == HANDED_OVER:
                handed_over_ms[row[2]] = _ms(row[1])
            elif row[0] == CONTACT_END:
                contacts[row[2]] = _contact(row, started_ms.get(row[2], 0))
            elif row[0] == LEG_END:
                offer, cause, source = _words(row, 3)
                by = "agent" if source == row[6] else "caller"
                ended[offer] = (row[2], EndedLeg(_ms(row[1]), int(cause or 0), by))
        except (ValueError, LookupError, AttributeError, TypeError):
            continue
    # Only now: a leg's own line may come before the one of its transfer.
    legs = {
        offer: _with_talk(leg, talks.get(uniqueid, NEVER), handed_over_ms.get(uniqueid))
        for offer, (uniqueid, leg) in ended.items()
    }
    return Ends(contacts, legs, talks, dialled, hang_ups)


def _with_talk(leg: EndedLeg, talk: Talk, handed_over_ms: int | None) -> EndedLeg:
    handed_over = handed_over_ms is not None and leg.ended_ms - handed_over_ms <= AT_ONCE_MS
    transferred = talk.transferred or handed_over
    return replace(leg, by="transfer" if transferred else leg.by, talk=talk)


def _lines(file: Path, since_ms: int | None, tail_bytes: int, most_bytes: int) -> Iterator[str]:
    """The whole lines of the file and of those that were renamed, the oldest first."""
    with ExitStack() as ends:
        try:
            parts = _parts(file, ends, since_ms, tail_bytes, most_bytes)
            for handle, from_byte, to_byte in reversed(parts):
                if from_byte:
                    handle.seek(from_byte - 1)
                    handle.readline()  # up to the end of a line that is not wanted, or only in part
                while handle.tell() < to_byte and (line := handle.readline()):
                    yield line.decode("utf-8", "replace").strip("\r\n")
        except OSError:
            logger.exception("cel_unreadable")


def _parts(
    file: Path, ends: ExitStack, since_ms: int | None, tail_bytes: int, most_bytes: int
) -> list[tuple[BinaryIO, int, int]]:
    """What is to be read: open files, the newest first, and from which byte to which.

    The supervisor may be renaming them: every file only grows older by it, so going from the newest to the
    oldest none is missed, and one that was met already is known by its inode.
    """
    parts: list[tuple[BinaryIO, int, int]] = []
    met: set[int] = set()
    total = missing = 0
    for number in count(-1):
        try:
            handle = ends.enter_context((file if number < 0 else _renamed(file, number)).open("rb"))
        except FileNotFoundError:
            missing += 1
            if missing == 2:
                return parts
            continue  # its turn to be renamed is just now, or nothing has happened since it was
        missing = 0
        status = os.fstat(handle.fileno())
        if status.st_ino in met:
            continue
        met.add(status.st_ino)
        is_of_gap = since_ms is not None and status.st_mtime * 1000 >= since_ms
        wanted = (most_bytes if is_of_gap else tail_bytes) - total
        if wanted <= 0:
            return parts
        parts.append((handle, max(0, status.st_size - wanted), status.st_size))
        total += status.st_size
    return parts


def _renamed(file: Path, number: int) -> Path:
    return file.with_name(f"{file.name}.{number}")


def _contact(row: Sequence[str], started_ms: int) -> EndedContact:
    stage, outcome, digit, survey, number, trunk, direct, cause, source = _words(row, 9)
    return EndedContact(
        started_ms=started_ms,
        ended_ms=_ms(row[1]),
        stage=stage,
        outcome=outcome,
        satisfaction=int(digit) if digit in {"1", "2", "3", "4", "5"} else 0,
        survey_asked=survey == "1",
        number=number,
        trunk=trunk,
        direct=direct == "1",
        cause=int(cause or 0),
        by="caller" if source == row[6] else "agent" if source.startswith("PJSIP/") else "us",
    )


def _words(row: Sequence[str], count: int) -> list[str]:
    words: list[str] = json.loads(row[5])["extra"].split("|")
    if len(words) != count:
        raise ValueError(f"{row[0]}: {len(words)} words; {count} are needed")
    return words


def _ms(seconds: str) -> int:
    return int(float(seconds) * 1000)
