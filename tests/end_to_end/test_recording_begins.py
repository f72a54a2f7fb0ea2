"""A recording misses no first word: what one of the two heard of the other is in it from its beginning.

Both speak without a pause from the answer of their own call on, no packet like another. The first packet of
the agent's that the other one hears is thus where their conversation begins, and the other way round.
"""

import pytest
from harness import sound
from harness.call import Call
from harness.lanes import OUTSIDE, Lane
from harness.phone import Phone
from harness.stack import HotlineStack
from harness.waiting import until

CODEC = "PCMU"
CALLERS, AGENTS = sound.speech(1, packets=3000), sound.speech(2, packets=3000)
WORD_PACKETS = 15  # 0.3 s
LATE_PACKETS = 2  # 0.04 s: of the first one, or where a loaded machine lets them come late
BEGINS_WITHIN_S = 0.2


@pytest.mark.parametrize("number", ["straight", pytest.param("direct", marks=pytest.mark.long)])
async def test_the_first_word_of_both_is_recorded(stack: HotlineStack, lane: Lane, number: str) -> None:
    """Of a direct number too, whose caller is answered by the agent's answer, without a wait before."""
    async with (
        stack.agent(lane.agents[0], codecs=(CODEC,)) as desk,
        stack.caller(codecs=(CODEC,)) as caller,
    ):
        call = caller.call(getattr(lane, number))
        call.rtp.speech = CALLERS
        rung = await desk.phone.incoming(within_s=20)
        rung.rtp.speech = AGENTS
        rung.answer()
        connected = (await stack.fact("CallConnected", queue=lane.queue, within_s=20)).body
        words = await _first_words(call, rung)
        await rung.hang_up()
    await _begins_with(stack, connected["recording"], *words)


@pytest.mark.long
async def test_the_first_word_of_who_is_called_is_recorded(stack: HotlineStack, lane: Lane) -> None:
    """An agent dials out: who picks up speaks at once."""
    number = lane.agents[0]
    callee = Phone("outside", server=stack.server, address=OUTSIDE[0], port=OUTSIDE[1], codecs=(CODEC,))
    async with stack.agent(number, codecs=(CODEC,)) as desk, callee:
        out = desk.phone.call("913912345678")
        out.rtp.speech = AGENTS
        reached = await callee.incoming(within_s=15)
        reached.rtp.speech = CALLERS
        reached.answer()
        answered = (await stack.fact("OutgoingAnswered", agent=number)).body
        words = await _first_words(reached, out)
        await reached.hang_up()
    await _begins_with(stack, answered["recording"], *words)


async def _first_words(call: Call, agents: Call) -> tuple[list[bytes], list[bytes]]:
    """What the agent heard first of the other one, and the other one of the agent."""

    def heard(one: Call, speech: frozenset[bytes]) -> list[bytes]:
        return [payload for payload in one.rtp.payloads if payload in speech]

    of_caller, of_agent = frozenset(CALLERS), frozenset(AGENTS)
    await until(lambda: len(heard(agents, of_caller)) > 2 * WORD_PACKETS, f"{agents}: talk heard", 10)
    await until(lambda: len(heard(call, of_agent)) > 2 * WORD_PACKETS, f"{call}: talk heard", 10)
    return heard(agents, of_caller)[:WORD_PACKETS], heard(call, of_agent)[:WORD_PACKETS]


async def _begins_with(
    stack: HotlineStack, recording: str, callers: list[bytes], agents: list[bytes]
) -> None:
    """The recording has these words, each whole and near its beginning."""
    file = stack.deployment.recordings / f"{recording}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    for word, samples in zip((callers, agents), sound.read_channels(file), strict=True):
        places = [sound.position_of(payload, CODEC, samples) for payload in word]
        recorded = [place for place in places if place >= 0]
        assert len(recorded) >= WORD_PACKETS - LATE_PACKETS, places
        assert recorded == sorted(recorded)
        assert recorded[0] <= BEGINS_WITHIN_S * sound.SAMPLES_PER_S, places
