"""A colleague picks up a ringing call by *18: the lease moves, and the first to answer has it."""

import asyncio

from harness import sound
from harness.lanes import Lane
from harness.phone import NEVER_ANSWERS
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

CALLER_HZ, COLLEAGUE_HZ = 440, 1000


async def test_a_colleague_who_is_not_ready_picks_up_what_rings(stack: HotlineStack, lane: Lane) -> None:
    """1001's phone rings; 1002, not ready, has the call, and its recording; 1001 is as idle as before."""
    rung_one, colleague = lane.agents[:2]
    async with (
        agents(stack, rung_one, manner=NEVER_ANSWERS) as (first,),
        stack.agent(colleague, ready=False, manner=NEVER_ANSWERS, tone_hz=COLLEAGUE_HZ) as second,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        idle_since_ms = (await stack.facts.agent_state(rung_one, "ready")).body["idle_since_ms"]
        call, contact = await dial(stack, caller, lane.straight)
        ringing = await first.phone.incoming(within_s=15)
        await stack.fact("OfferRang", contact=contact, agent=rung_one)
        await second.code("*18")
        picked_up = (await stack.fact("CallPickedUp", contact=contact)).body
        assert (picked_up["agent"], picked_up["whose"], picked_up["queue"]) == (colleague, "", lane.queue)
        rung = await second.phone.incoming(within_s=10)
        await ringing.ended()
        ended = (await stack.fact("OfferEnded", contact=contact, agent=rung_one)).body
        assert ended["cause"] == "picked_up"
        state = (await stack.facts.agent_state(rung_one, "ready")).body
        assert state["idle_since_ms"] == idle_since_ms

        rung.answer()
        await asyncio.gather(
            call.rtp.hears(prompt_hz(f"agent-{colleague}")), rung.rtp.hears(prompt_hz(f"queue-{lane.queue}"))
        )
        connected = (await stack.fact("CallConnected", contact=contact, agent=colleague)).body
        await asyncio.gather(call.rtp.hears(COLLEAGUE_HZ), rung.rtp.hears(CALLER_HZ))
        await asyncio.sleep(1.0)  # something to record
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        assert (await stack.facts.agent_state(colleague, "not_ready")).body["intent"] == "not_ready"
        assert len(stack.facts.of("CallLeftQueue", contact=contact, how="answered")) == 1
    file = stack.deployment.recordings / f"{connected['recording']}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    callers, talkers = sound.read_channels(file)
    assert sound.clearest_share(callers, CALLER_HZ) > 0.9
    assert sound.clearest_share(talkers, COLLEAGUE_HZ) > 0.9
    await nothing_left(stack)


async def test_the_call_at_a_certain_colleagues_phone_and_none_when_nothing_rings(
    stack: HotlineStack, lane: Lane
) -> None:
    one, other, third = lane.agents[:3]
    async with (
        agents(stack, one, other, manner=NEVER_ANSWERS) as desks,
        stack.agent(third, ready=False, manner=NEVER_ANSWERS) as colleague,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        refused = await colleague.phone.call("*18").answered()
        await refused.rtp.hears(prompt_hz("nothing-rings"))
        await refused.ended()

        calls = [await dial(stack, caller, lane.straight) for _ in range(2)]
        await asyncio.gather(*(desk.phone.incoming(within_s=15) for desk in desks))
        offer = (await stack.fact("CallOffered", agent=other, queue=lane.queue)).body
        await stack.fact("OfferRang", offer=offer["offer"])
        await colleague.code(f"*18{other}")
        picked_up = (await stack.fact("CallPickedUp", agent=third)).body
        assert (picked_up["contact"], picked_up["whose"]) == (offer["contact"], other)
        rung = await colleague.phone.incoming(within_s=10)
        rung.answer()
        await stack.fact("CallConnected", contact=offer["contact"], agent=third)
        assert not stack.facts.of("OfferEnded", agent=one, cause="picked_up")
        await rung.hang_up()
        for call, contact in calls:
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_several_that_ring_stop_when_a_colleague_picks_up(stack: HotlineStack, lane: Lane) -> None:
    async with (
        agents(stack, *lane.agents[:3], manner=NEVER_ANSWERS) as desks,
        stack.agent(lane.agents[3], ready=False, manner=NEVER_ANSWERS) as colleague,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.together_number)
        rung = await asyncio.gather(*(desk.phone.incoming(within_s=15) for desk in desks))
        await stack.fact("OfferRang", contact=contact, count=3)
        await colleague.code("*18")
        taken = await colleague.phone.incoming(within_s=10)
        taken.answer()
        await stack.fact("CallConnected", contact=contact, agent=colleague.number)
        await asyncio.gather(*(one.ended() for one in rung))
        causes = [fact.body["cause"] for fact in stack.facts.of("OfferEnded", contact=contact)]
        assert causes == ["picked_up"] * 3
        await asyncio.gather(*(stack.facts.agent_state(desk.number, "ready") for desk in desks))
        await taken.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)
