"""Audio that is missing is noticed: a one-way call is a fact and an alarm."""

import asyncio

import pytest
from harness.lanes import Lane
from harness.phone import Manner
from harness.stack import HotlineStack
from harness.wall import alarm_on_the_wall, alarm_over

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("side", ["agent", pytest.param("caller", marks=pytest.mark.long)])
async def test_a_one_way_call_is_a_fact_and_an_alarm(stack: HotlineStack, lane: Lane, side: str) -> None:
    """One of the two sends nothing: told once, for this side only, within some seconds of 5 s."""
    number = lane.agents[0]
    silent_calls = f'hotline_one_way_calls_total{{side="{side}"}}'
    async with (
        stack.agent(number, tone_hz=1000, manner=Manner(ring_s=0.1)) as desk,
        stack.caller(tone_hz=440) as caller,
    ):
        before = await stack.metric("acd", silent_calls)
        asked = await stack.metric("acd", "hotline_media_questions_total")
        call = await caller.call(lane.straight).answered()
        ring = await desk.phone.incoming(within_s=15)
        connected = await stack.fact("CallConnected", queue=lane.queue, within_s=15)
        (ring if side == "agent" else call).rtp.tone_hz = None
        silent = await stack.fact("MediaSilent", contact=connected.contact, within_s=25)
        assert silent.body["side"] == side
        assert silent.body["silent_ms"] >= 5000
        assert await stack.metric("acd", silent_calls) == before + 1
        # Told by Asterisk's own reports, which pass its filter of events.
        assert await stack.metric("acd", "hotline_media_questions_total") == asked
        shown = await alarm_on_the_wall(stack, f"one_way:{number}")
        assert shown["since_ms"] == silent.body["at_ms"]
        await asyncio.sleep(3)
        assert len(stack.facts.of("MediaSilent", contact=connected.contact)) == 1
        await call.hang_up()
        await stack.fact("ContactEnded", contact=connected.contact)
        await alarm_over(stack, f"one_way:{number}")


async def test_a_leg_on_hold_is_not_one_way(stack: HotlineStack, lane: Lane) -> None:
    """The agent holds the caller for longer than the limit: no alarm; hold is not talk."""
    number = lane.agents[0]
    async with (
        stack.agent(number, tone_hz=1000, manner=Manner(ring_s=0.1)) as desk,
        stack.caller(tone_hz=440) as caller,
    ):
        call = await caller.call(lane.straight).answered()
        ring = await desk.phone.incoming(within_s=15)
        connected = await stack.fact("CallConnected", queue=lane.queue, within_s=15)
        await ring.hold()
        await stack.fact("HoldChanged", contact=connected.contact, held=True)
        await stack.facts.agent_state(number, "on_hold")
        await call.rtp.hears_sound()  # music
        await asyncio.sleep(7)
        await ring.unhold()
        await stack.facts.agent_state(number, "on_contact")
        await ring.hang_up()
        segment = await stack.fact("SegmentEnded", contact=connected.contact)
        assert segment.body["hold_ms"] >= 7000
        assert segment.body["talk_ms"] < 7000
        assert not stack.facts.of("MediaSilent", contact=connected.contact)
        await call.hang_up()


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_a_dead_leg_is_ended(stack: HotlineStack, lane: Lane) -> None:
    """An agent's phone that went silent without a word is hung up, and the caller goes on to the survey."""
    number = lane.agents[0]
    async with (
        stack.agent(number, tone_hz=1000, manner=Manner(ring_s=0.1)) as desk,
        stack.caller(tone_hz=440) as caller,
    ):
        call = await caller.call(lane.straight).answered()
        ring = await desk.phone.incoming(within_s=15)
        connected = await stack.fact("CallConnected", queue=lane.queue, within_s=15)
        ring.rtp.tone_hz = None
        segment = await stack.fact("SegmentEnded", contact=connected.contact, within_s=90)
        assert segment.body["talk_ms"] >= 55_000
        await call.ended(within_s=30)
        await stack.fact("ContactEnded", contact=connected.contact)
