"""Transfers and three parties by codes of the keypad, for phones without keys for them."""

from harness.call import Call
from harness.desk import Desk
from harness.lanes import Lane
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)
CALLER_HZ, FIRST_HZ, SECOND_HZ = 440, 620, 860
BLIND, ATTENDED, ALL_THREE = "*1", "*2", "*3"


async def test_a_blind_transfer_by_code(stack: HotlineStack, lane: Lane) -> None:
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, second, manner=BY_HAND) as (one, two),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await _talk(stack, one, contact)
        await _press(talk, BLIND, second)
        await (await _talk(stack, two, contact)).hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert _parts(stack, contact) == [(first, "transfer"), (second, "agent")]
    await nothing_left(stack)


async def test_a_consultation_by_code_and_the_colleague_takes_the_caller(
    stack: HotlineStack, lane: Lane
) -> None:
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, manner=BY_HAND, tone_hz=FIRST_HZ) as (one,),
        agents(stack, second, ready=False, manner=BY_HAND) as (two,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await _talk(stack, one, contact)
        await _press(talk, ATTENDED, second)
        theirs = await two.phone.incoming(within_s=15)
        theirs.answer()
        await theirs.rtp.hears(FIRST_HZ)
        await talk.hang_up()
        await theirs.rtp.hears(CALLER_HZ)
        await stack.fact("CallConnected", contact=contact, agent=second, how="joined")
        await theirs.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert _parts(stack, contact) == [(first, "transfer"), (second, "agent")]
    await nothing_left(stack)


async def test_three_parties_of_whom_one_leaves(stack: HotlineStack, lane: Lane) -> None:
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, manner=BY_HAND, tone_hz=FIRST_HZ) as (one,),
        agents(stack, second, ready=False, manner=BY_HAND, tone_hz=SECOND_HZ) as (two,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await _talk(stack, one, contact)
        await _press(talk, ATTENDED, second)
        theirs = await two.phone.incoming(within_s=15)
        theirs.answer()
        await theirs.rtp.hears(FIRST_HZ)
        await talk.send_digits(ALL_THREE)
        await stack.fact("CallConnected", contact=contact, agent=second, how="joined")
        for hears, hz in ((call, FIRST_HZ), (call, SECOND_HZ), (theirs, CALLER_HZ), (talk, SECOND_HZ)):
            await hears.rtp.hears(hz, share=0.3)  # two tones at once
        await theirs.hang_up()
        await stack.fact("SegmentEnded", contact=contact, agent=second)
        await talk.rtp.hears(CALLER_HZ)
        await talk.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert _parts(stack, contact) == [(second, "agent"), (first, "agent")]
    await nothing_left(stack)


def _parts(stack: HotlineStack, contact: str) -> list[tuple[str, str]]:
    facts = stack.facts.of("SegmentEnded", contact=contact)
    return [(fact.body["agent"], fact.body["hung_up_by"]) for fact in facts]


async def _press(talk: Call, code: str, number: str) -> None:
    """A code, and after Asterisk has asked for it the number."""
    await talk.send_digits(code)
    await talk.rtp.hears(prompt_hz("transfer-where"))
    await talk.send_digits(number)


async def _talk(stack: HotlineStack, desk: Desk, contact: str) -> Call:
    """The agent answers and hears the caller."""
    rung = await desk.phone.incoming(within_s=15)
    rung.answer()
    await stack.fact("CallConnected", contact=contact, agent=desk.number)
    await rung.rtp.hears(CALLER_HZ)
    return rung
