"""A recording misses no first word: what one of the two heard of the other is in it from its beginning.

Both speak without a pause from the answer of their own call on, no packet like another. The first packet of
the agent's that the caller hears is thus where their conversation begins, and the other way round.
"""

import pytest
from harness import sound
from harness.call import Call
from harness.lanes import Lane
from harness.stack import HotlineStack
from harness.waiting import until

CODEC = "PCMU"
CALLERS, AGENTS = sound.speech(1, packets=3000), sound.speech(2, packets=3000)
WORD_PACKETS = 15  # 0.3 s
LATE_PACKETS = 2  # dropped in the mixing where a loaded machine lets them come late
BEGINS_WITHIN_S = 0.2


@pytest.mark.parametrize("number", ["straight", "direct"])
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
        await until(lambda: len(_heard(call, AGENTS)) > 2 * WORD_PACKETS, "talk of the agent", 10)
        await until(lambda: len(_heard(rung, CALLERS)) > 2 * WORD_PACKETS, "talk of the caller", 10)
        await rung.hang_up()
        words = _heard(rung, CALLERS)[:WORD_PACKETS], _heard(call, AGENTS)[:WORD_PACKETS]
    file = stack.deployment.recordings / f"{connected['recording']}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    for word, samples in zip(words, sound.read_channels(file), strict=True):
        places = [sound.position_of(payload, CODEC, samples) for payload in word]
        recorded = [place for place in places if place >= 0]
        assert len(recorded) >= WORD_PACKETS - LATE_PACKETS, places
        assert recorded == sorted(recorded)
        assert recorded[0] <= BEGINS_WITHIN_S * sound.SAMPLES_PER_S, places


def _heard(call: Call, speech: tuple[bytes, ...]) -> list[bytes]:
    """What was heard of this speech, the newest 10 s."""
    said = frozenset(speech)
    return [payload for payload in call.rtp.payloads if payload in said]
