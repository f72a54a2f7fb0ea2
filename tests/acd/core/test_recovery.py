"""After restarts and gaps, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from decision_table import START_MS, Table, outcome, rows_of, settings

from acd.core import events, house_rules, remembered
from acd.core.distributor import Distributor
from acd.core.fact_codec import to_body
from acd.core.facts import AgentStateChanged, CallOffered
from acd.core.picture import Picture
from acd.core.recovery import restored_from


class Restarted(Table):
    """A table whose distributor was killed at a time and begins again from its own facts."""

    def __init__(self, rules: events.SettingsChanged | None = None) -> None:
        super().__init__(linked=False, at_work=False, rules=rules)
        self.rules = rules
        self.picture = Picture(lambda _: 0)
        self.epoch = 1

    def handle(self, event: events.Event, at_ms: int):  # type: ignore[no-untyped-def]
        decision = super().handle(event, at_ms)
        if hasattr(self, "picture"):
            for fact in decision.facts:
                self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        return decision

    def restart(self, at_ms: int, agents: dict[str, dict[str, int]] | None = None) -> list[str]:
        """Kill and start; what the restored distributor had to say at once."""
        self.epoch += 1
        self.distributor = Distributor(self.epoch)
        restored = restored_from(self.picture)
        self.handle(self.rules or settings(agents, version=self.epoch), at_ms)
        return outcome(self.handle(restored, at_ms))


def busy_house() -> Restarted:
    """1001 talks with c1, 1002's phone rings for c2, c3 and c4 wait, 1003 has a break."""
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        2       log_in 1002 p2             | 1002 not_ready (login)
        3       log_in 1003 p3             | 1003 not_ready (login)
        4       not_ready 1003 lunch       | 1003 not_ready (lunch)
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        30      rang 1-1                   | rang 1-1
        40      answered 1-1               | 1001 on_contact
                                           | answered c1: waited 20, rang 10
        50      bridged 1-1                | connected c1 with 1001
                                           | left c1: answered after 20
        60      ready 1002                 | 1002 ready
        70      arrive c2 orders since=70  | queued c2
                                           | offered c2 to 1002 as 1-2
                                           | 1002 offered
                                           | ! offer c2 to 1002 for 8000
        80      rang 1-2                   | rang 1-2
        90      arrive c3 orders since=90  | queued c3
        95      arrive c4 service since=95 | queued c4
    """)
    return table


def test_nothing_is_offered_before_the_first_snapshot() -> None:
    Table(linked=False).run("""
        0       ready 1001                 | 1001 ready
        10      arrive c1 service since=10 | queued c1
        20      snapshot c1                | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
    """)


def test_nothing_is_offered_while_the_link_is_down() -> None:
    Table().run("""
        0       ready 1001                 | 1001 ready
        10      link_lost                  |
        20      arrive c1 service since=20 | queued c1
        30      snapshot c1                | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
    """)


def test_the_living_go_on_and_those_who_wait_are_waited_for() -> None:
    table = busy_house()
    assert table.restart(1000) == []
    table.run("""
        1001    ready 1003                 | 1003 ready
                                           | alarm at 14000
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing waiting=c2,c3,c4
                                           | alarm at 2600
        1500    arrive c4 service since=95 | alarm at 2600
        1600    arrive c3 orders since=90  | offered c3 to 1003 as 2-1
                                           | 1003 offered
                                           | ! offer c3 to 1003 for 8000
                                           | alarm at 2600
        1700    answered 1-2               | 1002 on_contact
                                           | answered c2: waited 1630, rang 1620
                                           | alarm at 2600
        1800    bridged 1-2                | connected c2 with 1002
                                           | left c2: answered after 1630
                                           | alarm at 2600
        2050    leg_ended 1-1 16 agent     | talked c1: 2000, held 0, by agent
                                           | 1001 acw until 12050
                                           | alarm at 2600
        2800    leg_ended 1-2 16 agent     | talked c2: 1000, held 0, by agent
                                           | 1002 ready
                                           | offered c4 to 1002 as 2-2
                                           | 1002 offered
                                           | ! offer c4 to 1002 for 20000
                                           | alarm at 12050
    """)


def test_callers_are_waited_for_no_longer_than_a_second_and_a_half() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing
                                           | alarm at 2600
        1200    ready 1003                 | 1003 ready
                                           | alarm at 2600
        1500    arrive c4 service since=95 | alarm at 2600
        2600    alarm                      | offered c4 to 1003 as 2-1
                                           | 1003 offered
                                           | ! offer c4 to 1003 for 20000
                                           | alarm at 14000
    """)


