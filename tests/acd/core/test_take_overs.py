"""A take-over is finished, or nothing has changed, whenever we are killed: tables of events and decisions."""

from __future__ import annotations

import pytest
from decision_table import START_MS, Table
from restarted_table import talk

from acd.core import events
from acd.core.fact_codec import to_body

TAKEN = """
        1000    take c1 1003 joins          | acted take 1003 c1 service
"""
JOINED = """
        1100    joined c1 1003 s-7 service  | connected c1 with 1003
                                            | 1003 on_contact then not_ready
                                            | ! drop 1-1
"""
BOTH = "1-1:c1:1001:bridged s-7:c1:1003:bridged"


def test_the_part_that_ends_is_in_the_fact_before_anything_is_done() -> None:
    decision = talk().handle(events.CallTaken("c1", "1003", "1003", "phone", joins=True), 1000)
    assert [to_body(fact)["segment"] for fact in decision.facts] == ["1-1"]
    assert decision.commands == ()


def test_killed_between_joining_and_dropping_the_agents_leg_is_dropped_after_the_return() -> None:
    table = talk()
    table.run(TAKEN + JOINED)
    assert table.restart(2000) == []
    table.run(f"""
        2100    snapshot c1 {BOTH}          | ! drop 1-1
        2110    leg_ended 1-1 16 transfer   | talked c1: 2060, held 0, by transfer
                                            | 1001 acw until 12110
        3100    leg_ended s-7 16 agent      | talked c1: 2000, held 0, by agent
                                            | 1003 acw until 13100 then not_ready
        12110   alarm                       | 1001 ready
    """)


def test_killed_in_the_midst_of_the_words_that_it_joined() -> None:
    """The journal says that 1003 is connected, and no more: the agent's state is made good, the rest done."""
    table = talk()
    table.run(TAKEN)
    joined = Table.handle(table, events.AgentJoined("c1", "1003", "s-7", "service"), 1100).facts[0]
    table.picture.apply("CallConnected", START_MS + 1100, to_body(joined))
    assert table.restart(2000) == ["1003 on_contact then not_ready"]
    table.run(f"""
        2100    snapshot c1 {BOTH}          | ! drop 1-1
        2110    leg_ended 1-1 16 transfer   | talked c1: 2060, held 0, by transfer
                                            | 1001 acw until 12110
        3100    leg_ended s-7 16 caller     | talked c1: 2000, held 0, by caller
                                            | 1003 acw until 13100 then not_ready
    """)


def test_killed_before_the_phone_was_there_it_is_finished_when_it_has_come_meanwhile() -> None:
    table = talk()
    table.run(TAKEN)
    assert table.restart(2000) == []
    table.run("""
        2100    snapshot c1 1-1:c1:1001:bridged |
        2105    joined c1 1003 s-7 service      | connected c1 with 1003
                                                | 1003 on_contact then not_ready
                                                | ! drop 1-1
    """)


def test_killed_before_the_phone_was_there_and_it_does_not_come_nothing_has_changed() -> None:
    """Who joins later, as a third party, takes nobody's place; not after another restart either."""
    table = talk()
    table.run(TAKEN)
    assert table.restart(2000) == []
    table.run("""
        9000    snapshot c1 1-1:c1:1001:bridged |
        12000   alarm                           |
        19000   alarm                           | given up c1 by 1003
        20000   joined c1 1003 s-7 service      | connected c1 with 1003
                                                | 1003 on_contact then not_ready
    """)
    assert table.restart(21000) == []
    table.run(f"""
        21100   snapshot c1 {BOTH}              |
    """)


def test_the_phone_that_does_not_come_is_given_up_without_a_restart_too() -> None:
    table = talk()
    table.run(
        TAKEN
        + """
        11000   alarm                       | given up c1 by 1003
        11100   joined c1 1003 s-7 service  | connected c1 with 1003
                                            | 1003 on_contact then not_ready
    """
    )


@pytest.mark.parametrize("lost", ["", "4000    link_lost                   |\n"])
def test_a_leg_that_lives_on_is_dropped_again(lost: str) -> None:
    """The order may have been lost with the link; without one nothing is known, and nothing given up."""
    table = talk()
    table.run(
        TAKEN
        + JOINED
        + f"""
        {lost}
        11000   alarm                       | ! drop 1-1
        11100   snapshot c1 {BOTH}          | ! drop 1-1
        11200   leg_ended 1-1 16 transfer   | talked c1: 11150, held 0, by transfer
                                            | 1001 acw until 21200
        21100   alarm                       |
    """
    )


def test_the_end_of_the_dropped_leg_told_by_asterisks_log_is_a_transfer() -> None:
    """We were killed after the order: the log does not know whose hang-up it was."""
    table = talk()
    table.run(TAKEN + JOINED)
    assert table.restart(2000) == []
    table.run("""
        2050    leg_ended 1-1 16 caller at=1150 | talked c1: 1100, held 0, by transfer
                                                | 1001 acw until 11150
        2100    snapshot c1 s-7:c1:1003:bridged |
    """)


def test_a_caller_who_hangs_up_before_the_phone_is_there_has_ended_the_talk() -> None:
    table = talk()
    table.run(
        TAKEN
        + """
        1050    leg_ended 1-1 16 caller     | talked c1: 1000, held 0, by caller
                                            | 1001 acw until 11050
        1060    hang_up c1                  | - the call is not here
        11000   alarm                       |
    """
    )
