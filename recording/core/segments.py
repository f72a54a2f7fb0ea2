"""What acd's facts tell the keeper: whose a segment is, and whether it has ended.

The memory is bounded: the oldest segments give way, and their files are then kept by the rule for files of
which no end is told. It must not know files.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_SEGMENTS = 20_000

_SEGMENT_KEYS = {
    "CallOffered": "offer",
    "CallConnected": "segment",
    "SegmentEnded": "segment",
    "OfferEnded": "offer",
    "OutgoingAnswered": "segment",
    "OutgoingEnded": "segment",
}
_ENDS = ("SegmentEnded", "OfferEnded", "OutgoingEnded")


@dataclass(slots=True)
class Segment:
    """What acd told. recording: where acd announced it to be kept, without suffix; "" when not told.

    skip_ms: the leg talked for so long before the contact's part began: a consultation between colleagues.
    """

    contact: str = ""
    recording: str = ""
    ended: bool = False
    skip_ms: int = 0
    connected_ms: int = 0
    ended_ms: int = 0

    def skipped_ms(self, recorded_ms: int) -> int:
        """How much of the beginning of so long a recording is left out.

        A recording has gaps where neither phone sends anything (silence suppression). What was said with the
        caller never gives way to that: so much stays at the end as that conversation lasted.
        """
        if not (self.skip_ms and self.ended_ms):
            return self.skip_ms
        return max(0, min(self.skip_ms, recorded_ms - (self.ended_ms - self.connected_ms)))


class Segments:
    """Segments by id; a segment's id is that of its offer."""

    def __init__(self, most: int = MOST_SEGMENTS) -> None:
        self._most = most
        self._segments: OrderedDict[str, Segment] = OrderedDict()

    def apply(self, kind: str, body: Mapping[str, Any]) -> None:
        """Learn from one fact of acd; other kinds are passed over."""
        key = _SEGMENT_KEYS.get(kind)
        if key is None:
            return
        segment = self._segments.setdefault(body[key], Segment(body["contact"]))
        segment.ended = segment.ended or kind in _ENDS
        segment.recording = body.get("recording", "") or segment.recording
        segment.skip_ms = body.get("recording_skip_ms", segment.skip_ms)
        if kind == "CallConnected":
            segment.connected_ms = body.get("at_ms", 0)
        elif kind in _ENDS:
            segment.ended_ms = body.get("at_ms", 0)
        if len(self._segments) > self._most:
            self._segments.popitem(last=False)

    def get(self, segment: str) -> Segment:
        """What is known of a segment; an empty one when nothing is."""
        return self._segments.get(segment, Segment())

    def forget(self, segment: str) -> None:
        """Its file is dealt with."""
        self._segments.pop(segment, None)
