"""Calls of every kind, each with what must be counted of it.

Three lanes: agents of the first talk, those of the second transfer every caller, the third has none. Two more
queues have no agents either: out of one leads a key, out of the other time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

from harness.call import CallFailed
from harness.desk import Desk
from harness.lanes import CARRIER, NARROW, Lane, lane_settings
from harness.phone import NEVER_ANSWERS, Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, choose, dial
from harness.stack import HotlineStack

TALKING, TRANSFERRING, EMPTY = Lane(0), Lane(1), Lane(2)
LEFT_BY_KEY, LEFT_BY_TIME = "6001", "6002"
LEAVE_KEY = "9"
SERVED_WITHIN_S = 90.0
AT_ONCE = 8

_LEFT = f"""
[[queue]]
name = "left_by_key"
title = {{ zh = "按键离开", en = "Left by key" }}
needs = "{EMPTY.skill}"
leave_key = "{LEAVE_KEY}"
leave_to = "message:message-thanks"
whisper = "queue-{EMPTY.queue}"

[[queue]]
name = "left_by_time"
title = {{ zh = "超时离开", en = "Left by time" }}
needs = "{EMPTY.skill}"
max_wait_s = 1
overflow = "queue:{TALKING.queue}"
whisper = "queue-{EMPTY.queue}"

[[flow]]
name = "left_by_key"
start = "queue:left_by_key"

[[flow]]
name = "left_by_time"
start = "queue:left_by_time"

[[number]]
did = "{LEFT_BY_KEY}"
flow = "left_by_key"

