"""The main job: a caller dials, chooses, talks with the right agent, is asked, and all of it is kept."""

import asyncio

from harness import sound
from harness.lanes import Lane
from harness.prompt_tones import prompt_hz
from harness.stack import HotlineStack
from harness.waiting import until


async def test_a_call_by_menu_to_the_agent_with_the_skill(stack: HotlineStack, lane: Lane) -> None:
    special, other = lane.agents[:2]
    async with (
        stack.agent(special, tone_hz=1000) as right,
        stack.agent(other, tone_hz=1500) as wrong,
        stack.caller(tone_hz=440) as caller,
    ):
        call = await caller.call(lane.menu).answered()
        for prompt in ("greeting", "recorded-notice", "menu-language"):
            await call.rtp.hears(prompt_hz(prompt))
        await call.send_digits("2")
        await call.rtp.hears(prompt_hz("menu-subject", "en"))
        await call.send_digits("2")

        rung = await right.phone.incoming()
        rung.answer()
        hears_whisper = rung.rtp.hears(prompt_hz(f"queue-{lane.queue}"))  # in the house's language
        hears_number = call.rtp.hears(prompt_hz(f"agent-{special}", "en"))
        await asyncio.gather(hears_whisper, hears_number)
        await asyncio.gather(rung.rtp.hears(440), call.rtp.hears(1000))
        queued = (await stack.fact("CallQueued", queue=lane.queue)).body
        contact = queued["contact"]
        connected = (await stack.fact("CallConnected", contact=contact)).body
        await asyncio.sleep(1.0)
        await rung.hang_up()

        await call.rtp.hears(prompt_hz("survey", "en"))
        await call.send_digits("5")
        await call.rtp.hears(prompt_hz("survey-thanks", "en"))
        assert (await call.ended()).by == "far"
        ended = (await stack.fact("ContactEnded", contact=contact)).body
        assert wrong.phone.unfetched == 0

    assert (queued["language"], ended["satisfaction"], ended["hung_up_by"]) == ("en", 5, "agent")
    offered = stack.facts.of("CallOffered", contact=contact)
    assert [fact.body["agent"] for fact in offered] == [special]
    await _recording_has_both(stack, connected["recording"])
    await _database_has(stack, contact)


async def _recording_has_both(stack: HotlineStack, name: str) -> None:
    """The caller is on the left, the agent on the right."""
    file = stack.deployment.recordings / f"{name}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    callers, agents = sound.read_channels(file)
    assert sound.clearest_share(callers, 440) > 0.9 > 0.1 > sound.tone_share(callers, 1000)
    assert sound.clearest_share(agents, 1000) > 0.9 > 0.1 > sound.tone_share(agents, 440)


async def _database_has(stack: HotlineStack, contact: str) -> None:
    """Every fact of the contact that the journal holds is in PostgreSQL, once."""
    journal = sorted(fact.fact_id for fact in stack.journal("acd") if fact.contact == contact)
    for _ in range(50):
        rows = await stack.sql("SELECT fact_id FROM fact WHERE contact = $1 AND writer = 'acd'", contact)
        if sorted(row["fact_id"] for row in rows) == journal:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"journal {journal}, database {rows}")
