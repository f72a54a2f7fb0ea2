"""Callback instead of waiting, the caller's side: the key, the number read back, the place kept.

One hotline for all of it, and one story from the key to the recording; more of what becomes of an agreed
callback is in test_callback.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from harness import sound
from harness.call import Call
from harness.lanes import OUTSIDE, Lane, lane_settings
from harness.phone import Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, contact_of, new_number, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

BY_HAND = Manner(reject=None)
AGENT_HZ, PERSON_HZ = 440, 1000
LANE = Lane(0)
NUMBER, AT_THE_DOOR = "6001", "6002"

_QUEUES = """
[[queue]]
name = "called"
title = {{ zh = "可回电", en = "Called back" }}
needs = "{skill}"
after_contact_s = 0
announce_position_s = 0
comfort = ["callback-offer-1"]
comfort_s = 4
leave_key = "1"
leave_to = "callback"
whisper = "queue-{queue}"

[[queue]]
name = "nobody"
title = {{ zh = "无人", en = "Nobody" }}
needs = "special"
overflow = "callback"
nobody_logged_in = {{ entering = "callback" }}
whisper = "queue-{queue}"
"""

_FLOWS = f"""
[[flow]]
name = "called"
start = "menu:speak"
[[flow.menu]]
name = "speak"
prompt = "menu-language"
choice = [
    {{ digit = "1", go = "queue:called", language = "zh" }},
    {{ digit = "2", go = "queue:called", language = "en" }},
]

[[flow]]
name = "nobody"
start = "queue:nobody"

[[number]]
did = "{NUMBER}"
flow = "called"

[[number]]
did = "{AT_THE_DOOR}"
flow = "nobody"
"""


def _settings() -> str:
    text = lane_settings(1)
    at = text.index("[[queue]]")
    return text[:at] + _QUEUES.format(skill=LANE.skill, queue=LANE.queue) + text[at:] + _FLOWS


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(short_folder: Path, new_port_base: Callable[[], int]) -> AsyncIterator[HotlineStack]:
    """A hotline with these settings."""
    async with HotlineStack(short_folder / "talk", new_port_base(), _settings()) as running:
        yield running


async def _wait(stack: HotlineStack, caller: Phone, *, language: str = "zh") -> tuple[Call, str]:
    """Call, choose the language, and wait in the line."""
    number = new_number()
    call = caller.call(NUMBER, caller=number)
    contact = await contact_of(stack, number)
    await call.rtp.hears(prompt_hz("menu-language"), within_s=15)
    await call.send_digits("1" if language == "zh" else "2")
    await stack.fact("CallQueued", contact=contact, within_s=15)
    return call, contact


async def _talk(stack: HotlineStack, call: Call, language: str = "zh") -> None:
    """Press the key once it has been offered, and hear the own number read out."""
    await call.rtp.hears(prompt_hz("callback-offer-1", language), within_s=15)
    await call.send_digits("1")
    await call.rtp.hears(prompt_hz("callback-your-number", language), within_s=10)


def _talks(stack: HotlineStack, contact: str) -> list[dict[str, Any]]:
    facts = [fact for fact in stack.journal("ivr") if fact.kind == "CallbackTalked"]
    return [fact.body for fact in facts if fact.contact == contact]


async def _over(stack: HotlineStack, contact: str, how: str) -> dict[str, Any]:
    """The fact of the talk that ended so."""
    await until(
        lambda: any(t["how"] == how for t in _talks(stack, contact)), f"talk of {contact}: {how}", 15.0
    )
    return _talks(stack, contact)[-1]


def _queued_once(stack: HotlineStack, contact: str) -> bool:
    """One entry, which nobody has ended: the place is that of the first moment."""
    return len(stack.facts.of("CallQueued", contact=contact)) == 1 and not stack.facts.of(
        "CallLeftQueue", contact=contact
    )


async def test_who_is_turned_away_is_offered_a_callback_and_no_line(stack: HotlineStack) -> None:
    """Nobody is logged in who could serve: a callback is offered, but no line; no is no."""
    async with stack.caller() as caller:
        number = new_number()
        call = caller.call(AT_THE_DOOR, caller=number)
        contact = await contact_of(stack, number)
        sent = (await stack.fact("CallOverflowed", contact=contact, within_s=15)).body
        assert (sent["reason"], sent["to"]) == ("nobody_logged_in", "callback")
        await call.rtp.hears(prompt_hz("callback-your-number"), within_s=10)
        await call.rtp.hears(prompt_hz("callback-confirm"), within_s=15)
        await call.send_digits("*")
        await call.rtp.hears(prompt_hz("cannot-serve"), within_s=10)
        await call.ended()
        ended = (await stack.fact("ContactEnded", contact=contact)).body
    assert ended["outcome"] == "refused"
    assert _talks(stack, contact)[0]["how"] == "back"


async def test_back_in_the_old_place(stack: HotlineStack) -> None:
    """The number is read in the caller's language; star; another is served meanwhile, then the first."""
    async with stack.caller() as one, stack.caller() as two, stack.caller() as three:
        first, a = await _wait(stack, one, language="en")
        second, b = await _wait(stack, two)
        await _talk(stack, first, "en")
        for digit in "31":
            await first.rtp.hears(prompt_hz(f"digit-{digit}"), within_s=10)
        await first.rtp.hears(prompt_hz("callback-confirm", "en"), within_s=15)
        async with agents(stack, LANE.agents[1], ready=False, manner=BY_HAND) as (desk,):
            await _serve(stack, desk, b)
            third, c = await _wait(stack, three)
            await first.send_digits("*")
            await first.rtp.hears(prompt_hz("callback-back", "en"), within_s=10)
            await _over(stack, a, "back")
            await stack.metric_becomes("acd", "hotline_agi_open_sessions ", 2)
            assert _queued_once(stack, a)
            for contact in (a, c):
                await _serve(stack, desk, contact)
        for call in (first, second, third):
            with contextlib.suppress(TimeoutError):
                await call.hang_up()


