"""Phrases: text without a language, as the core says it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from hotline.core.phrases import Phrase, phrase


def test_a_phrase_is_its_key_and_values() -> None:
    assert phrase("needs.depth", most=50) == Phrase("needs.depth", {"most": 50})
    assert phrase("needs.depth", most=50) != phrase("needs.depth", most=51)
    assert phrase("needs.the_end") == Phrase("needs.the_end")


def test_a_log_shows_key_and_values_in_no_language() -> None:
    inner = phrase("unit.rings")
    assert (
        str(phrase("allowed.between_of", least=1, unit=inner)) == "allowed.between_of least=1 unit=unit.rings"
    )
    assert str(inner) == "unit.rings"


def test_values_may_be_called_anything() -> None:
    """Also as the parameter of the function itself."""
    assert phrase("a.b", key="x", self="y").values == {"key": "x", "self": "y"}


def test_two_phrases_do_not_share_values() -> None:
    one, other = Phrase("a.b"), Phrase("a.b")
    assert one.values is not other.values
    with pytest.raises(FrozenInstanceError):
        one.key = "a.c"  # type: ignore[misc]
