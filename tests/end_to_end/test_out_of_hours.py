"""Out of hours, or by the menu's choice, the caller hears a message and can leave one."""

import asyncio
import hashlib
from typing import Any

from harness import sound
from harness.call import Call
from harness.lanes import Lane
from harness.prompt_tones import prompt_hz
from harness.scenes import choose, dial, lengthen, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

CALLER_HZ = 440
SPOKEN_S = 4.0


async def test_closed_and_messages_left(stack: HotlineStack, lane: Lane) -> None:
    """One hangs up, one at the tone; one ends by #, one by hanging up; one says nothing, one chose it."""
    lengthen(stack, "closed-never", 1.0)
    async with stack.caller(tone_hz=CALLER_HZ) as caller, stack.caller() as silent_caller:
        names = ("gone", "hash", "hung", "chosen")
        dialled = [dial(stack, caller, lane.menu if name == "chosen" else lane.closed) for name in names]
        dialled += [dial(stack, silent_caller, lane.closed), dial(stack, caller, lane.closed)]
        calls, contacts = zip(*await asyncio.gather(*dialled), strict=True)
        await asyncio.gather(
            _leave_at_once(calls[0]),
            _speak(stack, calls[1], end_by="#"),
            _speak(stack, calls[2], end_by=""),
            _choose_and_speak(stack, calls[3], contacts[3]),
            calls[4].ended(within_s=30),  # heard 5 s of silence
            _hang_up_at_the_tone(stack, calls[5], contacts[5]),
        )
        ends = [await _end(stack, contact) for contact in contacts]

    told = ["closed", "voice_message", "voice_message", "voice_message", "closed", "closed"]
    assert [end["outcome"] for end in ends] == told
    assert {end["stage"] for end in ends} == {"flow"}
    assert [end["hung_up_by"] for end in ends] == ["caller", "us", "caller", "us", "us", "caller"]
    assert not [fact for fact in stack.facts.of("CallQueued") if fact.contact in contacts]
    ivr = [fact for fact in stack.journal("ivr") if fact.contact in contacts]
    assert [fact.contact for fact in ivr if fact.kind == "CallerClosed"].count(contacts[3]) == 0
    assert sum(fact.kind == "CallerClosed" for fact in ivr) == 5
    messages = {fact.contact: fact.body for fact in ivr if fact.kind == "MessageLeft"}
    assert set(messages) == set(contacts[1:4])
    for body in messages.values():
        file = stack.deployment.voice_messages / body["path"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == body["sha256"]
        (said,) = sound.read_channels(file)
        assert len(said) / 8 == body["length_ms"]
        assert body["length_ms"] > SPOKEN_S * 500
        assert sound.clearest_share(said, CALLER_HZ) > 0.9
    await nothing_left(stack)


async def _leave_at_once(call: Call) -> None:
    await call.answered()
    await call.rtp.hears(prompt_hz("closed-never"), within_s=10)
    await call.hang_up()


async def _hang_up_at_the_tone(stack: HotlineStack, call: Call, contact: str) -> None:
    """As soon as Asterisk writes the message's file, which it does once the tone is over."""
    await call.answered()
    file = stack.deployment.voice_messages / "incoming" / f"{contact}.wav"
    await until(file.exists, "the tone after which to speak", 30)
    await call.hang_up()


async def _speak(stack: HotlineStack, call: Call, *, end_by: str) -> None:
    await call.answered()
    await call.rtp.hears(prompt_hz("leave-message"), within_s=15)
    await asyncio.sleep(0.5 + SPOKEN_S)  # the rest of the prompt, the tone to speak after, the message
    if end_by:
        await call.send_digits(end_by)
        await call.rtp.hears(prompt_hz("message-thanks"))
        await call.ended()
    else:
        await call.hang_up()


async def _choose_and_speak(stack: HotlineStack, call: Call, contact: str) -> None:
    await call.answered()
    await choose(call, stack, contact, "language", "1")
    await choose(call, stack, contact, "subject", "3")
    await _speak(stack, call, end_by="#")


async def _end(stack: HotlineStack, contact: str) -> dict[str, Any]:
    body: dict[str, Any] = (await stack.fact("ContactEnded", contact=contact, within_s=10)).body
    return body
