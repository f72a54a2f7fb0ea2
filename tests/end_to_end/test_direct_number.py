"""A direct number is not answered before an agent is; with nobody free after its rings, it is, and waits."""

from harness.call import Call
from harness.lanes import RING_CYCLE_MS, Lane
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)
DIRECT_RINGS = 3  # of every lane's direct number


async def test_the_caller_hears_rings_until_the_agent_answers(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with agents(stack, number, manner=BY_HAND) as (desk,), stack.caller(tone_hz=440) as caller:
        call, contact = await dial(stack, caller, lane.direct)
        await call.ringing()
        rung = await desk.phone.incoming()
        assert _statuses(call) <= {100, 180}, "the trunk is answered though no agent is"
        rung.answer()
        await call.answered()
        assert call.answered_us >= rung.answered_us
        await rung.rtp.hears(440)
        await rung.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        started = (await stack.fact("ContactStarted", contact=contact)).body
        queued = (await stack.fact("CallQueued", contact=contact)).body
        answered = (await stack.fact("CallAnswered", contact=contact)).body
        # The wait counts from the first ring, which is the call itself.
        assert started["direct"] and queued["wait_since_ms"] <= queued["at_ms"]
        assert answered["wait_ms"] == answered["at_ms"] - queued["wait_since_ms"]
        ended = (await stack.fact("ContactEnded", contact=contact)).body
        assert (ended["stage"], ended["outcome"]) == ("survey", "queued")
    await nothing_left(stack)


async def test_nobody_free_after_its_rings(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with (
        agents(stack, number, ready=False, manner=Manner()) as (desk,),
        stack.caller(tone_hz=440) as caller,
    ):
        impatient, gone = await dial(stack, caller, lane.direct)
        await impatient.ringing()
        await stack.fact("CallQueued", contact=gone)
        assert (await impatient.hang_up()).status == 487
        ended = (await stack.fact("ContactEnded", contact=gone)).body
        assert (ended["stage"], ended["outcome"], ended["hung_up_by"]) == ("waiting", "queued", "caller")
        assert (await stack.fact("CallLeftQueue", contact=gone)).body["how"] == "abandoned"

        call, contact = await dial(stack, caller, lane.direct)
        await call.answered(within_s=10)
        rung_ms = (call.answered_us - call.invited_us) / 1000
        assert rung_ms >= DIRECT_RINGS * RING_CYCLE_MS
        await call.rtp.hears_sound()  # music
        await desk.ready()
        await stack.fact("CallConnected", contact=contact, agent=number)
        answered = (await stack.fact("CallAnswered", contact=contact)).body
        assert answered["wait_ms"] >= DIRECT_RINGS * RING_CYCLE_MS
        await (await desk.phone.incoming()).rtp.hears(440)
        await call.hang_up()
        assert (await stack.fact("ContactEnded", contact=contact)).body["stage"] == "connected"
        assert len(stack.facts.of("CallQueued", contact=contact)) == 1
    await nothing_left(stack)


def _statuses(call: Call) -> set[int]:
    """All statuses that the caller's phone has heard for this call."""
    heard = [entry.message for entry in call.dialog.socket.log if not entry.sent]
    return {message.status for message in heard if message.call_id == call.dialog.call_id and message.status}
