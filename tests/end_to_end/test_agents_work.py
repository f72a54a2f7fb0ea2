"""What the settings make of agents' work: breaks, codes, failed offers, own calls, headsets, raised hands."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from harness.call import Call
from harness.desk import Desk
from harness.lanes import CARRIER
from harness.phone import BUSY, NEVER_ANSWERS, Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

AGENTS = tuple(str(number) for number in range(2001, 2011))
BREAKS, WORKS, CODES, ROWS, GONE, TALKS, HEADSET, HELPS, TWO_PHONES, DEVICES = AGENTS
SOFTPHONE = "soft"
QUEUES = {
    WORKS: "after_contact_s = 3",
    CODES: 'after_contact_s = 1\ndisposition = "required"',
    ROWS: "after_contact_s = 0",
    TALKS: "after_contact_s = 0",
    HEADSET: "after_contact_s = 0",
    HELPS: "after_contact_s = 1",
    TWO_PHONES: "after_contact_s = 0",
    DEVICES: "after_contact_s = 0",
}
BY_HAND = Manner(reject=None)
COLLEAGUE_HZ = 620


def did(agent: str) -> str:
    """The direct number whose queue only this agent can serve."""
    return f"6{agent}"


def house() -> str:
    """One queue, skill, phone and direct number per agent."""
    parts = [
        f"""
skills = [{", ".join(f'"only{number}"' for number in AGENTS)}]
[hotline]
name = {{ zh = "试验", en = "Test" }}
ring_cycle_ms = 500
offer_rings = 2
after_contact_prolong_s = 60
after_contact_max_s = 90
disposition_max_s = 60
phone_gone_s = 5
[hotline.failed_offers]
pause_s = 1
no_answer = {{ becomes = "logged_out", after = 2 }}
busy = {{ becomes = "not_ready", after = 1 }}
[not_ready_reasons]
1 = {{ zh = "小休", en = "Break", max_s = 1 }}
2 = {{ zh = "会议", en = "Meeting" }}
[dispositions]
11 = {{ zh = "咨询", en = "Question" }}
12 = {{ zh = "投诉", en = "Complaint" }}
[[phone]]
name = "{SOFTPHONE}"
[[trunk]]
name = "carrier"
kind = "address"
address = "{CARRIER}"
qualify_s = 0
"""
    ]
    for number in AGENTS:
        also = f'role = "supervisor"\nalso = ["{SOFTPHONE}"]' if number == TWO_PHONES else ""
        of_phone = {HEADSET: "auto_answer = true", DEVICES: "max_contacts = 2"}.get(number, "")
        parts.append(
            f"""
[[phone]]
name = "{number}"
{of_phone}
[[agent]]
number = "{number}"
name = "坐席 {number}"
skills = {{ only{number} = 5 }}
{also}
[[queue]]
name = "queue{number}"
title = {{ zh = "队列", en = "Queue" }}
needs = "only{number}"
whisper = "queue-queue{number}"
{QUEUES.get(number, "")}
[[number]]
did = "{did(number)}"
direct_queue = "queue{number}"
direct_rings = 20
"""
        )
    return "\n".join(parts)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(short_folder: Path, new_port_base: Callable[[], int]) -> AsyncIterator[HotlineStack]:
    """A hotline with these settings."""
    async with HotlineStack(short_folder / "work", new_port_base(), house()) as running:
        yield running


async def talk_and_end(stack: HotlineStack, desk: Desk) -> str:
    """One call for this agent, ended by the agent as soon as both talk; returns the contact."""
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, did(desk.number))
        rung = await answered(stack, desk, contact)
        await rung.hang_up()
        await stack.fact("SegmentEnded", contact=contact)
        await call.hang_up()
    return contact


async def answered(stack: HotlineStack, desk: Desk, contact: str) -> Call:
    """The agent's phone rings and is answered; both talk."""
    rung = await desk.phone.incoming(within_s=15)
    rung.answer()
    await stack.fact("CallConnected", contact=contact, within_s=10)
    return rung


async def test_a_break_that_lasts_too_long_is_told(stack: HotlineStack) -> None:
    async with agents(stack, BREAKS) as (desk,):
        await desk.not_ready("1")
        overdue = (await stack.fact("AgentStateChanged", agent=BREAKS, overdue=True, within_s=10)).body
        assert (overdue["state"], overdue["reason"]) == ("not_ready", "1")
        assert overdue["at_ms"] >= overdue["break_until_ms"]
        await stack.metric_becomes("web", "hotline_agents_overdue", 1.0)
        await desk.not_ready("2")
        state = (await stack.fact("AgentStateChanged", agent=BREAKS, reason="2")).body
        assert (state["overdue"], state["break_until_ms"]) == (False, 0)
    await nothing_left(stack)


