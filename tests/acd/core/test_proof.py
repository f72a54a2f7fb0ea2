"""The proof of an offer: counts by the first reason that applies, the best, the rule that broke the tie."""

from __future__ import annotations

from decision_table import START_MS, Table, event_of

from acd.core.facts import CallOffered
from acd.core.pairing import BEST_KEPT


def proof_of(table: Table, event: str, at_ms: int) -> dict:
    decision = table.handle(event_of(event.split()), at_ms)
    [offered] = [fact for fact in decision.facts if isinstance(fact, CallOffered)]
    return offered.proof


def test_it_says_what_was_asked_who_was_left_out_and_who_was_best() -> None:
    table = Table()
    table.run("""
        0       ready 1001 | 1001 ready
        5       ready 1002 | 1002 ready
    """)
    assert proof_of(table, "arrive c1 service sales>=2 priority=3 since=100", 100) == {
        "needs": "sales >= 2",
        "step": 0,
        "priority": 3,
        "wait_since_ms": START_MS + 100,
        "settings_version": 1,
        "excluded": {"lacks_skills": 1},
        "candidates": 2,
        "best": [
            {"agent": "1001", "idle_since_ms": START_MS, "key": START_MS},
            {"agent": "1002", "idle_since_ms": START_MS + 5, "key": START_MS + 5},
        ],
        "policy": "longest_idle",
        "tie_break": "longest idle, then lowest agent number",
    }


def test_agents_with_the_skills_are_counted_by_their_state() -> None:
    table = Table()
    table.run("""
        0       ready 1001                  | 1001 ready
        10      arrive c0 service since=10  | queued c0
                                            | offered c0 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c0 to 1001 for 20000
        20      bridged 1-1                 | 1001 on_contact
                                            | answered c0: waited 10, rang 0
                                            | connected c0 with 1001
                                            | left c0: answered after 10
        30      log_out 1003                | 1003 offline
        40      ready 1002                  | 1002 ready
    """)
    proof = proof_of(table, "arrive c1 service since=100", 100)
    assert proof["excluded"] == {"offline": 1, "on_contact": 1}
    assert proof["candidates"] == 1


def test_every_agent_is_counted_once() -> None:
    table = Table()
    table.run("""
        0       ready 1001             | 1001 ready
        10      not_ready 1002 lunch   | 1002 not_ready (lunch)
    """)
    proof = proof_of(table, "arrive c1 service sales since=100", 100)
    assert sum(proof["excluded"].values()) + proof["candidates"] == 3
    assert len(proof["best"]) <= BEST_KEPT
