"""Agents' paces: a few talks say little, old ones fade."""

import pytest

from acd.core.paces import KEPT_TALKS, Paces


def paces_after(talks: int, handling_ms: int, usual_ms: int) -> Paces:
    paces = Paces()
    for _ in range(talks):
        paces.add("1001", handling_ms, usual_ms, 5 * usual_ms)
    return paces


@pytest.mark.parametrize(
    ("talks", "handling_ms", "pace"),
    [
        (0, 0, 1.0),
        (1, 120_000, 12 / 11),  # ten usual ones besides
        (10, 120_000, 1.5),
        (90, 120_000, 1.9),
        (10, 30_000, 0.75),
        (10, 60_000, 1.0),
        (1, 3_600_000, 15 / 11),  # at most five usual ones
        (100, 3_600_000, 3.0),
        (100, 1_000, 0.5),
    ],
)
def test_how_long_talks_last_beside_the_usual(talks: int, handling_ms: int, pace: float) -> None:
    assert paces_after(talks, handling_ms, 60_000).of("1001") == pytest.approx(pace)


def test_nobody_else_is_meant() -> None:
    assert paces_after(50, 120_000, 60_000).of("1002") == 1.0


def test_a_talk_without_a_usual_length_says_nothing() -> None:
    assert paces_after(50, 120_000, 0).to_dict() == {}


def test_old_talks_fade() -> None:
    paces = paces_after(1_000, 120_000, 60_000)
    assert paces.to_dict()["1001"][0] == KEPT_TALKS
    for _ in range(5 * KEPT_TALKS):
        paces.add("1001", 60_000, 60_000, 300_000)
    assert paces.of("1001") == pytest.approx(1.0, abs=0.02)


def test_what_is_kept_comes_back() -> None:
    paces, again = paces_after(20, 90_000, 60_000), Paces()
    again.load(paces.to_dict())
    assert again.of("1001") == paces.of("1001") != 1.0