async def test_after_contact_work_is_prolonged_and_finished_by_code(stack: HotlineStack) -> None:
    async with agents(stack, WORKS, manner=BY_HAND) as (desk,):
        await talk_and_end(stack, desk)
        began = (await stack.fact("AgentStateChanged", agent=WORKS, state="acw")).body
        await desk.code("*16")
        longer = (
            await stack.fact("AgentStateChanged", agent=WORKS, until_ms=began["until_ms"] + 60_000)
        ).body
        assert longer["state"] == "acw"
        await desk.code("*16")  # to the maximum: 90 s after the beginning
        longest = stack.facts.of("AgentStateChanged", agent=WORKS)[-1].body
        assert longest["until_ms"] == began["at_ms"] + 90_000
        refused = await desk.phone.call("*16").answered(within_s=10)
        await refused.rtp.hears(prompt_hz("not-possible"))
        await refused.ended()
        assert stack.facts.of("AgentStateChanged", agent=WORKS)[-1].body == longest
        await desk.finish_work()
        assert (await stack.facts.agent_state(WORKS, "ready")).body["at_ms"] < longest["until_ms"]
    await nothing_left(stack)


async def test_work_waits_for_the_code_that_the_queue_requires(stack: HotlineStack) -> None:
    """Also over a kill -9 of acd, which forgets neither the work nor what is missing."""
    async with agents(stack, CODES, manner=BY_HAND) as (desk,):
        contact = await talk_and_end(stack, desk)
        waiting = (await stack.fact("AgentStateChanged", agent=CODES, reason="disposition", within_s=10)).body
        assert waiting["state"] == "acw"
        await stack.back("acd", stack.kill("acd"))
        refused = await desk.phone.call("*15").answered(within_s=10)
        await refused.rtp.hears(prompt_hz("disposition-needed"))
        await refused.ended()
        unknown = await desk.phone.call("*1799").answered(within_s=10)
        await unknown.rtp.hears(prompt_hz("not-possible"))
        await unknown.ended()
        assert stack.facts.of("AgentStateChanged", agent=CODES)[-1].body["state"] == "acw"
        asked = await desk.phone.call("*17").answered(within_s=10)
        await asked.rtp.hears(prompt_hz("enter-disposition"))
        await asked.send_digits("12#")
        given = (await stack.fact("DispositionGiven", contact=contact, agent=CODES, within_s=10)).body
        assert (given["code"], given["queue"]) == ("12", f"queue{CODES}")
        await asked.ended()
        assert (await stack.facts.agent_state(CODES, "ready")).body["at_ms"] < waiting["until_ms"]

        again = await talk_and_end(stack, desk)  # given in time, it ends nothing early
        began = (await stack.fact("AgentStateChanged", agent=CODES, state="acw", contact=again)).body
        await desk.code("*1711")
        await stack.fact("DispositionGiven", contact=again, code="11")
        ready = (await stack.facts.agent_state(CODES, "ready")).body
        assert ready["at_ms"] >= began["until_ms"]
    await nothing_left(stack)


async def test_failed_offers_have_the_consequences_of_the_settings(stack: HotlineStack) -> None:
    """Rung out twice: paused, then logged out. Busy once: not ready."""
    async with agents(stack, ROWS, manner=NEVER_ANSWERS) as (desk,), stack.caller() as caller:
        call, contact = await dial(stack, caller, did(ROWS))
        paused = (await stack.fact("AgentStateChanged", agent=ROWS, state="communicating", within_s=10)).body
        assert (paused["reason"], paused["failed_in_a_row"]) == ("no_answer", 1)
        gone = (await stack.facts.agent_state(ROWS, "offline", within_s=15)).body
        assert gone["reason"] == "no_answer"
        assert len(stack.facts.of("OfferEnded", contact=contact, cause="no_answer")) == 2
        desk.phone.manner = BUSY
        await desk.log_in()
        await desk.ready()
        not_ready = (await stack.fact("AgentStateChanged", agent=ROWS, reason="busy", within_s=10)).body
        assert not_ready["state"] == "not_ready"
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_an_agent_whose_phone_is_gone_is_logged_out(stack: HotlineStack) -> None:
    async with agents(stack, GONE) as (desk,):
        await desk.phone.unregister()
        lost = (await stack.facts.agent_state(GONE, "not_ready")).body
        assert lost["reason"] == "unreachable" and lost["gone_since_ms"]
        offline = (await stack.facts.agent_state(GONE, "offline", within_s=15)).body
        assert offline["reason"] == "phone_gone"
        assert offline["at_ms"] >= lost["gone_since_ms"] + 5000
        await desk.phone.register()
    await nothing_left(stack)


