"""What settings may refer to: known names, twins, and needs that somebody meets."""

from __future__ import annotations

import pytest

from acd.core.needs import MAX_DEPTH, MAX_LENGTH
from hotline.core.settings import Agent, Settings
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_references import References, listed
from hotline.words import in_words

SETTINGS = Settings(
    1, skills=("zh", "en", "fr"), agents=(Agent("1", "Li", {"zh": 8, "en": 3}), Agent("2", "Han", {"en": 9}))
)


@pytest.fixture
def references() -> References:
    return References(SETTINGS, Complaints("a.toml"))


def found(references: References) -> dict[str, str]:
    return {key: in_words(complaint.allowed) for key, complaint in references.complaints.found.items()}


@pytest.mark.parametrize(
    "needs", ["", "zh", "zh >= 8", "en >= 9 or zh", "zh and en", "not zh and en", "not zh"]
)
def test_needs_that_somebody_meets(references: References, needs: str) -> None:
    references.check_needs("k", needs)
    assert found(references) == {}
    assert references.can_be_met(needs)


@pytest.mark.parametrize("needs", ["zh >= 9", "fr", "de", "zh and", "zh and en >= 9", "not en"])
def test_needs_that_nobody_meets(references: References, needs: str) -> None:
    references.check_needs("k", needs)
    assert list(found(references)) == ["k"]
    assert not references.can_be_met(needs)


@pytest.mark.parametrize(
    ("needs", "allowed"),
    [
        ("zh or " * (MAX_LENGTH // 6) + "en >= 3", f"at most {MAX_LENGTH},"),
        ("(" * MAX_DEPTH + "zh" + ")" * MAX_DEPTH, f"at most {MAX_DEPTH} levels"),
    ],
)
def test_needs_too_long_or_too_deep_to_be_read_by_anybody(
    references: References, needs: str, allowed: str
) -> None:
    references.check_needs("k", needs)
    assert allowed in found(references)["k"]


def test_nobody_meets_anything_where_there_is_nobody() -> None:
    empty = References(Settings(1, skills=("zh",)), Complaints("a.toml"))
    empty.check_needs("k", "not zh")
    assert found(empty) == {"k": "skills some agent has (there is none); nobody has zh"}


def test_twins_are_named_by_their_number(references: References) -> None:
    references.refuse_twins("x[{}].name", ["a", "b", "a", "c"], taken=["c"])
    assert list(found(references)) == ["x[3].name", "x[4].name"]


def test_names_are_listed_up_to_a_limit() -> None:
    assert in_words(listed([])) == "there is none"
    assert in_words(listed(["a", "b"])) == "a, b"
    assert in_words(listed([str(n) for n in range(30)])).endswith("18, 19, … 30 in all")
