"""A caller who knows the way types ahead: every digit counts, and the notice is heard all the same."""

from harness import sound
from harness.call import Call
from harness.lanes import Lane
from harness.prompt_tones import PROMPT_S, prompt_hz
from harness.scenes import dial, nothing_left
from harness.stack import HotlineStack

FRAME = sound.SAMPLES_PER_PACKET


async def test_digits_typed_ahead_answer_both_menus(stack: HotlineStack, lane: Lane) -> None:
    """The first cuts the greeting, the second comes while the notice is played, which goes on behind it."""
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, lane.menu)
        await call.answered()
        await call.rtp.hears(prompt_hz("greeting"))
        await call.send_digits("22", length_s=0.06, pause_s=0.06)
        queued = (await stack.fact("CallQueued", contact=contact, within_s=15)).body
        assert (queued["language"], queued["queue"]) == ("en", lane.queue)
        assert "special" in queued["needs"]
        heard_s = _heard_s(call, prompt_hz("recorded-notice"))
        assert heard_s > 0.8 * PROMPT_S
        chosen = [
            (fact.body["menu"], fact.body["digit"], fact.body["tries"])
            for fact in stack.journal("ivr")
            if fact.kind == "MenuChosen" and fact.contact == contact
        ]
        assert chosen == [("language", "2", 1), ("subject", "2", 1)]
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


def _heard_s(call: Call, frequency_hz: int) -> float:
    """For how long, in seconds, this tone was heard."""
    samples = call.rtp.newest(10.0)
    frames = [samples[at : at + FRAME] for at in range(0, len(samples) - FRAME + 1, FRAME)]
    return sum(sound.tone_share(frame, frequency_hz) > 0.5 for frame in frames) * FRAME / sound.SAMPLES_PER_S
