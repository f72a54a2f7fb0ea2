"""Spells of overflow: who is sent on in a row makes one, a long pause ends it."""

from __future__ import annotations

from acd.core.overflows import PAUSE_MS, Overflows


def sent_on(memory: Overflows, at_ms: int, reason: str = "queue_full", queue: str = "sales") -> None:
    memory.apply("CallOverflowed", at_ms, {"queue": queue, "reason": reason, "to": "voicemail"})


def test_callers_in_a_row_are_one_spell_with_the_last_reason() -> None:
    memory = Overflows()
    sent_on(memory, 1_000)
    sent_on(memory, 1_000 + PAUSE_MS, "max_wait")
    spell = memory.of("sales", 2_000 + PAUSE_MS)
    assert spell is not None
    assert (spell.since_ms, spell.callers, spell.reason, spell.to) == (1_000, 2, "max_wait", "voicemail")


def test_a_pause_ends_it_and_the_next_one_begins_anew() -> None:
    memory = Overflows()
    sent_on(memory, 1_000)
    late_ms = 1_001 + PAUSE_MS
    assert memory.of("sales", late_ms) is None
    sent_on(memory, late_ms)
    spell = memory.of("sales", late_ms)
    assert spell is not None
    assert (spell.since_ms, spell.callers) == (late_ms, 1)


def test_queues_are_apart_and_other_facts_count_for_nothing() -> None:
    memory = Overflows()
    memory.apply("CallQueued", 5, {"queue": "sales"})
    sent_on(memory, 10, queue="service")
    assert memory.of("sales", 10) is None
    again = Overflows()
    again.load(memory.to_dict())
    assert again.of("service", 10) == memory.of("service", 10)
