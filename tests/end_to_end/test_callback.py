"""Callback instead of waiting: a line keeps the place, the agent is there, the person is called, they talk.

What the caller is asked before is test_callback_dialogue's; here the own number is confirmed at once.
"""

import json
import re
import stat
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from chromium import chromium
from harness import sip, sound
from harness.desk import Desk
from harness.lanes import OUTSIDE, Lane, lane_settings
from harness.phone import BUSY, NEVER_ANSWERS, Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, new_number, nothing_left
from harness.stack import HotlineStack, run_hotline
from harness.waiting import until
from playwright.async_api import expect

from hotline.signin import FIRST_USER

BY_HAND = Manner(reject=None)
AGENT_HZ, PERSON_HZ = 440, 620
LANE = Lane(0)
NUMBER = "6001"

_QUEUE = f"""
[[queue]]
name = "called"
title = {{ zh = "可回电", en = "Called back" }}
needs = "{LANE.skill}"
announce_position_s = 0
leave_key = "1"
leave_to = "callback"
whisper = "queue-{LANE.queue}"
after_contact_s = 1
"""

_FLOW = f"""
[[flow]]
name = "called"
start = "queue:called"

[[number]]
did = "{NUMBER}"
flow = "called"
"""


def settings(**callbacks: object) -> str:
    """One lane, and a queue from which a key leads to the talk about a callback."""
    text = lane_settings(1)
    for name, value in callbacks.items():
        text = re.sub(rf"(?m)^{name} = .*\n", "", text, count=1)
        text = text.replace("[callbacks]\n", f"[callbacks]\n{name} = {json.dumps(value)}\n")
    at = text.index("[[queue]]")
    return text[:at] + _QUEUE + text[at:] + _FLOW


def person(stack: HotlineStack, manner: Manner = BY_HAND) -> Phone:
    """Whoever is called back: all numbers outside are reached here."""
    return Phone(
        "outside", server=stack.server, address=OUTSIDE[0], port=OUTSIDE[1], manner=manner, tone_hz=PERSON_HZ
    )


async def wait_and_ask(stack: HotlineStack, caller: Phone, number: str = "", *, said: str = "taken") -> str:
    """Call, wait, press the key, confirm the own number, hear what is said; returns the contact."""
    number = number or new_number()
    before = len(stack.facts.of("ContactStarted"))
    call = caller.call(NUMBER, caller=number)
    await until(lambda: len(stack.facts.of("ContactStarted")) > before, "a contact", 10.0)
    contact: str = stack.facts.of("ContactStarted")[-1].body["contact"]
    await stack.fact("CallQueued", contact=contact, within_s=15)
    await call.rtp.hears_sound(within_s=10)
    await call.send_digits("1")
    await call.rtp.hears(prompt_hz("callback-confirm"), within_s=30)
    await call.send_digits("1")
    await call.rtp.hears(prompt_hz(f"callback-{said}"), within_s=15)
    if said != "taken":
        await call.hang_up()
    await call.ended(within_s=15)
    return contact


async def settled(stack: HotlineStack, contact: str, *, within_s: float = 15.0) -> tuple[str, str]:
    """How the callback ended, and by whom."""
    body = (await stack.fact("CallbackSettled", contact=contact, within_s=within_s)).body
    return body["how"], body["by"]


def tried(stack: HotlineStack, contact: str) -> list[str]:
    """What became of each attempt."""
    return [fact.body["how"] for fact in stack.facts.of("CallbackTried", contact=contact)]


def numbers(stack: HotlineStack) -> dict[str, Any]:
    """The file of numbers, which is nobody else's to read."""
    file = stack.deployment.callback_numbers
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


