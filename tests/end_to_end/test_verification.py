"""An agent sends the caller to enter digits, and gets back the caller and yes or no, nothing else."""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from harness.call import Call
from harness.lanes import CHECKER_PORT, VERIFYING, Lane, lane_settings
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)
CALLER_HZ, AGENT_HZ = 440, 620
VERIFY = "*5"
RIGHT, WRONG = "738195", "402617"


@contextlib.asynccontextmanager
async def checker() -> AsyncIterator[list[dict[str, str]]]:
    """Knows the right digits; yields what it was asked."""
    asked: list[dict[str, str]] = []

    async def check(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response({"verified": asked[-1]["digits"] == RIGHT})

    app = web.Application()
    app.router.add_post("/check", check)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", CHECKER_PORT).start()
    try:
        yield asked
    finally:
        await runner.cleanup()


async def test_digits_reach_the_checker_only(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with (
        checker() as asked,
        agents(stack, number, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await desk.phone.incoming(within_s=15)
        talk.answer()
        await stack.fact("CallConnected", contact=contact)
        await talk.rtp.hears(CALLER_HZ)

        await _enter(talk, call, WRONG)
        await call.rtp.hears(prompt_hz("verify-wrong"))
        await call.rtp.hears(prompt_hz("verify-enter"))
        await call.send_digits(RIGHT)
        verdict = (await stack.fact("CallerVerified", contact=contact)).body
        assert (verdict["agent"], verdict["verified"]) == (number, True)
        await talk.rtp.hears(prompt_hz("verified"), share=0.3)
        await call.rtp.hears(AGENT_HZ)
        assert [one["digits"] for one in asked] == [WRONG, RIGHT]

        await _enter(talk, call, f"{WRONG[:4]}#")
        await call.rtp.hears(prompt_hz("verify-wrong"))
        await call.rtp.hears(prompt_hz("verify-enter"))
        await call.send_digits(WRONG)
        verdict = (await stack.fact("CallerVerified", contact=contact, count=2)).body
        assert verdict["verified"] is False
        await talk.rtp.hears(prompt_hz("verification-failed"), share=0.3)
        await talk.rtp.hears(CALLER_HZ)
        state = await stack.facts.agent_state(number, "on_contact")
        assert len(stack.facts.of("AgentStateChanged", offer=state.body["offer"])) == 2  # offered, on_contact
        assert (talk.info_digits, talk.rtp.digits) == ("", "")
        await talk.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)
    assert _files_with(stack.data, (RIGHT, WRONG)) == []


async def test_the_transfer_key_leads_there_and_back(stack: HotlineStack, lane: Lane) -> None:
    """By the phone's own REFER: the agent is kept, is rung with the answer, and nothing else is known."""
    number = lane.agents[0]
    async with (
        checker() as asked,
        agents(stack, number, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
        stack.caller(tone_hz=CALLER_HZ) as later,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        for count, digits, result in ((1, RIGHT, "verified"), (2, f"{WRONG[:5]}#", "verification-failed")):
            talk = await desk.phone.incoming(within_s=15)
            talk.answer()
            await stack.fact("CallConnected", contact=contact, count=2 * count - 1)
            await talk.rtp.hears(CALLER_HZ)
            assert await talk.refer(VERIFYING) == 202
            await stack.fact(
                "AgentStateChanged",
                agent=number,
                state="acw",
                reason="verifying",
                contact=contact,
                count=count,
            )
            await call.rtp.hears(prompt_hz("verify-enter"), within_s=6)
            if count == 1:
                waiting, other = await dial(stack, later, lane.straight)  # may not have the agent now
                await stack.fact("CallQueued", contact=other, within_s=15)
                await desk.code("*15")
            await call.send_digits(digits)
            if count == 2:
                await call.rtp.hears(prompt_hz("verify-wrong"))
                await call.rtp.hears(prompt_hz("verify-enter"))
                await call.send_digits(WRONG)
            verdict = (await stack.fact("CallerVerified", contact=contact, count=count)).body
            assert (verdict["agent"], verdict["verified"]) == (number, result == "verified")
            back = await desk.phone.incoming(within_s=15)
            back.answer()
            await back.rtp.hears(prompt_hz(result))
            await stack.fact("CallConnected", contact=contact, count=2 * count)
            await back.rtp.hears(CALLER_HZ)
            await call.rtp.hears(AGENT_HZ)
            assert [one.info_digits + one.rtp.digits for one in (talk, back)] == ["", ""]
            if count == 1:
                assert await back.refer(number) == 202  # once more from the beginning
        assert not stack.facts.of("CallOffered", contact=other)
        assert [one["digits"] for one in asked] == [RIGHT, WRONG[:5], WRONG]
        await waiting.hang_up()
        await back.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        offers = [fact.body for fact in stack.facts.of("CallOffered", contact=contact)]
        assert {one["agent"] for one in offers} == {number}
    await nothing_left(stack)
    assert _files_with(stack.data, (RIGHT, WRONG)) == []


async def test_who_hangs_up_over_the_digits_sets_the_agent_free(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with (
        checker(),
        agents(stack, number, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await desk.phone.incoming(within_s=15)
        talk.answer()
        await stack.fact("CallConnected", contact=contact)
        assert await talk.refer(VERIFYING) == 202
        await call.rtp.hears(prompt_hz("verify-enter"), within_s=6)
        await stack.fact("AgentStateChanged", agent=number, reason="verifying", contact=contact)
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        await stack.facts.agent_state(number, "ready", within_s=5)
    await nothing_left(stack)


@pytest.mark.long
async def test_a_killed_acd_keeps_the_agent_for_the_caller(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    stack, lane = await own_stack(lane_settings(1)), Lane(0)
    number = lane.agents[0]
    async with (
        checker(),
        agents(stack, number, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await desk.phone.incoming(within_s=15)
        talk.answer()
        await stack.fact("CallConnected", contact=contact)
        assert await talk.refer(VERIFYING) == 202
        await call.rtp.hears(prompt_hz("verify-enter"), within_s=6)
        await stack.fact("AgentStateChanged", agent=number, reason="verifying", contact=contact)
        pid = stack.kill("acd")
        await stack.back("acd", pid)
        await call.send_digits(RIGHT)
        back = await desk.phone.incoming(within_s=15)
        back.answer()
        await back.rtp.hears(prompt_hz("verified"))
        await back.rtp.hears(CALLER_HZ)
        verdict = (await stack.fact("CallerVerified", contact=contact)).body
        assert (verdict["agent"], verdict["verified"]) == (number, True)
        await back.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def _enter(talk: Call, call: Call, digits: str) -> None:
    """The agent presses the code; the caller is asked, and types."""
    await talk.send_digits(VERIFY)
    await call.rtp.hears(prompt_hz("verify-enter"), within_s=6)
    await call.send_digits(digits)


def _files_with(folder: Path, words: tuple[str, ...]) -> list[Path]:
    """Files of the hotline that hold one of these words, PostgreSQL's among them.

    Of a longer number it is no part: the clock's digits have every number now and then.
    """
    wanted = re.compile(rb"(?<![\d.])(?:%s)(?!\d)" % b"|".join(word.encode() for word in words))
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and wanted.search(path.read_bytes()):
                found.append(path)
    return found
