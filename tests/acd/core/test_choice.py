"""Policies: who is offered a call, and by what; ties go to the longest idle, then the lowest number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from decision_table import QUEUES, START_MS

from acd.core import events, house_rules
from acd.core.agents import Agent
from acd.core.choice import POLICIES, chance, occupancy_ppm, tie_break
from acd.core.commands import OfferCall
from acd.core.distributor import Distributor
from acd.core.fact_codec import to_body
from acd.core.facts import CallOffered
from acd.core.picture import Picture
from acd.core.recovery import restored_from

SKILLS = {
    "1003": {"sales": 5},
    "1001": {"sales": 2, "english": 9},
    "1002": {"sales": 9, "english": 1, "french": 1},
}
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class House:
    """Three agents of one queue, who became ready in the order 1002, 1001, 1003; "today" is a day of UTC."""

    def __init__(self, policy: str, seed: int = 0) -> None:
        self.now_ms = START_MS
        self.picture = Picture(_day_starts_ms)
        self.settings = events.SettingsChanged(
            1,
            tuple(
                house_rules.AgentProfile(number, tuple(skills.items())) for number, skills in SKILLS.items()
            ),
            (replace(QUEUES[1], agent_choice=policy),),
            choice_seed=seed,
        )
        self.proofs: list[dict] = []
        self.calls = 0
        self.epoch = 0
        self.restart()
        for number in ("1002", "1001", "1003"):
            self.tell(events.AgentLoggedIn(number, f"phone{number}"))
            self.tell(events.AgentBecameReady(number), 10)

    def restart(self) -> None:
        """acd is killed, and begins again from the journal's facts."""
        self.epoch += 1
        self.distributor = Distributor(self.epoch, _day_starts_ms)
        self.tell(self.settings, 0)
        self.tell(restored_from(self.picture), 0)
        self.tell(events.AsteriskSnapshot((), ()), 0)

    def tell(self, event: events.Event, after_ms: int = 1) -> list[OfferCall]:
        self.now_ms += after_ms
        decision = self.distributor.handle(event, self.now_ms)
        for fact in decision.facts:
            self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
            if isinstance(fact, CallOffered):
                self.proofs.append(fact.proof)
        return [command for command in decision.commands if isinstance(command, OfferCall)]

    def serve(self, talk_ms: int = 1000) -> str:
        """A call arrives and is served; returns by whom."""
        self.calls += 1
        contact = f"c{self.calls}"
        [offer] = self.tell(events.CallArrived(contact, "orders", "sales", 0, "zh", self.now_ms))
        self.tell(events.OfferConnected(offer.offer))
        self.tell(events.LegEnded(offer.offer, 16), talk_ms)
        self.tell(events.CallerHungUp(contact))
        return offer.agent


def _day_starts_ms(at_ms: int) -> int:
    return at_ms // DAY_MS * DAY_MS


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("longest_idle", ["1002", "1001", "1003", "1002"]),
        ("fewest_contacts", ["1002", "1001", "1003", "1002"]),
        ("highest_level", ["1002", "1002", "1002", "1002"]),
        ("least_versatile", ["1003", "1003", "1003", "1003"]),
        ("round_robin", ["1002", "1001", "1003", "1002"]),
        ("fixed_order", ["1003", "1003", "1003", "1003"]),
    ],
)
def test_one_call_after_another(policy: str, expected: list[str]) -> None:
    house = House(policy)
    assert [house.serve() for _ in expected] == expected


def test_the_least_occupied_is_the_one_who_worked_the_least_of_the_time() -> None:
    house = House("least_occupied")
    assert [house.serve(talk_ms) for talk_ms in (9000, 1000, 20)] == ["1002", "1001", "1003"]
    assert [house.serve(10), house.serve(10)] == ["1003", "1003"]
    [first, *_, last] = house.proofs[-1]["best"]
    assert (first["agent"], last["agent"]) == ("1003", "1002")
    assert 0 < first["key"] < last["key"] < 1_000_000


def test_fewest_contacts_is_not_longest_idle() -> None:
    house = House("fewest_contacts")
    assert [house.serve() for _ in range(3)] == ["1002", "1001", "1003"]
    house.tell(events.AgentBecameNotReady("1002", "lunch"))
    assert [house.serve(), house.serve()] == ["1001", "1003"]
    house.tell(events.AgentBecameReady("1002"))
    assert house.serve() == "1002"  # idle for the shortest time, with one contact fewer


def test_a_new_agent_begins_the_round() -> None:
    house = House("round_robin")
    house.serve()
    house.tell(events.AgentBecameNotReady("1001", "lunch"))
    assert [house.serve(), house.serve()] == ["1003", "1002"]
    house.tell(events.AgentBecameReady("1001"))
    assert house.serve() == "1001"  # idle for the shortest time, never offered a call


def test_chance_depends_on_the_seed_and_is_fair() -> None:
    first, second, other = House("random", 1), House("random", 1), House("random", 2)
    picks = [first.serve() for _ in range(300)]
    assert [second.serve() for _ in range(300)] == picks
    assert [other.serve() for _ in range(300)] != picks
    assert all(70 < picks.count(number) < 130 for number in SKILLS)
    best = first.proofs[-1]["best"][0]
    assert best["key"] == chance(first.proofs[-1]["seed"], best["agent"])


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_restart_forgets_nothing_of_the_day(policy: str) -> None:
    """Figures come from facts: one that was killed after every call chooses as one that lived on."""
    living, killed = House(policy), House(policy)
    for talk_ms in (5000, 300, 40, 7000, 60, 90):
        assert living.serve(talk_ms) == killed.serve(talk_ms)
        killed.restart()
    assert [proof["best"] for proof in living.proofs] == [proof["best"] for proof in killed.proofs]


@pytest.mark.parametrize("policy", ["fewest_contacts", "least_occupied"])
def test_figures_begin_again_at_midnight(policy: str) -> None:
    living, killed = House(policy), House(policy)
    for house in (living, killed):
        for _ in range(4):
            house.serve()
        house.now_ms = DAY_MS + HOUR_MS
    killed.restart()
    for house in (living, killed):
        house.serve()
        assert {one["key"] for one in house.proofs[-1]["best"]} == {0}


def test_work_over_midnight_counts_from_midnight() -> None:
    house = House("least_occupied")
    house.now_ms = DAY_MS - HOUR_MS
    assert house.serve(talk_ms=2 * HOUR_MS) == "1002"
    house.now_ms = DAY_MS + 2 * HOUR_MS
    house.serve()
    worst = house.proofs[-1]["best"][-1]
    assert worst["agent"] == "1002"
    assert 499_000 < worst["key"] < 501_000  # an hour of work, an hour of waiting


def test_occupancy_of_one_who_has_done_nothing_is_none() -> None:
    assert occupancy_ppm(Agent("1001", {}, counted_ms=5), 5, 0) == 0
    assert occupancy_ppm(Agent("1001", {}, counted_ms=5, busy_ms=30, free_ms=60), 15, 0) == 300_000


def test_the_tie_break_is_told() -> None:
    assert tie_break("longest_idle") == "longest idle, then lowest agent number"
    assert tie_break("random") == "chance by seed, then longest idle, then lowest agent number"
