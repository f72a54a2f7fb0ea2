"""A REFER to what is ours (number, queue, agent) makes a second entry of the contact; else it is refused."""

from typing import Any

from harness.call import Call
from harness.desk import Desk
from harness.lanes import Lane
from harness.phone import NEVER_ANSWERS, Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, choose, dial, nothing_left
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


async def test_to_a_number_with_a_menu_where_the_caller_chooses_anew(stack: HotlineStack, lane: Lane) -> None:
    """Whoever has the skill that is asked for there is rung, though another is idle for longer."""
    skilled, second, third = lane.agents[:3]  # only the first has it
    async with (
        agents(stack, second, manner=BY_HAND) as (two,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await _talk(stack, two, contact)
        async with agents(stack, third, skilled, manner=BY_HAND) as (_, one):
            assert await rung.refer(lane.menu) == 202
            await rung.hang_up()
            await call.rtp.hears(prompt_hz("menu-language"))
            await choose(call, stack, contact, "language", "2")
            await call.rtp.hears(prompt_hz("menu-subject", "en"))
            await choose(call, stack, contact, "subject", "2")
            await (await _talk(stack, one, contact)).hang_up()
            await call.rtp.hears(prompt_hz("survey", "en"))
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
    entries = [fact.body for fact in stack.facts.of("CallQueued", contact=contact)]
    assert [(entry["entry"], entry["language"]) for entry in entries] == [(1, "zh"), (2, "en")]
    segments = [fact.body for fact in stack.facts.of("SegmentEnded", contact=contact)]
    assert [(one["agent"], one["hung_up_by"]) for one in segments] == [
        (second, "transfer"),
        (skilled, "agent"),
    ]
    await nothing_left(stack)


async def test_a_transfer_elsewhere_is_refused_and_the_talk_goes_on(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with agents(stack, number, manner=BY_HAND) as (desk,), stack.caller(tone_hz=CALLER_HZ) as caller:
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        for target in ("13912345678", "913912345678", "*11", "s"):
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


async def test_to_an_agent_and_to_a_queue(stack: HotlineStack, lane: Lane) -> None:
    """The agent meant rings, though another is idle for longer; the queue's extension rings that other."""
    first, second, third = lane.agents[:3]
    async with (
        agents(stack, first, third, second, manner=BY_HAND) as (one, three, two),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await _talk(stack, one, contact)
        assert await rung.refer(second) == 202
        rung = await _talk(stack, two, contact)
        offered = await stack.fact("CallOffered", contact=contact, agent=second)
        assert offered.body["proof"]["aimed"] == "offered"
        assert await rung.refer(lane.extension) == 202
        await (await _talk(stack, three, contact)).hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)

    segments = [fact.body for fact in stack.facts.of("SegmentEnded", contact=contact)]
    assert [(one["agent"], one["hung_up_by"]) for one in segments] == [
        (first, "transfer"),
        (second, "transfer"),
        (third, "agent"),
    ]
    await nothing_left(stack)


async def test_a_transfer_that_fails_brings_the_caller_back(stack: HotlineStack, lane: Lane) -> None:
    """To one who does not answer: the agent who transferred rings, out of the after-contact work."""
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, manner=BY_HAND) as (one,),
        agents(stack, second, manner=NEVER_ANSWERS),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await _talk(stack, one, contact)
        assert await rung.refer(second) == 202
        await stack.fact("OfferEnded", contact=contact, agent=second, cause="no_answer")
        rung = await _talk(stack, one, contact, talks=2)
        await rung.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_with_nobody_to_go_back_to_the_caller_is_at_the_head_of_the_queue(
    stack: HotlineStack, lane: Lane
) -> None:
    """The agent meant is logged out, the one who transferred declines: before one who came since."""
    first, second, third = lane.agents[:3]
    async with (
        agents(stack, first, manner=BY_HAND) as (one,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
        stack.caller() as other,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await _talk(stack, one, contact)
        waiting, rival = await dial(stack, other, lane.straight)
        await stack.fact("CallQueued", contact=rival)
        assert await rung.refer(second) == 202
        again = await one.phone.incoming(within_s=15)
        again.reject()
        await stack.fact("OfferEnded", contact=contact, agent=first, cause="rejected")
        async with agents(stack, third, ready=False, manner=BY_HAND) as (three,):
            await three.ready()
            await (await _talk(stack, three, contact)).hang_up()
            entry, rivals = (stack.facts.of("CallQueued", contact=one)[-1].body for one in (contact, rival))
            assert entry["place_since_ms"] < rivals["wait_since_ms"] < entry["wait_since_ms"]
            await call.hang_up()
            await waiting.hang_up()
            await stack.fact("ContactEnded", contact=rival)
    await nothing_left(stack)


async def _talk(stack: HotlineStack, desk: Desk, contact: str, *, talks: int = 1) -> Call:
    """The agent answers and hears the caller, for the talks-th time."""
    rung = await desk.phone.incoming(within_s=15)
    rung.answer()
    await stack.fact("CallConnected", contact=contact, agent=desk.number, count=talks)
    await rung.rtp.hears(CALLER_HZ)
    return rung


async def _the_page_counts(stack: HotlineStack, lane: Lane) -> None:
    """One contact, three entries, three handled, two of them transferred."""
    day: dict[str, Any] = (await stack.picture())["day_by_queue"][lane.queue]
    assert (day["contacts"], day["offered"], len(day["answered_waits"])) == (1, 3, 3)
    assert (day["handled"], day["transferred"]) == (3, 2)