[[number]]
did = "{LEFT_BY_TIME}"
flow = "left_by_time"
"""


def mixed_settings() -> str:
    """The settings (TOML) of a stack for these calls."""
    return lane_settings(3) + _LEFT


class MixedCalls:
    """Makes calls and adds up in `expected` what must be counted, under the names of `harness.sums`."""

    def __init__(self, stack: HotlineStack, caller: Phone, narrow: Phone) -> None:
        self.expected: Counter[str] = Counter()
        self._stack, self._caller, self._narrow = stack, caller, narrow
        self.kinds: tuple[Callable[[], Awaitable[None]], ...] = (
            self.talk_and_survey,
            self.hang_up_in_greeting,
            self.closed,
            self.abandon,
            self.blocked,
            self.transferred,
            self.hang_up_in_menu,
            self.direct,
            self.message_left,
            self.no_valid_choice,
            self.transferred_and_abandoned,
            self.direct_abandoned,
            self.hang_up_in_talk,
            self.left_by_key,
            self.left_by_time,
            self.unknown_number,
        )

    async def make(self, contacts: int) -> None:
        """So many contacts of all kinds in turn, AT_ONCE at a time."""
        room = asyncio.Semaphore(AT_ONCE)

        async def one(kind: Callable[[], Awaitable[None]]) -> None:
            async with room:
                await kind()

        async with asyncio.TaskGroup() as group:
            made = turn = 0
            while made < contacts:
                kind = self.kinds[turn % len(self.kinds)]
                made += kind != self.unknown_number
                turn += 1
                group.create_task(one(kind))

    def _count(self, *names: str) -> None:
        self.expected.update(("contacts", *names))

    # ---- ended before an agent was asked for

    async def blocked(self) -> None:
        """The trunk "narrow" is full."""
        call = self._narrow.call(TALKING.straight)
        with contextlib.suppress(CallFailed):
            await call.answered()
        assert call.end is not None and call.end.status == 503
        self._count("blocked")

    async def unknown_number(self) -> None:
        """No contact at all."""
        call = self._caller.call("999999")
        with contextlib.suppress(CallFailed):
            await call.answered()
        assert call.end is not None and call.end.status == 404

    async def closed(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.closed)
        await call.answered()
        await call.rtp.hears_sound()
        await call.hang_up()
        await self._over(contact)
        self._count("closed")

    async def message_left(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.closed)
        await call.answered()
        await call.rtp.hears(prompt_hz("leave-message"), within_s=20)
        await asyncio.sleep(3.0)
        await call.send_digits("#")
        await call.rtp.hears(prompt_hz("message-thanks"), within_s=10)
        await self._over(contact)
        self._count("flow:voice_message")

    async def hang_up_in_greeting(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.menu)
        await call.answered()
        await call.rtp.hears_sound()
        await call.hang_up()
        await self._over(contact)
        self._count("flow:hung_up")

    async def hang_up_in_menu(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.menu)
        await call.answered()
        await choose(call, self._stack, contact, "language", "1")
        await call.hang_up()
        await self._over(contact)
        self._count("flow:hung_up")

    async def no_valid_choice(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.menu)
        await call.answered()
        while call.talking:
            await call.send_digits("9")
            await asyncio.sleep(1.0)
        await self._over(contact)
        self._count("flow:refused")

    # ---- asked for an agent

    async def abandon(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.straight)
        await self._stack.fact("CallQueued", contact=contact, within_s=20)
        await call.hang_up()
        await self._over(contact)
        self._count("asked", "offered", "abandoned")

    async def direct_abandoned(self) -> None:
        call, contact = await dial(self._stack, self._caller, EMPTY.direct)
        await self._stack.fact("CallQueued", contact=contact, within_s=20)
        await call.hang_up()
        await self._over(contact)
        self._count("asked", "offered", "abandoned")

    async def left_by_key(self) -> None:
        """Out of the queue to some last words."""
        call, contact = await dial(self._stack, self._caller, LEFT_BY_KEY)
        await self._stack.fact("CallQueued", contact=contact, within_s=20)
        for _ in range(5):  # once more should it be lost
            await call.send_digits(LEAVE_KEY)
            with contextlib.suppress(TimeoutError):
                await self._stack.fact("CallLeftQueue", contact=contact, within_s=4)
                break
        await self._over(contact)
        self._count("asked", "offered", "out")

    async def left_by_time(self) -> None:
        """Out of the queue to the agents that talk: two entries, one contact."""
        await self._talk(LEFT_BY_TIME, answers=1, outs=1)

    async def direct(self) -> None:
        await self._talk(TALKING.direct, answers=1)

    async def hang_up_in_talk(self) -> None:
        await self._talk(TALKING.straight, answers=1, hang_up=True)

    async def talk_and_survey(self) -> None:
        await self._talk(TALKING.straight, answers=1)

    async def transferred(self) -> None:
        """From an agent of the second lane to one of the first: two entries, one contact."""
        await self._talk(TRANSFERRING.straight, answers=2)

    async def transferred_and_abandoned(self) -> None:
        """By the direct number of the second lane: its agents transfer to where nobody is."""
        call, contact = await dial(self._stack, self._caller, TRANSFERRING.direct)
        await self._stack.fact("CallQueued", contact=contact, entry=2, within_s=SERVED_WITHIN_S)
        await call.hang_up()
        await self._over(contact)
        self._count("asked", "offered", "answered", "offered", "abandoned")

    async def _talk(self, number: str, *, answers: int, outs: int = 0, hang_up: bool = False) -> None:
        call, contact = await dial(self._stack, self._caller, number)
        fact = self._stack.fact
        await fact("CallLeftQueue", contact=contact, how="answered", count=answers, within_s=SERVED_WITHIN_S)
        if hang_up:
            await call.hang_up()
        else:
            with contextlib.suppress(TimeoutError):
                await call.rtp.hears(prompt_hz("survey"), within_s=10)
                await call.send_digits("5")
        await self._over(contact)
        self._count("asked", *("offered", "answered") * answers, *("offered", "out") * outs)

    async def _over(self, contact: str) -> None:
        await self._stack.fact("ContactEnded", contact=contact, within_s=40)


async def _transfer_all(stack: HotlineStack, desk: Desk) -> None:
    """Answer every call; a direct one is sent on to where nobody is, any other to the agents that talk."""
    while True:
        rung = await desk.phone.incoming(within_s=3600)
        rung.answer()
        offer = await _offer_of(stack, desk.number)
        await stack.fact("CallConnected", segment=offer, within_s=20)
        contact = stack.facts.of("CallConnected", segment=offer)[0].body["contact"]
        (started,) = stack.facts.of("ContactStarted", contact=contact)
        await rung.refer(EMPTY.straight if started.body["direct"] else TALKING.straight)
        await rung.transferred()
        await rung.hang_up()


async def _offer_of(stack: HotlineStack, agent: str) -> str:
    """The newest offer that this agent has answered."""
    offered = stack.facts.of("CallOffered", agent=agent)[-1].body["offer"]
    await stack.fact("CallAnswered", offer=offered, within_s=20)
    return str(offered)


@contextlib.asynccontextmanager
async def mixed_calls(stack: HotlineStack) -> AsyncIterator[MixedCalls]:
    """Agents at work and a caller on each trunk, the narrow one full."""
    talk = Manner(ring_s=0.05, talk_s=0.8)
    async with (
        agents(stack, *TALKING.agents, *TRANSFERRING.agents[:2]) as desks,
        Phone("0", server=stack.server, address=CARRIER, tone_hz=440) as caller,
        Phone("0", server=stack.server, address=NARROW) as narrow,
        asyncio.TaskGroup() as group,
    ):
        for desk in desks[:4]:
            desk.phone.manner = talk
        desks[0].phone.manner = NEVER_ANSWERS  # not responding after its first offer
        for desk in desks[4:]:
            desk.phone.manner = Manner(reject=None)
        tasks = [group.create_task(_transfer_all(stack, desk)) for desk in desks[4:]]
        yield MixedCalls(stack, caller, narrow)
        for task in tasks:
            task.cancel()
