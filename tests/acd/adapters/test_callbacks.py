"""Callbacks: taken down, they get a line when one is due; attempts are counted, each is settled once.

What Asterisk makes of a line is for test_callback.py, end to end.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from stories import DAY_MS, Story

from acd.adapters.callbacks import Callbacks
from acd.adapters.number_file import NumberFile
from acd.core.callbacks import COUNTED
from acd.core.events import CallWithdrawn
from acd.core.fact_codec import to_body
from acd.core.facts import (
    CallbackAsked,
    CallbackSettled,
    CallbackTried,
    CallConnected,
    CallPutFirst,
    CallQueued,
    ContactEnded,
    ContactStarted,
)
from acd.core.picture import Picture
from hotline.core.settings import Callbacks as CallbackSettings
from hotline.core.settings import Settings
from hotline.core.settings_check import check_settings
from telephony.errors import AmiError

PERSON = "13812345678"
ASKED = {
    "HL_QUEUE": "service",
    "HL_CALLBACK": PERSON,
    "HL_LANG": "en",
    "HL_NEEDS": "",
    "HL_PREFER": "1001-1002",
}


class House:
    """acd around the callbacks: a picture with a clock, a link that notes what it is asked for."""

    def __init__(self, folder: Path, **callbacks: Any) -> None:
        known = CallbackSettings(trunk="outside", presented_number="4000", attempts=2, retry_after_s=60)
        self.settings = replace(_settings(), callbacks=replace(known, **callbacks))
        self.picture = Picture(lambda _: DAY_MS)
        self.now_ms = DAY_MS
        self.clock = SimpleNamespace(now_ms=lambda: self.now_ms)
        self.followers: list[Any] = []
        self.told: list[Any] = []
        self.events: list[Any] = []
        self.asked: list[dict[str, list[str]]] = []
        self.hung_up: list[str] = []
        self.connected, self.refuses = True, False
        self.standing_limit_s = 0.0
        self._folder = folder
        self.begins_again()

    def begins_again(self) -> None:
        """acd is killed and starts: what it knows is the picture, and the file of numbers."""
        orders = SimpleNamespace(link=self, hang_up_caller=self.hung_up.append)
        self.followers.clear()
        self.picture = Picture.restore(json.loads(json.dumps(self.picture.snapshot())), lambda _: DAY_MS)
        self.registry = CollectorRegistry()
        self.numbers = NumberFile(self._folder / "numbers.json")
        self.callbacks = Callbacks(
            self,  # type: ignore[arg-type]
            orders,  # type: ignore[arg-type]
            lambda: self.settings,
            lambda number: f"ref-{number}",
            self.numbers,
            self.registry,
            standing_limit_s=self.standing_limit_s,
        )
        self.callbacks.synchronized = True

    def follow(self, follower: Any) -> None:
        self.followers.append(follower)

    def record(self, fact: Any) -> None:
        body, kind = to_body(fact), type(fact).__name__
        self.told.append(fact)
        self.picture.apply(kind, fact.at_ms, body)
        for follower in self.followers:
            follower(SimpleNamespace(kind=kind, body=body))

    def handle(self, event: Any) -> None:
        self.events.append(event)

    async def action(self, name: str, fields: list[tuple[str, str]]) -> None:
        if self.refuses:
            raise AmiError("no")
        told: dict[str, list[str]] = {}
        for header, value in fields:
            told.setdefault(header, []).append(value)
        self.asked.append(told)

    async def asks(self, contact: str, number: str = PERSON) -> str:
        """A waiting caller asks; returns what is said."""
        for fact in Story(contact, now_ms=self.now_ms).starts().queues().facts:
            self.record(fact)
        said: dict[str, str] = {}
        channel = {**ASKED, "HL_CALLBACK": number}

        async def get_variable(name: str) -> str:
            return channel.get(name, "")

        async def set_variable(name: str, value: str) -> None:
            said[name] = value

        session = SimpleNamespace(args=(contact,), get_variable=get_variable, set_variable=set_variable)
        await self.callbacks(session)  # type: ignore[arg-type]
        return said["HL_CALLBACK_SAID"]

    def line_begins(self, line: str) -> None:
        self.record(ContactStarted(self.now_ms, line, "4001", "outside", False, f"ref-{PERSON}"))

    def line_ends(self, line: str, by: str = "lost") -> None:
        self.record(ContactEnded(self.now_ms, line, "waiting", "queued", by, 0, "", 0, False))

    def kinds(self) -> list[str]:
        told = [fact for fact in self.told if type(fact).__name__.startswith("Callback")]
        return [f"{type(fact).__name__[8:]} {getattr(fact, 'how', '')}".strip() for fact in told]


def _settings() -> Settings:
    title = {"zh": "服务", "en": "Service"}
    queue = {"name": "service", "title": title, "needs": "", "whisper": "queue-service"}
    trunk = {"name": "outside", "kind": "address", "address": "192.0.2.1", "codecs": ["ulaw", "alaw"]}
    hotline = {"name": {"zh": "热线", "en": "Line"}, "survey": False}
    document = {"hotline": hotline, "queue": [queue], "trunk": [trunk]}
    return check_settings(document, file="test", version=1)


async def test_the_line_stands_in_the_queue_before_the_caller_leaves_it(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.standing_limit_s = 60.0
    house.begins_again()
    asking = asyncio.create_task(house.asks("c1"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(house.asked) == 1
    assert house.events == []  # the caller is in line yet
    house.line_begins("callback1-c1")
    house.record(replace(_queued(house, "c1"), contact="callback1-c1"))
    assert await asking == "taken"
    assert house.events == [CallWithdrawn("c1", "callback", 1)]
    await house.callbacks.look()
    assert len(house.asked) == 1


def _queued(house: House, contact: str) -> CallQueued:
    queued = (fact for fact in house.told if isinstance(fact, CallQueued))
    return next(fact for fact in queued if fact.contact == contact)


async def test_a_callback_is_taken_down_once_and_the_caller_leaves_the_line(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert await house.asks("c1") == "taken"
    assert house.events == [CallWithdrawn("c1", "callback", 1)]
    asked = next(fact for fact in house.told if type(fact).__name__ == "CallbackAsked")
    view = house.picture.contacts["c1"]
    assert (asked.place_since_ms, asked.prefer, asked.language) == (view.wait_since_ms, "1001 1002", "en")
    assert asked.caller == f"ref-{PERSON}"
    assert house.numbers.get("c1") == PERSON
    house.events.clear()
    said: list[str] = [house.callbacks._ask("c1", ASKED)]
    assert (said, house.kinds(), house.events) == (["taken"], ["Asked"], [])


@pytest.mark.parametrize("put_first", [False, True])
async def test_whom_a_supervisor_has_put_first_is_called_back_first(put_first: bool, tmp_path: Path) -> None:
    house = House(tmp_path)
    for fact in Story("c1", now_ms=house.now_ms).starts().queues().facts:
        house.record(fact)
    if put_first:
        house.record(CallPutFirst(house.now_ms, "c1", 1))
    assert house.callbacks._ask("c1", {**ASKED, "HL_PRIORITY": ""}) == "taken"
    house.begins_again()
    assert house.picture.callbacks.open["c1"].put_first is put_first


@pytest.mark.parametrize(
    ("contact", "number", "said"),
    [("c2", PERSON, "open"), ("c2", "0044123456789", "refused"), ("c2", "13812345679", "taken")],
)
async def test_who_may_not_ask_is_told_why(contact: str, number: str, said: str, tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.asks("c1")
    assert await house.asks(contact, number) == said
    assert house.registry.get_sample_value("hotline_callbacks_asked_total", {"answer": said}) is not None


async def test_numbers_stand_in_no_fact(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.asks("c1")
    assert "Asked" in house.kinds()
    assert all(PERSON not in str(to_body(fact)).replace(f"ref-{PERSON}", "") for fact in house.told)


async def test_a_line_is_made_once_and_again_when_it_is_lost(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.asks("c1")
    await house.callbacks.look()
    await house.callbacks.look()
    assert [one["ChannelId"] for one in house.asked] == [["callback1-c1"]]
    assert house.asked[0]["Codecs"] == ["ulaw"]  # the trunk's first
    assert f"HL_CALLBACK={PERSON}" in house.asked[0]["Variable"]
    house.line_begins("callback1-c1")
    house.callbacks._making.clear()
    await house.callbacks.look()
    assert len(house.asked) == 1
    house.line_ends("callback1-c1")
    await house.callbacks.look()
    assert house.asked[1]["ChannelId"] == ["callback2-c1"]


async def test_no_line_without_asterisk_or_out_of_the_queues_hours(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.callbacks.synchronized = False
    await house.asks("c1")
    await house.callbacks.look()
    house.callbacks.synchronized = True
    queue = house.settings.queues[0]
    house.settings = replace(house.settings, queues=(replace(queue, name="other"),))
    await house.callbacks.look()
    assert house.asked == []
    house.settings = replace(house.settings, queues=(queue,))
    house.refuses = True
    await house.callbacks.look()
    assert house.registry.get_sample_value("hotline_callback_lines_failed_total") == 1


async def test_attempts_have_a_distance_and_an_end(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.asks("c1")
    house.line_begins("callback1-c1")
    assert house.callbacks.tried("callback1-c1", "agent_gone") == 0
    assert house.callbacks.tried("callback1-c1", "no_answer") == 60
    assert house.callbacks.tried("callback1-c1", "busy") is None
    assert house.kinds() == [
        "Asked",
        "Tried agent_gone",
        "Tried no_answer",
        "Tried busy",
        "Settled unreached",
    ]
    assert house.numbers.get("c1") == ""
    assert house.callbacks.tried("callback1-c1", "busy") is None
    assert len(house.kinds()) == 5


async def test_a_talk_settles_the_callback_by_the_line_or_by_calling_in(tmp_path: Path) -> None:
    for number, how in (("callback1-c1", ["Tried answered", "Settled served"]), ("c9", ["Settled served"])):
        house = House(tmp_path / number)
        (tmp_path / number).mkdir()
        await house.asks("c1")
        house.line_begins("callback1-c1")
        story = Story(number, now_ms=house.now_ms).starts().queues().rings().answered().connected()
        story.facts[0] = replace(story.facts[0], caller=f"ref-{PERSON}")  # type: ignore[call-arg]
        for fact in story.facts:
            house.record(fact)
        await asyncio.sleep(0)
        assert house.kinds() == ["Asked", *how]
        assert house.hung_up == ([] if number != "c9" else ["callback1-c1"])


async def test_one_who_called_in_and_hung_up_while_nobody_looked_is_not_rung_again(tmp_path: Path) -> None:
    """acd learns of both in one go, as after its own absence."""
    house = House(tmp_path)
    await house.asks("c1")
    story = Story("c9", now_ms=house.now_ms).starts().queues().rings().answered().connected().ends("served")
    story.facts[0] = replace(story.facts[0], caller=f"ref-{PERSON}")  # type: ignore[call-arg]
    for fact in story.facts:
        house.record(fact)
    await asyncio.sleep(0)
    assert house.kinds() == ["Asked", "Settled served"]


async def test_one_who_answered_and_hung_up_before_an_agent_came_gave_up(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.asks("c1")
    house.line_begins("callback1-c1")
    assert house.callbacks.tried("callback1-c1", "answered") == 0
    assert house.callbacks.tried("callback1-c1", "answered") == 0
    house.line_ends("callback1-c1", by="caller")
    await asyncio.sleep(0)
    assert house.kinds() == ["Asked", "Tried answered", "Settled gave_up"]


async def test_expired_and_cancelled_lines_go_and_a_lost_number_is_told(tmp_path: Path) -> None:
    house = House(tmp_path, expire_after_s=100)
    await house.asks("c1")
    house.line_begins("callback1-c1")
    assert await house.callbacks.cancel({"contact": "c1", "by": "wei"}) == ""
    assert await house.callbacks.cancel({"contact": "c1", "by": "wei"}) == "no_callback"
    assert house.hung_up == ["callback1-c1"]
    house.now_ms += 10
    await house.asks("c2")
    house.now_ms += 100_000
    await house.callbacks.look()
    house.callbacks.synchronized = False
    await house.asks("c3", "13812345679")
    house.callbacks.synchronized = True
    house.numbers.keep_only(())
    await house.callbacks.look()
    assert [kind for kind in house.kinds() if "Settled" in kind] == [
        "Settled cancelled",
        "Settled expired",
        "Settled number_lost",
    ]


async def test_a_line_that_a_supervisor_sends_away_is_cancelled(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.asks("c1")
    house.line_begins("callback1-c1")
    house.callbacks.taken_out("callback1-c1")
    house.callbacks.taken_out("c1")
    assert house.kinds() == ["Asked", "Settled cancelled"]


@pytest.mark.parametrize("seed", range(100))
async def test_whatever_happens_each_is_settled_once_and_has_one_line(seed: int, tmp_path: Path) -> None:
    """Lines are lost, persons answer or not, facts are told late, acd begins again from its journal."""
    rng, house = Random(seed), House(tmp_path, attempts=3, per_number_per_day=100)
    alive: list[str] = []

    def one_of_them() -> str:
        return rng.choice(alive) if alive else "callback1-nobody"

    async def something() -> None:
        match rng.choice(("ask", "look", "look", "lost", "tried", "talk", "cancel", "restart")):
            case "ask":
                await house.asks(f"c{house.now_ms}", f"1381234{rng.randrange(5):04}")
            case "look":
                await house.callbacks.look()
            case "lost" if alive:
                alive.remove(line := one_of_them())
                house.line_ends(line)
            case "tried":
                house.callbacks.tried(one_of_them(), rng.choice(("no_answer", "busy", "agent_gone")))
            case "talk":
                house.record(CallConnected(house.now_ms, one_of_them(), f"o{house.now_ms}", "1001", "s", ""))
            case "cancel" if house.picture.callbacks.open:
                contact = rng.choice(list(house.picture.callbacks.open))
                await house.callbacks.cancel({"contact": contact, "by": "wei"})
            case "restart":  # what the shell was about to say is lost
                house.begins_again()

    for _ in range(80):
        house.now_ms += rng.randrange(1, 30_000)
        await something()
        for made in house.asked:
            (line,) = made["ChannelId"]
            alive.append(line)
            house.line_begins(line)
        house.asked.clear()
        alive = [one for one in alive if one not in house.hung_up]
        askers = [one.partition("-")[2] for one in alive]
        open_ones = [one for one in askers if one in house.picture.callbacks.open]
        assert len(open_ones) == len(set(open_ones)), alive
    house.now_ms += house.settings.callbacks.expire_after_s * 1000
    await house.callbacks.look()
    for line in alive:
        house.line_ends(line, by="caller")
    await house.callbacks.look()
    asked = [fact.contact for fact in house.told if isinstance(fact, CallbackAsked)]
    assert sorted(asked) == sorted(fact.contact for fact in house.told if isinstance(fact, CallbackSettled))
    counted = Counter(
        one.contact for one in house.told if isinstance(one, CallbackTried) and one.how in COUNTED
    )
    assert all(tries <= 3 for tries in counted.values())
