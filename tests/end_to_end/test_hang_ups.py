"""Whoever hangs up, and whenever: everything ends, and it is counted as what it was."""

from typing import Any

from harness.lanes import Lane
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, choose, dial, lengthen, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)  # rings until the test answers


async def test_a_caller_hangs_up_before_an_agent_rings(stack: HotlineStack, lane: Lane) -> None:
    async with stack.caller() as caller:
        greeted, greeted_contact = await dial(stack, caller, lane.menu)
        asked, asked_contact = await dial(stack, caller, lane.menu)
        waiting, waiting_contact = await dial(stack, caller, lane.straight)

        await greeted.answered()
        await greeted.rtp.hears_sound()
        await greeted.hang_up()
        await choose(asked, stack, asked_contact, "language", "1")
        await asked.hang_up()
        await stack.fact("CallQueued", contact=waiting_contact, within_s=15)
        await waiting.rtp.hears_sound()  # music
        await waiting.hang_up()

        ends = [await _end(stack, one) for one in (greeted_contact, asked_contact, waiting_contact)]
    assert ends == [
        ("flow", "hung_up", "caller"),
        ("flow", "hung_up", "caller"),
        ("waiting", "queued", "caller"),
    ]
    assert _left(stack, waiting_contact) == ["abandoned"]
    assert _left(stack, greeted_contact) == _left(stack, asked_contact) == []
    assert not stack.facts.of("CallQueued", contact=asked_contact)
    flows = {fact.contact: fact.body for fact in stack.journal("ivr") if fact.kind == "FlowEnded"}
    outcomes = [flows[one]["outcome"] for one in (greeted_contact, asked_contact, waiting_contact)]
    assert outcomes == ["hung_up", "hung_up", "queued"]
    await nothing_left(stack)


async def test_a_caller_hangs_up_while_a_phone_rings_and_in_the_whisper(
    stack: HotlineStack, lane: Lane
) -> None:
    number = lane.agents[0]
    lengthen(stack, f"queue-{lane.queue}", 5.0)
    async with agents(stack, number, manner=BY_HAND) as (desk,), stack.caller() as caller:
        for number_dialled in (lane.straight, lane.direct):  # answered and waiting; not answered at all
            idle_since = (await stack.facts.agent_state(number, "ready")).body["idle_since_ms"]
            ringing, contact = await dial(stack, caller, number_dialled)
            rung = await desk.phone.incoming(within_s=15)
            await ringing.hang_up()
            assert (await rung.ended()).status == 487  # CANCEL: the phone stops ringing
            assert await _end(stack, contact) == ("waiting", "queued", "caller")
            assert _left(stack, contact) == ["abandoned"]
            failed = await stack.fact("OfferEnded", contact=contact)
            assert (failed.body["agent"], failed.body["cause"]) == (number, "caller_gone")
            state = (await stack.facts.agent_state(number, "ready")).body  # no mark against the agent
            assert state["idle_since_ms"] >= idle_since

        whispered, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await rung.rtp.hears(prompt_hz(f"queue-{lane.queue}"))
        await stack.fact("CallAnswered", contact=contact)
        await whispered.hang_up()
        await rung.ended()
        assert await _end(stack, contact) == ("waiting", "queued", "caller")
        assert _left(stack, contact) == ["abandoned"]  # nobody has talked
        assert not stack.facts.of("CallConnected", contact=contact)
        await stack.facts.agent_state(number, "ready", within_s=10)
    await nothing_left(stack)


async def test_an_agent_hangs_up_in_the_whisper_and_the_caller_goes_on(
    stack: HotlineStack, lane: Lane
) -> None:
    first, second = lane.agents[:2]
    lengthen(stack, f"queue-{lane.queue}", 5.0)
    async with agents(stack, first, second, manner=BY_HAND) as desks, stack.caller() as caller:
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desks[0].phone.incoming(within_s=15)
        rung.answer()
        await rung.rtp.hears(prompt_hz(f"queue-{lane.queue}"))
        await rung.hang_up()
        failed = await stack.fact("OfferEnded", contact=contact)
        assert (failed.body["agent"], failed.body["cause"]) == (first, "agent_gone")
        state = (await stack.facts.agent_state(first, "not_ready")).body
        assert state["reason"] == "rejected"
        rung = await desks[1].phone.incoming()
        rung.answer()
        await stack.fact("CallConnected", contact=contact, within_s=15)
        await call.hang_up()
        assert await _end(stack, contact) == ("connected", "queued", "caller")
        assert _left(stack, contact) == ["answered"]
        assert _segments(stack, contact) == [(second, "caller")]
    await nothing_left(stack)


async def test_hang_ups_in_talk_and_survey(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with agents(stack, number, manner=Manner()) as (desk,), stack.caller() as caller:
        call, contact = await dial(stack, caller, lane.straight)
        await stack.fact("CallConnected", contact=contact, within_s=15)
        await call.hang_up()
        assert (await (await desk.phone.incoming()).ended()).by == "far"
        assert await _end(stack, contact) == ("connected", "queued", "caller")
        assert _segments(stack, contact) == [(number, "caller")]
        await stack.fact("AgentStateChanged", agent=number, state="acw")

        call, contact = await dial(stack, caller, lane.straight)
        await stack.fact("CallConnected", contact=contact, within_s=15)
        await (await desk.phone.incoming()).hang_up()
        await stack.fact("SegmentEnded", contact=contact)
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        assert await _end(stack, contact) == ("survey", "queued", "caller")
        assert _segments(stack, contact) == [(number, "agent")]
        ended = stack.facts.of("ContactEnded", contact=contact)[0].body
        assert (ended["survey_asked"], ended["satisfaction"]) == (True, 0)
        assert _left(stack, contact) == ["answered"]
    await nothing_left(stack)


async def _end(stack: HotlineStack, contact: str) -> tuple[str, str, str]:
    """How the contact ended: its one end."""
    body: dict[str, Any] = (await stack.fact("ContactEnded", contact=contact)).body
    assert len(stack.facts.of("ContactEnded", contact=contact)) == 1
    return body["stage"], body["outcome"], body["hung_up_by"]


def _left(stack: HotlineStack, contact: str) -> list[str]:
    return [fact.body["how"] for fact in stack.facts.of("CallLeftQueue", contact=contact)]


def _segments(stack: HotlineStack, contact: str) -> list[tuple[str, str]]:
    """Agent and who hung up, of each conversation."""
    ended = stack.facts.of("SegmentEnded", contact=contact)
    return [(fact.body["agent"], fact.body["hung_up_by"]) for fact in ended]
