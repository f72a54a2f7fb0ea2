"""A crowd for survival tests: agents in conversations and callers who wait, all of one queue.

It observes what callers and agents would notice: sound, rings, who talks to whom. Knows nothing of faults.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType

from acd.adapters.cel import ends_in
from harness import sound
from harness.call import Call
from harness.desk import Desk
from harness.lanes import CARRIER
from harness.phone import Manner, Phone
from harness.stack import HotlineStack
from harness.waiting import until

HOTLINE = "4001"
EMERGENCY = "9001"
CALLER_HZ, AGENT_HZ = 440, 1000
LOGINS_AT_ONCE = 10
STANDS_STILL_S = 0.2
_numbers = itertools.count(13_800_000_001)


def agent_numbers(count: int) -> list[str]:
    """Numbers of the crowd's agents, which are their phones' names too."""
    return [str(1001 + n) for n in range(count)]


def crowd_settings(agents: int, *, fallback_after_s: int = 30) -> str:
    """Settings (TOML): one queue, one number, so many agents, one emergency phone."""
    people = "".join(
        f'[[phone]]\nname = "{number}"\n[[agent]]\nnumber = "{number}"\nname = "坐席 {number}"\n'
        f'phone = "{number}"\nskills = {{ general = 5 }}\n'
        for number in agent_numbers(agents)
    )
    return _HOUSE.format(fallback_after_s=fallback_after_s) + people


_HOUSE = f"""
skills = ["general"]

[hotline]
name = {{{{ zh = "试验", en = "Test" }}}}
ring_cycle_ms = 1000
fallback_after_s = {{fallback_after_s}}
emergency_phones = ["{EMERGENCY}"]
survey = false

[[trunk]]
name = "carrier"
kind = "address"
address = "{CARRIER}"
max_channels = 1000
qualify_s = 0

[[queue]]
name = "general"
title = {{{{ zh = "综合", en = "General" }}}}
needs = "general"
whisper = "queue-general"
announce_agent = false
after_contact_s = 1

[[flow]]
name = "main"
start = "queue:general"

[[number]]
did = "{HOTLINE}"
flow = "main"

[[phone]]
name = "{EMERGENCY}"
"""


@dataclass(slots=True)
class Guest:
    """One caller, the contact that acd made of the call, and the agent's side of the conversation."""

    number: str
    phone: Phone
    call: Call
    contact: str = ""
    answered_by: Call | None = None