@pytest.mark.long  # the gate has the same from the caller's side: test_callback_dialogue
@pytest.mark.timeout(240)
async def test_instead_of_waiting_a_person_is_called(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    stack = await own_stack(settings(per_number_per_day=2))
    first, second = LANE.agents[:2]
    async with (
        stack.caller() as caller,
        agents(stack, first, second, ready=False, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk, other),
    ):
        await _they_talk(stack, caller, desk)
        await _nobody_answers(stack, caller, desk)
        await _the_agent_leaves(stack, caller, desk, other)
        await _once_at_a_time_and_so_often_a_day(stack, caller)
        await _a_supervisor_cancels_one_on_the_page(stack, caller)
    await nothing_left(stack)


async def _they_talk(stack: HotlineStack, caller: Phone, desk: Desk) -> None:
    """In the old place, before one who came later; recorded; settled; the number is forgotten."""
    number = new_number()
    contact = await wait_and_ask(stack, caller, number)
    first = (await stack.fact("CallQueued", contact=contact)).body
    ended = (await stack.fact("ContactEnded", contact=contact)).body
    assert ended["outcome"] == "callback"
    assert (await stack.fact("CallLeftQueue", contact=contact)).body["how"] == "out"
    line = f"callback1-{contact}"
    queued = (await stack.fact("CallQueued", contact=line)).body
    assert queued["place_since_ms"] == first["wait_since_ms"]
    assert (queued["needs"], queued["priority"]) == (first["needs"], first["priority"])
    assert numbers(stack) == {contact: number}
    later, later_contact = await dial(stack, caller, LANE.straight)
    await stack.fact("CallQueued", contact=later_contact, within_s=15)
    async with person(stack) as outside:
        await desk.ready()
        rung = await desk.phone.incoming(within_s=15)
        offered = (await stack.fact("CallOffered", agent=desk.number)).body
        assert offered["contact"] == line
        rung.answer()
        reached = await outside.incoming(within_s=15)
        assert f"{number}@" in reached.invite.uri
        assert sip.address_uri(reached.invite.header("From")).startswith("sip:4000@")
        reached.answer()
        await reached.rtp.hears(prompt_hz("callback-greeting"))
        await stack.fact("CallConnected", contact=line, within_s=15)
        await rung.rtp.hears(PERSON_HZ)
        await reached.rtp.hears(AGENT_HZ)
        assert await settled(stack, contact) == ("served", desk.number)
        assert tried(stack, contact) == ["answered"]
        assert numbers(stack) == {}
        seen = rung.rtp.received
        await until(lambda: rung.rtp.received >= seen + 50, "1 s of talk to record", 5)
        await reached.hang_up()
        ended = (await stack.fact("ContactEnded", contact=line)).body
        assert ended["hung_up_by"] == "caller"
    talk = (await stack.fact("SegmentEnded", contact=line)).body
    assert talk["hung_up_by"] == "caller"
    await later.hang_up()
    await _recording_has_both(stack, line)
    await desk.not_ready()


async def _recording_has_both(stack: HotlineStack, line: str) -> None:
    """The person is on the left, the agent on the right."""
    connected = (await stack.fact("CallConnected", contact=line)).body
    file = stack.deployment.recordings / f"{connected['recording']}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    persons, agents_side = sound.read_channels(file)
    assert sound.clearest_share(persons, PERSON_HZ) > 0.9
    assert sound.clearest_share(agents_side, AGENT_HZ) > 0.9


async def _nobody_answers(stack: HotlineStack, caller: Phone, desk: Desk) -> None:
    """Busy, then no answer: the agent is free again without a mark, the place is kept, then it is over."""
    contact = await wait_and_ask(stack, caller)
    line = f"callback1-{contact}"
    place = (await stack.fact("CallQueued", contact=line)).body["place_since_ms"]
    async with person(stack, BUSY) as outside:
        await desk.ready()
        for attempt, how in ((1, "busy"), (2, "no_answer")):
            rung = await desk.phone.incoming(within_s=15)
            rung.answer()
            told = (await stack.fact("CallbackTried", contact=contact, count=attempt, within_s=20)).body
            assert (told["how"], told["agent"]) == (how, desk.number)
            outside.manner = NEVER_ANSWERS
            ended = (await stack.fact("OfferEnded", contact=line, count=attempt)).body
            assert ended["cause"] == "not_reached"
            left = (await stack.fact("CallLeftQueue", contact=line, count=attempt)).body
            assert (left["how"], left["to"], left["entry"]) == ("out", "callback", attempt)
            await rung.ended(within_s=10)
            await stack.facts.agent_state(desk.number, "ready")
        assert outside.unfetched == 2
    assert await settled(stack, contact) == ("unreached", "")
    await stack.fact("ContactEnded", contact=line)
    entries = [fact.body["place_since_ms"] for fact in stack.facts.of("CallQueued", contact=line)]
    assert entries == [place, place]
    assert not stack.facts.of("CallConnected", contact=line)
    await desk.not_ready()


async def _the_agent_leaves(stack: HotlineStack, caller: Phone, desk: Desk, other: Desk) -> None:
    """While the person's phone rings: that call is taken back, no attempt counted, the next agent is rung."""
    contact = await wait_and_ask(stack, caller)
    line = f"callback1-{contact}"
    async with person(stack) as outside:
        await desk.ready()
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        reached = await outside.incoming(within_s=15)
        await rung.hang_up()
        assert (await reached.ended(within_s=10)).status == 487
        told = (await stack.fact("CallbackTried", contact=contact)).body
        assert (told["how"], told["next_ms"]) == ("agent_gone", 0)
        await other.ready()
        rung = await other.phone.incoming(within_s=15)
        assert "outside" not in await stack.console("group show channels")  # no room taken on the trunk
        rung.answer()
        reached = await outside.incoming(within_s=15)
        reached.answer()
        await stack.fact("CallConnected", contact=line, agent=other.number, within_s=15)
        assert await settled(stack, contact) == ("served", other.number)
        await rung.hang_up()
        await reached.ended(within_s=20)
    assert len(stack.facts.of("CallQueued", contact=line)) == 1
    await other.not_ready()


async def _once_at_a_time_and_so_often_a_day(stack: HotlineStack, caller: Phone) -> None:
    number = new_number()
    contact = await wait_and_ask(stack, caller, number)
    line = f"callback1-{contact}"
    await stack.fact("CallQueued", contact=line)
    await wait_and_ask(stack, caller, number, said="open")
    status, said = await run_hotline("callbacks", "--data", str(stack.data), "--json", within_s=20)
    shown = json.loads(said)
    assert (status, [row["contact"] for row in shown]) == (0, [contact])
    assert shown[0]["number"] == f"{number[:3]}******{number[-2:]}" and number not in said
    status, said = await run_hotline("callbacks", "--data", str(stack.data), "--cancel", contact, within_s=20)
    assert status == 0, said
    assert (await settled(stack, contact))[0] == "cancelled"
    assert (await stack.fact("CallLeftQueue", contact=line)).body["how"] == "out"
    await stack.fact("ContactEnded", contact=line)
    status, _ = await run_hotline("callbacks", "--data", str(stack.data), "--cancel", contact, within_s=20)
    assert status != 0
    again = await wait_and_ask(stack, caller, number)
    await run_hotline("callbacks", "--data", str(stack.data), "--cancel", again, within_s=20)
    await wait_and_ask(stack, caller, number, said="limit")


async def _a_supervisor_cancels_one_on_the_page(stack: HotlineStack, caller: Phone) -> None:
    """It comes into the panel by itself, masked, and goes when it is cancelled; the fact tells by whom."""
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{stack.pages}/sign-in?lang=en")
        await page.fill("#name", FIRST_USER)
        await page.fill("#password", stack.secrets.user(FIRST_USER))
        await page.press("#password", "Enter")
        await expect(page.locator("body")).to_have_class("wallboard live")
        await page.goto(f"{stack.pages}/supervise?lang=en")
        panel = page.locator("#callbacks")
        await expect(panel).to_have_text("Nobody asked for a callback")
        number = new_number()
        contact = await wait_and_ask(stack, caller, number)
        await stack.fact("CallQueued", contact=f"callback1-{contact}")
        shown = panel.locator(".callback")
        for words in (f"{number[:3]}******{number[-2:]}", "Called back", "in line"):
            await expect(shown).to_contain_text(words, timeout=15_000)
        assert number not in await page.content()
        await shown.get_by_role("button", name="Cancel", exact=True).click()
        await shown.get_by_role("button", name="Sure?", exact=True).click()
        await expect(page.locator("#said")).to_have_text("Done: Cancel")
        assert await settled(stack, contact) == ("cancelled", FIRST_USER)
        left = (await stack.fact("CallLeftQueue", contact=f"callback1-{contact}")).body
        assert (left["how"], left["to"]) == ("out", "callback cancelled")
        await expect(panel).to_have_text("Nobody asked for a callback", timeout=15_000)
    await stack.fact("ContactEnded", contact=f"callback1-{contact}")


@pytest.mark.long
async def test_callbacks_survive(own_stack: Callable[[str], Awaitable[HotlineStack]]) -> None:
    """acd killed, Asterisk, both: the place is the first one's. Then the person is rung before the agent."""
    stack = await own_stack(settings(first="caller"))
    number = LANE.agents[0]
    async with stack.caller() as caller:
        contact = await wait_and_ask(stack, caller)
        place = (await stack.fact("CallQueued", contact=f"callback1-{contact}")).body["place_since_ms"]
        await stack.back("acd", stack.kill("acd"))
        assert not stack.facts.of("ContactEnded", contact=f"callback1-{contact}")
        await stack.back("asterisk", stack.kill("asterisk"))
        line = f"callback2-{contact}"
        assert (await stack.fact("CallQueued", contact=line, within_s=20)).body["place_since_ms"] == place
        lost = (await stack.fact("ContactEnded", contact=f"callback1-{contact}")).body
        assert lost["hung_up_by"] == "lost"
        asterisk, acd = stack.kill("asterisk"), stack.kill("acd")
        await stack.back("asterisk", asterisk)
        await stack.back("acd", acd)
        line = f"callback3-{contact}"
        assert (await stack.fact("CallQueued", contact=line, within_s=20)).body["place_since_ms"] == place
        assert not stack.facts.of("RecallDue")
    async with (
        person(stack) as outside,
        agents(stack, number, ready=False, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
    ):
        await desk.ready()
        reached = await outside.incoming(within_s=15)
        assert (await stack.fact("CallOffered", contact=line)).body["agent"] == number
        assert desk.phone.unfetched == 0
        reached.answer()
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=line, within_s=15)
        await rung.rtp.hears(PERSON_HZ)
        await reached.rtp.hears(AGENT_HZ)
        assert await settled(stack, contact) == ("served", number)
        await rung.hang_up()
        await reached.ended(within_s=20)
        assert len(stack.facts.of("CallbackSettled", contact=contact)) == 1
    await nothing_left(stack)
