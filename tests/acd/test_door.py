"""The door: open while Asterisk is seen, open through a short gap, closed by a long one, tried again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry
from telephony_peers import count, until

from acd import door
from acd.door import Door


class Server:
    """Notes what it is asked; its port is taken for the first `taken` times."""

    def __init__(self) -> None:
        self.deeds: list[str] = []
        self.listening, self.taken = False, 0

    async def start(self) -> None:
        if self.taken:
            self.taken -= 1
            raise OSError("taken")
        self.listening = True
        self.deeds.append("open")

    async def close(self) -> None:
        self.listening = False
        self.deeds.append("close")


class House:
    def __init__(self) -> None:
        self.server, self.registry = Server(), CollectorRegistry()
        self.door = Door(self.server, lambda: self.server.deeds.append("ready"), self.registry)

    @asynccontextmanager
    async def running(self, monkeypatch: pytest.MonkeyPatch, *, blind_s: float) -> AsyncIterator[list[str]]:
        monkeypatch.setattr(door, "BLIND_S", blind_s)
        monkeypatch.setattr(door, "AGAIN_S", 0)
        task = asyncio.ensure_future(self.door.run())
        self.door.see(True)
        await until(lambda: len(self.server.deeds) == 2)
        yield self.server.deeds
        task.cancel()


async def test_a_short_gap_keeps_the_door_open(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    async with house.running(monkeypatch, blind_s=30) as deeds:
        house.door.see(False)
        await asyncio.sleep(0)
        house.door.see(True)
        await asyncio.sleep(0.02)
        assert deeds == ["open", "ready", "ready"]


async def test_who_stays_blind_gives_callers_back_until_it_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    async with house.running(monkeypatch, blind_s=0.01) as deeds:
        house.door.see(False)
        await until(lambda: deeds[-1] == "close")
        assert count(house.registry, "hotline_acd_blind_total") == 1
        house.door.see(True)
        await until(lambda: deeds == ["open", "ready", "close", "open", "ready"])


async def test_a_port_that_is_taken_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    house.server.taken = 2
    async with house.running(monkeypatch, blind_s=30) as deeds:
        assert deeds == ["open", "ready"]
