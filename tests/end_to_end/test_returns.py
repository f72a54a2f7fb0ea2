"""A caller who gave up and calls again has the old place; one who does not is to be called back."""

import json
from collections.abc import Awaitable, Callable

from harness.lanes import OUTSIDE, Lane, lane_settings
from harness.phone import Phone
from harness.stack import HotlineStack, run_hotline

FIRST, SECOND, THIRD = "13800000001", "13800000002", "13800000003"


async def test_places_are_kept_and_recalls_are_made(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    lane = Lane(0)
    queue = f'name = "{lane.queue}"\n'
    kept = "return_within_s = 20\nrecall_within_s = 3600\n"
    stack = await own_stack(lane_settings(1).replace(queue, queue + kept, 1))
    async with (
        stack.agent(lane.agents[0], ready=False) as agent,
        stack.caller(FIRST) as first,
        stack.caller(SECOND) as second,
        stack.caller(THIRD) as third,
        Phone("outside", server=stack.server, address=OUTSIDE[0], port=OUTSIDE[1]) as outside,
    ):
        for caller in (first, third):
            call = await caller.call(lane.straight).answered()
            await stack.fact("CallQueued", count=1 if caller is first else 2)
            await call.hang_up()
        waiting = await second.call(lane.straight).answered()
        await stack.fact("CallQueued", count=3)
        again = await first.call(lane.straight).answered()
        await stack.fact("CallQueued", count=4)
        gave_up, _, before, returned = (fact.body for fact in stack.facts.of("CallQueued"))
        assert returned["place_since_ms"] == gave_up["wait_since_ms"] < before["wait_since_ms"]

        await agent.ready()
        rung = await agent.phone.incoming(within_s=10)
        rung.answer()
        assert (await stack.fact("CallConnected")).body["contact"] == returned["contact"]
        await rung.hang_up()
        await again.hang_up()
        await waiting.hang_up()

        due = (await stack.fact("RecallDue", within_s=60)).body
        assert due["queue"] == lane.queue

        # The second gave up, too; an agent calls back.
        other = (await stack.fact("RecallDue", within_s=60, count=2)).body
        assert other["contact"] != due["contact"]
        called = agent.phone.call(f"9{SECOND}")
        (await outside.incoming(within_s=15)).answer()
        settled = (await stack.fact("RecallSettled", contact=other["contact"])).body
        assert (settled["how"], settled["by"]) == ("done", lane.agents[0])
        assert (await stack.fact("OutgoingAnswered")).body["contact"] == other["contact"]
        await called.hang_up()
    data = str(stack.deployment.data)
    listed = json.loads((await run_hotline("recalls", "--data", data, "--json", within_s=30))[1])
    assert [(row["number"], row["contact"]) for row in listed] == [(THIRD, due["contact"])]
    assert (await run_hotline("recalls", "--data", data, "--settle", due["contact"], within_s=30))[0] == 0
    settled = (await stack.fact("RecallSettled", contact=due["contact"])).body
    assert settled["how"] == "dismissed"
    assert (await run_hotline("recalls", "--data", data, "--settle", due["contact"], within_s=30))[0] == 1
