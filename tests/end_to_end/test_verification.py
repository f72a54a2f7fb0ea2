"""An agent sends the caller to enter digits, and gets back the caller and yes or no, nothing else."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from harness.call import Call
from harness.lanes import CHECKER_PORT, Lane
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
        assert talk.info_digits == ""
        await talk.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)
    assert _files_with(stack.data, (RIGHT, WRONG)) == []


async def _enter(talk: Call, call: Call, digits: str) -> None:
    """The agent presses the code; the caller is asked, and types."""
    await talk.send_digits(VERIFY)
    await call.rtp.hears(prompt_hz("verify-enter"), within_s=6)
    await call.send_digits(digits)


def _files_with(folder: Path, words: tuple[str, ...]) -> list[Path]:
    """Files of the hotline that hold one of these words, PostgreSQL's among them."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and any(word.encode() in path.read_bytes() for word in words):
                found.append(path)
    return found
