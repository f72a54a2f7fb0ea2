"""An agent of several phones: they ring together by one offer, a call at any of them is the agent's own."""

from __future__ import annotations

from decision_table import QUEUES, Table, event_of

from acd.core.commands import OfferCall
from acd.core.events import SettingsChanged
from acd.core.house_rules import AgentProfile

SETTINGS = SettingsChanged(
    1,
    (AgentProfile("1001", (), ("soft", "phone1002")), AgentProfile("1002", ()), AgentProfile("1003", ())),
    QUEUES,
)


def test_all_phones_ring_but_those_where_somebody_else_sits() -> None:
    table = Table(rules=SETTINGS)
    table.run("0 ready 1001 | 1001 ready")
    arrival = event_of(["arrive", "c1", "service", "since=10"])
    [order] = table.handle(arrival, 10).commands
    assert isinstance(order, OfferCall)
    assert (order.phone, order.also) == ("phone1001", ("soft",))


def test_a_call_at_any_of_them_is_the_agents_own() -> None:
    Table(rules=SETTINGS).run("""
        0       ready 1001               | 1001 ready
        10      in_use soft              | 1001 communicating (own_call)
        20      in_use phone1001         |
        30      free soft                |
        40      free phone1001           | 1001 ready
        50      in_use phone1002         | 1002 communicating (own_call) then not_ready
    """)


def test_codes_count_from_each_of_them_while_the_agent_is_logged_in() -> None:
    table = Table(rules=SETTINGS)
    using = table.distributor.agent_using
    assert (using("soft"), using("phone1001"), using("phone1002")) == ("1001", "1001", "1002")
    assert table.distributor.agent_at("soft") is None
    table.run("0 log_out 1001 | 1001 offline")
    assert using("soft") is None
