"""What happens in a simulated house, by recorded arrivals and fixed times, so that it can be told by hand."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate


def play(
    arrivals: str, *, top: str = "", queue: str = "", handle: float = 100, agents: str = "", more: str = ""
) -> dict[str, Any]:
    """One queue with recorded arrivals (seconds) and a fixed handling time; one agent unless given."""
    text = f"""
        duration_s = 10000
        {top}
        [[queue]]
        name = "q"
        arrivals_csv = "times"
        handle = {{ kind = "constant", value = {handle} }}
        {queue}
        {agents or "[[agents]]"}
        {more}
    """
    found = simulate(read_scenario(tomllib.loads(text), "a.toml", lambda _: arrivals.replace(" ", "\n")))
    assert found["promises_broken"] == 0
    return found


def waits(found: dict[str, Any]) -> tuple[int, float, float]:
    total = found["total"]
    return total["answered"], total["wait_mean_s"], total["wait_p99_s"]


def test_one_agent_serves_one_after_the_other() -> None:
    found = play("0 10 20")
    assert waits(found) == (3, (0 + 90 + 180) / 3, 180)
    assert found["total"]["p_wait"] == pytest.approx(2 / 3)
    assert found["agents"][0]["occupancy"] == pytest.approx(300 / 10_000)


@pytest.mark.parametrize("kind", ["constant", "lognormal"])
def test_after_contact_work_keeps_the_agent(kind: str) -> None:
    """A fixed time ends by the distributor's own deadline, one by chance by the agent's deed."""
    time = "value = 50" if kind == "constant" else "mean = 50, cv = 0"
    found = play("0 10", queue=f'after_contact = {{ kind = "{kind}", {time} }}')
    assert waits(found) == (2, 140 / 2, 140)
    assert found["agents"][0]["occupancy"] == pytest.approx(300 / 10_000)


def test_patience_ends_the_wait() -> None:
    found = play("0 10 20", queue='patience = { kind = "constant", value = 70 }')
    total = found["total"]
    assert (total["answered"], total["abandoned"], total["abandoned_share"]) == (1, 2, pytest.approx(2 / 3))
    assert total["wait_mean_s"] == pytest.approx((0 + 70 + 70) / 3)


def test_a_patience_of_nothing_is_enough_when_somebody_is_free() -> None:
    found = play("0 10 150", queue='patience = { kind = "constant", value = 0 }')
    assert (found["total"]["answered"], found["total"]["abandoned"]) == (2, 1)


def test_ringing_is_part_of_the_wait_and_not_of_the_work() -> None:
    found = play("0 10", top="ring_s = 4")
    assert waits(found) == (2, (4 + 98) / 2, 98)
    assert found["agents"][0]["occupancy"] == pytest.approx(200 / 10_000)


def test_a_caller_who_gives_up_while_it_rings_frees_the_agent() -> None:
    found = play("0 3", top="ring_s = 4", queue='patience = { kind = "constant", value = 2 }')
    assert found["total"]["abandoned"] == 2
    assert found["agents"][0]["occupancy"] == 0


def test_an_unanswered_offer_goes_to_the_next_agent_and_the_first_is_ready_again() -> None:
    found = play("0", top="ring_s = 10\nno_answer_share = 0.9\nseed = 4", agents="[[agents]]\ncount = 2")
    answered, mean, _ = waits(found)
    assert answered == 1
    assert mean % 10 == 0 and mean > 10, "several rings, one straight after the other"


def test_a_full_house_and_a_full_queue_turn_away() -> None:
    assert play("0 10 20 30", top="max_contacts = 2")["total"]["blocked"] == 2
    assert play("0 10 20 30", queue="max_waiting = 2")["total"]["blocked"] == 1
    nobody_waits = play("0 10 20 110", queue="max_waiting = 0")
    assert (nobody_waits["total"]["answered"], nobody_waits["total"]["blocked"]) == (2, 2)
    assert nobody_waits["total"]["blocked_share"] == 0.5


def test_the_warm_up_is_left_out_but_goes_on() -> None:
    found = play("0 10 90", top="warmup_s = 50")
    assert waits(found) == (1, 110, 110)
    assert found["contacts"] == 3
    assert found["agents"][0]["occupancy"] == pytest.approx(250 / 10_000), "from 50 s on"


def test_outside_shifts_nobody_serves_and_a_talk_is_finished() -> None:
    found = play("50 90 95", agents="[[agents]]\nshifts_s = [[60, 120], [1000, 2000]]")
    assert waits(found) == (3, (10 + 910 + 1005) / 3, 1005)
    busy_s, there_s = 100 + 200, (160 - 60) + 1000
    assert found["agents"][0]["occupancy"] == pytest.approx(busy_s / there_s)


def test_a_phone_that_rings_when_the_shift_ends_is_let_be() -> None:
    found = play("55", top="ring_s = 10", agents="[[agents]]\nshifts_s = [[0, 60], [100, 200]]")
    assert waits(found) == (1, 55, 55)


def test_after_contact_work_ends_with_the_shift() -> None:
    found = play(
        "0 110",
        queue='after_contact = { kind = "constant", value = 50 }',
        agents="[[agents]]\nshifts_s = [[0, 120], [130, 900]]",
    )
    assert waits(found) == (2, 20 / 2, 20)


@pytest.mark.parametrize("top", ["", "poll_interval_ms = 1000"])
def test_who_waits_for_agents_that_never_come_is_counted_apart(top: str) -> None:
    found = play("10 20", top=top, agents="[[agents]]\nshifts_s = [[0, 15]]")
    assert (found["total"]["answered"], found["total"]["unserved"]) == (1, 1)


def test_a_delay_of_the_decision_leaves_the_agent_idle_so_long() -> None:
    found = play("0 10", top="decision_delay_ms = 300")
    assert waits(found) == (2, pytest.approx((0.3 + 90.6) / 2), pytest.approx(90.6))
    gap = found["idle_gap"]
    assert (gap["count"], gap["mean_s"], gap["max_s"]) == (2, 0.3, 0.3)


def test_a_caller_who_gives_up_within_the_delay_leaves_the_agent_as_before() -> None:
    found = play("0 1", top="decision_delay_ms = 3000", queue='patience = { kind = "constant", value = 2 }')
    assert (found["total"]["abandoned"], found["idle_gap"]["max_s"]) == (2, 3)


def test_polling_finds_the_free_agent_at_the_next_look_only() -> None:
    found = play("0 0.4", top="poll_interval_ms = 1000")
    assert waits(found) == (2, pytest.approx(100 / 2), 100), "looks at 0.4, 1.4, ... 100.4"
    gap = found["idle_gap"]
    assert (gap["count"], gap["mean_s"]) == (1, 0.4)


def test_the_live_core_leaves_nobody_idle() -> None:
    assert play("0 0.4 1 2")["idle_gap"]["count"] == 0


def test_strict_priority_goes_before_any_wait_a_head_start_before_a_shorter_one() -> None:
    def first_served(order: str, second: str) -> float:
        more = f"""
            [[queue]]
            name = "vip"
            arrivals_csv = "{second}"
            handle = {{ kind = "constant", value = 100 }}
            priority = 1
            order = "{order}"
        """
        text = {"q": "0\n10", "late": "90", "soon": "60"}
        document = f"""
            duration_s = 1000
            [[agents]]
            [[queue]]
            name = "q"
            arrivals_csv = "q"
            handle = {{ kind = "constant", value = 100 }}
            order = "{order}"
            {more}
        """
        found = simulate(read_scenario(tomllib.loads(document), "a.toml", text.__getitem__))
        return found["queues"]["vip"]["wait_mean_s"]

    assert first_served("strict", "late") == 10
    assert first_served("oldest_first", "late") == 110, "one point is 60 s, the other waits 80 s longer"
    assert first_served("oldest_first", "soon") == 40


def test_needs_decide_who_may_serve() -> None:
    found = play("0 1", queue='needs = "b >= 3"', agents="[[agents]]\nskills = { b = 2 }\n", more="""
        [[agents]]
        skills = { b = 3 }
    """)  # fmt: skip
    assert [group["occupancy"] for group in found["agents"]] == [0, pytest.approx(0.02)]


STEPPED = """
    needs = "a >= 5"
    steps = [{ after_s = 30, needs = "a >= 3" }, { after_s = 60, needs = "" }]
