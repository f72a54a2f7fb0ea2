"""Asterisk killed: services reconnect, agents' states are rebuilt, open contacts are closed as lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from harness.crowd import Crowd, crowd_settings
from harness.stack import HotlineStack

OwnStack = Callable[[str], Awaitable[HotlineStack]]
AGENTS = 3
TALK_S = 3.0
TOLERANCE_MS = 1000
UNWRITTEN_MS = 1500  # Asterisk holds up to 32 kB of a file back, which is 1 s (file.c, ast_writefile)


async def test_asterisk_killed_and_started_again_by_the_supervisor(own_stack: OwnStack) -> None:
    """3 conversations and 2 waits: all lost, recorded up to then; the same agents serve the next callers."""
    stack = await own_stack(crowd_settings(AGENTS))
    async with Crowd(stack, agents=AGENTS) as crowd:
        talking = await crowd.conversations(AGENTS)
        waiting = await crowd.waits(2)
        acd = stack.pid("acd")
        await asyncio.sleep(TALK_S)
        killed_s, pid = time.time(), stack.kill("asterisk")
        await stack.back("asterisk", pid)
        for guest in (*talking, *waiting):
            ended = await stack.fact("ContactEnded", contact=guest.contact, within_s=20)
            assert (ended.body["hung_up_by"], ended.body["reason"]) == ("lost", "lost with Asterisk")
        for guest in talking:
            segment = await stack.fact("SegmentEnded", contact=guest.contact)
            assert segment.body["hung_up_by"] == "lost"
        for guest in waiting:
            left = await stack.fact("CallLeftQueue", contact=guest.contact)
            assert left.body["how"] == "lost"
        await asyncio.gather(
            *(stack.facts.agent_state(number, "ready", within_s=20) for number in crowd.desks),
            *(guest.call.hang_up() for guest in (*talking, *waiting)),
            *(crowd.agent_call(guest).hang_up() for guest in talking),
        )
        again = await crowd.conversations(AGENTS)
        assert stack.pid("acd") == acd  # it reconnected
        await crowd.all_talk(again)
        await asyncio.gather(*(crowd.agent_call(guest).hang_up() for guest in again))
        await crowd.all_ended_once()
        crowd.assert_one_call_per_agent()
        await crowd.recordings_complete(again)
        for guest in talking:
            [connected] = stack.facts.of("CallConnected", contact=guest.contact)
            talked_ms = killed_s * 1000 - connected.body["at_ms"]
            recorded_ms = await crowd.recorded_ms(guest)
            [segment] = stack.facts.of("SegmentEnded", contact=guest.contact)
            assert -UNWRITTEN_MS < recorded_ms - talked_ms < TOLERANCE_MS, (recorded_ms, talked_ms)
            assert abs(segment.body["talk_ms"] - talked_ms) < TOLERANCE_MS, (segment.body, talked_ms)
