"""Telling Asterisk of lamps: only changes, all of them on a new connection, again after a failure."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from telephony_peers import count, until

from acd.adapters import lamps
from acd.adapters.lamps import Lamps
from acd.core.views import AgentView
from hotline.core.settings import Agent, Phone, Queue, Settings, Text
from telephony.errors import AmiRefused, AmiTimedOut

AGENT, QUEUE = Agent("1024", "Li", {}), Queue("service", Text("服务", "Service"))


class House:
    """Lamps with a link that notes what it is told, and a picture to change."""

    def __init__(self, *, lamps_of_phone: bool) -> None:
        self.told: list[tuple[str, str]] = []
        self.failures = 0
        self.refused = ""  # this lamp
        self.connected, self.epoch = True, 1
        self.picture = SimpleNamespace(agents={"1024": AgentView(state="ready")}, entries={})
        self.registry = CollectorRegistry()
        settings = Settings(1, phones=(Phone("1", lamps=lamps_of_phone),), agents=(AGENT,), queues=(QUEUE,))
        self.lamps = Lamps(self, self, lambda: settings, self.registry)

    def follow(self, follower: object) -> None:
        self.tell_fact = follower

    async def action(self, name: str, fields: Mapping[str, str]) -> None:
        if self.failures:
            self.failures -= 1
            raise AmiTimedOut("Setvar")
        if fields["Variable"] == self.refused:
            raise AmiRefused("Setvar", "no")
        self.told.append((fields["Variable"], fields["Value"]))

    @asynccontextmanager
    async def running(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        monkeypatch.setattr(lamps, "GATHER_S", 0)
        monkeypatch.setattr(lamps, "AGAIN_S", 0)
        task = asyncio.ensure_future(self.lamps.run())
        self.lamps.hint()
        yield
        task.cancel()


FIRST = [
    ("DEVICE_STATE(Custom:waiting-service)", "NOT_INUSE"),
    ("DEVICE_STATE(Custom:ready-1024)", "INUSE"),
    ("DEVICE_STATE(Custom:notready-1024)", "NOT_INUSE"),
]


async def test_all_is_told_at_first_then_only_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(lamps_of_phone=True)
    async with house.running(monkeypatch):
        await until(lambda: len(house.told) == 3)
        assert house.told == FIRST
        house.picture.agents["1024"].state = "offered"
        house.tell_fact(SimpleNamespace(kind="AgentStateChanged"))
        await until(lambda: len(house.told) == 4)
    assert house.told[3] == ("DEVICE_STATE(Custom:ready-1024)", "RINGING")


async def test_a_new_connection_is_told_all_again(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(lamps_of_phone=True)
    async with house.running(monkeypatch):
        await until(lambda: len(house.told) == 3)
        house.epoch = 2
        house.lamps.hint()
        await until(lambda: len(house.told) == 6)
    assert house.told[3:] == FIRST


async def test_what_failed_is_counted_and_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(lamps_of_phone=True)
    house.failures = 2
    async with house.running(monkeypatch):
        await until(lambda: len(house.told) == 3)
    assert count(house.registry, "hotline_lamps_failed_total") == 2


async def test_a_lamp_that_asterisk_refuses_does_not_keep_the_others_dark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(lamps_of_phone=True)
    house.refused = FIRST[0][0]
    async with house.running(monkeypatch):
        await until(lambda: len(house.told) == 2)
        await asyncio.sleep(0.02)
    assert house.told == FIRST[1:]
    assert count(house.registry, "hotline_lamps_failed_total") == 1


async def test_a_house_without_lamps_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(lamps_of_phone=False)
    async with house.running(monkeypatch):
        await asyncio.sleep(0.02)
    assert house.told == []
