"""The whole path with implementations of SIP that are not ours: SIPp calls, SIPp and baresip answer."""

import asyncio
from pathlib import Path

import pytest
from harness import sipp, sound
from harness.baresip import Baresip, Softphone
from harness.lanes import CARRIER, Lane
from harness.ports import free_udp_port
from harness.stack import HotlineStack
from harness.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, AGENT_HZ = 440, 1000


async def check_channels(stack: HotlineStack, contact: str | None) -> None:
    """Both tones are in the recording, each on its own channel."""

    def kept() -> list[str]:
        facts = [fact for fact in stack.journal("keeper") if fact.kind == "RecordingKept"]
        return [fact.body["path"] for fact in facts if fact.contact == contact]

    await until(lambda: bool(kept()), f"recording of {contact}", 15)
    left, right = sound.read_channels(stack.deployment.recordings / kept()[0])
    assert sound.clearest_share(left, CALLER_HZ) > 0.5 > sound.clearest_share(left, AGENT_HZ)
    assert sound.clearest_share(right, AGENT_HZ) > 0.5 > sound.clearest_share(right, CALLER_HZ)


async def test_sipp_calls_and_baresip_answers(stack: HotlineStack, lane: Lane, tmp_path: Path) -> None:
    """baresip logs in by its own keys, answers by itself and hangs up; the caller is asked and thanked."""
    number = lane.agents[0]
    soft = Softphone(number, stack.secrets.phone(number), stack.server, tone_hz=AGENT_HZ)
    async with Baresip(soft, tmp_path / "baresip") as phone:
        await phone.command("dial", "*11")
        await phone.event("CALL_ESTABLISHED")
        await asyncio.sleep(0.5)
        for digit in f"{number}#{stack.secrets.pin(number)}#":
            await phone.command("sndcode", digit)
            await asyncio.sleep(0.25)
        await stack.facts.agent_state(number, "not_ready", within_s=15)
        await phone.event("CALL_CLOSED", within_s=15)
        await phone.command("dial", "*13")
        await stack.facts.agent_state(number, "ready", within_s=15)
        await phone.event("CALL_CLOSED", count=2, within_s=15)
        kind = sipp.Caller(lane.straight, user="13700001111", tone_hz=CALLER_HZ, codec="PCMA")
        caller = await sipp.call(kind, stack.server, tmp_path / "caller", address=CARRIER)
        connected = await stack.fact("CallConnected", agent=number, within_s=25)
        await asyncio.sleep(2.0)
        await phone.command("hangup")
        assert await caller.finished(within_s=40) == sipp.Outcome(1, 0)
        segment = await stack.fact("SegmentEnded", contact=connected.contact)
        assert segment.body["hung_up_by"] == "agent"
        ended = await stack.fact("ContactEnded", contact=connected.contact)
        assert (ended.body["stage"], ended.body["survey_asked"]) == ("survey", True)
    await check_channels(stack, connected.contact)


@pytest.mark.long
async def test_sipp_calls_and_sipp_answers(stack: HotlineStack, lane: Lane, tmp_path: Path) -> None:
    """An agent logs in at one phone of the account and takes calls at SIPp, which registered after it."""
    number = lane.agents[0]
    async with stack.agent(number):
        kind = sipp.Agent(number, stack.secrets.phone(number), ring_s=0.2, talk_s=2.0, tone_hz=AGENT_HZ)
        port = free_udp_port()
        desk = await sipp.agent(kind, stack.server, tmp_path / "agent", port=port)
        try:
            call = sipp.Caller(lane.direct, tone_hz=CALLER_HZ)
            caller = await sipp.call(
                call, stack.server, tmp_path / "caller", address=CARRIER, calls=2, at_once=1
            )
            assert await caller.finished(within_s=60) == sipp.Outcome(2, 0)
        finally:
            await desk.stop()
        connected = [fact.contact for fact in stack.facts.of("CallConnected", agent=number)]
        assert len(connected) == 2
        for contact in connected:
            await stack.fact("ContactEnded", contact=contact)
            await check_channels(stack, contact)
