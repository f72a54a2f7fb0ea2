"""Transfers and three parties by codes of the keypad, for phones without keys for them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from harness.call import Call
from harness.desk import Desk
from harness.lanes import RING_CYCLE_MS, Lane, lane_settings
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, choose, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)
CALLER_HZ, FIRST_HZ, SECOND_HZ = 440, 620, 860
BLIND, ATTENDED, ALL_THREE, ABORT = "*1", "*2", "*3", "*0"
GIVEN_UP_S = 20  # asterisk-conf/features.conf, atxfernoanswertimeout


async def test_a_blind_transfer_by_code(stack: HotlineStack, lane: Lane) -> None:
    second = lane.agents[1]
    contact = await _blindly_transferred(stack, lane, second)
    assert _parts(stack, contact) == [(lane.agents[0], "transfer"), (second, "agent")]


async def test_a_blind_transfer_by_code_to_a_queue(stack: HotlineStack, lane: Lane) -> None:
    """The queue has the caller again, as a second entry; whoever is free there is rung."""
    contact = await _blindly_transferred(stack, lane, lane.extension)
    entries = [fact.body for fact in stack.facts.of("CallQueued", contact=contact)]
    assert [(entry["entry"], entry["queue"]) for entry in entries] == [(1, lane.queue), (2, lane.queue)]
    assert _parts(stack, contact) == [(lane.agents[0], "transfer"), (lane.agents[1], "agent")]


async def test_a_blind_transfer_by_code_to_a_number_with_a_menu(stack: HotlineStack, lane: Lane) -> None:
    """The caller is in that number's flow, and chooses anew."""
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, second, manner=BY_HAND) as (one, two),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await _talk(stack, one, contact)
        await _press(talk, BLIND, lane.menu)
        await call.rtp.hears(prompt_hz("menu-language"), within_s=10)
        await talk.ended()
        await choose(call, stack, contact, "language", "2")
        await choose(call, stack, contact, "subject", "1")
        await (await _talk(stack, two, contact)).hang_up()
        await call.rtp.hears(prompt_hz("survey", "en"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    entries = [fact.body for fact in stack.facts.of("CallQueued", contact=contact)]
    assert [(entry["entry"], entry["language"]) for entry in entries] == [(1, "zh"), (2, "en")]
    assert _parts(stack, contact) == [(first, "transfer"), (second, "agent")]
    await nothing_left(stack)


async def _blindly_transferred(stack: HotlineStack, lane: Lane, to: str) -> str:
    """The first agent sends a caller there, the second one talks with them to the end; the contact."""
    async with (
        agents(stack, *lane.agents[:2], manner=BY_HAND) as (one, two),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await _talk(stack, one, contact)
        await _press(talk, BLIND, to)
        await (await _talk(stack, two, contact)).hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)
    return contact


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


@pytest.mark.parametrize(
    "declines",
    [pytest.param(True, id="declined"), pytest.param(False, id="rings-out", marks=pytest.mark.long)],
)
async def test_a_consultation_that_nobody_takes_gives_the_caller_back(
    stack: HotlineStack, lane: Lane, declines: bool
) -> None:
    """The agent is told that the colleague is away, and has the caller again."""
    async with _consulting(stack, lane) as (call, talk, theirs):
        if declines:
            theirs.reject()
        await talk.rtp.hears(prompt_hz("colleague-away"), within_s=15)
        await theirs.ended()
        await _talk_on(call, talk)


@pytest.mark.parametrize(
    "answered",
    [pytest.param(False, id="ringing", marks=pytest.mark.long), pytest.param(True, id="talking")],
)
async def test_a_consultation_that_is_aborted_gives_the_caller_back(
    stack: HotlineStack, lane: Lane, answered: bool
) -> None:
    async with _consulting(stack, lane) as (call, talk, theirs):
        if answered:
            theirs.answer()
            await theirs.rtp.hears(FIRST_HZ)
        await talk.send_digits(ABORT)
        await theirs.ended()
        await _talk_on(call, talk)


@pytest.mark.long
async def test_a_consultation_that_rings_on_is_given_up(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    """Where agents' phones ring for longer than a consultation may."""
    rings = f"ring_cycle_ms = {RING_CYCLE_MS}"
    assert rings in lane_settings(1)
    slow = lane_settings(1).replace(rings, "ring_cycle_ms = 6000\noffer_rings = 9")
    async with _consulting(await own_stack(slow), Lane(0)) as (call, talk, theirs):
        await theirs.ended(within_s=GIVEN_UP_S + 10)
        await _talk_on(call, talk)


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


@asynccontextmanager
async def _consulting(stack: HotlineStack, lane: Lane) -> AsyncIterator[tuple[Call, Call, Call]]:
    """The caller's call, the first agent's talk with the caller, and the second agent's phone, which rings.

    At the end the first agent has served the caller, and nobody else has.
    """
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, manner=BY_HAND, tone_hz=FIRST_HZ) as (one,),
        agents(stack, second, ready=False, manner=BY_HAND) as (two,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await _talk(stack, one, contact)
        await _press(talk, ATTENDED, second)
        yield call, talk, await two.phone.incoming(within_s=15)
        await talk.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert _parts(stack, contact) == [(first, "agent")]
    assert len(stack.facts.of("CallConnected", contact=contact)) == 1
    await nothing_left(stack)


async def _talk_on(call: Call, talk: Call) -> None:
    """The caller and the agent hear each other again."""
    await talk.rtp.hears(CALLER_HZ, within_s=10)
    await call.rtp.hears(FIRST_HZ, within_s=10)


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
