"""`kill -9` of services of ours during conversations and waits: callers and agents hardly notice.

Each test has a hotline of its own. What was promised: no conversation drops, waiting callers hear music and
keep their place, they are served again within 3 s of the service's return, no agent gets two calls, every
contact has exactly one end, recordings are complete.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from harness.crowd import Crowd, Guest, crowd_settings
from harness.lanes import Lane, lane_settings
from harness.phone import Manner
from harness.scenes import agents, contact_of, dial, new_number, nothing_left
from harness.stack import SERVICES, HotlineStack
from harness.traffic import traffic
from harness.waiting import until

from acd.core.picture import Picture

OwnStack = Callable[[str], Awaitable[HotlineStack]]
SERVED_AGAIN_WITHIN_S = 3.0


async def survive(crowd: Crowd, victims: tuple[str, ...], talking: list[Guest], waiting: list[Guest]) -> None:
    """Kill; let two agents end their calls meanwhile; all that was promised holds. Changes both lists.

    Two of those who wait are served for the two who leave.
    """
    stack = crowd.stack
    served, kept = waiting[:2], waiting[2:]
    async with crowd.music_goes_on(kept):
        pids = {name: stack.kill(name) for name in victims}
        leaving = [talking.pop(0) for _ in range(2)]
        await asyncio.gather(*(crowd.agent_call(guest).hang_up() for guest in leaving))
        await crowd.all_talk(talking)
        await crowd.all_hear_music(kept)
        returned = await asyncio.gather(*(back(stack, name, pid) for name, pid in pids.items()))
        await crowd.all_hear_music(kept)
    waiting[:] = kept
    agents = await asyncio.gather(*(crowd.connected(guest) for guest in served))
    assert len(set(agents)) == 2
    offers = [stack.facts.of("CallOffered", contact=guest.contact)[0] for guest in served]
    assert not any(stack.facts.of("CallOffered", contact=guest.contact) for guest in waiting)
    took_s = [offer.body["at_ms"] / 1000 - max(returned) for offer in offers]
    print(f"{'+'.join(victims)} killed: offered {[f'{one:.2f} s' for one in took_s]} after the return")
    assert max(took_s) <= SERVED_AGAIN_WITHIN_S
    assert all(guest.call.talking for guest in (*talking, *waiting, *served))
    await crowd.all_hear_music(waiting)
    talking += served
    await crowd.all_talk(talking)
    crowd.assert_one_call_per_agent()
    await asyncio.gather(*(guest.call.ended(within_s=10) for guest in leaving))


async def back(stack: HotlineStack, name: str, killed_pid: int) -> float:
    """Wait until a killed service is ready again; returns when (s since the epoch)."""
    limit_s = time.monotonic() + 60
    while stack.pid(name) in (0, killed_pid) or not await stack.ready(name):
        assert time.monotonic() < limit_s, f"{name} does not come back"
        await asyncio.sleep(0.05)
    return time.time()


async def all_hang_up(crowd: Crowd, talking: list[Guest], waiting: list[Guest]) -> None:
    """The waiting callers give up, then the agents end their conversations."""
    await asyncio.gather(*(guest.call.hang_up() for guest in waiting))
    await asyncio.gather(*(crowd.agent_call(guest).hang_up() for guest in talking))
    await asyncio.gather(*(guest.call.ended() for guest in talking))


async def test_acd_and_ivr_killed_together_and_alone(own_stack: OwnStack) -> None:
    """6 conversations and 5 waits; acd is killed, then ivr, while two callers hear the greeting."""
    stack = await own_stack(crowd_settings(6))
    async with Crowd(stack, agents=6) as crowd:
        talking = await crowd.conversations(6)
        waiting = await crowd.waits(5)
        everybody = [*talking]
        await survive(crowd, ("acd",), talking, waiting)
        greeted = await asyncio.gather(*(crowd.call() for _ in range(2)))
        await asyncio.gather(*(guest.call.rtp.hears_sound() for guest in greeted))
        await survive(crowd, ("ivr",), talking, waiting)
        await asyncio.gather(*(crowd.queued(guest) for guest in greeted))
        everybody += talking
        await all_hang_up(crowd, talking, [*waiting, *greeted])
        await crowd.all_ended_once()
        await crowd.recordings_complete(list({guest.contact: guest for guest in everybody}.values()))


async def test_who_calls_while_acd_is_dead_is_known_with_number_and_trunk(own_stack: OwnStack) -> None:
    stack, lane = await own_stack(lane_settings(1)), Lane(0)
    async with stack.caller() as caller:
        killed = stack.kill("acd")
        own = new_number()
        call = caller.call(lane.straight, caller=own)
        contact = await contact_of(stack, own, within_s=30)
        assert stack.pid("acd") != killed
        started = (await stack.fact("ContactStarted", contact=contact)).body
        assert (started["number"], started["trunk"], started["direct"]) == (lane.straight, "carrier", False)
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_holds_that_begin_or_end_while_acd_is_dead_are_found(own_stack: OwnStack) -> None:
    """Of three: put on hold meanwhile, taken back meanwhile, and on hold all the time."""
    stack, lane = await own_stack(lane_settings(1)), Lane(0)
    numbers = lane.agents[:3]
    async with (
        agents(stack, *numbers, manner=Manner(ring_s=0.1), tone_hz=1000) as desks,
        stack.caller() as caller,
    ):
        talks, calls = [], []
        for desk in desks:
            calls.append(await dial(stack, caller, lane.straight))
            talks.append(await desk.phone.incoming(within_s=15))
            await stack.fact("CallConnected", agent=desk.number, within_s=15)
        for number, talk in zip(numbers[1:], talks[1:], strict=True):
            await talk.hold()
            await stack.facts.agent_state(number, "on_hold")
        killed = stack.kill("acd")
        await talks[0].hold()
        await talks[1].unhold()
        await stack.back("acd", killed)
        await stack.facts.agent_state(numbers[0], "on_hold", within_s=10)
        await stack.facts.agent_state(numbers[1], "on_contact", within_s=10)
        await stack.facts.agent_state(numbers[2], "on_hold")
        await asyncio.sleep(8)  # a call on hold is no one-way call
        assert not stack.facts.of("MediaSilent", contact=calls[2][1])
        for call, _ in calls:
            await call.hang_up()
        for number in numbers:
            segment = (await stack.fact("SegmentEnded", agent=number)).body
            assert segment["hold_ms"] > 0
    await nothing_left(stack)


@pytest.mark.long
@pytest.mark.heavy
async def test_a_hung_acd_is_started_again(own_stack: OwnStack) -> None:
    """Alive, it answers nobody: the supervisor kills it, and who waits is served, a newcomer too."""
    stack = await own_stack(crowd_settings(2))
    async with Crowd(stack, agents=2) as crowd:
        talking = await crowd.conversations(2)
        waiting = await crowd.waits(1)
        hung = stack.kill("acd", signal.SIGSTOP)
        newcomer = await crowd.call(known=False)
        await asyncio.gather(*(crowd.agent_call(guest).hang_up() for guest in talking))
        await crowd.all_hear_music(waiting)
        await back(stack, "acd", hung)
        await crowd.learn_contact(newcomer)
        await asyncio.gather(*(crowd.connected(guest) for guest in (*waiting, newcomer)))
        await all_hang_up(crowd, [*waiting, newcomer], [])
        await crowd.all_ended_once()
        crowd.assert_one_call_per_agent()


@pytest.mark.long
@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_each_service_killed_during_20_conversations_and_10_waits(own_stack: OwnStack) -> None:
    """Each service of ours alone, then all at once."""
    stack = await own_stack(crowd_settings(20))
    async with Crowd(stack, agents=20) as crowd:
        talking, waiting = await crowd.conversations(20), []
        everybody = {guest.contact: guest for guest in talking}
        for victims in (*((name,) for name in SERVICES), SERVICES):
            waiting += await crowd.waits(10 - len(waiting))
            await survive(crowd, victims, talking, waiting)
            everybody |= {guest.contact: guest for guest in talking}
        await all_hang_up(crowd, talking, waiting)
        await crowd.all_ended_once()
        await crowd.recordings_complete(list(everybody.values()))


@pytest.mark.long
@pytest.mark.heavy
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
async def test_acd_and_ivr_killed_at_any_moment_of_many_calls(own_stack: OwnStack, seed: int) -> None:
    """Short calls without pause, so that a kill meets greetings, rings, answers and ends; all are counted."""
    chance = random.Random(seed)
    stack = await own_stack(crowd_settings(5))
    async with Crowd(stack, agents=5) as crowd:
        async with traffic(crowd, callers=10, chance=chance) as counted:
            for victims in (("acd",), ("ivr",), ("acd", "ivr"), ("acd",)):
                await asyncio.sleep(chance.uniform(1.0, 3.0))
                pids = {name: stack.kill(name) for name in victims}
                await asyncio.gather(*(back(stack, name, pid) for name, pid in pids.items()))
        reached = sum(guest.call.ringing_us > 0 or guest.call.answered_us > 0 for guest in crowd.guests)
        await until(lambda: len(stack.facts.of("ContactStarted")) >= reached, "all contacts", 30)
        await crowd.all_ended_once()
        started = len(stack.facts.of("ContactStarted"))
        crowd.assert_one_call_per_agent()
        left = Counter(fact.body["how"] for fact in stack.facts.of("CallLeftQueue"))
        talks = len(stack.facts.of("SegmentEnded"))
        print(f"seed {seed}: {started} contacts, {counted.served} stayed, {talks} talked, {dict(left)}")
        assert reached <= started <= len(crowd.guests)
        assert counted.served <= talks == left["answered"]
        assert left.keys() <= {"answered", "abandoned"}
        picture = Picture.restore(await stack.picture(), lambda at_ms: 0)
        assert picture.day.contacts == started
        assert picture.day.check() == []