"""
BEST = "[[agents]]\nskills = { a = 5 }\n"
OTHERS = "[[agents]]\nskills = { a = 3 }\n[[agents]]\n"
THREE = BEST + OTHERS


def test_needs_widen_in_steps() -> None:
    found = play("0 1 2", queue=STEPPED, agents=THREE)
    assert waits(found) == (3, (0 + 30 + 60) / 3, 60)
    assert [group["occupancy"] for group in found["agents"]] == [pytest.approx(0.01)] * 3


def test_steps_come_though_nothing_else_happens_any_more() -> None:
    found = play("0", queue=STEPPED, agents=f"{BEST}shifts_s = [[500, 600]]\n{OTHERS}")
    assert waits(found) == (1, 30, 30)


@pytest.mark.parametrize("top", ["poll_interval_ms = 7000", "ring_s = 4\ndecision_delay_ms = 29000"])
def test_steps_come_while_a_contact_looks_away_or_is_offered(top: str) -> None:
    """In time, as the watch sees: it would tell step_in_time otherwise."""
    assert play("0 1 2", top=top, queue=STEPPED, agents=THREE)["total"]["answered"] == 3


@pytest.mark.parametrize(
    ("choice", "served"),
    [
        ("longest_idle", [2, 2, 2]),
        ("round_robin", [2, 2, 2]),
        ("fixed_order", [6, 0, 0]),
        ("highest_level", [0, 6, 0]),
        ("least_versatile", [6, 0, 0]),
    ],
)
def test_the_agent_is_chosen_by_the_policy(choice: str, served: list[int]) -> None:
    agents = "".join(
        f"[[agents]]\nskills = {{ {skills} }}\n" for skills in ("a = 1", "a = 5, b = 1", "a = 1, b = 2")
    )
    found = play(
        "0 200 400 600 800 1000", top=f'agent_choice = "{choice}"', queue='needs = "a"', agents=agents
    )
    assert [round(group["occupancy"] * 100) for group in found["agents"]] == served


def test_longest_idle_is_fairer_than_chance() -> None:
    def spread(choice: str) -> float:
        return play(
            " ".join(str(7 * number) for number in range(1000)),
            top=f'agent_choice = "{choice}"',
            handle=20,
            agents="[[agents]]\ncount = 6",
        )["agents"][0]["contacts_cv"]

    assert spread("longest_idle") < 0.01 < spread("random")


def test_the_same_seed_gives_the_same_log_and_another_one_another() -> None:
    def digest(seed: int) -> str:
        return play("0 1 2", top=f"seed = {seed}\nno_answer_share = 0.5\nring_s = 1")["decision_log_sha256"]

    assert digest(1) == digest(1) != digest(2)


def test_needs_that_nobody_meets_before_a_step_wait_for_it() -> None:
    queue = 'needs = "a >= 8"\nsteps = [{ after_s = 30, needs = "a" }]'
    found = play("0", queue=queue, agents="[[agents]]\nskills = { a = 5 }")
    assert waits(found) == (1, 30, 30)


def test_a_step_that_asks_the_same_again_changes_nothing() -> None:
    queue = 'needs = "a"\nsteps = [{ after_s = 30, needs = "a" }]'
    assert waits(play("0 10", queue=queue, agents="[[agents]]\nskills = { a = 5 }")) == (2, 45, 90)


@pytest.mark.parametrize("top", ["", "poll_interval_ms = 1000"])
def test_a_group_without_agents_serves_nobody(top: str) -> None:
    found = play("0 10", top=top, agents="[[agents]]\ncount = 0")
    assert (found["total"]["answered"], found["total"]["unserved"]) == (0, 2)
    assert (found["agents"][0]["each"], found["agents"][0]["occupancy"]) == ([], None)


def test_a_seed_may_be_negative() -> None:
    assert waits(play("0", top='seed = -5\nagent_choice = "random"')) == (1, 0, 0)
