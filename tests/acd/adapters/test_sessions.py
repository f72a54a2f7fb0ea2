"""What the dialplan hands over, and what Dial's outcome means."""

import pytest

from acd.adapters.sessions import (
    QueueArguments,
    destination_of,
    dial_options,
    failed_cause,
    offers_by_phone,
    preferences,
    queue_of,
)
from acd.core.commands import OfferCall, RungBeside
from hotline.core.settings import Number, Queue, Settings, Team, Text


@pytest.mark.parametrize(
    ("status", "cause", "meaning"),
    [
        ("NOANSWER", "0", "no_answer"),
        ("BUSY", "17", "busy"),
        ("BUSY", "21", "rejected"),
        ("CHANUNAVAIL", "21", "rejected"),
        ("NOANSWER", "21", "no_answer"),  # another phone, rung beside it, refused
        ("CHANUNAVAIL", "20", "unreachable"),
        ("CONGESTION", "34", "unreachable"),
        ("ANSWER", "16", "agent_gone"),
        ("CANCEL", "0", "withdrawn"),
        ("", "", "unknown"),
    ],
)
def test_causes_are_told_apart(status: str, cause: str, meaning: str) -> None:
    assert failed_cause(status, cause, rang=True) == meaning


def test_a_phone_that_was_not_heard_of_did_not_ring_in_vain() -> None:
    assert failed_cause("NOANSWER", "0", rang=False) == "unreachable"
    assert failed_cause("BUSY", "17", rang=False) == "busy"


def test_arguments_of_a_waiting_caller() -> None:
    words = (
        "c1",
        "service",
        "2",
        "1700000000123",
        "",
        "en",
        "",
        "",
        "1002",
        "17",
        "other",
        "1001-1002",
        "(service >= 1) and (en >= 1)",
    )
    arguments = QueueArguments.parse(words)
    assert arguments.entry == 2
    assert arguments.wait_since_ms == 1700000000123
    assert arguments.priority is None
    assert arguments.direct_ms == 0
    assert arguments.prefer == ("1001", "1002")
    assert arguments.needs == "(service >= 1) and (en >= 1)"


def test_a_transferred_caller_is_meant_for_an_agent_then_for_the_one_who_transferred() -> None:
    queue = Queue(name="service", title=Text("业务", "Service"), whisper="queue-service", priority=3)
    start, rest = ("c1", "service", "2", "", "", "en", "", ""), ("17", "other", "", "x >= 1")
    arrived = QueueArguments.parse((*start, "1002", *rest)).arrival(queue, 50, "1001", "")
    assert (arrived.aims, arrived.place_since_ms, arrived.wait_since_ms) == (("1002", "1001"), 17, 50)
    assert (arrived.fallback, arrived.fallback_agent, arrived.priority) == ("other", "1001", 3)
    to_queue = QueueArguments.parse((*start, "", *rest)).arrival(queue, 50, "1001", "")
    assert (to_queue.aims, to_queue.fallback_agent) == ((), "1001")
    entered = QueueArguments.parse((*start, "", "", "", "", "")).arrival(queue, 50, "", "")
    assert (entered.aims, entered.place_since_ms, entered.fallback_agent) == ((), 0, "")


@pytest.mark.parametrize(
    ("first_wait", "kept_ms", "place_ms"),
    [("", 0, 0), ("17", 0, 17), ("", 9, 9), ("17", 9, 9), ("17", 23, 17)],
)
def test_a_transferred_caller_who_has_returned_has_the_earlier_place(
    first_wait: str, kept_ms: int, place_ms: int
) -> None:
    queue = Queue(name="service", title=Text("业务", "Service"), whisper="queue-service")
    words = ("c1", "service", "2", "40", "", "en", "", "", "", first_wait, "", "", "")
    arrived = QueueArguments.parse(words).arrival(queue, 50, "", "", kept_ms)
    assert (arrived.place_since_ms, arrived.wait_since_ms) == (place_ms, 40)


