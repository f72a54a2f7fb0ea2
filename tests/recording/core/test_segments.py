"""What acd's facts tell of segments."""

import pytest

from recording.core.segments import Segment, Segments


def test_a_segment_from_offer_to_end() -> None:
    segments = Segments()
    segments.apply("CallOffered", {"contact": "c1", "offer": "1-1"})
    segments.apply("CallAnswered", {"contact": "c1", "offer": "1-1"})
    assert segments.get("1-1") == Segment("c1")
    segments.apply("CallConnected", {"contact": "c1", "segment": "1-1", "recording": "2026/10/01/1-1"})
    segments.apply("SegmentEnded", {"contact": "c1", "segment": "1-1"})
    assert segments.get("1-1") == Segment("c1", "2026/10/01/1-1", ended=True)


def test_an_offer_that_never_connected_ends_too() -> None:
    segments = Segments()
    segments.apply("OfferEnded", {"contact": "c1", "offer": "1-1", "cause": "agent_gone"})
    assert segments.get("1-1").ended


def test_unknown_and_forgotten_segments_are_empty() -> None:
    segments = Segments()
    segments.apply("CallConnected", {"contact": "c1", "segment": "1-1", "recording": ""})
    segments.forget("1-1")
    segments.forget("1-1")
    assert segments.get("1-1") == Segment() == segments.get("9-9")


def test_memory_is_bounded_and_the_oldest_give_way() -> None:
    segments = Segments(most=2)
    for number in (1, 2, 3):
        segments.apply("CallConnected", {"contact": f"c{number}", "segment": f"1-{number}", "recording": ""})
    assert [segments.get(f"1-{number}").contact for number in (1, 2, 3)] == ["", "c2", "c3"]


@pytest.mark.parametrize(
    ("skip_ms", "talk_ms", "recorded_ms", "skipped_ms"),
    [
        (3_000, 10_000, 13_000, 3_000),
        (3_000, 10_000, 13_400, 3_000),  # a little was recorded before the first bridge
        (3_000, 10_000, 11_000, 1_000),  # both were silent for 2 s: nothing of the talk gives way
        (3_000, 10_000, 9_000, 0),
        (3_000, 0, 13_000, 3_000),  # its end was not told
        (0, 10_000, 13_000, 0),
    ],
)
def test_what_is_left_out_of_the_beginning(
    skip_ms: int, talk_ms: int, recorded_ms: int, skipped_ms: int
) -> None:
    segments, about = Segments(), {"contact": "c1", "segment": "s-1"}
    told = {**about, "recording": "", "recording_skip_ms": skip_ms, "at_ms": 50_000}
    segments.apply("CallConnected", told)
    if talk_ms:
        segments.apply("SegmentEnded", {**about, "at_ms": 50_000 + talk_ms})
    assert segments.get("s-1").skipped_ms(recorded_ms) == skipped_ms
