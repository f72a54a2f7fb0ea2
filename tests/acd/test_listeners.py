"""Who is told of an event; and what a part that fails does to the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from harness.waiting import until

from acd import listeners
from acd.listeners import Listeners


class Part:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.fails = False

    def __call__(self, message: Mapping[str, str]) -> None:
        self.heard.append(message["Event"])
        if self.fails:
            raise ValueError("not understood")


def listen(*wants: tuple[set[str], Part], on_failure: Callable[[], None] = lambda: None) -> Listeners:
    return Listeners(wants, on_failure)


def test_each_is_told_of_what_it_wants() -> None:
    first, second = Part(), Part()
    told = listen(({"Hangup"}, first), ({"Hangup", "Newstate"}, second))
    for event in ("Hangup", "Newstate", "VarSet"):
        told({"Event": event})
    told({})
    assert (first.heard, second.heard) == (["Hangup"], ["Hangup", "Newstate"])


async def test_a_part_that_fails_keeps_the_event_from_nobody_and_asterisk_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listeners, "LOOK_AGAIN_S", 0.05)
    first, second, asked = Part(), Part(), []
    first.fails = True
    told = listen(({"Hangup"}, first), ({"Hangup"}, second), on_failure=lambda: asked.append(1))
    for _ in range(3):
        with pytest.raises(ValueError, match="not understood"):
            told({"Event": "Hangup"})
    assert (second.heard, asked) == (["Hangup"] * 3, [])
    await until(lambda: asked == [1], "Asterisk is asked", 3)
    first.fails = False
    told({"Event": "Hangup"})
    await asyncio.sleep(0.1)
    assert asked == [1]
