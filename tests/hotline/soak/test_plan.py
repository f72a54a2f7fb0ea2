"""What callers and agents will do: the same for the same seed, with every kind among it."""

from hotline.soak.plan import DIRECT, ENDLESS_MS, NUMBERS, PATIENT_MS, agent_plans, caller_plans


def test_the_same_seed_plans_the_same() -> None:
    assert caller_plans(200, 7) == caller_plans(200, 7)
    assert caller_plans(200, 7) != caller_plans(200, 8)
    assert agent_plans(7) == agent_plans(7)
    assert agent_plans(7) != agent_plans(8)


def test_a_longer_soak_begins_like_a_shorter_one() -> None:
    assert caller_plans(300, 7)[:200] == caller_plans(200, 7)


def test_callers_have_numbers_of_their_own_and_dial_all_numbers() -> None:
    plans = caller_plans(500, 1)
    assert len({plan.caller for plan in plans}) == 500
    assert {plan.number for plan in plans} == set(NUMBERS)


def test_some_wait_some_hang_up_at_random_some_before_the_answer() -> None:
    plans = caller_plans(500, 1)
    patient = [plan for plan in plans if (plan.before_ms, plan.after_ms) == (ENDLESS_MS, PATIENT_MS)]
    hasty = {plan.after_ms for plan in plans if plan.after_ms < PATIENT_MS}
    assert 200 < len(patient) < 350
    assert len(hasty) > 150
    assert sum(plan.before_ms < ENDLESS_MS for plan in plans if plan.number == DIRECT) > 10


def test_agents_hang_up_wait_and_transfer_to_numbers_that_exist() -> None:
    plans = agent_plans(1)
    assert {plan.deed for plan in plans} == {"hang_up", "wait", "transfer"}
    assert {plan.target for plan in plans} <= set(NUMBERS)
