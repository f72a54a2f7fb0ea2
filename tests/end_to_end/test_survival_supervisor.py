"""The supervisor: killed, it leaves everything running for the next one; asked to end, it leaves nothing."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

from harness.crowd import Crowd, crowd_settings
from harness.stack import SERVICES, HotlineStack, processes_of
from harness.waiting import until

OwnStack = Callable[[str], Awaitable[HotlineStack]]
PROGRAMS = ("asterisk", "postgres", *SERVICES)


async def test_a_killed_supervisor_leaves_the_calls_and_the_next_one_takes_over(own_stack: OwnStack) -> None:
    """A talk and a wait go on; acd, killed meanwhile, is started anew; then Ctrl-C ends everything."""
    stack = await own_stack(crowd_settings(1))
    async with Crowd(stack, agents=1) as crowd:
        [talking] = await crowd.conversations(1)
        [waiting] = await crowd.waits(1)
        before = {name: stack.pid(name) for name in PROGRAMS}
        stack.kill("supervisor")
        stack.kill("acd")
        await crowd.all_talk([talking])
        await crowd.all_hear_music([waiting])
        assert await stack.channels() == 3
        await stack.start()
        after = {name: stack.pid(name) for name in PROGRAMS}
        assert {name for name in PROGRAMS if after[name] != before[name]} == {"acd"}
        assert "adopted" in stack.said()
        await crowd.all_talk([talking])
        await crowd.agent_call(talking).hang_up()
        await crowd.connected(waiting)
        await crowd.all_talk([waiting])
        await crowd.agent_call(waiting).hang_up()
        await crowd.all_ended_once()
        await crowd.recordings_complete([talking, waiting])
        segments = [fact.body["hung_up_by"] for fact in stack.facts.of("SegmentEnded")]
        assert segments == ["agent", "agent"]
        # What it took over is watched like what it started itself.
        await stack.back("ivr", stack.kill("ivr"))
    stack.kill("supervisor", signal.SIGINT)  # as Ctrl-C does
    await until(
        lambda: processes_of(stack.data) == [], lambda: f"end of {processes_of(stack.data)}", within_s=60
    )
    assert stack.said().rstrip().endswith("ended")


async def test_down_ends_what_a_killed_supervisor_left(own_stack: OwnStack) -> None:
    """`hotline down` (in the fixture's end, which looks for processes) needs no supervisor."""
    stack = await own_stack(crowd_settings(1))
    stack.kill("supervisor")
    await stack.close()
    assert processes_of(stack.data) == []
