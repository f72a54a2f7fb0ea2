"""A line comes back as it was, and a changed byte is noticed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.journal_line import Envelope, LineDamaged, decode, encode

ENVELOPE = Envelope("acd", 1, 2, "CallQueued", 1, "c/queued", "c", 1_000, 5, {"queue": "售后", "n": 1.5})


@given(
    st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.floats(-1e9, 1e9))
    )
)
def test_any_json_body_comes_back(body: dict[str, object]) -> None:
    envelope = Envelope("acd", 1, 2, "K", 1, "id", None, 0, 0, body)
    line = encode(envelope)
    assert line.count(b"\n") == 1
    assert decode(line) == envelope


def test_a_line_is_one_json_object_anybody_can_read() -> None:
    fields = json.loads(encode(ENVELOPE))
    assert fields["crc"]
    assert (fields["kind"], fields["body"]) == ("CallQueued", ENVELOPE.body)


@given(st.integers(0, len(encode(ENVELOPE)) - 2), st.integers(1, 255))
def test_one_changed_byte_is_damage(place: int, change: int) -> None:
    line = bytearray(encode(ENVELOPE))
    line[place] ^= change
    try:
        assert decode(bytes(line)) == ENVELOPE  # only the letter case of the checksum may change
        assert 8 <= place < 16
    except LineDamaged:
        pass


@pytest.mark.parametrize("line", [b"", b"{}", b"\0\0\0", b'{"crc":"zzzzzzzz",}', encode(ENVELOPE)[:-4]])
def test_what_is_no_line_is_damage(line: bytes) -> None:
    with pytest.raises(LineDamaged):
        decode(line)


def test_a_checksummed_line_of_something_else_is_damage() -> None:
    import zlib

    rest = b'"writer":"acd"}'
    with pytest.raises(LineDamaged, match="keys"):
        decode(b'{"crc":"%08x",' % zlib.crc32(rest) + rest)


def test_a_line_too_long_for_readers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.journal_line.MAX_LINE_BYTES", 50)
    with pytest.raises(ValueError, match="allowed 50"):
        encode(ENVELOPE)
