"""Agents who come into a conversation from elsewhere, as tables of events and decisions."""

from __future__ import annotations

from decision_table import START_MS, Table

from acd.core import events
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.core.recovery import restored_from

TALK = """
        given c1 talks with 1001 in service
"""


def test_an_attended_transfer_each_part_has_its_own_talk_and_hold() -> None:
    Table().run(
        TALK
        + """
        1200    hold 1-1                        | held c1
                                                | 1001 on_hold
        3200    joined c1 1002 s-7 service      | connected c1 with 1002
                                                | 1002 on_contact then not_ready
        3210    leg_ended 1-1 16 transfer       | talked c1: 1000, held 2010, by transfer
                                                | 1001 acw until 13210
        4200    hold s-7                        | held c1
                                                | 1002 on_hold then not_ready
        4700    resume s-7                      | resumed c1
                                                | 1002 on_contact then not_ready
        5200    leg_ended s-7 16 agent          | talked c1: 1500, held 500, by agent
                                                | 1002 acw until 15200 then not_ready
        13210   alarm                           | 1001 ready
        15200   alarm                           | 1002 not_ready (login)
    """
    )


def test_the_first_agents_leg_may_end_before_the_second_is_seen() -> None:
    Table().run(
        TALK
        + """
        3200    leg_ended 1-1 16 transfer       | talked c1: 3000, held 0, by transfer
                                                | 1001 acw until 13200
        3210    joined c1 1002 s-7 service      | connected c1 with 1002
                                                | 1002 on_contact then not_ready
        5200    hang_up c1                      | - the call is not here
        5210    leg_ended s-7 16 caller         | talked c1: 2000, held 0, by caller
                                                | 1002 acw until 15210 then not_ready
    """
    )


def test_of_three_parties_each_may_leave_and_the_others_go_on() -> None:
    Table().run(
        TALK
        + """
        1200    joined c1 1002 s-7 service      | connected c1 with 1002
                                                | 1002 on_contact then not_ready
        2200    leg_ended s-7 16 agent          | talked c1: 1000, held 0, by agent
                                                | 1002 acw until 12200 then not_ready
        3200    joined c1 1003 s-9 service      | connected c1 with 1003
                                                | 1003 on_contact then not_ready
        4200    leg_ended 1-1 16 agent          | talked c1: 4000, held 0, by agent
                                                | 1001 acw until 14200
        5200    hang_up c1                      | talked c1: 2000, held 0, by caller
        5210    leg_ended s-9 16 caller         | 1003 acw until 15210 then not_ready
    """
    )


def test_who_cannot_join() -> None:
    Table().run(
        TALK
        + """
        300     joined c1 1001 s-7 service      | - a leg holds the agent already
        310     joined c1 1009 s-7 service      | - no agent is logged in at this phone
        320     log_out 1003                    | 1003 offline
        330     joined c1 1003 s-7 service      | - no agent is logged in at this phone
        400     hang_up c1                      | talked c1: 200, held 0, by caller
        410     joined c1 1002 s-7 service      | - the caller or the leg has hung up
    """
    )


def test_all_parts_survive_a_restart() -> None:
    """1001 talks since 200, 1002 since 1200, acd starts again at 3000: each ends with its own length."""
    three_parties().run("""
        3010    snapshot c1 1-1:c1:1001:bridged s-7:c1:1002:bridged |
        3200    leg_ended s-7 16 agent          | talked c1: 2000, held 0, by agent
                                                | 1002 acw until 13200 then not_ready
        5200    leg_ended 1-1 16 agent          | talked c1: 5000, held 0, by agent
                                                | 1001 acw until 15200
    """)


def three_parties(*then: tuple[int, events.Event]) -> Table:
    """1001 talks since 200, 1002 since 1200, then this; acd starts again at 3000."""
    table, picture = Table(at_work=False), Picture(lambda _: 0)
    for at_ms, event in (
        (0, events.AgentLoggedIn("1001", "phone1001")),
        (0, events.AgentLoggedIn("1002", "phone1002")),
        (0, events.AgentBecameReady("1001")),
        (100, events.CallArrived("c1", "service", "", 0, "zh", START_MS + 100)),
        (200, events.OfferConnected("1-1")),
        (1200, events.AgentJoined("c1", "1002", "s-7", "service")),
        *then,
    ):
        for fact in table.handle(event, at_ms).facts:
            picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    again = Table(linked=False, at_work=False, epoch=2)
    again.handle(restored_from(picture), 3000)
    return again


HELD = (
    (1300, events.HoldChanged("1-1", held=True)),
    (1400, events.HoldChanged("1-1", held=False)),
    (2000, events.HoldChanged("1-1", held=True)),
)


def test_an_older_part_that_was_on_hold_over_a_restart_is_taken_back() -> None:
    three_parties(*HELD).run("""
        3010    snapshot c1 1-1:c1:1001:bridged s-7:c1:1002:bridged |
        3500    resume 1-1                      | resumed c1
                                                | 1001 on_contact
        5200    leg_ended 1-1 16 agent          | talked c1: 3400, held 1600, by agent
                                                | 1001 acw until 15200
    """)


def test_a_part_on_hold_that_goes_on_alone_is_taken_back_after_a_restart() -> None:
    three_parties(*HELD, (2500, events.LegEnded("s-7", 16, by="agent"))).run("""
        3010    snapshot c1 1-1:c1:1001:bridged |
        3500    resume 1-1                      | resumed c1
                                                | 1001 on_contact
        5200    leg_ended 1-1 16 agent          | talked c1: 3400, held 1600, by agent
                                                | 1001 acw until 15200
    """)
