"""Whatever is told, in whatever order, under whatever settings: the promises hold (Hypothesis).

`pytest tests/simulation/test_any_order.py --examples 20000` tries more; a failure is shrunk to the few steps
that break the promise.
"""

from __future__ import annotations

from any_order import OFTEN, STEPS, AnyOrder, Step
from drawn_settings import drawn_settings, examples
from hypothesis import given, target
from hypothesis import strategies as st

from acd.core import events, house_rules

STEP: st.SearchStrategy[Step] = st.tuples(
    st.integers(0, 6),
    st.sampled_from(OFTEN) | st.sampled_from(STEPS),
    st.integers(0, 30),
    st.integers(0, 30),
)


def begin(settings: list[events.SettingsChanged]) -> AnyOrder:
    """A house in which everyone is at work, so that something can happen."""
    house = AnyOrder(settings)
    house.play((0, "snapshot", 1, 0))
    for agent in range(6):
        house.play((0, "log_in", agent, agent))
        house.play((1, "ready", agent, 0))
    return house


@examples(150)
@given(st.lists(drawn_settings(), min_size=1, max_size=3), st.lists(STEP, min_size=20, max_size=120))
def test_promises_hold_in_any_order(settings: list[events.SettingsChanged], steps: list[Step]) -> None:
    house = begin(settings)
    for step in steps:
        house.play(step)
    target(float(len(house.offers)))


@examples(60)
@given(drawn_settings(), st.lists(STEP, min_size=10, max_size=80))
def test_the_same_events_give_the_same_facts(settings: events.SettingsChanged, steps: list[Step]) -> None:
    """Also when the process has been killed at the end: a restart says of the journal what it says of it."""
    one, other = begin([settings]), begin([settings])
    for step in steps:
        one.play(step)
        other.play(step)
    assert one.ids == other.ids
    assert one.picture.snapshot() == other.picture.snapshot()


def test_things_happen() -> None:
    """A world in which nothing is offered would keep every promise."""
    queue = house_rules.QueueRules("q", "", 0, 5_000, 20_000, 15_000)
    agents = tuple(house_rules.AgentProfile(str(1001 + number), ()) for number in range(6))
    house = begin([events.SettingsChanged(1, agents, (queue,))])
    for number in range(6):
        house.play((2, "arrive", number, 0))
        house.play((3, "rang", 1, 0))
        house.play((3, "answered", 1, 0))
        house.play((3, "bridged", 1, 0))
        house.play((4, "leg_ended", 1, 0))
    assert len(house.offers) >= 6
    assert sum(identity.endswith("/CallConnected") for identity in house.ids) == 6
