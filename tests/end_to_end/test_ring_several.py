"""Several phones ring at once for one caller: one wins, and nobody else has a mark against them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from harness import sound
from harness.call import Call
from harness.desk import Desk
from harness.lanes import RING_CYCLE_MS, Lane, lane_settings
from harness.phone import BUSY, NEVER_ANSWERS, Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

CALLER_HZ = 440
DECLINES_LATER = Manner(ring_s=0.3, reject=603)  # its cause is the last that Dial hears before time runs out


async def _ringing(stack: HotlineStack, contact: str, desks: list[Desk]) -> list[Call]:
    """The calls at these agents' phones, all of them offered and rung by one Dial."""
    rung = await asyncio.gather(*(desk.phone.incoming(within_s=15) for desk in desks))
    await stack.fact("OfferRang", contact=contact, count=len(desks))
    offered = [fact.body for fact in stack.facts.of("CallOffered", contact=contact)]
    assert [one["agent"] for one in offered] == [desk.number for desk in desks]
    assert {one["dial"] for one in offered} == {offered[0]["offer"]}
    return list(rung)


def _day(picture: dict[str, Any], agent: str) -> dict[str, Any]:
    day: dict[str, Any] = picture["day_by_agent"][agent]
    return day


async def test_three_ring_at_once_and_one_wins(stack: HotlineStack, lane: Lane) -> None:
    first, winner, third, fourth = lane.agents
    async with (
        agents(stack, first, winner, third, fourth, manner=NEVER_ANSWERS) as desks,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        idle_since_ms = [
            (await stack.facts.agent_state(one, "ready")).body["idle_since_ms"] for one in lane.agents
        ]
        call, contact = await dial(stack, caller, lane.together_number)
        rung = await _ringing(stack, contact, desks[:3])
        assert desks[3].phone.unfetched == 0
        rung[1].answer()
        await rung[1].rtp.hears(prompt_hz(f"queue-{lane.queue}"))
        said = prompt_hz(f"agent-{winner}")  # the winner's number, once it is known, and to both
        await asyncio.gather(call.rtp.hears(said, share=0.3), rung[1].rtp.hears(said, share=0.3))
        connected = (await stack.fact("CallConnected", contact=contact, agent=winner)).body
        await rung[1].rtp.hears(CALLER_HZ)
        await asyncio.gather(*(rung[place].ended() for place in (0, 2)))

        # The losers are ready as before: as idle as they were, and with no failure against them.
        for place in (0, 2):
            state = (await stack.facts.agent_state(lane.agents[place], "ready")).body
            assert state["idle_since_ms"] == idle_since_ms[place]
        picture = await stack.picture()
        for loser in (first, third):
            day = _day(picture, loser)
            assert (day["offers"], day["offers_failed"]) == (1, {"answered_elsewhere": 1})
        assert _day(picture, winner)["offers_failed"] == {}
        await asyncio.sleep(1.0)  # something to record
        await rung[1].hang_up()
        await call.hang_up()
        segment = (await stack.fact("SegmentEnded", contact=contact)).body
        assert (segment["agent"], segment["segment"]) == (winner, connected["segment"])
        await stack.fact("ContactEnded", contact=contact)
    await stack.fact("MediaMeasured", contact=contact, side="agent")
    (measured,) = stack.facts.of("MediaMeasured", contact=contact, side="agent")
    assert measured.body["segment"] == connected["segment"]
    await _one_recording(stack, contact, connected["recording"])
    await _ledger_has(stack, lane)
    await nothing_left(stack)


async def _one_recording(stack: HotlineStack, contact: str, name: str) -> None:
    """The winner's leg was recorded, and no other."""
    file = stack.deployment.recordings / f"{name}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    callers, _ = sound.read_channels(file)
    assert sound.clearest_share(callers, CALLER_HZ) > 0.9
    offers = [fact.body["offer"] for fact in stack.facts.of("CallOffered", contact=contact)]
    raw = [path.stem for path in (stack.deployment.recordings / "incoming").glob("*.raw")]
    kept = [path.stem for path in stack.deployment.recordings.rglob("*.wav")]
    assert {*raw, *kept} & set(offers) == {file.stem}


async def _ledger_has(stack: HotlineStack, lane: Lane) -> None:
    """One contact, three offers, one answer, two of the offers answered elsewhere."""
    query = "SELECT sum((totals->>'offers')::int) AS offers FROM quarter_total WHERE queue = $1"
    for _ in range(100):
        rows = await stack.sql(query, lane.together)
        if rows and rows[0]["offers"] == 3:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(rows)


async def test_who_answers_in_the_same_moment_has_lost(stack: HotlineStack, lane: Lane) -> None:
    """Both phones say 200 before Asterisk can have read either: one talks, the other is hung up on."""
    async with (
        agents(stack, *lane.agents[:3], manner=NEVER_ANSWERS) as desks,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        for _ in range(5):
            before = len(stack.facts.of("CallOffered", queue=lane.together))
            call, contact = await dial(stack, caller, lane.together_number)
            rung = await asyncio.gather(*(desk.phone.incoming(within_s=15) for desk in desks))
            await stack.fact("OfferRang", contact=contact, count=3)
            for one in rung:
                one.answer()
            connected = (await stack.fact("CallConnected", contact=contact)).body
            assert len(stack.facts.of("CallOffered", queue=lane.together)) == before + 3
            await until(lambda: sum(one.end is None for one in rung) == 1, "one talks", 5)  # noqa: B023
            (talking,) = [one for one in rung if one.end is None]
            winner = desks[rung.index(talking)].number
            assert connected["agent"] == winner
            await talking.rtp.hears(CALLER_HZ)
            await talking.hang_up()
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
            assert len(stack.facts.of("CallAnswered", contact=contact)) == 1
            assert len(stack.facts.of("CallConnected", contact=contact)) == 1
            causes = [fact.body["cause"] for fact in stack.facts.of("OfferEnded", contact=contact)]
            assert causes == ["answered_elsewhere"] * 2
            await asyncio.gather(*(stack.facts.agent_state(desk.number, "ready") for desk in desks))
    await nothing_left(stack)


async def test_if_nobody_answers_each_has_a_verdict_of_its_own(stack: HotlineStack, lane: Lane) -> None:
    silent, refusing, busy, willing = lane.agents
    async with (
        agents(stack, silent, refusing, busy) as desks,
        stack.agent(willing, ready=False, manner=NEVER_ANSWERS) as last,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        for desk, manner in zip(desks, (NEVER_ANSWERS, DECLINES_LATER, BUSY), strict=True):
            desk.phone.manner = manner
        call, contact = await dial(stack, caller, lane.together_number)
        assert (await stack.facts.agent_state(refusing, "not_ready", within_s=15)).body[
            "reason"
        ] == "rejected"
        await stack.facts.agent_state(busy, "communicating")
        ended = (await stack.fact("OfferEnded", contact=contact, agent=silent, within_s=10)).body
        await stack.facts.agent_state(silent, "not_responding")
        assert (ended["cause"], ended["ring_ms"] > 3 * RING_CYCLE_MS) == ("no_answer", True)
        causes = {
            fact.body["agent"]: fact.body["cause"]
            for fact in stack.facts.of("OfferEnded", contact=contact)[:3]
        }
        assert causes == {silent: "no_answer", refusing: "rejected", busy: "busy"}
        await last.ready()
        rung = await last.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact, agent=willing, within_s=15)
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


@pytest.mark.long
async def test_one_answers_while_acd_is_dead(own_stack: Callable[[str], Awaitable[HotlineStack]]) -> None:
    """acd is killed while three phones ring; one is answered meanwhile: it has won, the others are free."""
    lane = Lane(0)
    stack = await own_stack(lane_settings(1))
    async with (
        agents(stack, *lane.agents[:3], manner=NEVER_ANSWERS) as desks,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.together_number)
        rung = await _ringing(stack, contact, desks)
        pid = stack.kill("acd")
        rung[2].answer()
        await rung[2].rtp.hears(CALLER_HZ)
        await asyncio.gather(*(one.ended() for one in rung[:2]))
        await stack.back("acd", pid)
        winner = desks[2].number
        connected = (await stack.fact("CallConnected", contact=contact, within_s=15)).body
        assert connected["agent"] == winner
        await asyncio.gather(*(stack.facts.agent_state(desk.number, "ready") for desk in desks[:2]))
        causes = {
            fact.body["agent"]: fact.body["cause"] for fact in stack.facts.of("OfferEnded", contact=contact)
        }
        assert causes == dict.fromkeys((desk.number for desk in desks[:2]), "answered_elsewhere")
        assert rung[2].talking and call.talking
        await rung[2].hang_up()
        await call.hang_up()
        segment = (await stack.fact("SegmentEnded", contact=contact)).body
        assert (segment["agent"], segment["segment"]) == (winner, connected["segment"])
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)