def test_a_caller_whom_the_journal_does_not_know_is_waited_for_too() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                 |
        1       log_in 1001 p1           | 1001 not_ready (login)
        2       ready 1001               | 1001 ready
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 waiting=c1,c2 |
        1200    arrive c2 service since=900  | queued c2
        1300    arrive c1 service since=800  | queued c1
                                             | offered c1 to 1001 as 2-1
                                             | 1001 offered
                                             | ! offer c1 to 1001 for 20000
    """)


def test_whoever_was_turned_away_before_the_list_came_is_not_waited_for() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                        |
        1       log_in 1001 p1                  | 1001 not_ready (login)
        2       ready 1001                      | 1001 ready
        3       close_queue orders              | closed orders
                                                | acted close_queue orders
    """)
    table.restart(1000)
    table.run("""
        1090    arrive c1 orders since=900      | overflowed c1 to voicemail: closed
                                                | ! send c1 to voicemail as closed
        1100    snapshot asked=1050 c1 c2 waiting=c1,c2 |
        1110    withdraw c1 voicemail           | - the call is not here
        1200    arrive c2 service since=950     | queued c2
                                                | offered c2 to 1001 as 2-1
                                                | 1001 offered
                                                | ! offer c2 to 1001 for 20000
    """)


def test_whoever_hung_up_is_not_waited_for() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1050    ready 1003                            | 1003 ready
        1100    snapshot c1 c3 c4 1-1:c1:1001:bridged | ended 1-2: lost, rang 1020
                                                      | 1002 ready
                                                      | left c2: lost after 1030
        1200    arrive c4 service since=95            |
        1300    hang_up c3                            | left c3: abandoned after 1210
                                                      | offered c4 to 1003 as 2-1
                                                      | 1003 offered
                                                      | ! offer c4 to 1003 for 20000
    """)


def test_what_the_snapshot_does_not_show_is_lost() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    snapshot                 | talked c1: 1050, held 0, by lost
                                         | 1001 acw until 11100
                                         | ended 1-2: lost, rang 1020
                                         | 1002 ready
                                         | left c2: lost after 1030
                                         | left c3: lost after 1010
                                         | left c4: lost after 1005
        11100   alarm                    | 1001 ready
    """)


def test_a_conversation_that_ended_unseen_leads_to_work_and_a_ring_to_no_mark() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 c3 c4       | talked c1: 1050, held 0, by lost
                                           | 1001 acw until 11100
                                           | ended 1-2: lost, rang 1020
                                           | 1002 ready
        1200    arrive c3 orders since=90  |
        1300    arrive c4 service since=95 |
        1400    arrive c2 orders since=70  | offered c2 to 1002 as 2-1
                                           | 1002 offered
                                           | ! offer c2 to 1002 for 8000
        1500    ready 1003                 | 1003 ready
                                           | offered c3 to 1003 as 2-2
                                           | 1003 offered
                                           | ! offer c3 to 1003 for 8000
    """)


def test_a_conversation_that_began_in_the_gap_is_no_abandoned_call() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    answered 1-2 at=300            | 1002 on_contact
                                               | answered c2: waited 230, rang 220
        1101    bridged 1-2 at=400             | connected c2 with 1002
                                               | left c2: answered after 230
        1102    leg_ended 1-2 16 agent at=900  | talked c2: 500, held 0, by agent
                                               | 1002 ready
    """)


def test_what_ended_in_the_gap_ended_when_it_did_and_not_when_it_is_told() -> None:
    table = busy_house()
    table.restart(1000)
    table.run("""
        1100    leg_ended 1-1 16 agent at=650  | talked c1: 600, held 0, by agent
                                               | 1001 acw until 10650
        1101    hang_up c3 at=400              | left c3: abandoned after 310
        1102    snapshot c1 c2 c4              | ended 1-2: lost, rang 1022
                                               | 1002 ready
    """)