async def _serve(stack: HotlineStack, desk: Any, contact: str) -> None:
    """The next call that rings is this one's; a short talk."""
    await desk.ready()
    rung = await desk.phone.incoming(within_s=20)
    rung.answer()
    await stack.fact("CallConnected", contact=contact, within_s=15)
    await desk.not_ready()
    await rung.hang_up()
    await stack.facts.agent_state(desk.number, "not_ready", within_s=15)


@pytest.mark.long
async def test_numbers_that_are_not_called(stack: HotlineStack) -> None:
    """Three numbers that are not called, each told why; then the line again, where it was."""
    async with stack.caller() as caller:
        call, contact = await _wait(stack, caller)
        await _talk(stack, call)
        await call.send_digits("2")
        refused = {"110#": "callback-refused", "008522345678#": "callback-abroad", "8888#": "callback-length"}
        for typed, why in refused.items():
            await call.rtp.hears(prompt_hz("callback-enter"), within_s=15)
            await call.send_digits(typed)
            await call.rtp.hears(prompt_hz(why), within_s=15)
        await call.rtp.hears(prompt_hz("callback-back"), within_s=10)
        talk = await _over(stack, contact, "refused")
        assert (talk["typed"], talk["refusals"]) == (3, ["emergency", "abroad", "length"])
        assert _queued_once(stack, contact)
        # And the key may be pressed again.
        await _talk(stack, call)
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)


async def test_who_hangs_up_in_the_midst_has_abandoned(stack: HotlineStack) -> None:
    """Who gives up while the number is being asked for has given up waiting."""
    async with stack.caller() as caller:
        call, contact = await _wait(stack, caller)
        await _talk(stack, call)
        await call.send_digits("2010")
        await call.hang_up()
        ended = (await stack.fact("ContactEnded", contact=contact)).body
        left = (await stack.fact("CallLeftQueue", contact=contact)).body
    assert (left["how"], ended["stage"], ended["outcome"]) == ("abandoned", "waiting", "queued")
    assert ended["hung_up_by"] == "caller"
    assert (await _over(stack, contact, "hung_up"))["typed"] == 1
    assert not stack.facts.of("CallbackAsked", contact=contact)


@pytest.mark.long
async def test_ivr_dies(stack: HotlineStack) -> None:
    """The caller is back in the line, and is served before ivr is."""
    async with (
        stack.caller() as caller,
        agents(stack, LANE.agents[1], ready=False, manner=BY_HAND) as (desk,),
    ):
        call, contact = await _wait(stack, caller)
        await _talk(stack, call)
        killed = stack.kill("ivr")
        await _serve(stack, desk, contact)
        assert len(stack.facts.of("CallQueued", contact=contact)) == 1
        with contextlib.suppress(TimeoutError):
            await call.hang_up()
        await stack.back("ivr", killed)