def test_the_last_agent_counts_for_the_first_entry_and_choices_for_all() -> None:
    queue = Queue(name="service", title=Text("业务", "Service"), whisper="queue-service", needs="sales")
    for entry, last_agent in (("1", "1003"), ("2", "")):
        words = ("c1", "service", entry, "", "", "en", "", "", "", "", "", "1001-1002", "english")
        arrived = QueueArguments.parse(words).arrival(queue, 50, "", "1003")
        assert arrived.last_agent == last_agent
        assert (arrived.needs, arrived.chosen) == ("(sales) and (english)", "english")


def test_who_waits_in_a_queue_that_the_settings_no_longer_name_waits_on() -> None:
    queue = Queue("service", Text("业务", "Service"), music="calm")
    settings = Settings(1, queues=(queue,))
    assert queue_of(settings, "service", "") is queue
    assert queue_of(settings, "gone", "gone").name == "gone"
    with pytest.raises(ValueError, match="'gone'"):
        queue_of(settings, "gone", "service")


@pytest.mark.parametrize(
    ("brought", "agents", "teams"),
    [
        ((), ("1001", "1002"), ("vip",)),
        (("1003",), ("1003",), ()),
        (("keys", "1002"), ("1002", "1003"), ("keys",)),
        (("gone",), ("gone",), ("gone",)),  # settings have changed since: nobody of that name is waited for
    ],
)
def test_what_a_caller_brings_counts_before_the_queue_s_preference(
    brought: tuple[str, ...], agents: tuple[str, ...], teams: tuple[str, ...]
) -> None:
    settings = Settings(1, teams=(Team("vip", ("1001", "1002")), Team("keys", ("1002", "1003"))))
    queue = Queue("service", Text("业务", "Service"), prefer=("vip",))
    assert preferences(settings, queue, brought) == (agents, teams)


@pytest.mark.parametrize("words", [(), ("c1", "service"), ("c1", "q", "x", *[""] * 10)])
def test_bad_arguments_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        QueueArguments.parse(words)


def test_the_agent_is_announced_only_where_the_queue_says_so() -> None:
    order = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000)
    queue = Queue(name="service", title=Text("业务", "Service"), whisper="queue-service")
    silent = Queue(
        name="service", title=Text("业务", "Service"), whisper="queue-service", announce_agent=False
    )
    assert "A(hotline/queue-service:hotline/agent-1024)" in dial_options(order, queue, ringing=False).text()
    assert "A(hotline/queue-service)" in dial_options(order, silent, ringing=False).text()
    assert "m(" not in dial_options(order, queue, ringing=True).text()
    verified = dial_options(order, queue, ringing=False, verdict="verified").text()
    assert "A(hotline/verified:hotline/agent-1024)" in verified


def test_each_of_several_phones_finds_its_own_offer() -> None:
    """Nobody knows at the start who will answer, so Dial tells the caller no number."""
    beside = (RungBeside("1.2", "1025", "desk-2"), RungBeside("1.3", "1026", "desk3"))
    order = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000, beside)
    queue = Queue(name="service", title=Text("业务", "Service"), whisper="queue-service")
    assert offers_by_phone(order) == ["_HL_LEG_desk=1.1", "_HL_LEG_desk-2=1.2", "_HL_LEG_desk3=1.3"]
    options = dial_options(order, queue, ringing=False).text()
    assert "b(leg-offer^s^1(several))" in options
    assert "A(hotline/queue-service)" in options
    alone = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000)
    assert "b(" not in dial_options(alone, queue, ringing=False).text()


def test_a_direct_caller_is_answered_when_the_agent_is() -> None:
    order = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000)
    queue = Queue(name="service", title=Text("业务", "Service"))
    assert dial_options(order, queue, ringing=True).answer_caller
    assert not dial_options(order, queue, ringing=False).answer_caller


@pytest.mark.parametrize(
    ("to", "leads_to"),
    [
        ("queue:a", "queue:a"),
        ("number:4001", "flow:main"),
        ("number:4002", "queue:b"),
        ("number:4009", "hangup"),
        ("voicemail", "voicemail"),
    ],
)
def test_a_number_of_ours_is_the_flow_or_queue_behind_it(to: str, leads_to: str) -> None:
    numbers = (Number("4001", flow="main"), Number("4002", direct_queue="b"))
    assert destination_of(Settings(1, numbers=numbers), to) == leads_to