def test_work_that_is_over_when_the_end_is_told_is_over_at_once() -> None:
    table = busy_house()
    table.restart(30000)
    table.run("""
        30100   leg_ended 1-1 16 agent at=650  | talked c1: 600, held 0, by agent
                                               | 1001 acw until 30100
                                               | 1001 ready
    """)


def test_an_end_told_before_the_beginning_or_after_now_is_brought_between() -> None:
    table = busy_house()
    table.run("""
        1000    leg_ended 1-1 16 agent at=20   | talked c1: 0, held 0, by agent
                                               | 1001 acw until 10050
        1001    hang_up c3 at=9000             | left c3: abandoned after 911
    """)


def test_what_a_snapshot_does_not_show_after_a_gap_went_when_the_gap_began() -> None:
    table = busy_house()
    table.run("""
        550     link_lost    |
        900     link_lost    |
        5000    snapshot     | talked c1: 500, held 0, by lost
                             | 1001 acw until 10550
                             | ended 1-2: lost, rang 4920
                             | 1002 ready
                             | left c2: lost after 480
                             | left c3: lost after 460
                             | left c4: lost after 455
    """)


def test_an_answer_and_a_bridge_in_the_gap_are_seen() -> None:
    table = busy_house()
    table.run("""
        100     link_lost                |
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:up
                                         | 1002 on_contact
                                         | answered c2: waited 1030, rang 1020
        1200    link_lost                |
        1300    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:bridged
                                         | connected c2 with 1002
                                         | left c2: answered after 1030
    """)


def test_a_restarted_asterisk_has_nothing_of_ours() -> None:
    table = busy_house()
    table.run("""
        100     link_lost                |
        110     session_lost c2          |
        120     session_lost c3          |
        1100    snapshot restarted=1     | talked c1: 50, held 0, by lost
                                         | 1001 acw until 10100
                                         | ended 1-2: lost, rang 1020
                                         | 1002 ready
                                         | left c2: lost after 30
                                         | left c3: lost after 10
                                         | left c4: lost after 5
    """)


def test_a_leg_that_vanished_in_a_gap_leaves_the_word_to_dial() -> None:
    table = busy_house()
    table.run("""
        100     link_lost                                |
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged |
        1150    failed 1-2 no_answer                     | ended 1-2: no_answer, rang 1070
                                                         | 1002 not_responding (no_answer)
    """)


def test_what_began_after_the_list_was_asked_for_is_not_judged_by_it() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        110     rang 1-1                    | rang 1-1
        120     arrive c2 service since=120 | queued c2
        130     snapshot asked=105          | ended 1-1: lost, rang 20
                                            | left c1: lost after 30
        140     snapshot asked=125 c1       | 1001 ready
                                            | left c2: lost after 20
    """)


def test_an_offer_not_seen_so_far_may_just_be_dialled() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        110     snapshot c1 asked=105 |
        120     rang 1-1              | rang 1-1
    """)