async def test_a_phone_of_several_devices_that_goes_in_a_talk_is_not_offered_the_next_call(
    stack: HotlineStack,
) -> None:
    """Of two devices one may go. Without the other the phone is away, though Asterisk calls it in use."""

    def newest() -> dict[str, Any]:
        return stack.facts.of("AgentStateChanged", agent=DEVICES)[-1].body

    async with (
        agents(stack, DEVICES, manner=Manner()) as (desk,),
        stack.phone(DEVICES, manner=BY_HAND) as other,
        stack.caller() as caller,
    ):
        call, contact = await dial(stack, caller, did(DEVICES))
        await stack.fact("CallConnected", contact=contact, within_s=10)
        await other.register()
        await other.unregister()
        await asyncio.sleep(2)  # time enough to be told wrongly
        assert newest()["gone_since_ms"] == 0
        await desk.phone.unregister()
        await until(lambda: newest()["gone_since_ms"] > 0, "told in the talk", 5)
        assert newest()["state"] == "on_contact"
        await call.hang_up()
        lost = (await stack.facts.agent_state(DEVICES, "not_ready")).body
        assert lost["reason"] == "unreachable"
        await desk.phone.register()
        await stack.facts.agent_state(DEVICES, "ready")
    await nothing_left(stack)


async def test_a_phone_that_came_back_while_acd_was_away_is_known_to_be_back(stack: HotlineStack) -> None:
    """Else the agent would be logged out, though the phone is there."""
    async with agents(stack, BREAKS) as (desk,):
        await desk.phone.unregister()
        await stack.facts.agent_state(BREAKS, "not_ready")
        killed = stack.kill("acd")
        await desk.phone.register()
        await stack.back("acd", killed)
        back = (await stack.facts.agent_state(BREAKS, "ready", within_s=10)).body
        assert back["gone_since_ms"] == 0
    await nothing_left(stack)


@pytest.mark.long
async def test_a_call_of_ones_own_makes_communicating_also_over_a_restart(stack: HotlineStack) -> None:
    """A caller is not offered meanwhile. acd is killed twice: during such a call, and before its end."""
    async with agents(stack, TALKS, manner=Manner()) as (desk,), stack.caller() as caller:
        own = desk.phone.call(did(BREAKS))  # nobody is there: it rings on
        communicating = (await stack.facts.agent_state(TALKS, "communicating", within_s=10)).body
        assert (communicating["reason"], communicating["intent"]) == ("own_call", "ready")
        call, contact = await dial(stack, caller, did(TALKS))
        await stack.fact("CallQueued", contact=contact)
        await stack.back("acd", stack.kill("acd"))
        assert stack.facts.of("AgentStateChanged", agent=TALKS)[-1].body["state"] == "communicating"
        assert not stack.facts.of("CallOffered", contact=contact)
        await own.hang_up()
        await stack.fact("CallOffered", contact=contact, agent=TALKS, within_s=10)
        await stack.fact("CallConnected", contact=contact, within_s=10)
        await call.hang_up()
        await stack.facts.agent_state(TALKS, "ready")

        own = desk.phone.call(did(BREAKS))
        await stack.facts.agent_state(TALKS, "communicating", within_s=10)
        killed = stack.kill("acd")
        await own.hang_up()
        await stack.back("acd", killed)
        await stack.facts.agent_state(TALKS, "ready", within_s=10)
    await nothing_left(stack, within_s=20)


async def test_colleagues_who_call_each_other_are_offered_nothing_meanwhile(stack: HotlineStack) -> None:
    """Both are communicating from the first ring to the end, and have their waiting callers then."""
    async with agents(stack, TALKS, HEADSET, manner=BY_HAND) as desks, stack.caller() as caller:
        own = desks[0].phone.call(HEADSET, tone_hz=COLLEAGUE_HZ)
        theirs = await desks[1].phone.incoming(within_s=15)
        for desk in desks:
            state = (await stack.facts.agent_state(desk.number, "communicating")).body
            assert state["reason"] == "own_call"
        calls = [await dial(stack, caller, did(desk.number)) for desk in desks]
        for _, contact in calls:
            await stack.fact("CallQueued", contact=contact)
        theirs.answer()
        await theirs.rtp.hears(COLLEAGUE_HZ)
        assert not any(stack.facts.of("CallOffered", contact=contact) for _, contact in calls)
        for desk in desks:
            assert stack.facts.of("AgentStateChanged", agent=desk.number)[-1].body["state"] == "communicating"
        await own.hang_up()
        # Both at once: a ring that waits for the other's talk may be over.
        both = zip(desks, calls, strict=True)
        rungs = await asyncio.gather(*(answered(stack, desk, contact) for desk, (_, contact) in both))
        for rung, (call, contact) in zip(rungs, calls, strict=True):
            await rung.hang_up()
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_a_headset_is_asked_to_answer_by_itself(stack: HotlineStack) -> None:
    """Offers to its phone carry both headers that phones know, others none."""
    async with agents(stack, HEADSET, TALKS, manner=BY_HAND) as desks, stack.caller() as caller:
        asked = []
        for desk in desks:
            call, contact = await dial(stack, caller, did(desk.number))
            rung = await answered(stack, desk, contact)
            assert rung.invite is not None
            asked.append([rung.invite.header(name) for name in ("Alert-Info", "Call-Info")])
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
        assert "info=alert-autoanswer" in asked[0][0] and "answer-after=0" in asked[0][1]
        assert asked[1] == ["", ""]
    await nothing_left(stack)


