"""Callback instead of waiting: a line keeps the place, the agent is there, the person is called, they talk.

What the caller is asked before is test_callback_dialogue's; here the own number is confirmed at once.
"""

import json
import stat
from collections.abc import Awaitable, Callable
from typing import Any

from harness import sip
from harness.desk import Desk
from harness.lanes import OUTSIDE, Lane, lane_settings
from harness.phone import Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, new_number, nothing_left
from harness.stack import HotlineStack
from harness.waiting import until

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
    at = text.index("[[queue]]")
    for name, value in callbacks.items():
        line = next(row for row in text.splitlines() if row.startswith(f"{name} = "))
        text = text.replace(line, f"{name} = {json.dumps(value)}")
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


async def becomes_ready(desk: Desk) -> None:
    """The agent's phone is rung as soon as the code is done: nobody waits for the state to stay."""
    await desk.ready()


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


async def test_instead_of_waiting_a_person_is_called(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    stack = await own_stack(settings())
    number = LANE.agents[0]
    async with (
        stack.caller() as caller,
        agents(stack, number, ready=False, manner=BY_HAND, tone_hz=AGENT_HZ) as (desk,),
    ):
        await _they_talk(stack, caller, desk)
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
        await reached.hang_up()
        ended = (await stack.fact("ContactEnded", contact=line)).body
        assert ended["hung_up_by"] == "caller"
    talk = (await stack.fact("SegmentEnded", contact=line)).body
    assert talk["hung_up_by"] == "caller"
    await later.hang_up()
