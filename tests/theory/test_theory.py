"""The simulation, and with it the live distributor, against values computed exactly by other means.

Runs have fixed seeds, so they come out the same every time. The gate has one case of each theory; `./test
--all` has all of them, four times as long.
"""

from __future__ import annotations

import pytest
from queueing_theory import (
    birth_death,
    erlang_b,
    erlang_c,
    hunt_in_order,
    m_m_c,
    n_design,
    polling_gap,
    skill_based,
    stationary,
)
from simulation_cases import CASES, Case, is_within, rows

NAMES = [case.name for case in CASES]
FIRST_OF_EACH = list({case.source: case for case in reversed(CASES)}.values())


@pytest.mark.parametrize("case", FIRST_OF_EACH, ids=lambda case: case.source)
def test_simulation_and_theory_agree(case: Case) -> None:
    check(case, 1, widest=0.5)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_they_agree_in_long_runs(case: Case) -> None:
    check(case, 4, widest=0.45)


def check(case: Case, times: float, widest: float) -> None:
    found = case.play(times)
    assert found["promises_broken"] == 0
    for path, exact, simulated, width in rows(case, found):
        assert is_within(exact, simulated, width), f"{path}: {simulated} ±{width}, exactly {exact}"
        assert width < widest * exact, f"{path}: ±{width} proves nothing about {exact}"


# ---- the theory against itself --------------------------------------------------------------------------


def test_erlang_by_hand() -> None:
    assert erlang_b(1, 1) == pytest.approx(1 / 2)
    assert erlang_b(2, 1) == pytest.approx(1 / 5)
    assert erlang_c(1, 0.6) == pytest.approx(0.6)
    assert erlang_c(2, 1) == pytest.approx(1 / 3)


def test_the_birth_death_sum_contains_erlang() -> None:
    waiting = birth_death(10, 7.5 / 180, 180)
    assert waiting.p_wait == pytest.approx(m_m_c(10, 7.5, 180).p_wait)
    assert waiting.mean_wait == pytest.approx(m_m_c(10, 7.5, 180).mean_wait)
    assert birth_death(5, 3 / 180, 180, capacity=5).blocked == pytest.approx(erlang_b(5, 3))


def test_the_product_form_contains_erlang() -> None:
    kinds = ("a", "b", "c")
    rates = dict.fromkeys(kinds, 0.7 / 180)
    alone = skill_based(rates, [frozenset({kind}) for kind in kinds], 180)
    together = skill_based(rates, [frozenset(kinds)] * 3, 180)
    for kind in kinds:
        assert alone[kind].mean_wait == pytest.approx(m_m_c(1, 0.7, 180).mean_wait)
        assert together[kind].p_wait == pytest.approx(m_m_c(3, 2.1, 180).p_wait)
        assert together[kind].mean_wait == pytest.approx(m_m_c(3, 2.1, 180).mean_wait)


def test_the_chain_contains_erlang_a() -> None:
    """Without skilled contacts (nearly) the two groups are one."""
    plain, _ = n_design(2, 3, (4 / 180, 1e-9), 180, 120, 60)
    one_group = birth_death(5, 4 / 180, 180, patience=120)
    assert plain.p_wait == pytest.approx(one_group.p_wait, rel=1e-4)
    assert plain.abandoned == pytest.approx(one_group.abandoned, rel=1e-4)


def test_a_chain_of_two_states_by_hand() -> None:
    shares = stationary("on", lambda state: [("off", 1.0)] if state == "on" else [("on", 3.0)])
    assert shares == pytest.approx({"on": 0.75, "off": 0.25})


def test_servers_hunted_in_order_carry_all_that_is_not_blocked() -> None:
    assert sum(hunt_in_order(5, 3)) == pytest.approx(3 * (1 - erlang_b(5, 3)))


def test_a_short_interval_is_half_idle_a_long_one_idle_but_for_the_handling() -> None:
    assert polling_gap(1, 180) == pytest.approx(0.5, rel=0.001)
    assert polling_gap(10_000, 180) == pytest.approx(10_000 - 180)