def test_the_dead_stay_dead_against_stale_lists() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        110     rang 1-1                        | rang 1-1
        200     leg_ended 1-1 21                |
        210     failed 1-1 rejected             | ended 1-1: rejected, rang 100
                                                | 1001 not_ready (rejected)
        220     hang_up c1                      | left c1: abandoned after 120
        230     snapshot c1 1-1:c1:1001:ringing |
        240     ready 1001                      | 1001 ready
    """)


def test_an_unknown_leg_holds_its_agent() -> None:
    Table().run("""
        0       ready 1001                  | 1001 ready
        10      ready 1002                  | 1002 ready
        50      snapshot c7 c8 9-1:c7:1001:bridged 9-2:c8:1002:ringing 9-3:c8:4711:ringing
                                            | 1001 on_contact
                                            | 1002 offered
        100     arrive c1 service since=100 | queued c1
        200     leg_ended 9-1 16 agent      | 1001 ready
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        25050   alarm                       | 1002 unknown (lease_expired)
                                            | ! snapshot
        25060   snapshot c8                 | 1002 ready
                                            | ended 1-1: lost, rang 0
                                            | left c1: lost after 24960
    """)


def test_after_contact_work_ends_at_the_time_it_was_to_end() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        50      bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 30, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 30
        1000    leg_ended 1-1 16 agent     | talked c1: 950, held 0, by agent
                                           | 1001 acw until 11000
    """)
    table.restart(5000)
    table.run("""
        5100    snapshot                 | alarm at 11000
        11000   alarm                    | 1001 ready
                                         | alarm at never
    """)
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        50      bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 30, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 30
        1000    leg_ended 1-1 16 agent     | talked c1: 950, held 0, by agent
                                           | 1001 acw until 11000
    """)
    assert table.restart(60_000) == ["1001 ready"]


def test_marks_intents_and_idle_times_outlive_a_restart() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                  |
        1       log_in 1001 p1            | 1001 not_ready (login)
        2       log_in 1002 p2            | 1002 not_ready (login)
        3       log_in 1003 p3            | 1003 not_ready (login)
        10      ready 1001                | 1001 ready
        20      arrive c1 orders since=20 | queued c1
                                          | offered c1 to 1001 as 1-1
                                          | 1001 offered
                                          | ! offer c1 to 1001 for 8000
        30      rang 1-1                  | rang 1-1
        8030    failed 1-1 no_answer      | ended 1-1: no_answer, rang 8000
        8040    leg_ended 1-1 0           | 1001 not_responding (no_answer)
        8050    hang_up c1                | left c1: abandoned after 8030
        8060    ready 1003                | 1003 ready
        8070    ready 1002                | 1002 ready
        8080    phone_lost 1002           | 1002 not_ready (unreachable) then ready
    """)
    table.restart(9000)
    table.run("""
        9100    snapshot                    |
        9110    phone_back 1002             | 1002 ready
        9200    arrive c2 orders since=9200 | queued c2
                                            | offered c2 to 1003 as 2-1
                                            | 1003 offered
                                            | ! offer c2 to 1003 for 8000
        9300    arrive c3 orders since=9300 | queued c3
                                            | offered c3 to 1002 as 2-2
                                            | 1002 offered
                                            | ! offer c3 to 1002 for 8000
        9400    arrive c4 orders since=9400 | queued c4
        9500    ready 1001                  | 1001 ready
                                            | offered c4 to 1001 as 2-3
                                            | 1001 offered
                                            | ! offer c4 to 1001 for 8000
    """)


