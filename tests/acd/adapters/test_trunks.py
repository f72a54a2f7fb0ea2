"""Trunks: up, down, registered and their addresses, as Asterisk answers when asked."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from harness.waiting import until
from prometheus_client import CollectorRegistry

from acd.adapters import trunks
from acd.adapters.heard_trunks import HeardTrunks
from acd.adapters.trunks import TrunkWatch, address_in_uri
from hotline.core.settings import Settings, Trunk
from telephony.ami import AmiReply
from telephony.errors import AmiTimedOut

CARRIER = Trunk("carrier", "address", "192.0.2.1:5070")
PEER = Trunk("branch", "peer")
FAR = Trunk("far", "registered", "sip.example.org", username="4001")


REGISTRATIONS = ("PJSIPShowRegistrationsOutbound", "OutboundRegistrationDetailComplete")


class FakeLink:
    """Answers Getvar from a table of contacts: trunk -> (status, uri); and the list of registrations."""

    def __init__(self) -> None:
        self.connected = True
        self.silent = False
        self.contacts: dict[str, tuple[str, str]] = {}
        self.registrations: dict[str, str] = {}  # trunk -> status

    async def action(self, name: str, fields: Mapping[str, str], *, timeout_s: float = 5.0) -> AmiReply:
        assert name == "Getvar"
        if self.silent:
            raise AmiTimedOut("Getvar")
        function, _, words = fields["Variable"].partition("(")
        subject, _, asked = words.rstrip(")").rpartition(",")
        if function == "PJSIP_AOR":
            value = f"{subject};@1" if subject in self.contacts else ""
        else:
            value = self.contacts[subject.removesuffix(";@1")][("status", "uri").index(asked)]
        return AmiReply("", {"Value": value}, "1", 1)

    async def list_action(
        self, name: str, fields: Mapping[str, str], *, complete_event: str, timeout_s: float = 5.0
    ) -> list[Mapping[str, str]]:
        assert (name, complete_event) == REGISTRATIONS
        if self.silent:
            raise AmiTimedOut(name)
        listed: list[Mapping[str, str]] = []
        for trunk, status in self.registrations.items():
            listed.append({"Event": "OutboundRegistrationDetail", "ObjectName": trunk, "Status": status})
            listed.append({"Event": "AuthDetail", "ObjectName": trunk, "Password": "secret"})
        return listed


class House:
    """A watch with its link, numbers and told addresses."""

    def __init__(self, *known: Trunk, heard: Path = Path("/nowhere/heard.json")) -> None:
        self.link, self.registry = FakeLink(), CollectorRegistry()
        self.addresses: list[str] = []
        self.watch = TrunkWatch(
            self.link, Settings(1, trunks=known), self.registry, self.take, HeardTrunks(heard)
        )

    def take(self, addresses: Iterable[str]) -> None:
        self.addresses = list(addresses)

    def number(self, name: str, trunk: str) -> float | None:
        return self.registry.get_sample_value(name, {"trunk": trunk})

    def peer(self) -> tuple[float | None, float | None]:
        """Is the peer up, and is it awaited?"""
        return self.number("hotline_trunk_up", "branch"), self.number("hotline_trunk_awaited", "branch")


async def test_a_trunk_that_stops_answering_is_an_alarm_once(caplog: pytest.LogCaptureFixture) -> None:
    house = House(CARRIER)
    house.link.contacts["carrier"] = ("Unknown", "sip:192.0.2.1:5070")
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "carrier") is None
    house.link.contacts["carrier"] = ("Reachable", "sip:192.0.2.1:5070")
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "carrier") == 1
    house.link.contacts["carrier"] = ("Unreachable", "sip:192.0.2.1:5070")
    await house.watch.ask_all()
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "carrier") == 0
    assert house.number("hotline_trunk_losses_total", "carrier") == 1
    errors = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["trunk_down"]


async def test_a_trunk_down_at_the_start_is_an_alarm_too() -> None:
    house = House(CARRIER)
    house.link.contacts["carrier"] = ("Unreachable", "sip:192.0.2.1:5070")
    await house.watch.ask_all()
    assert house.number("hotline_trunk_losses_total", "carrier") == 1


async def test_a_peer_that_never_came_is_no_loss_but_one_that_left_is(tmp_path: Path) -> None:
    house = House(PEER, heard=tmp_path / "heard.json")
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "branch") == 0
    assert house.number("hotline_trunk_losses_total", "branch") is None
    house.link.contacts["branch"] = ("Reachable", "sip:branch@198.51.100.7:5060")
    await house.watch.ask_all()
    assert house.addresses == ["198.51.100.7"]
    del house.link.contacts["branch"]
    await house.watch.ask_all()
    assert house.number("hotline_trunk_losses_total", "branch") == 1
    assert house.addresses == []


async def test_a_peer_is_awaited_until_it_comes_once_also_over_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = tmp_path / "heard.json"
    house = House(PEER, CARRIER, heard=heard)
    await house.watch.ask_all()
    assert house.peer() == (0, 1)
    house.link.contacts["branch"] = ("Unreachable", "sip:branch@198.51.100.7:5060")
    await house.watch.ask_all()
    assert house.peer() == (0, 0)
    assert house.number("hotline_trunk_awaited", "carrier") is None
    caplog.clear()
    again = House(PEER, heard=heard)  # Asterisk has forgotten the registration meanwhile
    await again.watch.ask_all()
    assert again.peer() == (0, 0)
    assert [record.message for record in caplog.records] == ["trunk_down"]


async def test_a_peer_with_an_address_is_never_awaited() -> None:
    office = Trunk("office", "peer", "192.0.2.3:5060")
    house = House(office)
    house.link.contacts["office"] = ("Unreachable", "sip:192.0.2.3:5060")
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "office") == 0
    assert house.number("hotline_trunk_awaited", "office") is None


async def test_a_peer_that_is_no_longer_one_is_not_awaited(tmp_path: Path) -> None:
    house = House(PEER, heard=tmp_path / "heard.json")
    await house.watch.ask_all()
    house.watch.on_settings(Settings(2, trunks=(Trunk("branch", "address", "192.0.2.1"),)))
    assert house.number("hotline_trunk_awaited", "branch") is None


async def test_a_new_trunk_that_asterisk_does_not_know_yet_is_not_judged() -> None:
    house = House(CARRIER)
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "carrier") is None


async def test_a_trunk_without_options_has_no_state() -> None:
    house = House(Trunk("quiet", "address", "192.0.2.9", qualify_s=0))
    house.link.contacts["quiet"] = ("NonQualified", "sip:192.0.2.9")
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "quiet") is None
    assert house.addresses == ["192.0.2.9"]


async def test_an_unanswered_question_changes_nothing() -> None:
    house = House(CARRIER)
    house.link.contacts["carrier"] = ("Reachable", "sip:192.0.2.1:5070")
    await house.watch.ask_all()
    house.link.silent = True
    await house.watch.ask_all()
    assert house.number("hotline_trunk_up", "carrier") == 1


async def test_a_hint_is_followed_at_once() -> None:
    house = House(CARRIER)
    task = asyncio.get_running_loop().create_task(house.watch.run())
    await asyncio.sleep(0.05)
    house.link.contacts["carrier"] = ("Reachable", "sip:192.0.2.1:5070")
    house.watch.on_message({"Event": "ContactStatus", "AOR": "carrier", "ContactStatus": "Reachable"})
    await until(lambda: house.number("hotline_trunk_up", "carrier") == 1, "the trunk is up", 3)
    task.cancel()


async def test_registrations_are_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    """What is told is what Asterisk says, not the last that was heard of it."""
    house = House(FAR, CARRIER)
    seen = []
    for status in ("Unregistered", "Registered", "Rejected", "Stopped", "Registered", "Unregistered"):
        house.link.registrations = {"far": status, "carrier": "Rejected", "of-another": "Rejected"}
        await house.watch.ask_all()
        seen.append(house.number("hotline_trunk_registered", "far"))
    house.link.silent = True
    await house.watch.ask_all()
    seen.append(house.number("hotline_trunk_registered", "far"))
    assert seen == [None, 1, 0, 0, 1, 0, 0]
    assert house.number("hotline_trunk_registered", "carrier") is None
    errors = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["trunk_not_registered"] * 2
    assert "secret" not in caplog.text
    house.watch.on_settings(Settings(2, trunks=(Trunk("far", "address", "192.0.2.1"),)))
    assert house.number("hotline_trunk_registered", "far") is None


@pytest.mark.parametrize("event", [{"Event": "Registry"}, {"Event": "ContactStatus", "AOR": "far"}])
async def test_a_word_of_asterisk_makes_it_ask(event: dict[str, str]) -> None:
    house = House(FAR)
    task = asyncio.get_running_loop().create_task(house.watch.run())
    await asyncio.sleep(0.05)
    house.link.registrations["far"] = "Registered"
    house.watch.on_message(event)
    await until(lambda: house.number("hotline_trunk_registered", "far") == 1, "it is registered", 3)
    task.cancel()


async def test_a_trunk_that_is_gone_is_forgotten() -> None:
    house = House(CARRIER, PEER)
    house.link.contacts["carrier"] = ("Reachable", "sip:192.0.2.1:5070")
    await house.watch.ask_all()
    house.watch.on_settings(Settings(2, trunks=(PEER,)))
    assert house.number("hotline_trunk_up", "carrier") is None
    assert house.addresses == []


async def test_names_of_hosts_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    asked = []

    async def resolve(host: str, _port: None, *, type: int) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, type, 17, "", ("192.0.2.66", 0))]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    monkeypatch.setattr(trunks, "PERIOD_S", 0.01)
    house = House(FAR, CARRIER, Trunk("office", "peer", "192.0.2.3:5060"))
    task = loop.create_task(house.watch.run())
    await until(lambda: "192.0.2.66" in house.addresses, "the address of the host's name", 3)
    task.cancel()
    assert house.addresses == ["192.0.2.1", "192.0.2.3", "192.0.2.66"]
    assert asked == ["sip.example.org"]


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:1001@192.0.2.1:5060;transport=tls", "192.0.2.1"),
        ("sip:192.0.2.1", "192.0.2.1"),
        ("sips:a@[2001:db8::1]:5061", "2001:db8::1"),
        ("sip:a@example.org", ""),
        ("tel:123", ""),
        ("", ""),
    ],
)
def test_the_address_in_a_uri(uri: str, address: str) -> None:
    assert address_in_uri(uri) == address
