"""Who served a caller last: kept over restarts, bounded, nobody for a withheld number."""

from __future__ import annotations

from acd.core.last_agents import CALLERS_LIMIT, LastAgents
from acd.core.picture import Picture


def test_the_last_one_counts_and_a_withheld_number_has_none() -> None:
    memory = LastAgents()
    memory.note("caller-1", "1001")
    memory.note("caller-1", "1002")
    memory.note("", "1003")
    assert (memory.of("caller-1"), memory.of(""), memory.of("caller-2")) == ("1002", "", "")


def test_the_one_unheard_of_for_longest_is_forgotten() -> None:
    memory = LastAgents()
    for number in range(CALLERS_LIMIT):
        memory.note(f"c{number}", "1001")
    memory.note("c0", "1002")
    memory.note("new", "1003")
    assert (memory.of("c0"), memory.of("c1"), memory.of("new")) == ("1002", "", "1003")
    assert len(memory.to_dict()) == CALLERS_LIMIT


def test_the_picture_remembers_from_facts_and_over_a_restart() -> None:
    picture = Picture(lambda _: 0)
    for contact in ("c1", "c2"):
        started = {"contact": contact, "number": "1", "trunk": "t", "direct": False, "caller": "caller-1"}
        picture.apply("ContactStarted", 1, started)
    talk = {"contact": "c1", "segment": "1-1", "agent": "1001", "queue": "a", "recording": ""}
    assert picture.last_agent("c2") == ""
    picture.apply("CallConnected", 2, talk)
    assert Picture.restore(picture.snapshot(), lambda _: 0).last_agent("c2") == "1001"
    assert picture.last_agent("unknown") == ""
