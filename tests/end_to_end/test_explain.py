"""`hotline explain` after real calls: whom they rang and why, and why another did not ring."""

import asyncio
import os
import sys

from harness.lanes import Lane
from harness.phone import Manner
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)


async def explain(stack: HotlineStack, contact: str, agent: str, language: str = "en") -> tuple[int, str]:
    """What the command says, and its exit status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline.cli", "explain", contact, "--agent", agent, "--data", str(stack.deployment.data)),
        env={**os.environ, "HOTLINE_LANG": language},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode()


async def test_each_agent_is_told_the_reason_of_that_moment(stack: HotlineStack, lane: Lane) -> None:
    first, second, resting = lane.agents[:3]
    async with (
        agents(stack, first, second, resting, manner=BY_HAND) as desks,
        stack.caller() as caller,
    ):
        await desks[2].not_ready("2")
        await stack.facts.agent_state(resting, "not_ready")
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desks[0].phone.incoming(within_s=15)
        rung.reject()
        again = await desks[1].phone.incoming(within_s=15)
        again.answer()
        await stack.fact("CallConnected", contact=contact)
        told = {number: await explain(stack, contact, number) for number in lane.agents[:3]}
        await call.hang_up()
        ended = await stack.fact("ContactEnded", contact=contact)
    assert all(status == 0 for status, _ in told.values()), told
    one, two = (f"why agent {first} did not ring", f"why agent {second} did not ring")
    assert f"{one}: agent {first}'s phone rang" in told[first][1]
    # The next phone rings as soon as the caller is free; the first leg may be over by then, or not yet.
    by_then = (f"{one}: reserved for contact {contact}", f"{one}: not ready since ")
    assert any(why in told[first][1] for why in by_then), told[first][1]
    assert f"{two}: longer idle was {first}: since " in told[second][1]
    assert f"{two}: agent {second}'s phone rang" in told[second][1]
    assert told[resting][1].count(f"why agent {resting} did not ring: not ready since ") == 2
    assert told[resting][1].count(": Meal") == 2
    assert told[first][1].count("made again from the facts: the same choice") == 2

    status, chinese = await explain(stack, contact, resting, "zh")
    assert status == 0 and "起置忙：用餐" in chinese and f"坐席 {second} 接通" in chinese
    assert ended.body["contact"] == contact
    await nothing_left(stack)
