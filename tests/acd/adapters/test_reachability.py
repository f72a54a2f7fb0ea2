"""Which phones count as reachable, by what Asterisk tells of contacts and, where that is half, of devices."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from acd.adapters import reachability
from acd.adapters.reachability import Reachability
from acd.core.events import PhoneBecameReachable, PhoneBecameUnreachable
from hotline.core.settings import Phone, Settings
from telephony.errors import AmiError

SETTINGS = Settings(version=1, phones=(Phone("one"), Phone("several", max_contacts=3)))
AGENTS = {"one": "1001", "several": "1002"}


class House:
    """Agents at two phones, of one contact and of several. It is Asterisk's link, too."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []
        self.states: dict[str, str] | None = {}
        self.contacts: dict[str, dict[str, str]] = {}
        self.asked = 0
        views = {number: SimpleNamespace(phone=phone, gone_since_ms=0) for phone, number in AGENTS.items()}
        self.agents = views
        engine: Any = SimpleNamespace(
            picture=SimpleNamespace(agents=views),
            distributor=SimpleNamespace(agent_at=AGENTS.get),
            handle=self._handle,
        )
        link: Any = self
        self.reachability = Reachability(engine, link, lambda: SETTINGS)

    def _handle(self, event: PhoneBecameReachable | PhoneBecameUnreachable) -> None:
        self.told.append((event.agent, isinstance(event, PhoneBecameReachable)))

    async def looks_for_who_was_gone(self) -> None:
        """Both agents are gone when the link comes up."""
        for view in self.agents.values():
            view.gone_since_ms = 1
        self.reachability.hint()
        await asyncio.sleep(0.05)

    async def list_action(self, *_: object, **__: object) -> list[dict[str, str]]:
        self.asked += 1
        if self.states is None:
            raise AmiError("away")
        return [{"Device": f"PJSIP/{phone}", "State": state} for phone, state in self.states.items()]

    async def action(self, _: str, fields: dict[str, str], **__: object) -> SimpleNamespace:
        function, name, field = re.fullmatch(r"(\w+)\((.*),(\w+)\)", fields["Variable"]).groups()
        if (function, field) == ("PJSIP_AOR", "contact"):
            value = ",".join(self.contacts.get(name, ()))
        else:
            assert (function, field) == ("PJSIP_CONTACT", "status")
            value = self.contacts[name.partition(";")[0]][name]
            if value == "away":
                raise AmiError("away")
        return SimpleNamespace(fields={"Value": value})

    def tells(self, phone: str, uri: str, status: str) -> None:
        self.reachability.on_message(
            {"Event": "ContactStatus", "AOR": phone, "URI": uri, "ContactStatus": status}
        )


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(reachability, "SETTLE_S", 0.01)
    house = House()
    yield house
    house.reachability.close()


async def test_the_only_contact_of_a_phone_is_the_phone(house: House) -> None:
    house.tells("one", "a", "Created")
    house.tells("one", "a", "Odd")
    house.tells("one", "a", "Removed")
    house.tells("strangers", "a", "Created")
    assert house.told == [("1001", True), ("1001", False)]
    assert house.asked == 0


async def test_a_contact_that_went_while_nobody_looked_does_not_keep_the_phone_reachable(
    house: House,
) -> None:
    house.tells("one", "a", "Created")
    house.reachability.look_away()
    house.tells("one", "b", "Created")
    house.tells("one", "b", "Removed")
    assert house.told[-1] == ("1001", False)


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({"several": "NOT_INUSE", "one": "UNAVAILABLE"}, []),
        ({"several": "UNAVAILABLE", "one": "NOT_INUSE"}, [("1002", False)]),
        (None, []),
    ],
)
async def test_of_several_contacts_one_may_live_that_was_never_told_of(
    house: House, states: dict[str, str] | None, told: list[tuple[str, bool]]
) -> None:
    house.states = states
    house.tells("several", "a", "Unreachable")
    assert house.told == []
    await asyncio.sleep(0.1)
    assert (house.told, house.asked) == (told, 1)


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ([], [("1002", False)]),
        (["Unreachable", ""], [("1002", False)]),
        (["Unreachable", "Reachable"], []),
        (["Unknown"], []),
        (["NonQualified"], []),
        (["away"], []),
    ],
)
@pytest.mark.parametrize("state", ["INUSE", "ONHOLD"])
async def test_of_a_phone_in_a_call_the_contacts_tell(
    house: House, state: str, statuses: list[str], told: list[tuple[str, bool]]
) -> None:
    """Its device's state is that of the call, though no contact is left."""
    house.states = {"several": state}
    house.contacts["several"] = {f"several;@{n}": status for n, status in enumerate(statuses)}
    house.tells("several", "a", "Unreachable")
    await asyncio.sleep(0.1)
    assert (house.told, house.asked) == (told, 1)


async def test_who_is_back_before_asterisk_has_answered_was_not_gone(house: House) -> None:
    house.tells("several", "a", "Removed")
    house.tells("several", "b", "Created")
    await asyncio.sleep(0.1)
    assert house.told == [("1002", True)]


async def test_whoever_was_gone_and_is_back_is_told_after_a_snapshot(house: House) -> None:
    house.states = {"one": "NOT_INUSE", "several": "UNAVAILABLE"}
    house.reachability.hint()
    await asyncio.sleep(0.05)
    assert (house.told, house.asked) == ([], 0)  # nobody was gone
    await house.looks_for_who_was_gone()
    assert house.told == [("1001", True)]


async def test_whoever_was_gone_is_asked_for_again_when_asterisk_did_not_answer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachability, "LOOK_AGAIN_S", 0.01)
    house.states = None
    await house.looks_for_who_was_gone()
    assert house.told == []
    house.states = {"one": "NOT_INUSE", "several": "UNAVAILABLE"}
    await asyncio.sleep(0.05)
    assert house.told == [("1001", True)]


async def test_a_phone_is_back_though_the_event_that_told_so_was_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachability, "LOOK_AGAIN_S", 0.01)
    house.states = {"one": "UNAVAILABLE", "several": "NOT_INUSE"}
    house.reachability.hint()
    house.tells("one", "a", "Unreachable")
    for view in house.agents.values():
        view.gone_since_ms = 1  # of the second an offer only: Asterisk reached the phone all the time
    await asyncio.sleep(0.05)
    assert house.told == [("1001", False)]
    house.states["one"] = "NOT_INUSE"
    await asyncio.sleep(0.05)
    assert house.told == [("1001", False), ("1001", True)]


async def test_nobody_is_asked_while_the_link_is_down(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reachability, "LOOK_AGAIN_S", 0.01)
    house.states = {"one": "UNAVAILABLE", "several": "UNAVAILABLE"}
    await house.looks_for_who_was_gone()
    house.reachability.look_away()
    asked = house.asked
    await asyncio.sleep(0.05)
    assert house.asked == asked


async def test_what_is_not_told_of_one_phone_keeps_nothing_from_another(house: House) -> None:
    house.states = {"one": "INUSE", "several": "NOT_INUSE"}
    house.contacts = {"one": {"one;@1": "away"}}
    await house.looks_for_who_was_gone()
    assert house.told == [("1002", True)]


async def test_whoever_was_gone_and_talks_is_back_only_with_a_contact(house: House) -> None:
    house.states = {"one": "INUSE", "several": "INUSE"}
    house.contacts = {"one": {"one;@1": "Reachable"}, "several": {"several;@1": "Unreachable"}}
    await house.looks_for_who_was_gone()
    assert house.told == [("1001", True)]
