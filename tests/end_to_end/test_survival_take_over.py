"""acd is killed amid a take-over: of three who talk one leaves once acd is back, as was decided."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest
from harness.call import Call
from harness.lanes import Lane, lane_settings
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

from acd.core.fact_codec import to_body
from acd.core.supervision import acted
from hotline.journal import JournalBusy, JournalWriter

OwnStack = Callable[[str], Awaitable[HotlineStack]]
CALLER_HZ, AGENT_HZ, SUPERVISOR_HZ = 440, 1000, 2300


@pytest.mark.long
@pytest.mark.heavy
async def test_a_take_over_is_finished_by_the_next_acd(own_stack: OwnStack) -> None:
    """What acd had decided is in its journal; the supervisor's phone joins while there is no acd."""
    lane = Lane(0)
    stack = await own_stack(lane_settings())
    first, boss = lane.agents[0], lane.supervisor
    async with (
        agents(stack, first, tone_hz=AGENT_HZ) as (desk,),
        stack.agent(boss, ready=False, tone_hz=SUPERVISOR_HZ) as chief,
        stack.caller(tone_hz=CALLER_HZ) as phone,
    ):
        caller, contact = await dial(stack, phone, lane.straight)
        agent = await desk.phone.incoming(within_s=15)
        agent.answer()
        segment = (await stack.fact("CallConnected", contact=contact)).body["segment"]
        spy = await chief.phone.call(f"*30{first}").answered()
        await spy.rtp.hears(CALLER_HZ, share=0.2)

        supervisor = stack.kill("supervisor", signal.SIGSTOP)  # else acd would be back at once
        killed = stack.kill("acd")
        try:
            await _decide(stack, boss, contact, segment)
            await _join(stack, spy)
            await caller.rtp.hears(SUPERVISOR_HZ, share=0.2)
            await caller.rtp.hears(AGENT_HZ, share=0.2)
        finally:
            os.kill(supervisor, signal.SIGCONT)
        await agent.ended(within_s=30)
        await stack.back("acd", killed)
        await caller.rtp.hears(SUPERVISOR_HZ)
        await spy.rtp.hears(CALLER_HZ)
        joined = (await stack.fact("CallConnected", contact=contact, agent=boss)).body
        assert joined["how"] == "joined"
        await spy.hang_up()
        await stack.fact("SegmentEnded", contact=contact, agent=boss)
        if caller.talking:
            await caller.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        parts = [fact.body for fact in stack.facts.of("SegmentEnded", contact=contact)]
        assert [(one["agent"], one["hung_up_by"]) for one in parts] == [(first, "transfer"), (boss, "agent")]
        assert not stack.facts.of("TakeOverGivenUp")
        await stack.facts.agent_state(first, "ready", within_s=10)
    await nothing_left(stack)


async def _decide(stack: HotlineStack, boss: str, contact: str, segment: str) -> None:
    """acd's last words, written as soon as its journal is free."""
    folder = stack.deployment.journal("acd")
    fact = acted(_now_ms(stack), boss, "phone", "take", agent=boss, contact=contact, segment=segment)
    writers: list[JournalWriter] = []

    def opened() -> bool:
        try:
            writers.append(JournalWriter(folder, "acd"))
        except JournalBusy:
            return False
        return True

    await until(opened, "the journal of the killed acd", 5)
    body = to_body(fact)
    writers[0].append("SupervisorActed", 1, body, fact_id="acted by hand", at_us=fact.at_ms * 1000)
    writers[0].close()


def _now_ms(stack: HotlineStack) -> int:
    at_us: int = stack.journal("acd")[-1].at_us
    return at_us // 1000 + 1


async def _join(stack: HotlineStack, spy: Call) -> None:
    """acd's last deed, done in its stead: asked what the digit means, it says "join" and to whom."""
    listed = (await stack.console("core show channels concise")).splitlines()
    (caller,) = [line.split("!")[0] for line in listed if line.startswith("PJSIP/carrier-")]
    told = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for name, value in (("HL_JOIN", caller), ("HL_NEXT", "join")):
            writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
            await reader.readline()
        writer.close()
        told.set()

    async with await asyncio.start_server(answer, "127.0.0.1", stack.deployment.ports.agi_acd):
        await spy.send_digits("7")
        await asyncio.wait_for(told.wait(), 10)
