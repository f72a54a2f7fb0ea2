"""The simulation, and with it the live distributor, against values computed exactly by other means.

Runs have fixed seeds, so they come out the same every time. The gate has one case of each theory; `./test
--all` has all of them, four times as long.
"""

from __future__ import annotations

import tomllib
from random import Random

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

from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate

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


def crowds(agents: int, waiting: int, hours: int, chance: Random) -> str:
    """Recorded arrivals: each hour one for each agent, and within the next second so many who wait."""
    seconds = [
        hour * 3600 + second
        for hour in range(hours)
        for second in (*[0.0] * agents, *sorted(round(1 + chance.random(), 3) for _ in range(waiting)))
    ]
    return "second\n" + "\n".join(map(str, seconds))


def polled_gaps(spacings: tuple[int, ...]) -> list[float]:
    """How long an agent idles on the mean beside those whose clocks are so spaced, then beside one less, …

    In intervals. The spacings around the circle of one interval are Dirichlet's with these parameters: all 1
    where the clocks are independent, so that the first gap beside n is 1 / (n + 1). The agent becomes free
    at any point alike, so a spacing is met by its size, which adds 1 to its parameter; who stands at its end
    leaves, and it grows by the next.
    """
    count, whole = len(spacings), sum(spacings)
    gap = sum(one * (one + 1) for one in spacings) / (whole * (whole + 1)) / 2
    if count == 1:
        return [gap]
    later = [0.0] * (count - 1)
    for met in range(count):
        around = spacings[met:] + spacings[:met]
        rest = polled_gaps((around[0] + 1 + around[1], *around[2:]))
        later = [sofar + around[0] / whole * one for sofar, one in zip(later, rest, strict=True)]
    return [gap, *later]


def test_gaps_beside_several_who_poll_by_hand() -> None:
    assert polled_gaps((1,)) == [0.5]
    assert polled_gaps((1, 1)) == pytest.approx([1 / 3, 1 / 2])
    assert polled_gaps((1, 1, 1, 1)) == pytest.approx([1 / 5, 4 / 15, 38 / 105, 1 / 2])


@pytest.mark.parametrize("waiting", [1, 4])
def test_of_several_who_poll_the_first_to_look_ends_the_gap(waiting: int) -> None:
    """Half the interval beside one who waits, less beside more; several agents change nothing.

    Two of three agents free within one gap are rare: 1 of 200.
    """
    agents = 3
    chance, hours = Random(1), 250
    text = f"""
        seed = 1
        warmup_s = 0
        duration_s = {hours * 3600}
        poll_interval_ms = 1000
        [[queue]]
        name = "q"
        arrivals_csv = "crowds.csv"
        handle = {{ kind = "exponential", mean = 180 }}
        [[agents]]
        count = {agents}
    """
    recorded = crowds(agents, waiting, hours, chance)
    gap = simulate(read_scenario(tomllib.loads(text), "polls.toml", lambda _: recorded))["idle_gap"]
    exact_s = sum(polled_gaps((1,) * waiting)) / waiting
    # Where an agent is free again within two seconds one less waits: 1 of 40 crowds.
    assert gap["count"] == pytest.approx(hours * waiting, rel=0.06)
    # One gap deviates by 0.29 s at most (beside one, evenly from 0 to 1 s); 3.3 of the mean's are 99.9 %.
    assert gap["mean_s"] == pytest.approx(exact_s, abs=3.3 * 0.29 / gap["count"] ** 0.5)
    assert gap["max_s"] <= 1


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
