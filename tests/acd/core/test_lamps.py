"""Lamps: what each state of an agent and of a queue shows."""

import pytest

from acd.core.agents import STATES
from acd.core.lamps import BLINKING, DARK, LIT, agent_lamps, queue_lamps
from acd.core.views import AgentView, Entry

SHOWN = {
    "ready": (LIT, DARK),
    "offered": (BLINKING, DARK),
    "not_ready": (DARK, LIT),
    "not_responding": (DARK, BLINKING),
}


@pytest.mark.parametrize("state", STATES)
def test_an_agents_lamps_by_state(state: str) -> None:
    ready, not_ready = SHOWN.get(state, (DARK, DARK))
    assert agent_lamps("1024", AgentView(state=state)) == {"ready-1024": ready, "notready-1024": not_ready}


def test_a_queues_lamp_blinks_while_a_caller_waits_who_is_not_answered() -> None:
    waits = Entry("a", 1, "service", 0, 0, 0, True)
    answered = Entry("b", 1, "sales", 0, 0, 0, True, answered_wait_ms=5)
    lamps = queue_lamps(["service", "sales"], {"a": waits, "b": answered})
    assert lamps == {"waiting-service": BLINKING, "waiting-sales": DARK}
