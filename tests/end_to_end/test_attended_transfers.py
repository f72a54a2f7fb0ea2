"""A consultation that ends in an attended transfer: each agent's part keeps its own talk and hold time."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from harness import sound
from harness.call import Call
from harness.desk import Desk
from harness.lanes import Lane, lane_settings
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

OwnStack = Callable[[str], Awaitable[HotlineStack]]
BY_HAND = Manner(reject=None)
CALLER_HZ, COLLEAGUE_HZ = 440, 620


@pytest.mark.parametrize(
    ("callers", "consulting"),
    [(20_000, 100), (100, 20_000)],  # RTP's sequence numbers: Debian's Asterisk drops lower ones as late
    ids=["caller-above", "caller-below"],
)
async def test_the_second_agents_part_is_counted(
    stack: HotlineStack, lane: Lane, callers: int, consulting: int
) -> None:
    first, second = lane.agents[:2]
    async with _talking(stack, lane) as (one, two, call, contact, talk):
        await talk.hold()
        await stack.fact("HoldChanged", contact=contact, held=True)
        consultation, theirs = await _consulting(one, two)
        call.rtp.sequence, consultation.rtp.sequence = callers, consulting
        seen = theirs.rtp.received
        await until(lambda: theirs.rtp.received >= seen + 75, "1.5 s of consultation", 5)
        assert await talk.refer(consultation) == 202
        connected = (await stack.fact("CallConnected", contact=contact, agent=second)).body
        assert connected["how"] == "joined"
        await theirs.rtp.hears(CALLER_HZ)
        await stack.fact("SegmentEnded", contact=contact, agent=first)
        state = (await stack.facts.agent_state(second, "on_contact")).body
        assert (state["contact"], state["queue"]) == (contact, lane.queue)
        await stack.fact("AgentStateChanged", agent=first, state="acw", contact=contact)
        seen = theirs.rtp.received
        await until(lambda: theirs.rtp.received >= seen + 50, "1 s of talk to record", 5)
        await theirs.hold()
        await stack.fact("HoldChanged", contact=contact, agent=second, held=True)
        await theirs.unhold()
        await stack.fact("HoldChanged", contact=contact, agent=second, held=False)
        await theirs.hang_up()
        await stack.fact("AgentStateChanged", agent=second, state="acw", contact=contact)
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)

    segments = [fact.body for fact in stack.facts.of("SegmentEnded", contact=contact)]
    assert [(one["agent"], one["hung_up_by"]) for one in segments] == [
        (first, "transfer"),
        (second, "agent"),
    ]
    for segment in segments:
        (begun,) = stack.facts.of("CallConnected", segment=segment["segment"])
        assert segment["talk_ms"] + segment["hold_ms"] == segment["at_ms"] - begun.body["at_ms"]
        assert segment["hold_ms"] > 0
    assert [fact.body["entry"] for fact in stack.facts.of("CallQueued", contact=contact)] == [1]
    await _caller_alone_is_recorded(stack, connected["recording"])
    await nothing_left(stack)


async def test_who_had_rung_the_agent_may_be_given_the_caller(stack: HotlineStack, lane: Lane) -> None:
    """The colleague's own call, not the agent's, becomes the second part: it is recorded from there on."""
    first, second = lane.agents[:2]
    async with _talking(stack, lane) as (one, two, call, contact, talk):
        theirs = two.phone.call(first, tone_hz=COLLEAGUE_HZ)
        rung = await one.phone.incoming(within_s=15)
        await talk.hold()
        await stack.fact("HoldChanged", contact=contact, held=True)
        rung.answer()
        await rung.rtp.hears(COLLEAGUE_HZ)
        call.rtp.sequence, rung.rtp.sequence = 100, 20_000
        seen = theirs.rtp.received
        await until(lambda: theirs.rtp.received >= seen + 75, "1.5 s of consultation", 5)
        assert await talk.refer(rung) == 202
        connected = (await stack.fact("CallConnected", contact=contact, agent=second)).body
        await theirs.rtp.hears(CALLER_HZ)
        seen = theirs.rtp.received
        await until(lambda: theirs.rtp.received >= seen + 75, "1.5 s of talk to record", 5)
        await theirs.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await _caller_alone_is_recorded(stack, connected["recording"])
    await nothing_left(stack)


@pytest.mark.long
@pytest.mark.parametrize("seen", [True, False], ids=["transfer-seen", "transfer-unseen"])
async def test_acd_killed_in_the_consultation_counts_the_second_part(own_stack: OwnStack, seen: bool) -> None:
    """Who talks with whom, the next acd finds out; and the consultation is in no recording all the same."""
    stack, lane = await own_stack(lane_settings(1)), Lane(0)
    first, second = lane.agents[:2]
    async with _talking(stack, lane) as (one, two, call, contact, talk):
        await talk.hold()
        await stack.fact("HoldChanged", contact=contact, held=True)
        consultation, theirs = await _consulting(one, two)
        call.rtp.sequence, consultation.rtp.sequence = 100, 20_000
        supervisor = stack.kill("supervisor", signal.SIGSTOP)  # else acd would be back at once
        killed = stack.kill("acd")
        try:
            if not seen:
                await _transfer(talk, consultation, theirs)
        finally:
            os.kill(supervisor, signal.SIGCONT)
        await stack.back("acd", killed)
        if seen:
            await _transfer(talk, consultation, theirs)
        connected = (await stack.fact("CallConnected", contact=contact, agent=second)).body
        assert connected["how"] == "joined"
        await stack.fact("SegmentEnded", contact=contact, agent=first)
        heard = theirs.rtp.received
        await until(lambda: theirs.rtp.received >= heard + 75, "1.5 s of talk to record", 5)
        await theirs.hang_up()
        await stack.fact("SegmentEnded", contact=contact, agent=second, hung_up_by="agent")
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await _caller_alone_is_recorded(stack, connected["recording"])
    await nothing_left(stack)


async def _transfer(talk: Call, consultation: Call, theirs: Call) -> None:
    assert await talk.refer(consultation) == 202
    await theirs.rtp.hears(CALLER_HZ)


async def _consulting(one: Desk, two: Desk) -> tuple[Call, Call]:
    """The first agent calls the second on another line; the two ends of that call."""
    consultation = one.phone.call(two.number, tone_hz=COLLEAGUE_HZ)
    theirs = await two.phone.incoming(within_s=15)
    theirs.answer()
    await theirs.rtp.hears(COLLEAGUE_HZ)
    return consultation, theirs


@asynccontextmanager
async def _talking(stack: HotlineStack, lane: Lane) -> AsyncIterator[tuple[Desk, Desk, Call, str, Call]]:
    """Two agents' desks, a caller's call and contact, and the first agent's talk with the caller."""
    first, second = lane.agents[:2]
    async with (
        agents(stack, first, manner=BY_HAND) as (one,),
        agents(stack, second, ready=False, manner=BY_HAND) as (two,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        yield one, two, call, contact, await _talk(stack, one, contact)


async def _caller_alone_is_recorded(stack: HotlineStack, name: str) -> None:
    """The second agent's recording begins with the caller: the consultation is the colleagues' own."""
    file = stack.deployment.recordings / f"{name}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    callers, _ = sound.read_channels(file)
    parts = [callers[at : at + 1600] for at in range(0, len(callers) - 1600, 800)]
    assert sound.clearest_share(callers, CALLER_HZ) > 0.9
    # What is still on its way through Asterisk when the caller joins: a fifth of a second at most.
    assert all(sound.tone_share(one, COLLEAGUE_HZ) < 0.1 for one in parts[2:])


async def _talk(stack: HotlineStack, desk: Desk, contact: str) -> Call:
    """The agent answers and hears the caller."""
    rung = await desk.phone.incoming(within_s=15)
    rung.answer()
    await stack.fact("CallConnected", contact=contact, agent=desk.number)
    await rung.rtp.hears(CALLER_HZ)
    return rung
