"""Which fact tells that one of several has won, and that the caller is told."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from acd.adapters.winners import Rivals, Winners
from acd.core.views import Leg
from hotline.core.settings import Queue, Settings, Text
from hotline.journal import Envelope


def fact(kind: str, offer: str, dial: str = "") -> Envelope:
    key = "segment" if kind == "CallConnected" else "offer"
    return Envelope("acd", 1, 1, kind, 1, "id", "c1", 0, 0, {key: offer, "dial": dial})


@pytest.mark.parametrize(
    ("story", "winners"),
    [
        ("offer 1 of 1, offer 2 of 1, offer 3 of 1, ends 1, ends 3, connected 2", ["2"]),
        ("offer 1 of 1, offer 2 of 1, connected 1, ends 2, connected 1", ["1"]),
        ("offer 1, connected 1", []),
        ("connected s-1", []),
        ("offer 1 of 1, offer 2 of 1, ends 1, ends 2, offer 3, connected 3", []),
    ],
)
def test_who_won_of_several(story: str, winners: list[str]) -> None:
    kinds = {"offer": "CallOffered", "ends": "OfferEnded", "connected": "CallConnected"}
    rivals, won = Rivals({}), []
    for words in (step.split() for step in story.split(", ")):
        if rivals.winner(fact(kinds[words[0]], words[1], words[3] if len(words) > 2 else "")):
            won.append(words[1])
    assert won == winners


async def test_who_won_of_several_that_rang_when_acd_began_again_is_told() -> None:
    rang_alone = Leg("c2", "1003", "service", 0)
    talks = Leg("c1", "1004", "service", 0, connected_ms=1)
    legs = {"1": Leg("c1", "1001", "service", 0), "2": Leg("c1", "1002", "service", 0)}
    asked: list[Any] = []

    async def action(_name: str, fields: Any) -> None:
        asked.append(dict(fields)["Channel"])

    link = SimpleNamespace(action=action)
    callers = {contact: SimpleNamespace(channel=f"PJSIP/{contact}") for contact in ("c1", "c2")}
    observer: Any = SimpleNamespace(callers=callers, orders=SimpleNamespace(link=link))
    picture = SimpleNamespace(legs={**legs, "3": rang_alone, "4": talks}, contacts={})
    engine: Any = SimpleNamespace(picture=picture, follow=lambda _follower: None)
    settings = replace(
        Settings(version=1), queues=(Queue("service", Text("服务", "Service"), announce_agent=True),)
    )
    winners = Winners(engine, observer, lambda: settings)
    for contact, offer, agent in (("c2", "3", "1003"), ("c1", "4", "1004"), ("c1", "2", "1002")):
        told = {"contact": contact, "segment": offer, "agent": agent, "queue": "service"}
        winners.on_fact(Envelope("acd", 1, 1, "CallConnected", 1, "id", contact, 0, 0, told))
    await asyncio.sleep(0)
    assert asked == ["Local/1002@winner"]
