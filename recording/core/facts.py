"""What the keeper of recordings stands by, in its own journal."""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.facts import Fact


@dataclass(frozen=True, slots=True)
class RecordingKept(Fact):
    """A conversation's recording is finished and safe. at_ms: when its last sound was written.

    path: below the recordings folder; sha256 and bytes: of the whole file. contact: "" when the journal of
    acd does not tell it (the segment does). Made twice, after a crash, it is the same fact to the last bit.
    """

    contact: str
    segment: str
    path: str
    length_ms: int
    sha256: str
    bytes: int
