"""Each formula against a case worked out by hand; rings to the millisecond; nothing divided by zero."""

from __future__ import annotations

import re

import pytest

from acd.core.formulas import (
    AGENT_FORMULAS,
    FORMULAS,
    Formula,
    Limits,
    adherence,
    first_contact_resolution,
    in_time,
    rings_heard,
)
from acd.core.totals import AgentTotals, Totals, Waits

LIMITS = Limits(target_ms=20_000)

GOLDEN = Totals(
    contacts=2_000,
    asked=1_250,
    timely=1_000,
    offered=1_110,
    answered_waits=Waits([20_000] * 860 + [20_001] * 140),
    abandoned_waits=Waits([5_000] * 10 + [20_000] * 10 + [20_001] * 40),
    short_abandoned=10,
    out=30,
    lost=10,
    waiting=10,
    promised=500,
    promises_kept=400,
    offers=1_200,
    offers_failed={"no_answer": 60, "busy": 20},
    handled=1_000,
    talk_ms=180_000_000,
    hold_ms=10_000_000,
    acw_ms=30_000_000,
    transferred=50,
    survey_asked=800,
    satisfaction={"1": 20, "2": 20, "3": 60, "4": 100, "5": 200},
)


@pytest.mark.parametrize(
    ("key", "percent"), [("sl1", 83.0), ("sl2", 86.0), ("sl3", 81.1), ("sl4", 82.7), ("sl5", 82.1)]
)
def test_the_five_service_levels_of_the_golden_case(key: str, percent: float) -> None:
    """1000 answered, 860 within T; 60 abandoned, 20 within T, 10 short. Source: callcentrehelper.com."""
    value = FORMULAS[key].value(GOLDEN, LIMITS)
    assert value is not None
    assert round(100 * value, 1) == percent


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("timely_of_all", 1_000 / 2_000),
        ("timely_of_asked", 1_000 / 1_250),
        ("answer_rate", 1_000 / 1_100),
        ("asa", (860 * 20_000 + 140 * 20_001) / 1_000),
        ("promise_rate", 0.8),
        ("abandon_rate", 60 / 1_100),
        ("net_abandon_rate", 50 / 1_090),
        ("aht", 220_000),
        ("average_talk", 180_000),
        ("average_hold", 10_000),
        ("average_acw", 30_000),
        ("transfer_rate", 0.05),
        ("rona_rate", 0.05),
        ("csat", 0.75),
        ("survey_response", 0.5),
    ],
)
def test_every_other_number_of_the_house(key: str, expected: float) -> None:
    assert FORMULAS[key].value(GOLDEN, LIMITS) == expected


def test_no_formula_is_without_a_case() -> None:
    cases = {
        mark.args[1][n][0]
        for test in (test_the_five_service_levels_of_the_golden_case, test_every_other_number_of_the_house)
        for mark in test.pytestmark
        for n in range(len(mark.args[1]))
    }
    assert cases == set(FORMULAS)
    assert set(AGENT_FORMULAS) - set(FORMULAS) == {"occupancy"}


@pytest.mark.parametrize("formula", [*FORMULAS.values()], ids=lambda formula: formula.key)
def test_nothing_to_divide_by_is_none_and_not_zero(formula: Formula[Totals]) -> None:
    assert formula.value(Totals(), LIMITS) is None


@pytest.mark.parametrize("formula", [*AGENT_FORMULAS.values()], ids=lambda formula: formula.key)
def test_an_agent_who_did_nothing_has_no_rates(formula: Formula[AgentTotals]) -> None:
    assert formula.value(AgentTotals(), LIMITS) is None


@pytest.mark.parametrize("formula", [*FORMULAS.values(), *AGENT_FORMULAS.values()])
def test_every_formula_says_what_it_is_in_both_languages(formula: Formula[Totals]) -> None:
    for text in (formula.title, formula.words, formula.source):
        assert text.zh and text.en and re.search(r"[\u4e00-\u9fff]", text.zh)
    assert formula.unit in ("share", "ms")


def test_occupancy_counts_conversation_and_work_against_ready() -> None:
    states_ms = {
        "on_contact": 500,
        "on_hold": 50,
        "acw": 50,
        "ready": 200,
        "not_ready:lunch": 900,
        "offered": 9,
    }
    assert AGENT_FORMULAS["occupancy"].value(AgentTotals(states_ms=states_ms), LIMITS) == 600 / 800


@pytest.mark.parametrize(
    ("wait_ms", "rings"), [(0, 0), (1, 1), (5_000, 1), (5_001, 2), (15_000, 3), (15_001, 4)]
)
def test_a_begun_ring_counts(wait_ms: int, rings: int) -> None:
    assert rings_heard(wait_ms, 5_000) == rings


@pytest.mark.parametrize(
    ("wait_ms", "rings", "period_ms", "expected"),
    [
        (15_000, 3, 5_000, True),
        (15_001, 3, 5_000, False),
        (18_000, 3, 6_000, True),
        (9_001, 3, 3_000, False),
        (0, 3, 5_000, True),
    ],
)
def test_in_time_is_up_to_the_end_of_the_promised_ring(
    wait_ms: int, rings: int, period_ms: int, expected: bool
) -> None:
    assert in_time(wait_ms, rings, period_ms) is expected
    assert (rings_heard(wait_ms, period_ms) <= rings) is expected


def test_ratios_from_outside_the_totals() -> None:
    assert adherence(450, 480) == 450 / 480
    assert first_contact_resolution(7, 10) == 0.7
    assert adherence(0, 0) is first_contact_resolution(0, 0) is None
