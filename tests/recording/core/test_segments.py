"""What acd's facts tell of segments."""

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