@pytest.mark.long
async def test_a_raised_hand_is_told_until_it_is_lowered(stack: HotlineStack) -> None:
    async with agents(stack, HELPS, manner=BY_HAND) as (desk,), stack.caller() as caller:
        call, contact = await dial(stack, caller, did(HELPS))
        rung = await answered(stack, desk, contact)
        await desk.code("*19")  # on a second line, while the caller talks
        asked = (await stack.fact("HelpAsked", agent=HELPS)).body
        assert asked["contact"] == contact
        await stack.back("acd", stack.kill("acd"))
        await stack.metric_becomes("web", "hotline_agents_hands_raised", 1.0)
        view = (await stack.picture())["open"]["agents"][HELPS]
        assert (view["help_ms"], view["state"]) == (asked["at_ms"], "on_contact")
        await desk.code("*190")
        ended = (await stack.fact("HelpEnded", agent=HELPS)).body
        assert ended["by"] == "agent" and ended["waited_ms"] == ended["at_ms"] - asked["at_ms"]
        await asyncio.gather(rung.hang_up(), call.hang_up())
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_an_agent_of_two_phones_answers_at_either(stack: HotlineStack) -> None:
    """Both ring; one answers or declines, the other goes on or stops; codes count from both."""
    async with (
        agents(stack, TWO_PHONES, manner=BY_HAND) as (desk,),
        stack.phone(SOFTPHONE, manner=BY_HAND) as soft,
        stack.caller() as caller,
    ):
        await soft.register()
        for answering, silent, declines in ((soft, desk.phone, False), (desk.phone, soft, True)):
            call, contact = await dial(stack, caller, did(TWO_PHONES))
            rung, other = [await phone.incoming(within_s=15) for phone in (answering, silent)]
            if declines:
                other.reject(603, "Decline")
                await other.ended()
            rung.answer()
            await stack.fact("CallConnected", contact=contact, agent=TWO_PHONES, within_s=10)
            await other.ended()
            assert stack.facts.of("AgentStateChanged", agent=TWO_PHONES)[-1].body["state"] == "on_contact"
            await rung.hang_up()
            await stack.fact("SegmentEnded", contact=contact, hung_up_by="agent")
            await stack.facts.agent_state(TWO_PHONES, "ready")
            assert len(stack.facts.of("CallOffered", contact=contact)) == 1
            assert not stack.facts.of("OfferEnded", contact=contact)
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
        await stack.desk(soft, TWO_PHONES).not_ready("2")
        assert (await stack.facts.agent_state(TWO_PHONES, "not_ready")).body["reason"] == "2"
    await nothing_left(stack)


async def test_a_supervisor_takes_over_from_a_further_phone(stack: HotlineStack) -> None:
    """And codes without a conversation count from it."""
    async with (
        agents(stack, TALKS, manner=BY_HAND) as (desk,),
        agents(stack, TWO_PHONES, ready=False),
        stack.phone(SOFTPHONE) as soft,
        stack.caller() as caller,
    ):
        await soft.register()
        call, contact = await dial(stack, caller, did(TALKS))
        rung = await answered(stack, desk, contact)
        talk = await soft.call(f"*33{TALKS}").answered()
        joined = (await stack.fact("CallConnected", contact=contact, agent=TWO_PHONES, within_s=10)).body
        assert joined["how"] == "joined"
        await rung.ended()
        await stack.fact("SegmentEnded", contact=contact, agent=TALKS, hung_up_by="transfer")
        await talk.hang_up()
        await stack.fact("SegmentEnded", contact=contact, agent=TWO_PHONES, hung_up_by="agent")
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        asked = await soft.call("*34").answered()
        await asked.rtp.hears(prompt_hz("nobody-waits"))
        await asked.ended()
    await nothing_left(stack)