def test_the_break_that_follows_a_conversation_keeps_its_reason() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                  |
        1       log_in 1001 p1            | 1001 not_ready (login)
        10      ready 1001                | 1001 ready
        20      arrive c1 orders since=20 | queued c1
                                          | offered c1 to 1001 as 1-1
                                          | 1001 offered
                                          | ! offer c1 to 1001 for 8000
        50      bridged 1-1               | 1001 on_contact
                                          | answered c1: waited 30, rang 0
                                          | connected c1 with 1001
                                          | left c1: answered after 30
        60      not_ready 1001 lunch      | 1001 on_contact then not_ready
        70      hold 1-1                  | held c1
                                          | 1001 on_hold then not_ready
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 1-1:c1:1001:bridged |
        1200    resume 1-1                      | resumed c1
                                                | 1001 on_contact then not_ready
        2000    leg_ended 1-1 16 agent          | talked c1: 820, held 1130, by agent
                                                | 1001 not_ready (lunch)
    """)


def test_a_leg_whose_caller_was_gone_holds_the_agent_over_a_restart() -> None:
    table = busy_house()
    table.run("""
        100     hang_up c2               | ended 1-2: caller_gone, rang 20
                                         | left c2: abandoned after 30
        110     hang_up c1               | talked c1: 60, held 0, by caller
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing
        1200    arrive c3 orders since=90  |
        1300    arrive c4 service since=95 |
        1400    leg_ended 1-2 26           | 1002 ready
                                           | offered c3 to 1002 as 2-1
                                           | 1002 offered
                                           | ! offer c3 to 1002 for 8000
        1500    leg_ended 1-1 16           | 1001 ready
                                           | offered c4 to 1001 as 2-2
                                           | 1001 offered
                                           | ! offer c4 to 1001 for 20000
    """)


def test_agents_no_longer_in_the_settings_are_offline_after_a_restart() -> None:
    table = busy_house()
    assert table.restart(1000, agents={"1002": {}}) == [
        "1001 on_contact then offline",
        "1003 offline (removed)",
    ]
    table.run("""
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing
        1200    leg_ended 1-1 16 agent   | talked c1: 1150, held 0, by agent
                                         | 1001 acw until 11200 then offline
        11200   alarm                    | 1001 offline (removed)
    """)


def test_the_ready_time_of_one_who_was_dropped_from_the_settings_meanwhile_counts() -> None:
    """10 s of talk and 50 s ready, 40 of these while acd was away: occupied for a sixth of the time."""
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        10      arrive c1 orders since=10  | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
        10      bridged 1-1                | 1001 on_contact
                                           | answered c1: waited 0, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 0
        10010   leg_ended 1-1 16 agent     | talked c1: 10000, held 0, by agent
                                           | 1001 ready
    """)
    assert table.restart(60_010, agents={"1002": {}}) == ["1001 offline (removed)"]
    again = settings(version=3)
    queues = tuple(replace(rules, agent_choice="least_occupied") for rules in again.queues)
    table.handle(replace(again, queues=queues), 70_000)
    table.run("""
        70_001  snapshot                   |
        70_002  log_in 1001 p1             | 1001 not_ready (login)
        70_002  ready 1001                 | 1001 ready
    """)
    decision = table.handle(events.CallArrived("c2", "orders", "", 0, "zh", START_MS + 70_002), 70_002)
    (offered,) = [fact for fact in decision.facts if isinstance(fact, CallOffered)]
    assert offered.proof["best"][0]["key"] == 1_000_000 // 6


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
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
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
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        20      arrive c1 orders since=20  | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 8000
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


def changed_rules(**rules: Any) -> events.SettingsChanged:
    """The settings of these tables' next version, with other rules for every queue."""
    now = settings(version=2)
    return replace(now, queues=tuple(replace(queue, **rules) for queue in now.queues))


def test_a_waiting_call_keeps_the_rules_of_its_entry_over_a_restart() -> None:
    """After-contact work, ring time and code are those of the entry, though the settings have changed."""
    table = Restarted()
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        100     arrive c1 service since=100 | queued c1
    """)
    table.rules = changed_rules(after_contact_ms=77, offer_ring_ms=999, target_ms=1, disposition="required")
    assert table.restart(1000) == []
    table.run("""
        1100    snapshot c1 waiting=c1      |
        1200    arrive c1 service since=100 |
        1300    ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 2-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        1400    bridged 2-1                 | 1001 on_contact
                                            | answered c1: waited 1300, rang 0
                                            | connected c1 with 1001
                                            | left c1: answered after 1300
        2400    leg_ended 2-1 16 agent      | talked c1: 1000, held 0, by agent
                                            | 1001 acw until 12400
    """)
    # The next caller has the rules of now.
    table.run("""
        12400   alarm                       | 1001 ready
        13000   arrive c2 service since=13000 | queued c2
                                            | offered c2 to 1001 as 2-2
                                            | 1001 offered
                                            | ! offer c2 to 1001 for 999
    """)


@pytest.mark.parametrize(
    ("queue", "now", "told"),
    [
        ("limited", {"nobody_ready": ("", "")}, "overflowed c1 to hangup: nobody_ready"),
        ("orders", {"nobody_ready": ("", "voicemail")}, ""),
    ],
)
def test_limits_for_absent_agents_are_those_of_the_entry_over_a_restart(
    queue: str, now: dict[str, Any], told: str
) -> None:
    table = Restarted()
    table.run(f"""
        0       snapshot                          |
        1       log_in 1001 p1                    | 1001 not_ready (login)
        2       ready 1001                        | 1001 ready
        3       in_use p1                         | 1001 communicating (own_call)
        100     arrive c1 {queue} sales since=100 | queued c1
    """)
    table.rules = changed_rules(**now)
    table.restart(1000)
    table.run(f"""
        1100    snapshot c1 waiting=c1 in_use=p1  |
        1200    arrive c1 {queue} sales since=100 |
        1300    not_ready 1001 lunch              | 1001 communicating (own_call) then not_ready
    """)
    [agent, *came] = outcome(table.handle(events.PhoneFree("p1"), 1400))
    assert agent == "1001 not_ready (lunch)"
    assert came == ([told, "! send c1 to hangup"] if told else [])


def test_a_journal_without_kept_rules_gives_those_of_now() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        100     arrive c1 service since=100 | queued c1
    """)
    table.picture.contacts["c1"].rules = {}
    table.rules = changed_rules(offer_ring_ms=999)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 waiting=c1      |
        1200    arrive c1 service since=100 |
        1300    ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 2-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 999
    """)


def test_the_after_contact_work_of_a_talk_is_that_of_the_entry_over_a_restart() -> None:
    table = busy_house()
    table.rules = changed_rules(after_contact_ms=1)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 c3 c4 1-1:c1:1001:bridged 1-2:c2:1002:ringing waiting=c2,c3,c4 |
        2050    leg_ended 1-1 16 agent     | talked c1: 2000, held 0, by agent
                                           | 1001 acw until 12050
    """)


