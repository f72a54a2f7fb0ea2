"""Raw recordings: names, sound, and when one is finished."""

from datetime import date

import pytest

from recording.core.raw import (
    ABANDONED_MS,
    SETTLED_MS,
    RawState,
    caller_is_first,
    is_finished,
    kept_path,
    length_ms,
    segment_of,
    swap_channels,
    whole_frames_bytes,
)


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("1-42.raw", "1-42"),
        ("pbx-1795287640.12.raw", "pbx-1795287640.12"),
        ("A.raw", "A"),
        (".raw", None),
        ("-1.raw", None),
        (".hidden.raw", None),
        ("a b.raw", None),
        ("../x.raw", None),
        ("ä.raw", None),
        ("1-42.wav", None),
        ("raw", None),
        ("x" * 101 + ".raw", None),
        ("1\n.raw", None),
    ],
)
def test_only_ids_are_names(name: str, segment: str | None) -> None:
    assert segment_of(name) == segment


@pytest.mark.parametrize(
    ("segment", "first"),
    [
        ("o-1795287640.12.1", True),
        ("o-pbx-1795287640.12.3", True),
        ("o-pbx-1795287640.12.pbx-1795287640.15", True),
        ("o-1795287640.12", False),  # an agent's own call outside
        ("o-pbx-1795287640.12", False),
        ("s-1795287640.12", False),
        ("1-42", False),
    ],
)
def test_the_caller_is_first_where_the_callers_own_channel_is_recorded(segment: str, first: bool) -> None:
    assert caller_is_first(segment) is first


@pytest.mark.parametrize(
    ("quiet_ms", "ended", "held", "finished"),
    [
        (SETTLED_MS, True, False, True),
        (SETTLED_MS - 1, True, False, False),
        (ABANDONED_MS, False, False, True),
        (ABANDONED_MS - 1, False, False, False),
        (ABANDONED_MS * 100, False, True, False),  # both sides silent, but still talking
        (ABANDONED_MS * 100, True, True, False),
    ],
)
def test_finished(quiet_ms: int, ended: bool, held: bool, finished: bool) -> None:
    assert is_finished(RawState(quiet_ms, ended, held)) is finished


def test_length_counts_whole_frames() -> None:
    assert [whole_frames_bytes(size) for size in (0, 3, 4, 7, 32_001)] == [0, 0, 4, 4, 32_000]
    assert (length_ms(32_000), length_ms(31_999), length_ms(32)) == (1000, 999, 1)


def test_channels_change_places_and_samples_stay_whole() -> None:
    agent, caller = b"\x01\x02", b"\xfe\xff"
    assert swap_channels((agent + caller) * 3) == (caller + agent) * 3
    assert swap_channels(b"") == b""
    with pytest.raises(ValueError, match="5 bytes: allowed a multiple of 4"):
        swap_channels(b"12345")


@pytest.mark.parametrize(
    ("announced", "path"),
    [
        ("2026/09/30/1-42", "2026/09/30/1-42.wav"),
        ("", "2026/10/01/1-42.wav"),
        ("2026/09/30/1-43", "2026/10/01/1-42.wav"),  # another segment's
        ("../../../etc/1-42", "2026/10/01/1-42.wav"),
        ("/2026/09/30/1-42", "2026/10/01/1-42.wav"),
    ],
)
def test_kept_where_announced_else_by_the_first_day(announced: str, path: str) -> None:
    assert kept_path("1-42", announced, date(2026, 10, 1)) == path
