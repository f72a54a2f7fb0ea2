"""The house's own line: who waits where, whom they look for, and who is overtaken."""

from __future__ import annotations

from acd.core.needs import parse_needs
from acd.simulation.line import Line
from acd.simulation.people import Contact, Desk
from acd.simulation.scenario import AgentGroup, Arrivals, Distribution, QueuePlan

NO_TIME = Distribution("constant")
A, B = AgentGroup(1, {"a": 5}), AgentGroup(1, {"b": 5})
DESKS = [Desk("1", A, 1), Desk("2", B, 2)]


def plan(name: str, needs: str, order: str = "oldest_first", priority: int = 0) -> QueuePlan:
    never = Distribution("infinite")
    return QueuePlan(name, parse_needs(needs), Arrivals(), NO_TIME, NO_TIME, never, priority, order)


QUEUES = [plan("a", "a"), plan("any", ""), plan("vip", "b", "strict", 3)]


def contact(name: str, number: int, arrived_ms: int) -> Contact:
    return Contact(name, QUEUES[number], number, arrived_ms, 0, 0)


def test_agents_are_wanted_by_those_who_wait() -> None:
    line = Line(QUEUES, DESKS)
    assert line.wanted() == 0
    first, second = contact("x", 0, 10), contact("y", 1, 20)
    line.add(first)
    assert line.wanted() == 0b01
    line.add(second)
    assert line.wanted() == 0b11
    assert line.remove(second)
    assert not line.remove(second)
    assert line.wanted() == 0b01


def test_an_offer_on_its_way_still_wants() -> None:
    line = Line(QUEUES, DESKS)
    one = contact("x", 1, 10)
    line.count_offered(one, +1)
    assert (line.wanted(), line.wanted_or_offered()) == (0, 0b11)
    line.count_offered(one, -1)
    assert line.wanted_or_offered() == 0


def test_only_an_earlier_one_whom_this_agent_could_serve_is_overtaken() -> None:
    line = Line(QUEUES, DESKS)
    late = contact("late", 1, 30)
    line.add(contact("early", 0, 10))
    assert line.is_overtaken(late, DESKS[0])
    assert not line.is_overtaken(late, DESKS[1])
    assert not line.is_overtaken(contact("earliest", 1, 5), DESKS[0])


def test_strict_priority_is_before_any_wait_a_head_start_a_minute_a_point() -> None:
    assert contact("v", 2, 10**9).key < contact("x", 0, 0).key
    later = Contact("h", plan("h", "", "oldest_first", 1), 0, 59_999, 0, 0)
    assert later.key < contact("x", 0, 0).key < Contact("h", later.queue, 0, 60_001, 0, 0).key
