"""Following acd's stream: snapshot, facts, silence, mistakes, and coming back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fake_acd import FakeAcd, wall_ms
from prometheus_client import CollectorRegistry
from stories import Story

from hotline.web import live_picture
from hotline.web.live_picture import LivePicture


@pytest.fixture
async def socket() -> AsyncIterator[Path]:
    with TemporaryDirectory(prefix="hl-") as folder:
        yield Path(folder) / "acd.sock"


@pytest.fixture
async def acd(socket: Path) -> AsyncIterator[FakeAcd]:
    fake = FakeAcd(socket)
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def live(socket: Path) -> AsyncIterator[LivePicture]:
    following = LivePicture(socket, lambda now_ms: 0, CollectorRegistry())
    following.start()
    yield following
    await following.close()


async def until(condition: Callable[[], object], limit_s: float = 8.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - many conditions, all of them cheap
            await asyncio.sleep(0.01)


def a_call(contact: str = "c1") -> Story:
    return Story(contact, wall_ms()).starts().queues()


async def test_snapshot_then_facts_without_a_gap(acd, live):
    acd.tell(*a_call("before").facts)
    await until(lambda: live.picture)
    await acd.readers()
    acd.tell(*a_call("after").facts)
    await until(lambda: len(live.picture.contacts) == 2)
    assert set(live.picture.contacts) == {"before", "after"}
    assert live.picture.snapshot()["open"] == acd.picture.snapshot()["open"]
    assert not live.stale
    assert abs(live.now_ms() - wall_ms()) < 1_000


async def test_listeners_hear_of_every_fact(acd, live):
    heard = []
    live.on_change(lambda: heard.append(len(live.picture.contacts)))
    await acd.readers()
    acd.tell(*a_call().facts)
    await until(lambda: heard[-1:] == [1])
    assert len(heard) >= 3  # the snapshot and two facts


async def test_when_acd_comes_back_its_new_picture_replaces_the_old(acd, live, socket):
    await acd.readers()
    acd.tell(*a_call("old").facts)
    await until(lambda: live.picture and live.picture.contacts)
    await acd.stop()
    assert live.picture.contacts  # the last picture is kept
    again = FakeAcd(socket)
    again.tell(*a_call("new").facts)
    await again.start()
    await until(lambda: set(live.picture.contacts) == {"new"})
    await again.stop()
    await acd.start()


async def test_without_acd_there_is_no_picture_and_all_is_stale(live):
    await asyncio.sleep(0.3)
    assert live.picture is None
    assert live.age_ms() is None
    assert live.stale


async def test_a_silent_acd_is_taken_for_dead_and_asked_again(acd, live, monkeypatch):
    monkeypatch.setattr(live_picture, "SILENCE_S", 0.4)
    monkeypatch.setattr(live_picture, "STALE_MS", 200)
    acd.beating = False
    await acd.readers()
    await until(lambda: live.stale)
    before = live._breaks._value.get()
    await until(lambda: live._breaks._value.get() > before)
    await until(lambda: not live.stale)  # a fresh snapshot


@pytest.mark.parametrize(
    "line",
    [
        {"seq": 0, "kind": "CallQueued", "version": 1, "at_ms": 1, "body": {}},
        {"seq": 99, "kind": "CallQueued", "version": 1, "at_ms": 1, "body": {"not": "a call"}},
        {"picture": {}, "seq": 1, "server_ms": 1},
        {"something": "else"},
    ],
)
async def test_a_line_that_should_not_come_leads_to_a_fresh_picture(acd, live, line):
    await acd.readers()
    acd.tell(*a_call("kept").facts)
    await until(lambda: live.picture and live.picture.contacts)
    first = live.picture
    acd.say(line)
    await until(lambda: live.picture is not first)
    await acd.readers()
    acd.tell(*a_call("next").facts)
    await until(lambda: set(live.picture.contacts) == {"kept", "next"})


async def test_a_line_of_many_parts_is_put_together(acd, live):
    await acd.readers()
    story = Story("long", wall_ms()).starts()
    acd.tell(*story.facts)
    acd.say({"seq": 50, "kind": "Unknown", "version": 1, "at_ms": 1, "body": {"long": "x" * 500_000}})
    await until(lambda: live.picture and "long" in live.picture.contacts)
    await until(lambda: live._seq == 50)


async def test_an_endless_line_is_not_kept(acd, live, monkeypatch):
    monkeypatch.setattr(live_picture, "MAX_LINE_BYTES", 100_000)
    await acd.readers()
    await until(lambda: live.picture)
    first = live.picture
    acd.say({"seq": 1, "kind": "x" * 1_000_000, "at_ms": 1, "body": {}})
    await until(lambda: live.picture is not first)
