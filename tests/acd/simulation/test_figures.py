"""The answer's figures from counts made by hand."""

from __future__ import annotations

import pytest

from acd.core.needs import parse_needs
from acd.simulation.figures import answer, half_widths, student_t_975
from acd.simulation.scenario import AgentGroup, Arrivals, Distribution, QueuePlan, Scenario
from acd.simulation.tally import DeskTally, QueueTally, Tally, _waits

NO_TIME = Distribution("constant")
QUEUE = QueuePlan("q", parse_needs(""), Arrivals(), NO_TIME, NO_TIME, Distribution("infinite"))
SCENARIO = Scenario(
    1,
    2,
    0,
    1000,
    None,
    "longest_idle",
    (0.02, 20),
    0,
    0,
    0,
    0,
    (QUEUE,),
    (AgentGroup(2, {}), AgentGroup(1, {})),
)


def ms(*values: int):
    waits = _waits()
    waits.extend(values)
    return waits


def tally(answered=(), abandoned=(), unserved=(), blocked=0, gaps=(), desks=(), broken=()) -> Tally:
    queue = QueueTally(blocked, ms(*answered), ms(*abandoned), ms(*unserved))
    desks = [DeskTally(*desk) for desk in desks or ((0, 0, 0),) * 3]
    return Tally([queue], 0, ms(*gaps), desks, dict.fromkeys(broken))


def test_counts_shares_and_waits() -> None:
    found = answer(SCENARIO, [tally((0, 0, 10, 30), (50,), blocked=3), tally((10,), (), (1000,), blocked=0)])
    total = found["total"]
    assert total == found["queues"]["q"]
    counts = ("offered", "answered", "abandoned", "blocked", "unserved")
    assert [total[name] for name in counts] == [10, 5, 1, 3, 1]
    assert total["p_wait"] == pytest.approx(5 / 7), "of those not blocked"
    assert total["wait_mean_s"] == pytest.approx((0 + 0 + 10 + 30 + 50 + 10 + 1000) / 7 / 1000)
    assert total["wait_answered_mean_s"] == pytest.approx(0.01)
    assert [total[f"wait_p{share}_s"] for share in (50, 80, 90)] == [0.01, 0.05, 1.0], "nearest rank"
    assert (total["abandoned_share"], total["blocked_share"]) == (0.1, 0.3)
    assert found["promises_broken"] == 0


def test_service_levels_are_those_of_the_reports() -> None:
    """The golden case of the formulas: 1000 answered, 60 abandoned."""
    answered = [15_000] * 860 + [30_000] * 140
    abandoned = [4_000] * 10 + [12_000] * 10 + [40_000] * 40
    levels = answer(SCENARIO, [tally(answered, abandoned)])["total"]["service_level"]["20"]
    shown = {name: round(100 * share, 1) for name, share in levels.items()}
    assert shown == {"SL-1": 83.0, "SL-2": 86.0, "SL-3": 81.1, "SL-4": 82.7, "SL-5": 82.1}


def test_a_threshold_below_a_second_has_its_own_name() -> None:
    levels = answer(SCENARIO, [tally((10, 30))])["total"]["service_level"]
    assert levels["0.02"]["SL-2"] == 0.5


def test_agents_by_group_and_each() -> None:
    one = tally(desks=((500, 1000, 4), (300, 1000, 2), (0, 500, 0)))
    other = tally(desks=((700, 1000, 3), (500, 1000, 3), (500, 500, 5)))
    first, second = answer(SCENARIO, [one, other])["agents"]
    assert (first["count"], second["count"]) == (2, 1)
    assert first["occupancy"] == pytest.approx((0.4 + 0.6) / 2)
    assert first["each"] == pytest.approx([0.6, 0.4])
    assert first["contacts_cv"] == pytest.approx((1 / 3 + 0) / 2)
    assert second["each"] == pytest.approx([0.5])
    assert second["contacts_cv"] == 0, "of the replications in which somebody came"


def test_idle_gaps_of_all_replications() -> None:
    gap = answer(SCENARIO, [tally(gaps=(200, 400)), tally(gaps=(900,))])["idle_gap"]
    assert (gap["mean_s"], gap["max_s"], gap["count"]) == (0.5, 0.9, 3)
    none = answer(SCENARIO, [tally(), tally()])["idle_gap"]
    assert (none["mean_s"], none["max_s"], none["count"]) == (0, 0, 0)


def test_broken_promises_are_named_once() -> None:
    found = answer(SCENARIO, [tally(broken=("one_end", "needs_met")), tally(broken=("one_end",))])
    assert found["promises_broken"] == ["needs_met", "one_end"]


def test_half_widths_stand_in_the_places_of_their_means() -> None:
    widths = half_widths(
        [{"offered": 3, "x": 1.0, "in": {"y": 2.0}}, {"offered": 4, "x": 3.0, "in": {"y": None}}]
    )
    assert widths == {"x": pytest.approx(12.7062 * 2**0.5 / 2**0.5), "in": {"y": None}}


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (9, 2.262), (10, 2.228), (11, 2.201), (20, 2.086), (120, 1.980)]
)
def test_students_t(freedom: int, quantile: float) -> None:
    """Against the printed tables."""
    assert student_t_975(freedom) == pytest.approx(quantile, abs=0.0006)