def test_a_whisper_outlives_a_restart() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        30      rang 1-1                   | rang 1-1
        40      answered 1-1               | 1001 on_contact
                                           | answered c1: waited 20, rang 10
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 1-1:c1:1001:up |
        1200    bridged 1-1                | connected c1 with 1001
                                           | left c1: answered after 20
    """)


def test_a_list_without_a_leg_that_has_ended_says_nothing_new() -> None:
    Table().run("""
        given c1 offered to 1001 in orders
        110     rang 1-1         | rang 1-1
        200     leg_ended 1-1 17 |
        210     snapshot c1      |
        220     failed 1-1 busy  | ended 1-1: busy, rang 110
                                 | 1001 communicating (busy) until 5220
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


def test_breaks_codes_rows_of_failures_and_lost_phones_survive_a_restart() -> None:
    rules = house_rules.AgentRules(
        break_ms=(("lunch", 5000),), codes=("11",), phone_gone_ms=60_000, longest_work_ms=30_000
    )
    told = settings(agent_rules=rules, disposition="required")
    table = Restarted(told)
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        2       log_in 1002 p2             | 1002 not_ready (login)
        3       not_ready 1002 lunch       | 1002 not_ready (lunch) break until 5003
        4       phone_lost 1002            | 1002 not_ready (lunch) break until 5003 phone gone
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        30      failed 1-1 busy            | ended 1-1: busy, rang 0
        40      leg_ended 1-1 17           | 1001 communicating (busy) until 5040
        5003    alarm                      | 1002 not_ready (lunch) break until 5003 overdue phone gone
        5040    alarm                      | 1001 ready
                                           | offered c1 to 1001 as 1-2
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        5050    bridged 1-2                | 1001 on_contact
                                           | answered c1: waited 5030, rang 0
                                           | connected c1 with 1001
                                           | left c1: answered after 5030
    """)
    table.restart(6000)
    table.run("""
        6001    snapshot c1 1-2:c1:1001:bridged  |
        6002    help 1001                  | help for 1001 with c1
        7000    leg_ended 1-2 16 agent     | talked c1: 1950, held 0, by agent
                                           | 1001 acw until 17000
    """)
    table.restart(8000)
    table.run("""
        8001    snapshot c1                |
        8002    prolong 1001               | 1001 acw until 37000
        8002    helped 1001 9001           | help over for 1001 by 9001 after 2000
        8003    finish 1001                | - the queue requires a code first
        8004    code 1001 11               | 1001 acw until 37000
                                           | code 11 for 1-2 by 1001
        37000   alarm                      | 1001 ready
        67999   alarm                      |
        68000   alarm                      | 1002 offline (phone_gone)
    """)


def test_of_several_phones_that_rang_when_acd_was_killed_the_living_leg_wins() -> None:
    table = Restarted()
    table.run(
        """
        0       snapshot                      |
        1       log_in 1001 p1                | 1001 not_ready (login)
        2       log_in 1002 p2                | 1002 not_ready (login)
        3       log_in 1003 p3                | 1003 not_ready (login)
    """
        + "\n".join(rows_of("given c1 rings at all in together"))
    )
    assert table.restart(1000) == []
    table.run("""
        1100    snapshot c1 1-2:c1:1002:up    | 1002 on_contact
                                              | ended 1-3: answered_elsewhere, rang 900
                                              | ended 1-1: answered_elsewhere, rang 900
                                              | answered c1: waited 1000, rang 900
                                              | 1003 ready
                                              | 1001 ready
        1200    bridged 1-2                   | connected c1 with 1002
                                              | left c1: answered after 1000
    """)


def test_of_several_phones_that_rang_those_that_ring_on_may_still_win() -> None:
    table = Restarted()
    table.run(
        """
        0       snapshot                      |
        1       log_in 1001 p1                | 1001 not_ready (login)
        2       log_in 1002 p2                | 1002 not_ready (login)
        3       log_in 1003 p3                | 1003 not_ready (login)
    """
        + "\n".join(rows_of("given c1 rings at all in together"))
    )
    assert table.restart(1000) == []
    table.run("""
        1100    snapshot c1 1-1:c1:1001:ringing 1-3:c1:1003:ringing | ended 1-2: lost, rang 900
                                              | 1002 ready
        1200    answered 1-3                  | 1003 on_contact
                                              | ended 1-1: answered_elsewhere, rang 1000
                                              | answered c1: waited 1100, rang 1000
    """)


def test_a_phone_in_use_survives_a_restart_until_a_snapshot_tells() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        2       log_in 1002 p2             | 1002 not_ready (login)
        3       ready 1001                 | 1001 ready
        4       ready 1002                 | 1002 ready
        5       in_use p1                  | 1001 communicating (own_call)
        6       in_use p2                  | 1002 communicating (own_call)
    """)
    assert table.restart(1000) == []
    table.run("""
        1001    ready 1001                 |
        1002    snapshot in_use=p2         | 1001 ready
        1003    free p2                    | 1002 ready
    """)


