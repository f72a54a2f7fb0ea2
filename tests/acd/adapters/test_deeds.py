"""The door for deeds: what is understood, what is refused with field, value and what is allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from acd.adapters.deeds import Deed, Deeds
from acd.adapters.supervise import Supervisors
from acd.clock import SteadyClock
from acd.core import events
from acd.core.distributor import Distributor
from acd.core.picture import Picture
from acd.engine import Engine
from acd.settings_view import settings_changed
from hotline.core.settings import Agent, Queue, Reason, Settings, Text
from hotline.journal import JournalWriter

SETTINGS = Settings(
    version=1,
    not_ready_reasons={"1": Reason("小休", "Break")},
    queues=(Queue("service", Text("业务", "Service")),),
    agents=(Agent("1001", "王伟"), Agent("1002", "赵磊", role="supervisor")),
)


class Door:
    """acd's deeds on a Unix socket, over a real engine; Asterisk is away and shows no channel."""

    def __init__(self, folder: Path) -> None:
        self.registry = CollectorRegistry()
        self.socket = str(folder / "s")
        journal = JournalWriter(folder / "journal", "acd")
        self.engine = Engine(Distributor(1), Picture(lambda _: 0), journal, SteadyClock(), self.registry)
        observer: Any = SimpleNamespace(legs={}, orders=SimpleNamespace(link=None))
        supervisors = Supervisors(self.engine, observer, lambda: SETTINGS, self.registry)
        self.deeds = Deeds(self.engine, supervisors, lambda: SETTINGS, lambda prompt: prompt == "sorry")
        self.engine.handle(settings_changed(SETTINGS))
        self.engine.handle(events.AgentLoggedIn("1001", "p1"))

    async def ask(self, body: object) -> tuple[int, dict[str, Any]]:
        connector = aiohttp.UnixConnector(self.socket)
        options: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post("http://acd/deed", **options) as response,
        ):
            return response.status, await response.json()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    made = Door(tmp_path)
    app = web.Application()
    app.router.add_post("/deed", made.deeds.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, made.socket).start()
    yield made
    await runner.cleanup()
    made.engine.close()


async def test_a_deed_is_done_and_one_that_cannot_be_is_refused_and_counted(door: Door) -> None:
    force = {"deed": "force", "by": "anna", "agent": "1001", "state": "ready"}
    assert await door.ask(force) == (200, {"done": True})
    assert door.engine.picture.agents["1001"].state == "ready"
    force["state"] = "work_over"
    assert await door.ask(force) == (409, {"done": False, "refused": "no_work"})
    count = door.registry.get_sample_value("hotline_supervisor_deeds_refused_total", {"reason": "no_work"})
    assert count == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", ""),
        (b"[]", ""),
        ({"deed": "dance", "by": "anna"}, "deed"),
        ({"by": "anna"}, "deed"),
        ({"deed": "force", "agent": "1001", "state": "ready"}, "by"),
        ({"deed": "force", "by": "anna", "state": "ready"}, "agent"),
        ({"deed": "force", "by": "anna", "agent": "10a", "state": "ready"}, "agent"),
        ({"deed": "force", "by": "anna", "agent": 1001, "state": "ready"}, "agent"),
        ({"deed": "force", "by": "anna", "agent": "1001", "state": "ready", "extra": "x"}, "extra"),
        ({"deed": "force", "by": "anna", "agent": "1001", "state": "ready", "reason": "1"}, "reason"),
        ({"deed": "force", "by": "anna", "agent": "1001", "state": "not_ready", "reason": "7"}, "reason"),
        ({"deed": "force", "by": "a\nb", "agent": "1001", "state": "ready"}, "by"),
        ({"deed": "force", "by": "a" * 101, "agent": "1001", "state": "ready"}, "by"),
        ({"deed": "end", "by": "anna", "contact": "1.1", "message": "unheard-of"}, "message"),
        ({"deed": "end", "by": "anna", "contact": "1.1,Hangup"}, "contact"),
        ({"deed": "move", "by": "anna", "contact": "1.1", "queue": "a b"}, "queue"),
        ({"deed": "take", "by": "anna", "contact": "1.1", "as": "1001"}, "as"),
    ],
)
async def test_what_cannot_be_understood_changes_nothing(door: Door, body: object, field: str) -> None:
    before = door.engine.picture.snapshot()
    status, answer = await door.ask(body)
    assert (status, answer["field"]) == (400, field)
    assert answer["allowed"]
    assert door.engine.picture.snapshot() == before


@pytest.mark.parametrize(
    ("deed", "refused"),
    [
        ({"deed": "move", "contact": "1.1", "queue": "service"}, "unknown_call"),
        ({"deed": "end", "contact": "1.1"}, "unknown_call"),
        ({"deed": "end", "contact": "1.1", "message": "sorry"}, "unknown_call"),
        ({"deed": "put_first", "contact": "1.1"}, "unknown_call"),
        ({"deed": "take", "contact": "1.1", "as": "1002"}, "unknown_call"),
        ({"deed": "take_over", "agent": "1001", "as": "1002"}, "not_talking"),
        ({"deed": "take_over", "agent": "1001", "as": "1001"}, "not_a_supervisor"),
        ({"deed": "listen", "agent": "1001", "as": "1002"}, "not_talking"),
        ({"deed": "barge", "agent": "1001", "as": "1003"}, "not_a_supervisor"),
        ({"deed": "lower_hand", "agent": "1001"}, "no_hand"),
        ({"deed": "lower_hand", "agent": "4711"}, "no_hand"),
        ({"deed": "close_queue", "queue": "elsewhere"}, "unknown_queue"),
        ({"deed": "open_queue", "queue": "service"}, "open_already"),
    ],
)
async def test_every_deed_has_its_way_through(door: Door, deed: dict[str, str], refused: str) -> None:
    assert await door.ask({**deed, "by": "anna"}) == (409, {"done": False, "refused": refused})


async def test_a_raised_hand_is_lowered_by_whoever_came(door: Door) -> None:
    door.engine.handle(events.AgentAskedHelp("1001"))
    assert door.engine.picture.agents["1001"].help_ms
    assert await door.ask({"deed": "lower_hand", "by": "anna", "agent": "1001"}) == (200, {"done": True})
    assert not door.engine.picture.agents["1001"].help_ms


async def test_other_parts_can_add_deeds_of_their_own(door: Door) -> None:
    told: list[dict[str, str]] = []

    async def wave(words: Any) -> str:
        told.append(dict(words))
        return ""

    door.deeds.add("wave", Deed(wave, ("contact",), ("to",)))
    assert await door.ask({"deed": "wave", "by": "anna", "contact": "1.1"}) == (200, {"done": True})
    assert told == [{"deed": "wave", "by": "anna", "contact": "1.1", "to": ""}]
