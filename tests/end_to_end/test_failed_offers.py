"""Each kind of failed offer is told apart, and the caller keeps the place meanwhile."""

import asyncio

from harness.desk import Desk
from harness.lanes import RING_CYCLE_MS, Lane
from harness.phone import BUSY, DECLINES, NEVER_ANSWERS, Manner
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

RINGS = 4  # offer_rings, where the settings say nothing else
RINGS_MS = RINGS * RING_CYCLE_MS
SLOW_MS = 2000


async def test_unanswered_rejected_and_busy_lead_on_in_the_same_place(
    stack: HotlineStack, lane: Lane
) -> None:
    """One agent after the other becomes ready and fails; the later caller is never offered before."""
    silent, refusing, busy, willing = lane.agents
    async with (
        agents(stack, *lane.agents, ready=False) as desks,
        stack.caller() as caller,
    ):
        for desk, manner in zip(desks, (NEVER_ANSWERS, DECLINES, BUSY, Manner()), strict=True):
            desk.phone.manner = manner
        call, first = await dial(stack, caller, lane.straight)
        await stack.fact("CallQueued", contact=first, within_s=15)
        later_call, later = await dial(stack, caller, lane.straight)
        await stack.fact("CallQueued", contact=later, within_s=15)
        for count, desk in enumerate(desks[:3], 1):
            await desk.ready()
            await stack.fact("OfferEnded", contact=first, count=count, within_s=10)
        await stack.facts.agent_state(silent, "not_responding")
        assert (await stack.facts.agent_state(refusing, "not_ready")).body["reason"] == "rejected"

        # The busy one comes back by itself and is busy again; whoever it is offered, the place is kept.
        await desks[3].ready()
        await stack.fact("CallConnected", contact=first, agent=willing, within_s=10)
        offers = [fact.body for fact in stack.facts.of("CallOffered", queue=lane.queue)]
        of_later = next((n for n, offer in enumerate(offers) if offer["contact"] == later), len(offers))
        answered = next(n for n, offer in enumerate(offers) if offer["agent"] == willing)
        assert answered < of_later
        causes = [
            (fact.body["agent"], fact.body["cause"]) for fact in stack.facts.of("OfferEnded", contact=first)
        ]
        assert causes[:3] == [(silent, "no_answer"), (refusing, "rejected"), (busy, "busy")]
        assert set(causes[3:]) <= {(busy, "busy")}
        unanswered = stack.facts.of("OfferEnded", contact=first, agent=silent)[0].body
        for rang_ms in (unanswered["ring_ms"], _rang_ms(desks[0])):  # seen over AMI, and by the phone
            assert RINGS_MS - RING_CYCLE_MS < rang_ms < RINGS_MS + SLOW_MS
        (queued,) = stack.facts.of("CallQueued", contact=first)
        connected = stack.facts.of("CallAnswered", contact=first)[0].body
        assert connected["wait_ms"] == connected["at_ms"] - queued.body["wait_since_ms"]

        counted = (await stack.picture())["day_by_queue"][lane.queue]["offers_failed"]
        assert (counted["no_answer"], counted["rejected"]) == (1, 1) and counted["busy"] >= 1
        await call.hang_up()
        await later_call.hang_up()
        await stack.fact("ContactEnded", contact=later)
        await desks[0].ready()  # not responding until ready again
        await stack.facts.agent_state(silent, "ready")
    await nothing_left(stack)


def _rang_ms(desk: Desk) -> float:
    """How long the phone's first call rang until it was taken back, by the kernel's clock."""
    call = next(call for call in desk.phone.calls if not call.outgoing)
    assert call.end is not None and (call.end.by, call.end.status) == ("far", 487)
    return (call.end.at_us - call.invited_us) / 1000


async def test_an_agent_whose_phone_is_gone_is_not_rung(stack: HotlineStack, lane: Lane) -> None:
    """Signed off, the phone is known to be away; unplugged, the first offer tells. Both come back."""
    signed_off, unplugged, there = lane.agents[:3]
    async with (
        agents(stack, signed_off, unplugged, there, manner=Manner()) as desks,
        stack.caller() as caller,
    ):
        await desks[0].phone.unregister()
        state = (await stack.facts.agent_state(signed_off, "not_ready")).body
        assert (state["reason"], state["intent"]) == ("unreachable", "ready")
        desks[1].phone.socket.deaf = True

        call, contact = await dial(stack, caller, lane.straight)
        await stack.fact("CallConnected", contact=contact, agent=there, within_s=20)
        offered = [fact.body["agent"] for fact in stack.facts.of("CallOffered", contact=contact)]
        assert offered == [unplugged, there]
        ended = stack.facts.of("OfferEnded", contact=contact)[0].body
        assert ended["cause"] == "unreachable"
        state = (await stack.facts.agent_state(unplugged, "not_ready")).body
        assert state["reason"] == "unreachable"
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)

        desks[1].phone.socket.deaf = False
        await asyncio.gather(desks[0].phone.register(), desks[1].ready())
        await asyncio.gather(*(stack.facts.agent_state(one, "ready") for one in (signed_off, unplugged)))
    await nothing_left(stack)
