"""The two applications against a scripted caller: what comes to the channel, to the journal and to no log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from hotline.core.settings import Callbacks, Settings
from hotline.journal import JournalMetrics, JournalWriter, read_journal
from ivr.callback import CallbackTalks
from telephony.errors import HungUp

OWN = "13812345678"


class Caller:
    """A session whose caller types these keys; "_" is silence, "!" a hang-up, "x" the end of ivr."""

    def __init__(self, keys: str, *args: str, presented: str = OWN) -> None:
        self.args = args or ("c1", "service", "queued")
        self.hung_up = False
        self.closed = asyncio.Event()
        self.keys = list(keys)
        self.said: list[str] = []
        self.variables = {"CALLERID(num)": presented}

    async def answer(self) -> None:
        raise AssertionError("the caller is being talked with")

    async def get_variable(self, name: str) -> str:
        return self.variables.get(name, "")

    async def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value

    async def stream_from(self, name: str, escape_digits: str, sample: int) -> tuple[str, int]:
        self.said.append(name.removeprefix("hotline/"))
        return "", 8000

    async def wait_for_digit(self, timeout_ms: int) -> str:
        key = self.keys.pop(0) if self.keys else "_"
        if key == "!":
            self.hung_up = True
        if key in "!x":
            self.closed.set()
            raise HungUp("over")
        return "" if key == "_" else key

    async def record_file(
        self, path: str, file_format: str, escape_digits: str, timeout_ms: int, silence_s: int = 0
    ) -> str:
        raise AssertionError("nothing is recorded")


class Room:
    """The applications, their journal and their metrics."""

    def __init__(self, folder: Path, **callbacks: Any) -> None:
        self.folder, self.registry = folder, CollectorRegistry()
        self.journal = JournalWriter(folder, "ivr", metrics=JournalMetrics(self.registry, "ivr"))
        settings = Settings(
            1, callbacks=Callbacks(**{"trunk": "line", "presented_number": "4001", **callbacks})
        )
        failures = Counter("failures", "", registry=self.registry)
        self.talks = CallbackTalks(lambda: settings, self.journal, self.registry, failures)

    def facts(self) -> list[dict[str, Any]]:
        self.journal.sync()
        return [envelope.body for _, envelope in read_journal(self.folder, None)]

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"hotline_ivr_callback_{name}_total", labels) or 0


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path / "journal")
    yield made
    made.journal.close()


@pytest.mark.parametrize(
    ("keys", "next_step", "number", "how", "typed"),
    [
        ("1", "callback", OWN, "agreed", 0),
        ("201088889999#1", "callback", "01088889999", "agreed", 1),
        ("*", "queue", "", "back", 0),
        ("___", "queue", "", "silent", 0),
        ("2110#110#110#", "queue", "", "refused", 3),
    ],
)
async def test_where_the_talk_leads(
    room: Room, keys: str, next_step: str, number: str, how: str, typed: int
) -> None:
    caller = Caller(keys)
    await room.talks.ask(caller)
    assert (caller.variables["HL_NEXT"], caller.variables["HL_CALLBACK"]) == (next_step, number)
    [fact] = room.facts()
    assert (fact["contact"], fact["queue"], fact["how"], fact["typed"]) == ("c1", "service", how, typed)
    assert room.count("talks", how=how) == 1
    assert (caller.said[-1] == "callback-back") == (next_step == "queue")


@pytest.mark.parametrize(("key", "how"), [("!", "hung_up"), ("x", "lost")])
async def test_a_talk_that_breaks_off_leaves_the_channel_as_it_was(room: Room, key: str, how: str) -> None:
    caller = Caller("20108" + key)
    with pytest.raises(HungUp):
        await room.talks.ask(caller)
    assert caller.variables == {"CALLERID(num)": OWN}
    assert [fact["how"] for fact in room.facts()] == [how]


async def test_no_number_is_in_a_fact_or_a_log(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await room.talks.ask(Caller("201088889999#1"))
    told = caplog.text + str(room.facts())
    assert OWN not in told and "01088889999" not in told


@pytest.mark.parametrize(
    "presented", ["", "anonymous", "+85223456789", "1" * 500, '"<sip:x>', "138\x0012345678"]
)
async def test_hostile_and_unusable_numbers_of_callers(room: Room, presented: str) -> None:
    caller = Caller("88889999#1", presented=presented)
    await room.talks.ask(caller)
    assert caller.variables["HL_CALLBACK"] == "88889999"
    assert caller.said[1].startswith("callback-enter")


async def test_who_was_turned_away_has_no_line_to_go_back_to(room: Room) -> None:
    caller = Caller("*", "c1", "service", "refused")
    await room.talks.ask(caller)
    assert (caller.variables["HL_NEXT"], caller.said[-1]) == ("hangup", "cannot-serve")


async def test_settings_that_have_changed_meanwhile(tmp_path: Path) -> None:
    room = Room(tmp_path, trunk="")
    caller = Caller("1")
    await room.talks.ask(caller)
    assert (caller.variables["HL_NEXT"], caller.said) == ("queue", ["callback-refused", "callback-back"])
    room.journal.close()


async def test_arguments_that_cannot_be(room: Room) -> None:
    caller = Caller("1", "../c1", "service", "queued")
    await room.talks.ask(caller)
    assert (caller.variables["HL_NEXT"], caller.said, room.facts()) == ("hangup", [], [])


@pytest.mark.parametrize(
    ("said", "outcome", "words", "next_step", "counted"),
    [
        ("taken", "callback", ["callback-taken"], "hangup", "taken"),
        ("open", "queued", ["callback-open", "callback-back"], "queue", "open"),
        ("limit", "refused", ["callback-limit", "cannot-serve"], "hangup", "limit"),
        ("x" * 50, "queued", ["callback-refused", "callback-back"], "queue", "refused"),
    ],
)
async def test_what_became_of_it_is_told(
    room: Room, said: str, outcome: str, words: list[str], next_step: str, counted: str
) -> None:
    caller = Caller("", said, outcome)
    await room.talks.told(caller)
    assert (caller.said, caller.variables["HL_NEXT"]) == (words, next_step)
    assert room.count("answers", said=counted) == 1
