"""What the dialplan hands over with a waiting caller."""

import pytest

from acd.adapters.queue_arguments import QueueArguments
from hotline.core.settings import Queue, Text


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


@pytest.mark.parametrize("words", [(), ("c1", "service"), ("c1", "q", "x", *[""] * 10)])
def test_bad_arguments_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        QueueArguments.parse(words)
