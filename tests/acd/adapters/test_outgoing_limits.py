"""An agent's call to an outside number: the day's calls and talk count, and those under way with them.

What Asterisk makes of the call is for test_outgoing.py, end to end; the rules are a table of the core's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters.outgoing import Outgoing
from acd.core.fact_codec import to_body
from acd.core.facts import Fact, OutgoingEnded, OutgoingRefused, OutgoingStarted
from acd.core.picture import Picture
from hotline.core.settings import Agent, OutgoingRule, Settings, Trunk
from hotline.core.settings import Outgoing as OutgoingSettings

AGENT, PHONE, NUMBER = "1001", "p1001", "13912345678"
MINUTE_MS, DAY_MS = 60_000, 86_400_000
COUNTED = "b(trunk-leg^s^1(outside))"
DIALLED = f"{COUNTED}f(4000)S(5400)g"


class House:
    """acd around the outgoing calls: a picture with a clock, sessions that note what they are told."""

    def __init__(self, folder: Path, **rule: int) -> None:
        rules = (OutgoingRule("agent", ("1",), refused=("190",), transfer=True, **rule),)
        outgoing = OutgoingSettings(trunk="outside", presented="4000", max_minutes_per_call=90, rules=rules)
        trunks = (Trunk("outside", "address", "192.0.2.1"),)
        agents = (Agent(AGENT, "Li"), Agent("1002", "Han"))
        self.settings = Settings(1, trunks=trunks, agents=agents, outgoing=outgoing)
        self.picture = Picture(lambda at_ms: at_ms - at_ms % DAY_MS)
        self.now_ms = 20_000 * DAY_MS
        self.clock = SimpleNamespace(now_ms=lambda: self.now_ms)
        self.distributor = SimpleNamespace(agent_using={PHONE: AGENT, "p1002": "1002"}.get)
        self.told: list[Fact] = []
        self.outgoing = Outgoing(
            self,  # type: ignore[arg-type]
            lambda: self.settings,
            lambda number: f"ref-{number}",
            lambda segment, now_ms: segment,
            folder,
            CollectorRegistry(),
        )

    def record(self, fact: Fact) -> None:
        self.told.append(fact)
        self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))

    async def dials(self, call: str, number: str = NUMBER, *, phone: str = PHONE, emergency: str = "") -> str:
        """The phone's channel `call` dials; returns why it is refused, or Dial's options."""
        done = await self._session(call, (phone, number, emergency), self.outgoing)
        return self._outcome(done)

    async def transfers(self, call: str, number: str = NUMBER) -> str:
        """A caller whom nobody serves any more is sent to the number."""
        return self._outcome(await self._session(call, ("c1", number, "2"), self.outgoing.transfer))

    def _outcome(self, done: list[tuple[str, ...]]) -> str:
        dialled = [words[3] for words in done if words[:1] == ("Dial",)]
        refused = [fact.why for fact in self.told if isinstance(fact, OutgoingRefused)]
        return dialled[0] if dialled else refused[-1]

    async def _session(self, call: str, args: tuple[str, ...], handler: Any) -> list[tuple[str, ...]]:
        done: list[tuple[str, ...]] = []

        async def note(*words: str) -> str:
            done.append(words)
            return ""

        session = SimpleNamespace(
            args=args,
            uniqueid=call,
            execute=note,
            set_variable=note,
            get_variable=note,
            answer=note,
            stream_file=note,
        )
        await handler(session)
        return done

    def is_answered(self, call: str) -> None:
        leg = f"leg-{call}"
        self.hears({"Event": "DialBegin", "Uniqueid": call, "DestUniqueid": leg})
        self.hears({"Event": "Newstate", "Uniqueid": leg, "ChannelStateDesc": "Up"})

    def ends(self, call: str) -> None:
        self.hears({"Event": "Hangup", "Uniqueid": call, "Cause": "16"})

    def hears(self, *messages: dict[str, str]) -> None:
        for message in messages:
            self.outgoing.on_message(message)

    def of(self, kind: type[Fact]) -> Iterable[Any]:
        return [fact for fact in self.told if isinstance(fact, kind)]


async def test_calls_of_the_day_count_from_the_dialling_on(tmp_path: Path) -> None:
    house = House(tmp_path, max_calls_per_day=2)
    assert await house.dials("a") == DIALLED
    house.ends("a")
    assert await house.dials("b") == DIALLED, "nobody answered the first, but it was dialled"
    assert await house.dials("c") == "calls", "the second is under way"
    house.ends("b")
    assert await house.dials("d") == "calls"
    assert await house.dials("e", phone="p1002") == DIALLED, "each agent has calls of their own"
    house.now_ms += DAY_MS
    assert await house.dials("f") == DIALLED, "the day is over"


async def test_talk_of_the_day_counts_with_what_is_under_way(tmp_path: Path) -> None:
    house = House(tmp_path, max_minutes_per_day=10)
    await house.dials("a")
    house.now_ms += 20 * MINUTE_MS  # it only rings
    house.is_answered("a")
    house.now_ms += 6 * MINUTE_MS
    house.ends("a")
    (ended,) = house.of(OutgoingEnded)
    assert (ended.how, ended.talk_ms) == ("answered", 6 * MINUTE_MS)
    await house.dials("b")
    house.is_answered("b")
    house.now_ms += 4 * MINUTE_MS - 1
    assert await house.dials("c") == DIALLED
    house.now_ms += 1
    assert await house.dials("d") == "minutes"
    assert await house.transfers("e") == "nobody", "no agent has had this caller"


async def test_a_transferred_caller_counts_as_the_agents_call(tmp_path: Path) -> None:
    house = House(tmp_path, max_calls_per_day=1)
    house.picture.contacts["c1"] = SimpleNamespace(agent=AGENT)  # type: ignore[assignment]
    assert await house.transfers("a", "19012345678") == "prefix"
    assert await house.transfers("b") == DIALLED
    assert await house.transfers("c") == "calls"
    (started,) = house.of(OutgoingStarted)
    assert (started.segment, started.agent, started.contact) == ("o-b.2", AGENT, "c1")


@pytest.mark.parametrize("phone", [PHONE, "nobodys"])
async def test_an_emergency_number_passes_used_up_limits_and_is_never_cut_off(
    tmp_path: Path, phone: str
) -> None:
    house = House(tmp_path, max_calls_per_day=1)
    await house.dials("a")
    assert await house.dials("b", "110", phone=phone) == ("calls" if phone == PHONE else "nobody")
    assert await house.dials("c", "110", phone=phone, emergency="1") == f"{COUNTED}f(4000)g"
    assert [fact.emergency for fact in house.of(OutgoingStarted)] == [False, True]


@pytest.mark.parametrize(("minutes", "options"), [(1, "f(4000)S(60)g"), (1440, "f(4000)S(86400)g")])
async def test_a_call_lasts_no_longer_than_the_settings_say(
    tmp_path: Path, minutes: int, options: str
) -> None:
    house = House(tmp_path)
    outgoing = replace(house.settings.outgoing, max_minutes_per_call=minutes)
    house.settings = replace(house.settings, outgoing=outgoing)
    assert await house.dials("a") == COUNTED + options
