"""A REFER to a number of ours is a second entry of the same contact; to any other it is refused."""

from typing import Any

from harness.call import Call
from harness.desk import Desk
from harness.lanes import Lane
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)
CALLER_HZ = 440


async def test_a_blind_transfer_keeps_each_agents_own_talk(stack: HotlineStack, lane: Lane) -> None:
    """From the first agent by a number with a flow to a second, from there by a direct number to a third."""
    first, second, third = lane.agents[:3]
    async with (
        agents(stack, first, second, third, manner=BY_HAND) as desks,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await _talk(stack, desks[0], contact)
        assert await rung.refer(lane.straight) == 202
        assert await rung.transferred() == 200
        segment = (await stack.fact("SegmentEnded", contact=contact, agent=first)).body
        assert segment["hung_up_by"] == "transfer"
        await rung.hang_up()

        rung = await _talk(stack, desks[1], contact)
        assert await rung.refer(lane.direct) == 202
        await rung.hang_up()  # at once, as many phones do

        await (await _talk(stack, desks[2], contact)).hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        ended = (await stack.fact("ContactEnded", contact=contact)).body

    assert (ended["stage"], ended["hung_up_by"]) == ("survey", "caller")
    entries = [fact.body for fact in stack.facts.of("CallQueued", contact=contact)]
    assert [entry["entry"] for entry in entries] == [1, 2, 3]
    left = [fact.body for fact in stack.facts.of("CallLeftQueue", contact=contact)]
    assert [(one["entry"], one["how"]) for one in left] == [(n, "answered") for n in (1, 2, 3)]
    assert all(one["wait_ms"] < 10_000 for one in left)  # each entry waits for itself
    segments = [fact.body for fact in stack.facts.of("SegmentEnded", contact=contact)]
    assert [(one["agent"], one["hung_up_by"]) for one in segments] == [
        (first, "transfer"),
        (second, "transfer"),
        (third, "agent"),
    ]
    for segment in segments:
        (connected,) = stack.facts.of("CallConnected", segment=segment["segment"])
        assert segment["talk_ms"] == segment["at_ms"] - connected.body["at_ms"]
    assert len(stack.facts.of("ContactStarted", contact=contact)) == 1
    assert len(stack.facts.of("ContactEnded", contact=contact)) == 1
    await _the_page_counts(stack, lane)
    await nothing_left(stack)


async def test_a_transfer_elsewhere_is_refused_and_the_talk_goes_on(stack: HotlineStack, lane: Lane) -> None:
    number, other = lane.agents[:2]
    async with agents(stack, number, manner=BY_HAND) as (desk,), stack.caller(tone_hz=CALLER_HZ) as caller:
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        for target in ("13912345678", other, "*11", "s"):
            status = await rung.refer(target)
            assert status >= 400 or await rung.transferred() >= 400, target
            rung.transfer_progress.clear()
            assert rung.talking and call.talking
        await rung.rtp.hears(CALLER_HZ)
        assert not stack.facts.of("SegmentEnded", contact=contact)
        await call.hang_up()
        segment = (await stack.fact("SegmentEnded", contact=contact)).body
        assert (segment["agent"], segment["hung_up_by"]) == (number, "caller")
        assert len(stack.facts.of("CallQueued", contact=contact)) == 1
    await nothing_left(stack)


async def _talk(stack: HotlineStack, desk: Desk, contact: str) -> Call:
    """The agent answers and hears the caller."""
    rung = await desk.phone.incoming(within_s=15)
    rung.answer()
    await stack.fact("CallConnected", contact=contact, agent=desk.number)
    await rung.rtp.hears(CALLER_HZ)
    return rung


async def _the_page_counts(stack: HotlineStack, lane: Lane) -> None:
    """One contact, three entries, three handled, two of them transferred."""
    day: dict[str, Any] = (await stack.picture())["day_by_queue"][lane.queue]
    assert (day["contacts"], day["offered"], len(day["answered_waits"])) == (1, 3, 3)
    assert (day["handled"], day["transferred"]) == (3, 2)