def test_a_restart_keeps_the_step_and_the_times_of_those_to_come() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                                        |
        1       log_in 1001 p1                                  | 1001 not_ready (login)
        100     arrive c1 steps sales>=5 since=100 last=1001    | queued c1 for 1001
        12000   alarm                                           | widened c1: sales >= 5
                                                                | widened c1: sales >= 2
    """)
    assert table.restart(13_000) == []
    view = table.picture.contacts["c1"]
    assert (view.step, view.needs, view.prefer, view.queued_ms) == (2, "sales >= 2", [], START_MS + 100)
    table.run("""
        13100   snapshot c1 waiting=c1                          | alarm at 14600
        13200   arrive c1 steps sales>=5 since=100              | alarm at 14600
        14600   alarm                                           | alarm at 20100
        20100   alarm                                           | widened c1: anyone
                                                                | alarm at never
    """)


def test_a_step_that_was_due_while_we_were_away_comes_at_once() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                             |
        100     arrive c1 steps sales>=5 since=100   | queued c1
    """)
    assert table.restart(25_000) == ["widened c1: sales >= 2", "widened c1: anyone"]


def test_an_agent_of_whose_offer_nothing_was_heard_is_as_idle_as_before_also_after_a_restart() -> None:
    table = Restarted()
    table.run("""
        0       snapshot                      |
        1       log_in 1001 p1                | 1001 not_ready (login)
        10      ready 1001                    | 1001 ready
        100     arrive c1 orders since=100    | queued c1
                                              | offered c1 to 1001 as 1-1
                                              | 1001 offered
                                              | ! offer c1 to 1001 for 8000
        13100   alarm                         | 1001 unknown (lease_expired)
                                              | ! snapshot
    """)
    table.restart(14_000)
    decision = table.handle(events.AsteriskSnapshot(("c1",), ()), 14_100)
    (ready,) = [fact for fact in decision.facts if isinstance(fact, AgentStateChanged)]
    assert (ready.state, ready.idle_since_ms) == ("ready", START_MS + 10)
