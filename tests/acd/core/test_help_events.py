"""Hands raised for the shift leader, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from decision_table import Table


def test_a_hand_is_raised_once_and_lowered_by_the_agent() -> None:
    Table().run("""
        0       help 1001                | help for 1001
        10      help 1001                | - the hand is raised already
        500     helped 1001              | help over for 1001 by agent after 500
        510     helped 1001              | - no hand is raised
        520     help 4711                | - the settings name no such agent
        530     helped 4711              | - the settings name no such agent
    """)


def test_help_in_a_conversation_changes_nothing_about_it_and_ends_with_whoever_comes() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        300     help 1001                | help for 1001 with c1
        1000    leg_ended 1-1 16 agent   | talked c1: 800, held 0, by agent
                                         | 1001 acw until 11000
        2000    helped 1001 9001         | help over for 1001 by 9001 after 1700
        11000   alarm                    | 1001 ready
    """)


def test_a_log_out_lowers_the_hand() -> None:
    Table().run("""
        0       help 1001                | help for 1001
        10      log_out 1001             | help over for 1001 by log_out after 10
                                         | 1001 offline
        20      help 1001                | - the agent is logged out
    """)
