"""The book of callbacks: who may ask, when the next attempt is due, what survives; as a text table."""

from __future__ import annotations

import json

import pytest

from acd.core import callbacks
from acd.core.callbacks import CallbackBook, CallbackLimits, after_attempt, is_line, next_line
from acd.core.fact_codec import to_body
from acd.core.facts import (
    CallbackAsked,
    CallbackSettled,
    CallbackTried,
    CallConnected,
    CallPutFirst,
    ContactEnded,
    ContactStarted,
    Fact,
)

LIMITS = CallbackLimits(attempts=2, retry_after_ms=300, per_day=2)
LASTS_MS = 10_000


def tell(book: CallbackBook, row: str) -> None:
    """One fact: its time in ms, what, and whose."""
    at, what, *rest = row.split()
    at_ms = int(at)
    fact: Fact
    match what, rest:
        case "asks", [contact, caller, *place]:
            since_ms = int(place[0]) if place else at_ms
            told = (contact, caller, "4001", "service", "", "", "", "zh", since_ms, at_ms + LASTS_MS)
            fact = CallbackAsked(at_ms, *told)
        case "asks_as_first", [contact, caller]:
            told = (contact, caller, "4001", "service", "", "", "", "zh", at_ms, at_ms + LASTS_MS)
            fact = CallbackAsked(at_ms, *told, put_first=True)
        case "put_first", [line]:
            fact = CallPutFirst(at_ms, line, 1)
        case "begins", [line]:
            fact = ContactStarted(at_ms, line, "4001", "outside", False, "x")
        case "ends" | "hangs_up", [line]:
            by = "lost" if what == "ends" else "caller"
            fact = ContactEnded(at_ms, line, "waiting", "queued", by, 0, "", 0, False)
        case "talks", [line]:
            fact = CallConnected(at_ms, line, "1-1", "1001", "service", "")
        case "tried", [contact, how]:
            callback = book.open[contact]
            next_ms, _ = after_attempt(callback, how, at_ms, LIMITS)
            fact = CallbackTried(at_ms, contact, callback.line, "1001", how, next_ms)
        case "settled", [contact, how]:
            fact = CallbackSettled(at_ms, contact, how, "")
        case _:
            raise AssertionError(row)
    book.apply(type(fact).__name__, at_ms, to_body(fact))


def book_of(text: str) -> CallbackBook:
    book = CallbackBook()
    for row in text.splitlines():
        if row.strip():
            tell(book, row)
    return book


def answer(book: CallbackBook, question: str) -> str:
    """due/expired TIME: contacts; why CALLER DAY: the refusal; tried CONTACT: how often."""
    what, *rest = question.split()
    match what:
        case "due":
            found = " ".join(one.contact for one in book.due(int(rest[0])))
        case "over":
            found = " ".join(f"{one.contact}:{one.over}:{one.over_by}" for one in book.to_settle())
        case "expired":
            found = " ".join(one.contact for one in book.expired(int(rest[0])))
        case "why":
            found = book.why_not(rest[0], int(rest[1]), LIMITS)
        case "first":
            found = " ".join(one.contact for one in book.open.values() if one.put_first)
        case "tried":
            found = str(book.open[rest[0]].tried)
        case "next":
            found = next_line(book.open[rest[0]])
        case _:
            raise AssertionError(question)
    return found or "-"


