"""A queue of its own hotline: needs widen, limits send callers on, a key leads out, on real phones.

One hotline for all of it: 1101 has the skill "special", 1102 has not.
"""

import asyncio
from collections.abc import Awaitable, Callable

from harness.lanes import Lane, lane_settings
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

BY_HAND = Manner(reject=None)
LANE = Lane(0)

_QUEUES = """
[[queue]]
name = "stepped"
title = {{ zh = "分步", en = "Stepped" }}
needs = "special"
steps = [{{ after_s = 2, needs = "{skill}" }}]
whisper = "queue-{queue}"
after_contact_s = 0

[[queue]]
name = "limited"
title = {{ zh = "有限", en = "Limited" }}
needs = "{skill}"
max_wait_s = 2
overflow = "queue:{queue}"
whisper = "queue-{queue}"
nobody_logged_in = {{ entering = "menu:subject", waiting = "wait" }}

[[queue]]
name = "leavable"
title = {{ zh = "可离开", en = "Leavable" }}
needs = "{skill}"
announce_position_s = 0
comfort = ["please-wait"]
comfort_s = 4
leave_key = "9"
leave_to = "message:message-thanks"
whisper = "queue-{queue}"

[[queue]]
name = "shut"
title = {{ zh = "关闭", en = "Shut" }}
needs = "{skill}"
hours = "never"
closed = "flow:menu0"
whisper = "queue-{queue}"
"""


def _settings() -> str:
    text = lane_settings(1)
    at = text.index("[[queue]]")
    flows = "".join(
        f'\n[[flow]]\nname = "{name}"\nstart = "queue:{name}"\n[[number]]\ndid = "{did}"\nflow = "{name}"\n'
        for did, name in (("6001", "stepped"), ("6002", "limited"), ("6003", "leavable"), ("6004", "shut"))
    )
    return text[:at] + _QUEUES.format(skill=LANE.skill, queue=LANE.queue) + text[at:] + flows


async def test_needs_widen_limits_send_on_and_a_key_leads_out(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    stack = await own_stack(_settings())
    await _to_the_menu_when_nobody_is_logged_in(stack)
    async with agents(stack, LANE.agents[1], manner=BY_HAND) as (desk,):
        await _widens(stack, desk)
        await _closed_to_a_flow(stack)
        await desk.not_ready()
        await _overflows(stack, desk)
        await _is_answered_under_the_music(stack, desk)
        await desk.not_ready()
        await _leaves_by_key(stack)
    await nothing_left(stack)


async def _to_the_menu_when_nobody_is_logged_in(stack: HotlineStack) -> None:
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6002")
        sent = (await stack.fact("CallOverflowed", contact=contact, within_s=15)).body
        assert (sent["reason"], sent["to"]) == ("nobody_logged_in", "menu:subject")
        await call.rtp.hears(prompt_hz("menu-subject"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert not stack.facts.of("CallQueued", contact=contact)


async def _widens(stack: HotlineStack, desk) -> None:  # type: ignore[no-untyped-def]
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6001")
        queued = (await stack.fact("CallQueued", contact=contact, within_s=15)).body
        widened = (await stack.fact("CallWidened", contact=contact, within_s=10)).body
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        offered = (await stack.fact("CallOffered", contact=contact)).body
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert queued["needs"] == "special >= 1"
    assert (widened["step"], widened["needs"]) == (1, f"{LANE.skill} >= 1")
    assert widened["at_ms"] - queued["at_ms"] >= 2000
    assert (offered["proof"]["step"], offered["at_ms"]) == (1, widened["at_ms"])


async def _closed_to_a_flow(stack: HotlineStack) -> None:
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6004")
        sent = (await stack.fact("CallOverflowed", contact=contact, within_s=15)).body
        assert (sent["reason"], sent["to"]) == ("closed", "flow:menu0")
        await call.rtp.hears(prompt_hz("menu-language"), within_s=15)
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)


async def _overflows(stack: HotlineStack, desk) -> None:  # type: ignore[no-untyped-def]
    """To the other queue, as a second entry with the wait kept; answered there."""
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6002")
        await stack.fact("CallOverflowed", contact=contact, reason="max_wait", within_s=15)
        second = (await stack.fact("CallQueued", contact=contact, entry=2)).body
        first = stack.facts.of("CallQueued", contact=contact, entry=1)[0].body
        left = (await stack.fact("CallLeftQueue", contact=contact, entry=1)).body
        assert (left["how"], left["to"]) == ("out", f"queue:{LANE.queue}")
        assert (second["queue"], second["wait_since_ms"]) == (LANE.queue, first["wait_since_ms"])
        await desk.ready()
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        await stack.facts.agent_state(desk.number, "ready", within_s=10)


async def _leaves_by_key(stack: HotlineStack) -> None:
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6003")
        await stack.fact("CallQueued", contact=contact, within_s=15)
        await call.rtp.hears(prompt_hz("please-wait"), within_s=15)
        await asyncio.sleep(1.2)  # no longer said: the key counts under the music, too
        await call.send_digits("9")
        await call.rtp.hears(prompt_hz("message-thanks"), within_s=15)
        left = (await stack.fact("CallLeftQueue", contact=contact)).body
        await call.ended()
    assert (left["how"], left["to"]) == ("out", "message:message-thanks")


async def _is_answered_under_the_music(stack: HotlineStack, desk) -> None:  # type: ignore[no-untyped-def]
    """Waiting for the key does not hold up an offer."""
    await desk.not_ready()
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6003")
        await stack.fact("CallQueued", contact=contact, within_s=15)
        await asyncio.sleep(1.5)
        await call.rtp.hears_sound()  # music
        await desk.ready()
        rung = await desk.phone.incoming(within_s=10)
        offered = (await stack.fact("CallOffered", contact=contact)).body
        rang = (await stack.fact("OfferRang", contact=contact)).body
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert rang["at_ms"] - offered["at_ms"] < 2000
    await stack.facts.agent_state(desk.number, "ready", within_s=15)
