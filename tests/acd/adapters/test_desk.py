"""Logging in: who guesses PINs is slowed down, whether or not they hang up in between."""

from __future__ import annotations

import asyncio
from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters import desk
from acd.adapters.desk import Desk
from acd.core.facts import LoginRefused

WRONG, RIGHT = "1001#9999#", "1001#1234#"


class Phone:
    """A session in which these keys are pressed, one after the other."""

    def __init__(self, keys: str) -> None:
        self.args = ("desk1", "login")
        self.closed = asyncio.Event()
        self.heard: list[str] = []
        self._keys = deque(keys)

    async def stream_file(self, name: str, escape_digits: str = "") -> str:
        self.heard.append(name)
        return self._keys.popleft() if escape_digits and self._keys else ""

    async def wait_for_digit(self, timeout_ms: int) -> str:
        return self._keys.popleft() if self._keys else ""

    async def set_variable(self, name: str, value: str) -> None:
        pass


class House:
    def __init__(self) -> None:
        self.done: list[Any] = []
        engine: Any = SimpleNamespace(
            clock=SimpleNamespace(now_ms=lambda: 5), handle=self.done.append, record=self.done.append
        )
        settings: Any = SimpleNamespace(agents=(SimpleNamespace(number="1001"),))
        self.desk = Desk(engine, lambda: settings, lambda _: "1234", CollectorRegistry())

    async def dials(self, keys: str, *, hangs_up: bool = False) -> Phone:
        phone = Phone(keys)
        if hangs_up:
            phone.closed.set()
        session: Any = phone
        await self.desk(session)
        return phone


async def test_a_delay_is_not_escaped_by_hanging_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "DELAY_S", (0.0, 3600.0))
    house = House()
    await house.dials(WRONG, hangs_up=True)
    assert len(house.done) == 1
    await house.dials(RIGHT, hangs_up=True)
    assert len(house.done) == 1, "not even looked at"


async def test_calls_at_once_wait_for_each_others_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first guess of three at once makes the others wait, too."""
    monkeypatch.setattr(desk, "DELAY_S", (0.0, 3600.0))
    house = House()
    calls = [asyncio.create_task(house.dials(WRONG)) for _ in range(3)]
    await asyncio.wait(calls, timeout=0.2)
    assert [type(one) for one in house.done] == [LoginRefused]
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)


async def test_after_the_delay_the_right_pin_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "DELAY_S", (0.0, 0.001))
    house = House()
    phone = await house.dials(WRONG + RIGHT)
    assert [name for name in phone.heard if "enter" not in name] == ["hotline/wrong-pin", "hotline/logged-in"]
    assert [type(one).__name__ for one in house.done] == ["LoginRefused", "AgentLoggedIn"]
