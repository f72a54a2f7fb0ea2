"""Needs: the language, its errors, and that the fast form means what the slow one means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.needs import (
    KEPT_DEPTH,
    KEPT_LENGTH,
    MAX_DEPTH,
    MAX_LENGTH,
    NeedsError,
    SkillIndex,
    can_be_kept,
    join_needs,
    may_widen,
    parse_needs,
    parse_written_needs,
)
from hotline.core.phrases import Phrase
from hotline.words import in_words

SKILLS = ("sales", "billing", "english", "热线")

skill_levels = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 10))

# An expression as a tree of our own: ("has", skill, level), ("not", x), ("and", [x…]), ("or", [x…]).
leaves = st.tuples(st.just("has"), st.sampled_from(SKILLS), st.integers(1, 10))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(("and", "or")), st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=12,
)


def as_text(tree: tuple) -> str:
    match tree:
        case ("has", skill, 1):
            return skill
        case ("has", skill, level):
            return f"{skill}>={level}"
        case ("not", inner):
            return f"not ({as_text(inner)})"
        case (word, parts):
            return f" {word} ".join(f"({as_text(part)})" for part in parts)
    raise AssertionError(tree)


def naive(tree: tuple, levels: dict[str, int]) -> bool:
    match tree:
        case ("has", skill, level):
            return levels.get(skill, 0) >= level
        case ("not", inner):
            return not naive(inner, levels)
        case ("and", parts):
            return all(naive(part, levels) for part in parts)
        case ("or", parts):
            return any(naive(part, levels) for part in parts)
    raise AssertionError(tree)


@given(trees, st.lists(skill_levels, max_size=12))
def test_both_forms_mean_what_a_naive_reading_means(tree: tuple, agents: list[dict[str, int]]) -> None:
    needs = parse_needs(as_text(tree))
    eligible = needs.agents(SkillIndex(agents))
    for slot, levels in enumerate(agents):
        assert needs.met_by(levels) == naive(tree, levels)
        assert bool(eligible >> slot & 1) == naive(tree, levels)
    assert eligible >> len(agents) == 0


@given(trees, skill_levels)
def test_the_written_form_means_the_same_and_is_stable(tree: tuple, levels: dict[str, int]) -> None:
    needs = parse_needs(as_text(tree))
    again = parse_needs(str(needs))
    assert str(again) == str(needs)
    assert again.met_by(levels) == needs.met_by(levels)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        parse_needs(text)
    except NeedsError as error:
        assert 0 <= error.position <= len(text)
        assert error.what and error.allowed


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert str(parse_needs("a or b and not c")) == "a >= 1 or (b >= 1 and not c >= 1)"


def test_no_needs_are_met_by_everyone() -> None:
    for text in ("", "   "):
        assert parse_needs(text).agents(SkillIndex([{}, {"sales": 1}])) == 0b11
        assert str(parse_needs(text)) == ""


def test_an_unknown_skill_is_met_by_nobody_and_its_absence_by_all() -> None:
    index = SkillIndex([{"sales": 1}, {}])
    assert parse_needs("flying").agents(index) == 0
    assert parse_needs("not flying").agents(index) == 0b11


def test_skills_are_all_that_are_named() -> None:
    assert parse_needs("sales >= 3 and not (vip or 热线)").skills() == {"sales", "vip", "热线"}
    assert parse_needs("").skills() == frozenset()


def test_reserved_words_count_in_any_case() -> None:
    assert str(parse_needs("sales AND Not vip")) == "sales >= 1 and not vip >= 1"


@pytest.mark.parametrize(
    ("text", "position", "what", "allowed"),
    [
        ("sales >= 11", 9, '"11"', "a level from 1 to 10"),
        ("sales >= 0", 9, '"0"', "a level from 1 to 10"),
        ("sales >=", 8, "the end", "a level from 1 to 10"),
        ("sales billing", 6, '"billing"', '"and", "or" or the end'),
        ("(sales", 6, "the end", '"and", "or" or ")"'),
        ("sales and", 9, "the end", 'a skill, "not" or "("'),
        ("and sales", 0, '"and"', 'a skill, "not" or "("'),
        (")", 0, '")"', 'a skill, "not" or "("'),
        ("sales = 3", 6, '"="', "skills, levels, >=, and, or, not, ( and )"),
        ("3 sales", 0, '"3"', 'a skill, "not" or "("'),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, f"{MAX_LENGTH + 1} characters", f"at most {MAX_LENGTH}"),
        ("(" * 60, MAX_DEPTH, '"("', f"at most {MAX_DEPTH} levels of brackets and not"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, position: int, what: str, allowed: str) -> None:
    with pytest.raises(NeedsError) as caught:
        parse_written_needs(text)
    error = caught.value
    found = in_words(error.what) if isinstance(error.what, Phrase) else error.what
    assert (error.position, found, in_words(error.allowed)) == (position, what, allowed)
    assert str(error) == f"needs, character {position + 1}: found {error.what}; allowed: {error.allowed}"


LONGEST = " or ".join(f"skill{number:03}" for number in range(83))
DEEPEST = "a or b and (" * (MAX_DEPTH - 1) + "c" + ")" * (MAX_DEPTH - 1)


@pytest.mark.parametrize("text", [LONGEST, DEEPEST, "not " * (MAX_DEPTH - 1) + "a"])
def test_whatever_may_be_written_can_be_kept_and_joined(text: str) -> None:
    kept = str(parse_written_needs(text))
    assert str(parse_needs(kept)) == kept
    joined = join_needs(text, join_needs(text + " or d", "a"))
    assert can_be_kept(joined)
    assert parse_needs(joined).skills() == parse_needs(text).skills() | {"a", "d"}


@pytest.mark.parametrize(
    "text",
    [
        "a and",
        "x" * (KEPT_LENGTH + 1),
        "a or b and (" * (KEPT_DEPTH - 1) + "c" + ")" * (KEPT_DEPTH - 1),
        " or ".join(["a"] * (KEPT_LENGTH // 5)),
        "(" * KEPT_LENGTH,
    ],
)
def test_what_is_too_long_or_too_deep_to_be_read_again_cannot_be_kept(text: str) -> None:
    assert not can_be_kept(text)


def test_joined_needs_ask_for_all_of_them() -> None:
    assert join_needs("", " ") == ""
    assert join_needs("sales or vip", "") == "sales or vip"
    joined = parse_needs(join_needs("sales or vip", "english"))
    assert joined.met_by({"sales": 1, "english": 1})
    assert not joined.met_by({"sales": 1})


def test_a_level_of_the_index_is_reached_by_the_higher_ones() -> None:
    index = SkillIndex([{"sales": 3}, {"sales": 10}, {}])
    assert [index.agents("sales", level) for level in (1, 3, 4, 10)] == [0b011, 0b011, 0b010, 0b010]
    assert index.everyone == 0b111


@pytest.mark.parametrize(
    ("text", "levels", "lacks"),
    [
        ("sales >= 5", {"sales": 3}, ["sales 3 < 5"]),
        ("sales >= 5", {"sales": 5}, []),
        ("sales", {}, ["sales 0 < 1"]),
        ("sales and english >= 4", {"sales": 1, "english": 2}, ["english 2 < 4"]),
        ("sales or english", {}, ["sales 0 < 1", "english 0 < 1"]),
        ("sales or english", {"english": 1}, []),
        ("not sales", {"sales": 9}, []),
        ("english and not sales", {"sales": 9}, ["english 0 < 1"]),
        ("", {}, []),
    ],
)
def test_what_an_agent_lacks_is_named(text: str, levels: dict[str, int], lacks: list[str]) -> None:
    found = parse_needs(text).shortfalls(levels)
    assert [f"{lack.skill} {lack.has} < {lack.asked}" for lack in found] == lacks


@pytest.mark.parametrize(
    ("needs", "before", "widens"),
    [
        ("sales", ["sales >= 5"], True),
        ("sales >= 10", ["sales >= 9"], False),
        ("sales", ["sales >= 1"], False),
        ("", ["sales or not sales"], False),
        ("", ["sales"], True),
        ("billing", ["sales"], True),
        ("not sales", ["sales"], True),
        ("sales and billing", ["sales >= 3", "billing and not sales >= 3"], False),
        ("sales and not sales", ["billing"], False),
    ],
)
def test_needs_widen_when_an_agent_could_be_who_met_none_before(
    needs: str, before: list[str], widens: bool
) -> None:
    assert may_widen(parse_needs(needs), [parse_needs(text) for text in before]) is widens


@given(trees, trees, skill_levels)
def test_nobody_meets_what_cannot_widen_and_not_what_was_before(
    tree: tuple, before: tuple, levels: dict[str, int]
) -> None:
    if naive(tree, levels) and not naive(before, levels):
        assert may_widen(parse_needs(as_text(tree)), [parse_needs(as_text(before))])


def test_more_skills_than_can_be_tried_may_widen() -> None:
    text = " and ".join(f"s{number}" for number in range(40))
    assert may_widen(parse_needs(text), [parse_needs(text)])
