"""Journals that end in the midst of a decision, or tell of what is no more, as tables."""

from __future__ import annotations

from decision_table import START_MS, Table, outcome
from restarted_table import Restarted

from acd.core import events, remembered
from acd.core.fact_codec import to_body


def test_a_decision_torn_by_a_kill_is_made_good() -> None:
    """The offer is in the journal, the agent's change of state is not: the command never left."""
    table = Restarted()
    table.run("""
        0       snapshot                 |
        1       log_in 1001 p1           | 1001 not_ready (login)
        10      ready 1001               | 1001 ready
    """)
    decision = Table.handle(table, events.CallArrived("c1", "service", "", 0, "zh", START_MS + 20), 20)
    for fact in decision.facts[:2]:
        table.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert table.restart(1000) == ["ended 1-1: lost, rang 0"]
    table.run("""
        1100    snapshot c1                |
        1200    arrive c1 service since=20 | offered c1 to 1001 as 2-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
    """)


def test_an_answer_torn_by_a_kill_still_leaves_the_queue_once() -> None:
    table = Restarted()
    table.run("""
        given 1001 comes to work, is offered c1 in service
        30      answered 1-1               | 1001 on_contact
                                           | answered c1: waited 10, rang 0
    """)
    decision = Table.handle(table, events.OfferConnected("1-1"), 50)
    table.picture.apply("CallConnected", START_MS + 50, to_body(decision.facts[0]))
    assert table.restart(1000) == ["left c1: answered after 10"]
    table.run("""
        1100    snapshot c1 1-1:c1:1001:bridged |
        1200    leg_ended 1-1 16 agent          | talked c1: 1150, held 0, by agent
                                                | 1001 acw until 11200
    """)


def test_an_answer_of_which_only_the_agents_state_was_written_counts_from_then() -> None:
    """Who hung up in the whisper meanwhile did answer: the phone did not ring out."""
    table = Restarted()
    table.run("""
        given 1001 comes to work, is offered c1 in orders
        30      rang 1-1                   | rang 1-1
    """)
    decision = Table.handle(table, events.OfferAnswered("1-1"), 7000)
    table.picture.apply("AgentStateChanged", START_MS + 7000, to_body(decision.facts[0]))
    assert table.restart(9000) == ["answered c1: waited 6980, rang 6970"]
    table.run("""
        9100    leg_ended 1-1 16 agent at=7900 |
        9110    snapshot c1                    |
        10100   alarm                          | ended 1-1: agent_gone, rang 6970
                                               | 1001 not_ready (rejected)
    """)


def test_needs_that_cannot_be_read_any_more_end_as_lost() -> None:
    call = remembered.RestoredCall("c1", 1, "service", "sales >=", 0, "zh", START_MS, "waiting")
    assert outcome(Table().handle(events.JournalRestored((), (call,)), 70)) == ["left c1: lost after 70"]


def test_a_queue_that_is_gone_still_serves_its_callers() -> None:
    table = Table(linked=False)
    call = remembered.RestoredCall("c1", 1, "closed", "", 0, "zh", START_MS, "waiting")
    table.handle(events.JournalRestored((), (call,)), 0)
    table.run("""
        10      ready 1001               | 1001 ready
        20      snapshot c1              |
        30      arrive c1 closed since=0 | offered c1 to 1001 as 1-1
                                         | 1001 offered
                                         | ! offer c1 to 1001 for 20000
    """)


def test_an_agent_whom_nothing_holds_forgets_a_stale_offer() -> None:
    table = Table()
    agent = remembered.RestoredAgent("1001", "p1", "ready", "", "ready", START_MS, offer="9-9")
    table.handle(events.JournalRestored((agent,), ()), 10)
    table.run("""
        20      arrive c1 orders since=20 | queued c1
                                          | offered c1 to 1001 as 1-1
                                          | 1001 offered
                                          | ! offer c1 to 1001 for 8000
    """)
