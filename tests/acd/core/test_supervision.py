"""What supervisors do to agents and queues, as tables of events and decisions (see `decision_table`)."""

from __future__ import annotations

import pytest
from decision_table import AGENTS, QUEUES, Table, settings

from acd.core import events, facts
from acd.core.distributor import Decision, Distributor
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.core.recovery import restored_from
from acd.core.supervision import REFUSALS

TALK = """
    given c1 talks with 1001 in service
"""


# Agents


def test_a_supervisor_forces_states() -> None:
    Table().run("""
        10   force 1001 ready        | 1001 ready
                                     | acted force 1001 ready
        20   force 1001 not_ready 2  | 1001 not_ready (2)
                                     | acted force 1001 not_ready:2
        30   force 1001 not_ready    | 1001 not_ready (forced)
                                     | acted force 1001 not_ready
        40   force 1001 logged_out   | 1001 offline (forced)
                                     | acted force 1001 logged_out
        50   force 1001 ready        | acted force 1001 ready: logged_out
                                     | - logged_out
        60   force 1009 ready        | acted force 1009 ready: unknown_agent
                                     | - unknown_agent
        70   force 1002 happy        | acted force 1002 happy: unknown_state
                                     | - unknown_state
        80   force 1002 work_over    | acted force 1002 work_over: no_work
                                     | - no_work
    """)


def test_after_contact_work_is_ended_by_force_and_a_conversation_is_not() -> None:
    table = Table()
    table.run(TALK)
    table.run("""
        1000    force 1001 not_ready        | 1001 on_contact then not_ready
                                            | acted force 1001 not_ready
        5200    hang_up c1                  | talked c1: 5000, held 0, by caller
        5210    leg_ended 1-1 16 caller     | 1001 acw until 15210 then not_ready
        6000    force 1001 work_over        | 1001 not_ready (forced)
                                            | acted force 1001 work_over
    """)


def test_who_is_logged_out_by_force_while_the_phone_rings_loses_the_offer() -> None:
    Table().run("""
        given c1 rings at 1001 in service
        1000    force 1001 logged_out       | 1001 offered then offline
                                            | acted force 1001 logged_out
                                            | ! cancel 1-1
        1010    failed 1-1 unreachable      | ended 1-1: withdrawn, rang 810
        1020    leg_ended 1-1 26            | 1001 offline (forced)
    """)


def test_force_does_not_make_a_lost_phone_reachable() -> None:
    Table().run("""
        10      ready 1001                  | 1001 ready
        20      phone_lost 1001             | 1001 not_ready (unreachable) then ready
        30      force 1001 ready            | acted force 1001 ready
        40      arrive c1 service since=40  | queued c1
    """)


# Queues


def test_a_closed_queue_sends_newcomers_on_and_serves_those_who_wait() -> None:
    Table().run("""
        100     arrive c1 service since=100 | queued c1
        200     close_queue service         | closed service
                                            | acted close_queue service
        210     close_queue service         | acted close_queue service: closed_already
                                            | - closed_already
        300     arrive c2 service since=300 | overflowed c2 to voicemail: closed
                                            | ! send c2 to voicemail as closed
        310     withdraw c2 voicemail       | - the call is not here
        320     arrive c3 orders since=320  | queued c3
        330     session_lost c1             |
        340     arrive c1 service since=100 |
        400     ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        500     open_queue service          | opened service
                                            | acted open_queue service
        510     open_queue service          | acted open_queue service: open_already
                                            | - open_already
        520     arrive c4 service since=520 | queued c4
        530     close_queue nowhere         | acted close_queue nowhere: unknown_queue
                                            | - unknown_queue
        540     open_queue nowhere          | acted open_queue nowhere: unknown_queue
                                            | - unknown_queue
    """)


# Over a restart


class Remembering(Table):
    """A table whose facts are folded, so that another distributor can begin from them."""

    def __init__(self) -> None:
        self.picture = Picture(lambda _: 0)
        super().__init__()

    def handle(self, event: events.Event, at_ms: int) -> Decision:
        decision = super().handle(event, at_ms)
        for fact in decision.facts:
            self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        return decision

    def restart(self, at_ms: int) -> None:
        """Killed; the next one begins from the journal."""
        self.distributor = Distributor(2)
        self.handle(settings(AGENTS, version=2), at_ms)
        self.handle(restored_from(Picture.restore(self.picture.snapshot(), lambda _: 0)), at_ms)


def test_closed_queues_and_calls_put_first_survive_a_restart() -> None:
    table = Remembering()
    table.run("""
        100     arrive c1 service since=100 | queued c1
        200     arrive c2 service since=200 | queued c2
        300     put_first c2                | first c2
                                            | acted put_first c2 service
        310     close_queue orders          | closed orders
                                            | acted close_queue orders
        320     close_queue small           | closed small
                                            | acted close_queue small
        330     open_queue small            | opened small
                                            | acted open_queue small
    """)
    table.restart(1000)
    table.run("""
        1100    snapshot c1 c2 waiting=c1,c2 |
        1200    arrive c1 service since=100  |
        1210    arrive c2 service since=200  |
        1220    arrive c3 orders since=1220  | overflowed c3 to voicemail: closed
                                             | ! send c3 to voicemail as closed
        1230    arrive c4 small since=1230   | queued c4
        1300    ready 1001                   | 1001 ready
                                             | offered c2 to 1001 as 2-1
                                             | 1001 offered
                                             | ! offer c2 to 1001 for 20000
    """)


def test_a_second_entry_is_not_put_first_any_more() -> None:
    table = Remembering()
    table.run("""
        100     arrive c2 service since=100         | queued c2
        110     put_first c2                        | first c2
                                                    | acted put_first c2 service
        120     arrive c2 orders since=120 entry=2  | left c2: out to orders after 20
                                                    | queued c2 entry 2
    """)
    assert not table.picture.contacts["c2"].put_first


def test_every_refusal_of_these_tables_is_listed() -> None:
    said: list[str] = []
    distributor = Distributor(1)
    distributor.handle(events.SettingsChanged(1, (), QUEUES), 0)
    for event in (
        events.AgentForced("1", "ready", "boss", "page"),
        events.CallTaken("c", "1", "boss", "page"),
        events.CallSentOn("c", "hangup", "boss", "page"),
        events.QueueOpened("service", "boss", "page"),
    ):
        decision = distributor.handle(event, 0)
        said += [fact.refused for fact in decision.facts if isinstance(fact, facts.SupervisorActed)]
    assert len(said) == 4
    assert set(said) <= set(REFUSALS)


@pytest.mark.parametrize("state", ["offered", "on_contact", "acw", "offline"])
def test_nobody_held_or_at_work_can_take_a_call(state: str) -> None:
    table = Table()
    table.run("""
        100     arrive c1 service since=100 | queued c1
        110     arrive c2 service since=110 | queued c2
        120     ready 1001                  | 1001 ready
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
    """)
    if state in ("on_contact", "acw"):
        table.handle(events.OfferConnected("1-1"), 200)
    if state == "acw":
        table.handle(events.LegEnded("1-1", 16), 300)
    if state == "offline":
        table.handle(events.AgentLoggedOut("1002"), 300)
    number = "1002" if state == "offline" else "1001"
    assert table.distributor.why_not_taken("c2", number) == (
        "logged_out" if state == "offline" else "agent_busy"
    )
