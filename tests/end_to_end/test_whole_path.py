"""The whole path: a caller dials, is greeted and asked, waits, an agent rings, they talk, it is recorded."""

import asyncio
import hashlib

import pytest
from harness import sound
from harness.call import Call
from harness.lanes import AFTER_CONTACT_S, Lane
from harness.phone import Manner
from harness.stack import HotlineStack
from harness.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, AGENT_HZ = 440, 1000


async def press(call: Call, stack: HotlineStack, menu: str, digit: str) -> None:
    """Press a digit again and again until the menu has taken it, as an impatient caller does."""
    for _ in range(40):
        taken = [
            fact
            for fact in stack.journal("ivr")
            if fact.kind == "MenuChosen" and fact.body["menu"] == menu and call.talking
        ]
        contact = stack.facts.of("ContactStarted")[-1].contact
        if any(fact.contact == contact for fact in taken):
            return
        await call.send_digits(digit)
        await asyncio.sleep(0.4)
    raise TimeoutError(f"{call}: menu {menu} took no {digit}")


async def test_a_call_from_dialling_to_satisfaction(stack: HotlineStack, lane: Lane) -> None:
    """Greeting, two menus, queue, whisper, talk, survey; two tones on their own channels; facts add up."""
    number = lane.agents[0]
    manner = Manner(ring_s=0.3)
    async with (
        stack.agent(number, tone_hz=AGENT_HZ, manner=manner) as desk,
        stack.caller("13911112222", tone_hz=CALLER_HZ) as caller,
    ):
        call = await caller.call(lane.menu).answered()
        await call.rtp.hears_sound()
        started = await stack.fact("ContactStarted", number=lane.menu)
        contact = started.contact
        assert contact
        await press(call, stack, "language", "1")
        await press(call, stack, "subject", "2")
        ring = await desk.phone.incoming()
        await ring.answered()
        queued = await stack.fact("CallQueued", contact=contact)
        assert queued.body["queue"] == lane.queue
        assert "special" in queued.body["needs"]
        answered = await stack.fact("CallAnswered", contact=contact)
        assert answered.body["agent"] == number
        assert answered.body["target_ms"] == 3 * 500
        await ring.rtp.hears_sound()  # the whisper
        await stack.fact("CallConnected", contact=contact, within_s=15)
        await call.rtp.hears(AGENT_HZ)
        await ring.rtp.hears(CALLER_HZ)
        await asyncio.sleep(2.0)
        await ring.hang_up()
        segment = await stack.fact("SegmentEnded", contact=contact)
        assert segment.body["hung_up_by"] == "agent"
        assert segment.body["talk_ms"] >= 2000
        await call.rtp.hears_sound()
        await call.send_digits("4")
        await call.ended(within_s=15)
        ended = await stack.fact("ContactEnded", contact=contact)
        assert (ended.body["stage"], ended.body["satisfaction"]) == ("survey", 4)
        work = await stack.fact("AgentStateChanged", agent=number, state="acw")
        assert work.body["until_ms"] - work.body["at_ms"] == AFTER_CONTACT_S * 1000
        ready = await stack.facts.agent_state(number, "ready")
        assert ready.body["at_ms"] >= work.body["until_ms"]
        sides = {fact.body["side"]: fact.body for fact in stack.facts.of("MediaMeasured", contact=contact)}
        assert sides.keys() == {"agent", "caller"}
        assert all(side["codec"] in {"ulaw", "alaw"} and side["rx_packets"] > 50 for side in sides.values())
    await check_recording(stack, contact, segment.body["talk_ms"])


async def check_recording(stack: HotlineStack, contact: str, talk_ms: int) -> None:
    """Caller left, agent right, as long as the talk, with its length and SHA-256 in the ledger."""

    def kept() -> bool:
        return any(
            fact.kind == "RecordingKept" and fact.body["contact"] == contact
            for fact in stack.journal("keeper")
        )

    await until(kept, f"recording of {contact}", 15)
    fact = next(
        one for one in stack.journal("keeper") if one.kind == "RecordingKept" and one.contact == contact
    )
    file = stack.deployment.recordings / fact.body["path"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == fact.body["sha256"]
    left, right = sound.read_channels(file)
    assert abs(len(left) / 8 - talk_ms) < 300
    assert abs(fact.body["length_ms"] - len(left) / 8) < 1
    middle = slice(8000, 14000)
    assert sound.tone_share(left[middle], CALLER_HZ) > 0.5 > sound.tone_share(left[middle], AGENT_HZ)
    assert sound.tone_share(right[middle], AGENT_HZ) > 0.5 > sound.tone_share(right[middle], CALLER_HZ)
    for _ in range(100):
        rows = await stack.sql("SELECT * FROM recording WHERE contact = $1", contact)
        if rows:
            break
        await asyncio.sleep(0.1)
    assert rows and rows[0]["sha256"] == fact.body["sha256"]


async def test_skills_are_respected_and_the_longest_idle_rings(stack: HotlineStack, lane: Lane) -> None:
    """The first agent has "special" and is the longest idle; a plain call goes to the longest idle of all."""
    special, plain = lane.agents[:2]
    manner = Manner(ring_s=0.1)
    async with (
        stack.agent(plain, manner=manner) as first,
        stack.agent(special, manner=manner) as second,
        stack.caller() as caller,
    ):
        one = await caller.call(lane.straight).answered()
        ring = await first.phone.incoming(within_s=15)
        assert ring
        two = await caller.call(lane.menu).answered()
        await press(two, stack, "language", "2")
        await press(two, stack, "subject", "2")
        assert await second.phone.incoming()
        offers = [fact.body for fact in stack.facts.of("CallOffered", queue=lane.queue)]
        assert [offer["agent"] for offer in offers] == [plain, special]
        await one.hang_up()
        await two.hang_up()
