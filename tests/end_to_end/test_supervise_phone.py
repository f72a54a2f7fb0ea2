"""Supervisors at their phones: tones prove who hears whom; who is no supervisor is refused by voice."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from harness import sound
from harness.call import Call
from harness.lanes import Lane
from harness.phone import Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import dial, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

CALLER_HZ, AGENT_HZ, SUPERVISOR_HZ = 440, 1000, 2300
TRACE = 0.002  # of the power: -27 dB; a voice that is mixed in makes up a third


@contextlib.asynccontextmanager
async def talking(stack: HotlineStack, lane: Lane) -> AsyncIterator[tuple[Call, Call, str]]:
    """A caller and the lane's first agent, who talk; their calls and the contact."""
    async with (
        stack.agent(lane.agents[0], tone_hz=AGENT_HZ) as desk,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        await rung.rtp.hears(CALLER_HZ)
        await call.rtp.hears(AGENT_HZ)
        yield call, rung, contact
        if call.talking:
            await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        await stack.facts.agent_state(lane.agents[0], "ready", within_s=10)


async def hears_both(call: Call, first_hz: int, second_hz: int) -> None:
    """Each of two voices makes up a good part of what is heard."""
    await call.rtp.hears(first_hz, share=0.2)
    await call.rtp.hears(second_hz, share=0.2)


def has_no_trace(call: Call, frequency_hz: int) -> bool:
    """Whether nothing of a tone was in the last second."""
    return call.rtp.share_of(frequency_hz, window_s=1.0) < TRACE


async def acted(stack: HotlineStack, by: str, deed: str, *, count: int = 1) -> dict[str, str]:
    """Wait for a deed of a supervisor, done or refused."""
    body: dict[str, str] = (await stack.fact("SupervisorActed", by=by, deed=deed, count=count)).body
    return body


async def test_listen_whisper_barge_by_digits(stack: HotlineStack, lane: Lane) -> None:
    async with (
        stack.agent(lane.supervisor, ready=False, tone_hz=SUPERVISOR_HZ) as boss,
        talking(stack, lane) as (caller, agent, contact),
    ):
        spy = await boss.phone.call(f"*30{lane.agents[0]}").answered()
        await hears_both(spy, CALLER_HZ, AGENT_HZ)
        listened = await acted(stack, lane.supervisor, "listen")
        assert (listened["agent"], listened["contact"], listened["via"]) == (lane.agents[0], contact, "phone")
        assert listened["refused"] == ""
        await spy.rtp.hears(CALLER_HZ, share=0.2)
        assert has_no_trace(agent, SUPERVISOR_HZ) and has_no_trace(caller, SUPERVISOR_HZ)

        await spy.send_digits("5")
        await acted(stack, lane.supervisor, "whisper")
        await hears_both(agent, CALLER_HZ, SUPERVISOR_HZ)
        await hears_both(spy, CALLER_HZ, AGENT_HZ)
        seen = caller.rtp.received
        await until(lambda: caller.rtp.received >= seen + 75, "1.5 s of sound at the caller", 5)
        assert has_no_trace(caller, SUPERVISOR_HZ)
        assert caller.rtp.share_of(AGENT_HZ) > 0.9

        await spy.send_digits("6")
        await acted(stack, lane.supervisor, "barge")
        await hears_both(agent, CALLER_HZ, SUPERVISOR_HZ)
        await hears_both(caller, AGENT_HZ, SUPERVISOR_HZ)

        await spy.send_digits("4")
        await acted(stack, lane.supervisor, "listen", count=2)
        await caller.rtp.hears(AGENT_HZ, share=0.98)
        await agent.rtp.hears(CALLER_HZ, share=0.98)
        await hears_both(spy, CALLER_HZ, AGENT_HZ)
        await caller.hang_up()
        await spy.ended()
        ended = (await stack.fact("SegmentEnded", contact=contact)).body
        assert ended["hung_up_by"] == "caller"
    await nothing_left(stack)


async def test_a_whisper_is_on_no_recording(stack: HotlineStack, lane: Lane) -> None:
    async with (
        stack.agent(lane.supervisor, ready=False, tone_hz=SUPERVISOR_HZ) as boss,
        talking(stack, lane) as (caller, agent, contact),
    ):
        spy = await boss.phone.call(f"*31{lane.agents[0]}").answered()
        await hears_both(agent, CALLER_HZ, SUPERVISOR_HZ)
        await hears_both(spy, CALLER_HZ, AGENT_HZ)
        seen = agent.rtp.received
        await until(lambda: agent.rtp.received >= seen + 100, "2 s of whisper", 5)
        await caller.hang_up()
        await spy.ended()
        recording = (await stack.fact("CallConnected", contact=contact)).body["recording"]
    file = stack.deployment.recordings / f"{recording}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    callers, agents = sound.read_channels(file)
    for side, own_hz in ((callers, CALLER_HZ), (agents, AGENT_HZ)):
        seconds = [side[at : at + 8000] for at in range(0, len(side) - 8000, 4000)]
        assert sound.clearest_share(side, own_hz) > 0.9
        assert max(sound.tone_share(one, SUPERVISOR_HZ) for one in seconds) < TRACE
    await nothing_left(stack)


async def test_take_over_leaves_the_caller_with_the_supervisor(stack: HotlineStack, lane: Lane) -> None:
    """While listening the supervisor presses 7: no ring, no gap, each of the two keeps the own talk."""
    first = lane.agents[0]
    async with (
        stack.agent(lane.supervisor, ready=False, tone_hz=SUPERVISOR_HZ) as boss,
        talking(stack, lane) as (caller, agent, contact),
    ):
        spy = await boss.phone.call(f"*30{first}").answered()
        await hears_both(spy, CALLER_HZ, AGENT_HZ)
        await spy.send_digits("7")
        connected = (await stack.fact("CallConnected", contact=contact, agent=lane.supervisor)).body
        assert connected["how"] == "joined"
        await agent.ended()
        await caller.rtp.hears(SUPERVISOR_HZ)
        await spy.rtp.hears(CALLER_HZ)
        assert boss.phone.unfetched == 0
        assert (await acted(stack, lane.supervisor, "take"))["refused"] == ""
        segment = (await stack.fact("SegmentEnded", contact=contact, agent=first)).body
        assert segment["hung_up_by"] == "transfer"
        state = (await stack.facts.agent_state(lane.supervisor, "on_contact")).body
        assert (state["intent"], state["contact"]) == ("not_ready", contact)
        await spy.hold()
        await stack.fact("HoldChanged", contact=contact, agent=lane.supervisor, held=True)
        await spy.unhold()
        await caller.rtp.hears(SUPERVISOR_HZ)
        seen = caller.rtp.received
        await until(lambda: caller.rtp.received >= seen + 50, "1 s of talk to record", 5)
        await spy.hang_up()
        await caller.rtp.hears(prompt_hz("survey"))
        await caller.hang_up()
        await stack.facts.agent_state(lane.supervisor, "not_ready", within_s=10)
    parts = [fact.body for fact in stack.facts.of("SegmentEnded", contact=contact)]
    assert [(one["agent"], one["hung_up_by"]) for one in parts] == [
        (first, "transfer"),
        (lane.supervisor, "agent"),
    ]
    assert parts[1]["hold_ms"] > 0
    await stack.fact("MediaMeasured", segment=parts[1]["segment"], side="agent")
    entries = [fact.body for fact in stack.facts.of("CallLeftQueue", contact=contact)]
    assert [(one["entry"], one["how"]) for one in entries] == [(1, "answered")]
    await _supervisors_part_is_recorded(stack, connected["recording"])
    await nothing_left(stack)


async def _supervisors_part_is_recorded(stack: HotlineStack, name: str) -> None:
    """From the take-over on: the caller on the left, the supervisor on the right, and no agent."""
    file = stack.deployment.recordings / f"{name}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    for side, own_hz in zip(sound.read_channels(file), (CALLER_HZ, SUPERVISOR_HZ), strict=True):
        assert sound.clearest_share(side, own_hz) > 0.9


async def test_take_over_by_code_at_once(stack: HotlineStack, lane: Lane) -> None:
    async with (
        stack.agent(lane.supervisor, ready=False, tone_hz=SUPERVISOR_HZ) as boss,
        talking(stack, lane) as (caller, agent, contact),
    ):
        talk = await boss.phone.call(f"*33{lane.agents[0]}").answered()
        await caller.rtp.hears(SUPERVISOR_HZ)
        await talk.rtp.hears(CALLER_HZ)
        await agent.ended()
        # The line that joined can transfer as one that was rung: back to the first agent.
        await stack.facts.agent_state(lane.agents[0], "ready", within_s=10)
        assert await talk.refer(lane.agents[0]) == 202
        await stack.fact("CallOffered", contact=contact, agent=lane.agents[0], count=2, within_s=10)
        await caller.hang_up()
        await stack.facts.agent_state(lane.supervisor, "not_ready", within_s=10)
    await nothing_left(stack)


async def test_who_is_no_supervisor_is_refused_by_voice_and_counted(stack: HotlineStack, lane: Lane) -> None:
    curious = lane.agents[1]
    count = 'hotline_supervisor_deeds_refused_total{reason="not_a_supervisor"}'
    before = await stack.metric("acd", count)
    async with (
        stack.agent(curious, ready=False, tone_hz=SUPERVISOR_HZ) as other,
        stack.phone(lane.agents[2]) as nobody,
        talking(stack, lane) as (caller, agent, _),
    ):
        await nobody.register()
        for code in ("*30", "*31", "*32", "*33"):
            await _is_told(other.phone, f"{code}{lane.agents[0]}", "not-a-supervisor")
        await _is_told(nobody, f"*30{lane.agents[0]}", "not-logged-in")
        assert caller.talking and agent.talking
        assert has_no_trace(agent, SUPERVISOR_HZ)
        refused = (await acted(stack, curious, "take"))["refused"]
        assert refused == "not_a_supervisor"
    assert await stack.metric("acd", count) == before + 5
    await nothing_left(stack)


async def test_an_agent_who_does_not_talk_cannot_be_listened_to(stack: HotlineStack, lane: Lane) -> None:
    async with stack.agent(lane.supervisor, ready=False) as boss:
        await _is_told(boss.phone, f"*30{lane.agents[0]}", "agent-not-talking")
        await _is_told(boss.phone, "*309999999", "agent-not-talking")
        assert (await acted(stack, lane.supervisor, "listen"))["refused"] == "not_talking"
    await nothing_left(stack)


async def _is_told(phone: Phone, code: str, prompt: str) -> None:
    """Dial a code; the answer is this prompt, then the call is over."""
    call = await phone.call(code).answered()
    await call.rtp.hears(prompt_hz(prompt))
    await call.ended()


async def test_states_and_the_queue_by_code(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with stack.agent(lane.supervisor, ready=False) as boss, stack.agent(number, ready=False) as agent:
        await _is_told(boss.phone, f"*35{number}", "deed-done")
        await stack.facts.agent_state(number, "ready")
        await _is_told(boss.phone, f"*36{number}", "deed-done")
        assert (await stack.facts.agent_state(number, "not_ready")).body["reason"] == "forced"
        await _is_told(boss.phone, f"*37{number}", "deed-refused")
        await _is_told(boss.phone, f"*38{number}", "deed-done")
        await stack.facts.agent_state(number, "offline")
        await _is_told(agent.phone, f"*35{lane.supervisor}", "not-logged-in")
        await _is_told(boss.phone, "*34", "nobody-waits")

        await _is_told(boss.phone, f"*39{lane.extension}", "queue-now-closed")
        await stack.fact("QueueClosed", queue=lane.queue)
        await _is_told(boss.phone, f"*39{lane.extension}", "queue-now-open")
        await stack.fact("QueueOpened", queue=lane.queue)
        await _is_told(boss.phone, "*3999999999", "deed-refused")
    await nothing_left(stack)


async def test_the_longest_wait_is_answered_by_code(stack: HotlineStack, lane: Lane) -> None:
    async with (
        stack.agent(lane.supervisor, ready=False, tone_hz=SUPERVISOR_HZ) as boss,
        stack.agent(lane.agents[1], ready=False) as other,
        stack.caller(tone_hz=CALLER_HZ) as first,
        stack.caller(tone_hz=CALLER_HZ) as second,
    ):
        early, contact = await dial(stack, first, lane.straight)
        await stack.fact("CallQueued", contact=contact, within_s=15)
        late, later = await dial(stack, second, lane.straight)
        await stack.fact("CallQueued", contact=later, within_s=15)
        await _is_told(other.phone, f"*34{lane.extension}", "not-a-supervisor")
        code = await boss.phone.call(f"*34{lane.extension}").answered()
        await code.ended()
        rung = await boss.phone.incoming(within_s=15)
        rung.answer()
        await early.rtp.hears(SUPERVISOR_HZ)
        await stack.fact("CallConnected", contact=contact, agent=lane.supervisor)
        for call in (early, late):
            await call.hang_up()
        for one in (contact, later):
            await stack.fact("ContactEnded", contact=one)
        await stack.facts.agent_state(lane.supervisor, "not_ready", within_s=10)
    await nothing_left(stack)


@pytest.mark.long
async def test_waiting_calls_are_put_first_moved_and_ended_by_code(
    stack: HotlineStack, lane: Lane, other_lane: Lane
) -> None:
    """Each is about the longest wait of the queue dialled; put first: of those not put first yet."""
    boss = lane.supervisor
    async with contextlib.AsyncExitStack() as ends:
        desk = await ends.enter_async_context(stack.agent(boss, ready=False, tone_hz=SUPERVISOR_HZ))
        other = await ends.enter_async_context(stack.agent(lane.agents[1], ready=False))
        calls, contacts = [], []
        for _ in range(3):
            caller = await ends.enter_async_context(stack.caller(tone_hz=CALLER_HZ))
            call, contact = await dial(stack, caller, lane.straight)
            await stack.fact("CallQueued", contact=contact, within_s=15)
            calls.append(call)
            contacts.append(contact)
        for code in ("*21", "*22", "*23"):
            await _is_told(other.phone, f"{code}{lane.extension}", "not-a-supervisor")
        await _is_told(desk.phone, "*2199999999", "no-such-queue")
        assert (await acted(stack, boss, "put_first"))["refused"] == "unknown_queue"

        await _is_told(desk.phone, f"*21{lane.extension}", "deed-done")
        await stack.fact("CallPutFirst", contact=contacts[0])
        await _is_told(desk.phone, f"*21{lane.extension}", "deed-done")
        await stack.fact("CallPutFirst", contact=contacts[1])

        asked = await desk.phone.call(f"*23{lane.extension}").answered()
        await asked.rtp.hears(prompt_hz("confirm-end"))
        await asked.send_digits("2")
        await asked.rtp.hears(prompt_hz("deed-refused"))
        await asked.ended()
        assert all(call.talking for call in calls)
        asked = await desk.phone.call(f"*23{lane.extension}").answered()
        await asked.rtp.hears(prompt_hz("confirm-end"))
        await asked.send_digits("1")
        await calls[0].rtp.hears(prompt_hz("cannot-serve"))
        await calls[0].ended()
        ended = await acted(stack, boss, "end")
        assert (ended["contact"], ended["via"], ended["refused"]) == (contacts[0], "phone", "")

        await _is_told(desk.phone, f"*22{lane.extension}*9999", "no-such-queue")
        await _is_told(desk.phone, f"*22{lane.extension}*{other_lane.extension}", "deed-done")
        moved = (await stack.fact("CallQueued", contact=contacts[1], entry=2)).body
        assert moved["queue"] == other_lane.queue
        asked = await desk.phone.call("*22").answered()
        await asked.rtp.hears(prompt_hz("enter-queue"))
        await asked.send_digits(f"{lane.extension}#")
        await asked.rtp.hears(prompt_hz("enter-other-queue"))
        await asked.send_digits(f"{other_lane.extension}#")
        await asked.rtp.hears(prompt_hz("deed-done"))
        await stack.fact("CallQueued", contact=contacts[2], entry=2, queue=other_lane.queue)
        await _is_told(desk.phone, f"*21{lane.extension}", "nobody-waits")
        for call, contact in zip(calls[1:], contacts[1:], strict=True):
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)
