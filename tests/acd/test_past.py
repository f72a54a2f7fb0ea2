"""What the journal tells of the time before this start."""

from __future__ import annotations

from pathlib import Path

from stories import DAY_MS, Story

from acd.core.fact_codec import to_body
from acd.past import read_back
from hotline.journal import JournalWriter


def write(folder: Path, story: Story) -> None:
    writer = JournalWriter(folder, "acd")
    for number, fact in enumerate(story.facts):
        writer.append(
            type(fact).__name__,
            1,
            to_body(fact),
            fact_id=f"{fact.contact}/{number}",
            contact=fact.contact,
            at_us=fact.at_ms * 1000,
        )
    writer.append("FactOfALaterProgram", 1, {}, fact_id="later")
    writer.close()


def test_without_a_journal_nothing_is_known(tmp_path: Path) -> None:
    past = read_back(tmp_path / "acd", lambda _: DAY_MS)
    assert (past.picture.contacts, past.known, past.known_since_ms, past.last_ms) == ({}, set(), 0, 0)


def test_open_contacts_are_in_the_picture_and_unknown_lines_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, Story("c1").starts().queues())
    past = read_back(tmp_path, lambda _: DAY_MS)
    assert list(past.picture.contacts) == ["c1"]
    assert past.known == {"c1"}
    assert past.known_since_ms == DAY_MS


def test_an_ended_contact_is_known_though_it_is_not_open(tmp_path: Path) -> None:
    write(tmp_path, Story("c1").starts().queues().leaves("abandoned").ends())
    past = read_back(tmp_path, lambda _: DAY_MS)
    assert (past.picture.contacts, past.known) == ({}, {"c1"})


def test_the_last_word_may_be_much_later_than_what_is_known(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    for at_us in (5_000_000, 9_000_000):
        writer.append("HelpAsked", 1, {"agent": "1001", "contact": "", "at_ms": 1}, fact_id="1", at_us=at_us)
    writer.close()
    past = read_back(tmp_path, lambda _: 0)
    assert (past.known_since_ms, past.last_ms) == (5_000, 9_000)
