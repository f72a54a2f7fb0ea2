"""What an agent does by feature codes: in and out, ready and not, work ended early, at any phone."""

import re
import time

from harness.lanes import Lane
from harness.phone import Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

PATIENCE_S = 30.0


async def test_states_by_code(stack: HotlineStack, lane: Lane) -> None:
    """Each code has its state and its voice; after-contact work has a deadline and ends early by code."""
    number = lane.agents[0]
    async with stack.phone(number, manner=Manner()) as phone, stack.caller() as caller:
        await phone.register()
        desk = stack.desk(phone)
        early = await phone.call("*13").answered()  # nobody is logged in here
        await early.rtp.hears(prompt_hz("not-logged-in"))
        await early.ended()

        await desk.log_in()
        assert await _state(stack, number, "not_ready") == "login"
        await desk.ready()
        assert await _state(stack, number, "ready") == ""
        await desk.not_ready("2")
        assert await _state(stack, number, "not_ready") == "2"
        asked = await phone.call("*14").answered()  # the reason is asked for
        await asked.rtp.hears(prompt_hz("enter-reason"))
        await asked.send_digits("1")
        await asked.rtp.hears(prompt_hz("now-not-ready"))
        await asked.ended()
        assert await _state(stack, number, "not_ready") == "1"
        await desk.ready()

        await _serve(stack, lane, caller, phone)
        work = await stack.fact("AgentStateChanged", agent=number, state="acw")
        await desk.finish_work()
        ready = await stack.facts.agent_state(number, "ready")
        after = stack.facts.all().index(work)
        states = [
            fact.body["state"]
            for fact in stack.facts.all()[after:]
            if fact.kind == "AgentStateChanged" and fact.body["agent"] == number
        ]
        assert states == ["acw", "ready"]
        assert ready.body["at_ms"] <= work.body["until_ms"] + 1000

        await desk.log_out()
        await stack.facts.agent_state(number, "offline")
    await nothing_left(stack)


async def test_a_wrong_pin_is_told_delayed_and_counted(stack: HotlineStack, lane: Lane) -> None:
    """Each failure at a phone is answered later than the one before; a right PIN in the same call will do."""
    number, other = lane.agents[:2]
    before = _refused(await stack.metrics("acd"))
    async with stack.phone(number) as phone:
        await phone.register()
        call = await phone.call("*11").answered()
        delays = []
        for attempt, (who, pin) in enumerate(((number, "00000000"), ("99999", "1234")), 1):
            await call.rtp.hears(prompt_hz("enter-number"), within_s=PATIENCE_S)
            await call.send_digits(f"{who}#{pin}#")
            fact = await stack.fact("LoginRefused", phone=number, attempts=attempt)
            assert fact.body["agent"] == who
            assert "00000000" not in str(fact.body)
            await call.rtp.hears(prompt_hz("wrong-pin"), within_s=PATIENCE_S)
            delays.append(time.time() - fact.body["at_ms"] / 1000)
        assert delays[0] >= 1.0 and delays[1] >= 3.0
        await call.rtp.hears(prompt_hz("enter-number"), within_s=PATIENCE_S)
        await call.send_digits(f"{number}#{stack.secrets.pin(number)}#")
        await call.rtp.hears(prompt_hz("logged-in"), within_s=PATIENCE_S)
        await call.ended()
        assert await _state(stack, number, "not_ready") == "login"
        await stack.desk(phone).log_out()
    assert _refused(await stack.metrics("acd")) == before + 2
    assert not stack.facts.of("AgentStateChanged", agent=other)
    await nothing_left(stack)


async def test_an_agent_at_another_phone(stack: HotlineStack, lane: Lane) -> None:
    """Calls go where the agent sits; who sat there is logged out."""
    moving, sitting = lane.agents[:2]
    manner = Manner(reject=None)
    async with agents(stack, moving, sitting, manner=manner) as desks, stack.caller() as caller:
        there = stack.desk(desks[1].phone, moving)
        await there.log_in()
        assert await _state(stack, sitting, "offline") == "phone_taken"
        await there.ready()
        state = (await stack.facts.agent_state(moving, "ready")).body
        assert state["phone"] == sitting
        call, contact = await dial(stack, caller, lane.straight)
        rung = await there.phone.incoming(within_s=15)
        offer = (await stack.fact("CallOffered", contact=contact)).body
        assert (offer["agent"], offer["phone"]) == (moving, sitting)
        assert desks[0].phone.unfetched == 0
        rung.answer()
        await stack.fact("CallConnected", contact=contact, agent=moving)
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        await there.log_out()
        await stack.facts.agent_state(moving, "offline", within_s=10)
    await nothing_left(stack)


async def _serve(stack: HotlineStack, lane: Lane, caller: Phone, phone: Phone) -> None:
    """One call, ended by the caller as soon as both talk."""
    call, contact = await dial(stack, caller, lane.straight)
    await stack.fact("CallConnected", contact=contact, within_s=15)
    await call.hang_up()
    await (await phone.incoming()).ended()


async def _state(stack: HotlineStack, agent: str, state: str) -> str:
    """Wait for a state; returns its reason."""
    reason: str = (await stack.facts.agent_state(agent, state)).body["reason"]
    return reason


def _refused(metrics: str) -> float:
    found = re.search(r"^hotline_agent_logins_refused_total (\S+)$", metrics, re.MULTILINE)
    assert found
    return float(found[1])
