"""Which channel of a supervisor is led to another conversation; who hears whom is tested end to end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters.legs import Caller, Leg
from acd.adapters.supervise import Supervisors
from acd.clock import SteadyClock
from acd.core import events
from acd.core.distributor import Distributor
from acd.core.picture import Picture
from acd.engine import Engine
from acd.settings_view import settings_changed
from hotline.core.settings import Agent, Queue, Settings, Text
from hotline.journal import JournalWriter
from telephony.ami import AmiReply
from telephony.channels import ChannelSeen
from telephony.errors import AmiError

SETTINGS = Settings(
    version=1,
    queues=(Queue("service", Text("业务", "Service")),),
    agents=(Agent("1001", "王伟"), Agent("1002", "李娜"), Agent("1003", "赵磊", role="supervisor")),
)
TALKS = {"1001": "c1", "1002": "c2"}
LISTENS = "PJSIP/p1003-7"


class House:
    """1001 talks with c1, 1002 with c2; 1003 is their supervisor. It is Asterisk's link, too."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.refuses = ""
        self.journal = JournalWriter(folder, "acd")
        registry = CollectorRegistry()
        self.engine = Engine(Distributor(1), Picture(lambda _: 0), self.journal, SteadyClock(), registry)
        observer: Any = SimpleNamespace(legs={}, callers={}, orders=SimpleNamespace(link=self))
        self.supervisors = Supervisors(self.engine, observer, lambda: SETTINGS, registry)
        self.engine.handle(settings_changed(SETTINGS))
        self.engine.handle(events.AsteriskSnapshot((), ()))
        self.engine.handle(events.AgentLoggedIn("1003", "p1003"))
        for number, contact in TALKS.items():
            self.engine.handle(events.AgentLoggedIn(number, f"p{number}"))
            self.engine.handle(events.AgentBecameReady(number))
            self.engine.handle(events.CallArrived(contact, "service", "", 0, "zh", 0, 1))
            offer = self.engine.picture.agents[number].offer
            self.engine.handle(events.OfferConnected(offer, recording=""))
            observer.legs[contact] = Leg(offer, contact, f"PJSIP/p{number}-1", up=True, bridged=True)
            observer.callers[contact] = Caller(f"PJSIP/carrier-{contact}")

    async def action(self, name: str, fields: dict[str, str]) -> AmiReply:
        if name == self.refuses:
            raise AmiError("no such channel")
        if name == "Getvar":
            return AmiReply("", {"Value": {LISTENS: "1001"}[fields["Channel"]]}, "1", 1)
        self.asked.append((name, fields["Channel"], fields["Exten"]))
        return AmiReply("", {}, "1", 1)

    async def dials(self, deed: str, whom: str) -> str:
        """The supervisor's phone asks; what the dialplan does next."""
        told: dict[str, str] = {}

        async def set_variable(name: str, value: str) -> None:
            told[name] = value

        session: Any = SimpleNamespace(
            args=("p1003", deed, whom), channel=LISTENS, set_variable=set_variable, stream_file=self._says
        )
        await self.supervisors(session)
        return told["HL_NEXT"]

    async def _says(self, prompt: str) -> str:
        return ""


@pytest.fixture
async def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.engine.close()
    house.journal.close()


async def test_who_listens_is_led_on_to_another_conversation(house: House) -> None:
    assert await house.dials("listen", "1001") == "spy"
    assert await house.supervisors.call_in("1003", "listen", "1002") == ""
    assert house.asked == [("Redirect", LISTENS, "301002")]


async def test_who_has_taken_over_is_led_nowhere_but_rung(house: House) -> None:
    """The line that listened talks with the caller now."""
    assert await house.dials("listen", "1001") == "spy"
    assert await house.supervisors.take_in_place("1003", "1001")
    assert await house.dials("take", "1001") == "join"
    house.asked.clear()
    assert await house.supervisors.call_in("1003", "listen", "1002") == ""
    assert house.asked == [("Originate", "PJSIP/p1003", "301002")]


async def test_a_line_that_is_over_is_rung_anew(house: House) -> None:
    assert await house.dials("listen", "1001") == "spy"
    house.refuses = "Redirect"
    assert await house.supervisors.call_in("1003", "whisper", "1001") == ""
    assert not await house.supervisors.take_in_place("1003", "1001")
    assert house.asked == [("Originate", "PJSIP/p1003", "311001")]


def at(channel: str, context: str = "supervise", bridge: str = "") -> ChannelSeen:
    return ChannelSeen("u1", "u1", channel, 6, "", {}, bridge=bridge, context=context)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ([at(LISTENS)], ("Redirect", LISTENS, "5")),
        ([at(LISTENS, bridge="b1")], ("Originate", "PJSIP/p1003", "311001")),  # has taken over
        ([at(LISTENS, context="phone")], ("Originate", "PJSIP/p1003", "311001")),
        ([], ("Originate", "PJSIP/p1003", "311001")),
    ],
)
async def test_who_listens_is_known_after_we_were_away(
    house: House, channels: list[ChannelSeen], expected: tuple[str, str, str]
) -> None:
    """Nobody had told: acd was killed; or of another call by that name, before Asterisk was."""
    if not channels:
        await house.dials("listen", "1001")
    house.supervisors.on_channels(channels)
    await asyncio.sleep(0.01)
    assert await house.supervisors.call_in("1003", "whisper", "1001") == ""
    assert house.asked == [expected]
