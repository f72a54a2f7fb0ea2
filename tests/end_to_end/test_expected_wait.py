"""A waiting caller is told the place in line and the expected wait; that the promise was kept is counted."""

from collections.abc import Awaitable, Callable

from harness.lanes import Lane, lane_settings
from harness.prompt_tones import prompt_hz
from harness.scenes import contact_of
from harness.stack import HotlineStack


async def test_the_expected_wait_is_told_and_counted(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    lane = Lane(0)
    queue = f'name = "{lane.queue}"\n'
    told = "announce_position_s = 2\nannounce_wait = true\n"
    settings = lane_settings(1).replace(queue, queue + told, 1)
    stack = await own_stack(settings.replace("after_contact_s = 1", "after_contact_s = 30"))
    async with (
        stack.agent(lane.agents[0]) as agent,
        stack.caller("13800000001") as first,
        stack.caller("13800000002") as second,
    ):
        served = await first.call(lane.straight).answered()
        talk = await agent.phone.incoming(within_s=10)
        talk.answer()
        await stack.fact("CallConnected", agent=lane.agents[0])

        waiting = await second.call(lane.straight).answered()
        # Nobody has talked in this queue so far: a talk is taken for three minutes, with its work 3.5.
        await waiting.rtp.hears(prompt_hz("position-1"), within_s=15)
        await waiting.rtp.hears(prompt_hz("wait-from-3"))
        await waiting.rtp.hears(prompt_hz("wait-to-4"))
        contact = await contact_of(stack, "13800000002")
        promise = (await stack.fact("WaitPromised", contact=contact)).body
        assert (promise["position"], promise["agents"], promise["reason"]) == (1, 1, "")
        assert promise["low_ms"] <= promise["high_ms"]

        await talk.hang_up()
        await agent.finish_work()
        again = await agent.phone.incoming(within_s=10)
        again.answer()
        await stack.fact("CallConnected", contact=contact)
        day = (await stack.picture())["day"]
        assert (day["promised"], day["promises_kept"]) == (1, 1)
        await again.hang_up()
        await served.hang_up()
