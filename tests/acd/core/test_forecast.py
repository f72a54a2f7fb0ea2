"""The floor as the expected wait sees it."""

from decision_table import START_MS, Table, event_of

from acd.core.expected_wait import Server, WaitingCall

ANNA, BERT, CARL = 1, 2, 4  # the bits of 1001, 1002, 1003


def table_after(*played: str) -> Table:
    """A table on which these events ("AT words …") have happened."""
    table = Table()
    for line in played:
        at_ms, *words = line.split()
        table.handle(event_of(words), int(at_ms))
    return table


def servers(*played: str) -> list[Server]:
    last_ms = int(played[-1].split()[0])
    return table_after(*played).distributor.forecast(START_MS + last_ms)[1]


ON_CONTACT = (
    "0 ready 1001",
    "0 arrive c1 service since=0",
    "10 rang 1-1",
    "20 answered 1-1",
    "30 bridged 1-1",
)


def test_those_who_wait_stand_in_the_order_of_service_with_who_may_serve_them() -> None:
    table = table_after(
        "0 arrive c1 orders since=0",
        "10 arrive c2 service sales >= 3 since=0",
        "20 arrive c0 service since=20",
    )
    assert table.distributor.forecast(START_MS + 20)[0] == [
        WaitingCall("c1", "orders", ((0, ANNA | BERT | CARL),), 0),
        WaitingCall("c2", "service", ((0, ANNA),), 10_000),
        WaitingCall("c0", "service", ((0, ANNA | BERT | CARL),), 10_000),
    ]
    assert table.distributor.who_can_serve("c2") == 0
    assert table.distributor.who_can_serve("nobody") == 0


def test_a_ready_agent_is_free_now_and_one_who_is_not_ready_does_not_count() -> None:
    assert servers("0 ready 1001", "0 ready 1002", "0 not_ready 1002 meal") == [Server(ANNA, 0, agent="1001")]


def test_a_talk_counts_from_the_bridge_and_after_contact_work_follows() -> None:
    assert servers(*ON_CONTACT, "5030 ready 1003") == [
        Server(ANNA, None, "service", 5_000, 10_000, "1001"),
        Server(CARL, 0, agent="1003"),
    ]


def test_one_whose_phone_rings_has_the_whole_talk_before_him() -> None:
    assert servers("0 ready 1001", "0 arrive c1 service since=0", "900 ready 1003") == [
        Server(ANNA, None, "service", 900, 10_000, "1001", rings=True),
        Server(CARL, 0, agent="1003"),
    ]


def test_after_contact_work_ends_at_its_deadline() -> None:
    table = table_after(*ON_CONTACT, "5000 leg_ended 1-1 16 agent")
    table.handle(event_of(["ready", "1003"]), 7_000)
    assert table.distributor.forecast(START_MS + 7_000)[1] == [
        Server(ANNA, 8_000, agent="1001"),
        Server(CARL, 0, agent="1003"),
    ]


def test_times_count_from_now_though_nothing_has_happened_for_a_while() -> None:
    table = table_after(*ON_CONTACT, "5000 leg_ended 1-1 16 agent", "5000 ready 1003")
    table.handle(event_of(["arrive", "c2", "service", "since=0"]), 5_000)
    table.handle(event_of(["arrive", "c3", "steps", "since=0"]), 5_000)
    waiting, (anna, carl) = table.distributor.forecast(START_MS + 8_000)
    assert (anna.free_ms, carl.busy_ms) == (7_000, 3_000)
    assert [from_ms for from_ms, _ in waiting[0].eligible] == [0, 10_000 - 3_000, 20_000 - 3_000]


def test_one_who_wants_no_more_calls_is_not_counted_though_he_talks() -> None:
    assert servers(*ON_CONTACT, "40 not_ready 1001 meal") == []


def test_agents_are_counted_who_can_serve_the_call_now_or_later() -> None:
    table = table_after(*ON_CONTACT, "40 arrive c2 service sales since=40", "50 ready 1003")
    assert table.distributor.who_can_serve("c2") == 1  # 1001, who talks; 1003 does not sell