class Crowd:
    """Use as `async with Crowd(stack, agents=6) as crowd`: entered, all agents are ready."""

    def __init__(self, stack: HotlineStack, *, agents: int) -> None:
        self.stack = stack
        self.guests: list[Guest] = []
        self.desks: dict[str, Desk] = {}
        self._numbers = agent_numbers(agents)
        self._ends = AsyncExitStack()

    async def __aenter__(self) -> Crowd:
        turns = asyncio.Semaphore(LOGINS_AT_ONCE)
        try:
            await asyncio.gather(*(self._sit_down(number, turns) for number in self._numbers))
        except BaseException:
            await self._ends.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ends.aclose()

    async def _sit_down(self, number: str, turns: asyncio.Semaphore) -> None:
        phone = self.stack.phone(number, tone_hz=AGENT_HZ, manner=Manner(ring_s=0.2))
        await self._ends.enter_async_context(phone)
        await phone.register()
        async with turns:
            desk = self.stack.desk(phone)
            await desk.log_in()
            await desk.ready()
        await self.stack.facts.agent_state(number, "ready", within_s=10)
        self.desks[number] = desk

    # ---- callers

    async def call(self, number: str = HOTLINE, *, known: bool = True) -> Guest:
        """A new caller; known: wait until acd has a contact of it."""
        own = str(next(_numbers))
        phone = self.stack.caller(own, tone_hz=CALLER_HZ)
        await self._ends.enter_async_context(phone)
        guest = Guest(own, phone, phone.call(number))
        self.guests.append(guest)
        if known:
            await self.learn_contact(guest)
        return guest

    async def learn_contact(self, guest: Guest) -> None:
        """Find the guest's contact in acd's facts."""
        who = await self.stack.fact("CallerIdentified", number=guest.number, within_s=15)
        started = await self.stack.fact("ContactStarted", caller=who.body["caller"], within_s=15)
        assert started.contact
        guest.contact = started.contact

    async def conversations(self, count: int) -> list[Guest]:
        """So many new callers who talk to an agent."""
        guests = list(await asyncio.gather(*(self.call() for _ in range(count))))
        await asyncio.gather(*(self.connected(guest) for guest in guests))
        return guests

    async def waits(self, count: int) -> list[Guest]:
        """So many new callers who wait, in the order of their places."""
        guests = list(await asyncio.gather(*(self.call() for _ in range(count))))
        await asyncio.gather(*(self.queued(guest) for guest in guests))
        return sorted(guests, key=self._place)

    def _place(self, guest: Guest) -> tuple[int, str]:
        """Who asked for an agent first; of equals, in the order of contacts (see acd.core.calls)."""
        [queued] = self.stack.facts.of("CallQueued", contact=guest.contact)
        return int(queued.body["wait_since_ms"]), guest.contact

    async def queued(self, guest: Guest, *, within_s: float = 30) -> None:
        """Wait until a caller stands in the queue."""
        await self.stack.fact("CallQueued", contact=guest.contact, within_s=within_s)

    async def connected(self, guest: Guest, *, within_s: float = 60) -> str:
        """Wait until a caller talks to an agent; returns the agent's number."""
        fact = await self.stack.fact("CallConnected", contact=guest.contact, within_s=within_s)
        agent = str(fact.body["agent"])
        guest.answered_by = [call for call in self.desks[agent].phone.calls if not call.outgoing][-1]
        return agent

    def agent_call(self, guest: Guest) -> Call:
        """The agent's side of a caller's conversation."""
        assert guest.answered_by is not None
        return guest.answered_by

    # ---- what must be so

    async def all_talk(self, guests: list[Guest]) -> None:
        """Both sides of these conversations hear each other now."""
        await asyncio.gather(
            *(guest.call.rtp.hears(AGENT_HZ, within_s=10) for guest in guests),
            *(self.agent_call(guest).rtp.hears(CALLER_HZ, within_s=10) for guest in guests),
        )

    async def all_hear_music(self, guests: list[Guest]) -> None:
        """These waiting callers hear something now."""
        await asyncio.gather(*(guest.call.rtp.hears_sound(within_s=10) for guest in guests))

    @asynccontextmanager
    async def music_goes_on(
        self, guests: list[Guest], *, longest_silence_s: float = 2.0
    ) -> AsyncIterator[None]:
        """Within this, these callers never wait longer for the next packet of sound.

        On a busy machine this process may stand still, while packets come in: they are read before it judges.
        """
        assert guests
        silence_s = stood_still_s = 0.0

        async def listen() -> None:
            nonlocal silence_s, stood_still_s
            while True:
                before_s = time.monotonic()
                await asyncio.sleep(0.02)
                now_s = time.monotonic()
                if now_s - before_s > STANDS_STILL_S:
                    stood_still_s += now_s - before_s
                    continue
                silence_s = max(silence_s, *(now_s - guest.call.rtp.last_heard for guest in guests))

        listening = asyncio.create_task(listen())
        try:
            yield
        finally:
            listening.cancel()
        told = f"the longest silence of {len(guests)} waiting callers was {silence_s * 1000:.0f} ms"
        print(f"{told}; this process stood still for {stood_still_s:.1f} s")
        assert silence_s <= longest_silence_s

    def assert_one_call_per_agent(self) -> None:
        """No phone was rung while it had a call."""
        for number, desk in self.desks.items():
            rung = sorted(
                (call for call in desk.phone.calls if not call.outgoing), key=lambda call: call.invited_us
            )
            for first, second in itertools.pairwise(rung):
                assert first.end is not None, f"agent {number} has two calls"
                assert first.end.at_us <= second.invited_us, f"agent {number} had two calls"

    async def all_ended_once(self, *, within_s: float = 30) -> None:
        """Every contact that began has one end, and every queue entry one way out."""
        facts = self.stack.facts
        started = {fact.contact for fact in facts.of("ContactStarted")}

        def ended() -> list[str]:
            return sorted(str(fact.contact) for fact in facts.of("ContactEnded"))

        await until(lambda: set(ended()) >= started, lambda: f"an end of {started - set(ended())}", within_s)
        assert ended() == sorted(map(str, started))
        entered = sorted((f.contact, f.body["entry"]) for f in facts.of("CallQueued"))
        left = sorted((f.contact, f.body["entry"]) for f in facts.of("CallLeftQueue"))
        assert entered == left
        assert len(set(entered)) == len(entered)

    async def recordings_complete(self, guests: list[Guest], *, tolerance_ms: int = 1000) -> None:
        """Each conversation is kept from its bridge to its end as Asterisk's log has it, and talk is as long.

        Asterisk's log, because phones and acd notice late on a busy machine.
        """
        for guest in guests:
            ended = await self.stack.fact("SegmentEnded", contact=guest.contact)
            leg = ends_in(self.stack.deployment.cel_file).legs[ended.body["segment"]]
            talked_ms = leg.ended_ms - leg.talk.connected_ms
            counted_ms = ended.body["talk_ms"] + ended.body["hold_ms"]
            recorded_ms = await self.recorded_ms(guest)
            # What no phone sent, because this process stood still, cannot be recorded.
            unsent_ms = 1000 * self.agent_call(guest).rtp.skipped_s
            told = (guest.contact, recorded_ms, counted_ms, talked_ms, unsent_ms)
            assert -tolerance_ms < talked_ms - recorded_ms < tolerance_ms + unsent_ms, told
            assert abs(counted_ms - talked_ms) < 2 * tolerance_ms, told

    async def recorded_ms(self, guest: Guest) -> float:
        """Wait until the caller's only conversation is kept; its length."""
        await until(lambda: len(self._kept(guest)) > 0, f"the recording of {guest.contact}", 90)
        [kept] = self._kept(guest)
        return len(sound.read_channels(self.stack.deployment.recordings / kept)[0]) / 8

    def _kept(self, guest: Guest) -> list[str]:
        return [
            fact.body["path"]
            for fact in self.stack.journal("keeper")
            if fact.kind == "RecordingKept" and fact.contact == guest.contact
        ]