@pytest.mark.long
async def test_acd_dies(stack: HotlineStack) -> None:
    """acd dies while ivr talks with the caller: the place is in the journal."""
    async with (
        stack.caller() as caller,
        agents(stack, LANE.agents[1], ready=False, manner=BY_HAND) as (desk,),
    ):
        call, contact = await _wait(stack, caller)
        await _talk(stack, call)
        killed = stack.kill("acd")
        await stack.back("acd", killed)
        await call.rtp.hears(prompt_hz("callback-confirm"), within_s=20)
        await call.send_digits("*")
        await _over(stack, contact, "back")
        await _serve(stack, desk, contact)
        assert len(stack.facts.of("CallQueued", contact=contact)) == 1
        with contextlib.suppress(TimeoutError):
            await call.hang_up()


async def test_the_whole_story(stack: HotlineStack) -> None:
    """Another number is typed and confirmed, called before who came later; both are heard and recorded."""
    typed = new_number()
    outside = Phone(
        "outside", server=stack.server, address=OUTSIDE[0], port=OUTSIDE[1], manner=BY_HAND, tone_hz=PERSON_HZ
    )
    desks = agents(stack, LANE.agents[1], ready=False, manner=BY_HAND, tone_hz=AGENT_HZ)
    async with stack.caller() as one, stack.caller() as two, outside, desks as (desk,):
        first, contact = await _wait(stack, one, language="en")
        later, after = await _wait(stack, two)
        await _agree_on(stack, first, contact, typed)
        line = f"callback1-{contact}"
        await desk.ready()
        rung = await desk.phone.incoming(within_s=20)
        rung.answer()
        reached = await outside.incoming(within_s=20)
        assert f"{typed}@" in reached.invite.uri
        reached.answer()
        connected = (await stack.fact("CallConnected", contact=line, within_s=20)).body
        await asyncio.gather(rung.rtp.hears(PERSON_HZ), reached.rtp.hears(AGENT_HZ))
        await asyncio.sleep(1.0)  # of talk, to be found in the recording
        assert not stack.facts.of("CallOffered", contact=after)
        await desk.not_ready()
        await rung.hang_up()
        await reached.rtp.hears(prompt_hz("survey", "en"))
        await reached.send_digits("5")
        await reached.ended(within_s=15)
        ended = (await stack.fact("ContactEnded", contact=line)).body
        assert (ended["survey_asked"], ended["satisfaction"]) == (True, 5)
        await stack.fact("CallbackSettled", contact=contact, how="served")
        await stack.facts.agent_state(desk.number, "not_ready", within_s=15)
        await _serve(stack, desk, after)
        with contextlib.suppress(TimeoutError):
            await later.hang_up()
    await _recording_has_both(stack, connected["recording"])
    await nothing_left(stack)


async def _agree_on(stack: HotlineStack, call: Call, contact: str, number: str) -> None:
    """Type this number, hear it read back, confirm it, and be let go."""
    await _talk(stack, call, "en")
    await call.send_digits("2")
    await call.rtp.hears(prompt_hz("callback-enter", "en"), within_s=15)
    await call.send_digits(f"{number}#")
    await call.rtp.hears(prompt_hz("callback-typed", "en"), within_s=15)
    await call.rtp.hears(prompt_hz("callback-confirm", "en"), within_s=15)
    await call.send_digits("1")
    await call.rtp.hears(prompt_hz("callback-taken", "en"), within_s=15)
    await call.ended()
    left = (await stack.fact("CallLeftQueue", contact=contact)).body
    assert (left["how"], left["to"]) == ("out", "callback")
    assert (await stack.fact("ContactEnded", contact=contact)).body["outcome"] == "callback"
    assert (await _over(stack, contact, "agreed"))["typed"] == 1


async def _recording_has_both(stack: HotlineStack, name: str) -> None:
    """The person is on the left, the agent on the right, when both talked."""
    file = stack.deployment.recordings / f"{name}.wav"
    await until(file.exists, f"recording {file.name}", 20)
    for samples, tone_hz in zip(sound.read_channels(file), (PERSON_HZ, AGENT_HZ), strict=True):
        assert sound.clearest_share(samples, tone_hz) > 0.9, tone_hz
