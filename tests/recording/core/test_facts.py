"""What the keeper says of a recording: a plain value, the same whenever it is said."""

from __future__ import annotations

import json
from dataclasses import fields

from acd.core.fact_codec import FACTS, to_body
from recording.core.facts import RecordingKept

KEPT = RecordingKept(5, "c1", "1-2", "2026/03/01/1-2.wav", 61_000, "0f" * 32, 976_044)


def test_it_survives_a_journal_line() -> None:
    assert RecordingKept(**json.loads(json.dumps(to_body(KEPT)))) == KEPT


def test_made_again_from_the_same_sound_it_is_the_same_fact() -> None:
    again = RecordingKept(**to_body(KEPT))
    assert again == KEPT and hash(again) == hash(KEPT)
    # Nothing in it tells when it was made or by which process: that would differ after a crash.
    named = {field.name for field in fields(RecordingKept)}
    assert named == {"at_ms", "contact", "segment", "path", "length_ms", "sha256", "bytes"}


def test_it_cannot_be_taken_for_a_fact_of_acd() -> None:
    assert "RecordingKept" not in FACTS
