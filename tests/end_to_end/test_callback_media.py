"""Who was called back hears what every caller hears: music on hold, music on the way to an agent, the survey.

Debian's Asterisk loses sound that it has to translate where numbered RTP and sound of its own meet
(docs/adr/0009). Whether it does hangs on where an agent's phone begins to number its packets: both are tried.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from harness import sound
from harness.call import Call
from harness.desk import Desk
from harness.lanes import OUTSIDE
from harness.phone import Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, nothing_left
from harness.stack import HotlineStack
from test_callback import AGENT_HZ, BY_HAND, LANE, PERSON_HZ, settings, wait_and_ask

pytestmark = [pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]
LOW, HIGH = 1_000, 50_000
MUSIC_HZ = 910


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(short_folder: Path, new_port_base: Callable[[], int]) -> AsyncIterator[HotlineStack]:
    """A hotline whose music is a tone; the person is called first, and so hears it."""
    made = HotlineStack(short_folder / "media", new_port_base(), settings(first="caller"))
    music = made.data / "sounds" / "music" / "default"
    music.mkdir(parents=True)
    sound.write_wav(music / "tone.wav", sound.tone(MUSIC_HZ, 20 * sound.SAMPLES_PER_S))
    async with made as running:
        yield running


@pytest.mark.parametrize("numbered", [(HIGH, LOW), (LOW, HIGH)])
async def test_music_hold_and_survey_are_heard(stack: HotlineStack, numbered: tuple[int, int]) -> None:
    """Music, an agent, hold, music, a second agent, the survey, whose digit counts."""
    async with (
        stack.caller() as caller,
        _person(stack) as outside,
        agents(stack, *LANE.agents[:2], ready=False, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk, other),
    ):
        line = f"callback1-{await wait_and_ask(stack, caller)}"
        await desk.ready()
        reached = await outside.incoming(within_s=20)
        reached.answer()
        rung = await _talk(stack, desk, reached, line, numbered[0])
        await rung.hold()
        await reached.rtp.hears(MUSIC_HZ)
        await rung.unhold()
        await reached.rtp.hears(AGENT_HZ)

        await desk.not_ready()
        await other.ready()
        assert await rung.refer(LANE.extension) == 202
        await rung.hang_up()
        rung = await _talk(stack, other, reached, line, numbered[1])
        await other.not_ready()
        await rung.hang_up()
        await reached.rtp.hears(prompt_hz("survey"))
        await reached.send_digits("4")
        await reached.ended(within_s=15)
        ended = (await stack.fact("ContactEnded", contact=line)).body
        assert (ended["survey_asked"], ended["satisfaction"]) == (True, 4)
    await nothing_left(stack)


async def test_nobody_is_asked_who_might_not_hear_it(stack: HotlineStack) -> None:
    """The person speaks none but another codec than the line: they talk, and that is all."""
    async with (
        stack.caller() as caller,
        _person(stack, "PCMU") as outside,
        agents(stack, LANE.agents[2], ready=False, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
    ):
        line = f"callback1-{await wait_and_ask(stack, caller)}"
        await desk.ready()
        reached = await outside.incoming(within_s=20)
        reached.answer()
        rung = await _talk(stack, desk, reached, line, LOW)
        await desk.not_ready()
        await rung.hang_up()
        await reached.ended(within_s=10)
        ended = (await stack.fact("ContactEnded", contact=line)).body
        assert (ended["hung_up_by"], ended["survey_asked"]) == ("agent", False)
    await nothing_left(stack)


def _person(stack: HotlineStack, *codecs: str) -> Phone:
    """Whoever is called back, with these codecs or all."""
    said = {"codecs": codecs} if codecs else {}
    address, port = OUTSIDE
    return Phone(
        "outside",
        server=stack.server,
        address=address,
        port=port,
        manner=BY_HAND,
        tone_hz=PERSON_HZ,
        **said,
    )


async def _talk(stack: HotlineStack, desk: Desk, reached: Call, line: str, sequence: int) -> Call:
    """Music while the agent's phone rings, then both are heard; the phone numbers its packets from there."""
    rung = await desk.phone.incoming(within_s=20)
    await reached.rtp.hears(MUSIC_HZ, within_s=10)
    rung.rtp.sequence = sequence
    rung.answer()
    await stack.fact("CallConnected", contact=line, agent=desk.number, within_s=15)
    await rung.rtp.hears(PERSON_HZ)
    await reached.rtp.hears(AGENT_HZ)
    return rung
