"""Calls of an agent's own, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

from dataclasses import replace

from decision_table import Table, outcome, settings


def test_a_phone_in_use_is_not_offered_anything() -> None:
    Table().run("""
        0       ready 1001                     | 1001 ready
        10      in_use phone1001               | 1001 communicating (own_call)
        100     arrive c1 service since=100    | queued c1
        200     in_use phone1001               | - the phone is known to be in use
        300     ready 1001                     |
        5000    free phone1001                 | 1001 ready
                                               | offered c1 to 1001 as 1-1
                                               | 1001 offered
                                               | ! offer c1 to 1001 for 20000
        5001    free phone1001                 | - the phone is known to be free
    """)


def test_what_is_intended_meanwhile_follows() -> None:
    Table().run(
        """
        0       not_ready 1001 lunch           | 1001 not_ready (lunch)
        10      in_use phone1001               | 1001 communicating (own_call) then not_ready
        20      not_ready 1001 tea             | 1001 communicating (own_call) then not_ready
        30      phone_lost 1001                | 1001 communicating (own_call) phone gone then not_ready
        40      phone_back 1001                | 1001 communicating (own_call) then not_ready
        50      ready 1001                     | 1001 communicating (own_call)
        60      free phone1001                 | 1001 ready
        70      in_use phone1001               | 1001 communicating (own_call)
        80      log_out 1001                   | 1001 offline
    """.replace("communicating (own_call) then ready", "communicating (own_call)")
    )


def test_a_call_besides_a_conversation_counts_after_its_work() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        300     in_use phone1001               |
        1000    leg_ended 1-1 16 agent         | talked c1: 800, held 0, by agent
                                               | 1001 acw until 11000
        11000   alarm                          | 1001 communicating (own_call)
        12000   free phone1001                 | 1001 ready
    """)


def test_an_own_call_ends_neither_after_contact_work_nor_silence() -> None:
    Table().run("""
        given c1 talks with 1001 in service
        1000    leg_ended 1-1 16 agent         | talked c1: 800, held 0, by agent
                                               | 1001 acw until 11000
        2000    in_use phone1001               |
        3000    free phone1001                 |
        11000   alarm                          | 1001 ready
        12000   arrive c2 service since=12000  | queued c2
                                               | offered c2 to 1001 as 1-2
                                               | 1001 offered
                                               | ! offer c2 to 1001 for 20000
        13000   rang 1-2                       | rang 1-2
        33000   failed 1-2 no_answer           | ended 1-2: no_answer, rang 20000
        33001   leg_ended 1-2 0                | 1001 not_responding (no_answer)
        34000   in_use phone1001               |
        35000   free phone1001                 |
    """)


def test_a_pause_after_a_failed_offer_ends_by_its_time() -> None:
    Table().run("""
        given c1 offered to 1001 in service
        200     in_use phone1001               |
        300     failed 1-1 busy                | ended 1-1: busy, rang 0
        310     leg_ended 1-1 17               | 1001 communicating (busy) until 5310
        400     free phone1001                 |
        500     in_use phone1001               |
        5310    alarm                          | 1001 communicating (own_call)
        5400    hang_up c1                     | left c1: abandoned after 5300
        5500    free phone1001                 | 1001 ready
    """)


def test_who_logs_in_at_a_phone_in_use_is_communicating() -> None:
    Table().run("""
        0       in_use p9                      |
        10      log_in 1001 p9                 | 1001 communicating (own_call) then not_ready
        20      log_in 1001 p1                 | 1001 not_ready (login)
    """)


def test_a_snapshot_tells_which_phones_are_in_use() -> None:
    Table().run("""
        0       ready 1001                     | 1001 ready
        10      ready 1002                     | 1002 ready
        20      in_use phone1001               | 1001 communicating (own_call)
        30      link_lost                      |
        40      snapshot in_use=phone1002      | 1001 ready
                                               | 1002 communicating (own_call)
    """)


def test_a_further_phone_that_the_settings_take_away_in_mid_call_holds_nobody() -> None:
    """Its end will not be heard of: it is nobody's phone by then."""
    two_phones = settings()
    agents = (replace(two_phones.agents[0], also=("soft",)), *two_phones.agents[1:])
    table = Table(rules=replace(two_phones, agents=agents))
    table.run("""
        0       ready 1001                     | 1001 ready
        10      in_use soft                    | 1001 communicating (own_call)
    """)
    assert outcome(table.handle(settings(version=2), 20)) == ["1001 ready"]
    assert outcome(table.handle(replace(two_phones, agents=agents, version=3), 30)) == [
        "1001 communicating (own_call)"
    ]
    table.run("""
        40      free soft                      | 1001 ready
    """)