CASES = """
    one who asked is due at once, the oldest place first
    | 100 asks c1 anna 50 / 200 asks c2 ben 20 / 300 asks c3 cleo
    | due 300 = c2 c1 c3; expired 10099 = -; expired 10100 = c1

    with a line nobody is due; a line that is lost is made again, under another id
    | 100 asks c1 anna / 110 begins callback1-c1
    | first = -; due 200 = -; next c1 = callback2-c1

    | 100 asks c1 anna / 110 begins callback1-c1 / 500 ends callback1-c1
    | due 500 = c1; next c1 = callback2-c1; tried c1 = 0

    who was put first stays so, as a caller or by the line, whatever becomes of it
    | 1 asks_as_first c1 anna / 3 begins callback1-c1 / 4 ends callback1-c1
    | first = c1

    | 2 asks c2 ben / 3 begins callback1-c2 / 4 put_first callback1-c2 / 5 ends callback1-c2 / 6 put_first c2
    | first = c2

    an attempt that fails counts, and gives the person peace for a while, also over a lost line
    | 100 asks c1 anna / 110 begins callback1-c1 / 200 tried c1 no_answer / 250 ends callback1-c1
    | tried c1 = 1; due 499 = -; due 500 = c1

    | 1 asks c1 anna / 2 begins callback1-c1 / 3 tried c1 busy / 4 tried c1 failed / 5 tried c1 hung_up
    | tried c1 = 3

    that the agent left is nobody's attempt
    | 100 asks c1 anna / 110 begins callback1-c1 / 200 tried c1 agent_gone / 250 ends callback1-c1
    | tried c1 = 0; due 250 = c1

    who is at the line does not expire
    | 100 asks c1 anna / 110 begins callback1-c1 / 200 tried c1 answered
    | expired 99999 = -; due 99999 = -

    who was cut off there is called again
    | 100 asks c1 anna / 110 begins callback1-c1 / 200 tried c1 answered / 210 ends callback1-c1
    | due 300 = c1

    who was cut off there and could not be called again in time expires
    | 100 asks c1 anna / 110 begins callback1-c1 / 200 tried c1 answered / 210 ends callback1-c1
    | expired 10099 = -; expired 10100 = c1

    who talks, or hung up at the line, is not called again, though nobody said so yet
    | 1 asks c1 anna / 2 begins callback1-c1 / 3 talks callback1-c1 / 4 ends callback1-c1
    | due 300 = -; over = c1:served:1001

    | 1 asks c1 anna / 2 begins callback1-c1 / 3 tried c1 answered / 4 hangs_up callback1-c1
    | due 300 = -; over = c1:gave_up:

    | 1 asks c1 anna / 2 begins callback1-c1 / 4 hangs_up callback1-c1
    | due 300 = c1; over = -

    nobody is called after the time
    | 100 asks c1 anna
    | due 10099 = c1; due 10100 = -

    one open callback per person, and so many a day
    | 100 asks c1 anna
    | why anna 0 = open; why ben 0 = -

    | 100 asks c1 anna / 200 settled c1 served
    | why anna 0 = -; due 300 = -

    | 100 asks c1 anna / 200 settled c1 served / 300 asks c2 anna / 400 settled c2 cancelled
    | why anna 0 = limit; why anna 101 = -; why anna 301 = -

    other contacts are no lines
    | 1 asks c1 anna / 2 begins c1 / 3 begins callback-c1 / 4 begins callback1-c9 / 5 begins callbackx-c1
    | due 200 = c1

    an old line's end is not the new one's
    | 100 asks c1 anna / 110 begins callback1-c1 / 120 begins callback2-c1 / 130 ends callback1-c1
    | due 200 = -
"""


def cases() -> list[tuple[str, str]]:
    rows = [row.strip() for row in CASES.splitlines() if row.strip().startswith("|")]
    return [(rows[at][1:], rows[at + 1][1:]) for at in range(0, len(rows), 2)]


@pytest.mark.parametrize(("told", "questions"), cases())
@pytest.mark.parametrize("restarted", [False, True])
def test_the_book(told: str, questions: str, restarted: bool) -> None:
    book = book_of(told.replace(" / ", "\n"))
    if restarted:
        snapshot = json.loads(json.dumps(book.to_dict()))
        book = CallbackBook()
        book.load(snapshot)
    for row in questions.split(";"):
        question, _, expected = row.partition("=")
        assert answer(book, question) == expected.strip(), row


@pytest.mark.parametrize(
    ("tried", "how", "expected"),
    [
        (0, "no_answer", (1_300, False)),
        (1, "no_answer", (1_300, True)),
        (1, "busy", (1_300, True)),
        (5, "failed", (1_300, True)),
        (1, "agent_gone", (0, False)),
        (1, "answered", (0, False)),
    ],
)
def test_the_next_attempt(tried: int, how: str, expected: tuple[int, bool]) -> None:
    callback = book_of("100 asks c1 anna").open["c1"]
    callback.tried = tried
    assert after_attempt(callback, how, 1_000, LIMITS) == expected


def test_the_line_says_whose_place_it_keeps() -> None:
    book = book_of("100 asks hl-1.5 anna\n110 begins callback1-hl-1.5")
    assert is_line("callback1-hl-1.5") and not is_line("hl-1.5")
    found = book.at_line("callback1-hl-1.5")
    assert found is not None and found.contact == "hl-1.5"
    assert book.of_line("callback2-hl-1.5") is found and book.at_line("callback2-hl-1.5") is None
    assert [one.contact for one in book.of_person("anna")] == ["hl-1.5"]
    assert book.of_person("") == []


def test_the_book_is_bounded(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(callbacks, "KEPT_LIMIT", 2)
    book = book_of("100 asks c1 anna\n200 asks c2 ben")
    assert book.why_not("cleo", 0, LIMITS) == "full"
    tell(book, "250 settled c1 served")
    tell(book, "300 asks c3 cleo")
    assert list(book.to_dict()["asked"]) == ["ben", "cleo"]
