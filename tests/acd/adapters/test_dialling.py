"""How an offer is dialled, and what Dial's outcome means."""

from dataclasses import replace

import pytest

from acd.adapters.dialling import dial_options, failed_cause, offers_by_phone
from acd.core.commands import OfferCall, RungBeside
from hotline.core.settings import Queue, Text


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


def test_the_agent_is_announced_only_where_the_queue_says_so() -> None:
    order = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000)
    queue = Queue(name="service", title=Text("业务", "Service"), whisper="queue-service")
    silent = Queue(
        name="service", title=Text("业务", "Service"), whisper="queue-service", announce_agent=False
    )
    assert "A(hotline/queue-service:hotline/agent-1024)" in dial_options(order, queue, ringing=False).text()
    assert "A(hotline/queue-service)" in dial_options(order, silent, ringing=False).text()
    assert (
        "A(:hotline/agent-1024)"
        in dial_options(order, replace(queue, announce_queue=False), ringing=False).text()
    )
    unsaid = dial_options(order, replace(silent, announce_queue=False), ringing=False).text()
    assert "A(" not in unsaid
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
    assert "b(leg-offer^s^1)" in options
    assert "A(hotline/queue-service)" in options
    alone = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000)
    assert "b(leg-offer^s^1(1.1))" in dial_options(alone, queue, ringing=False).text()


def test_a_direct_caller_is_answered_when_the_agent_is() -> None:
    order = OfferCall("c1", "1.1", "1024", "desk", "service", 20_000)
    queue = Queue(name="service", title=Text("业务", "Service"))
    assert dial_options(order, queue, ringing=True).answer_caller
    assert not dial_options(order, queue, ringing=False).answer_caller
