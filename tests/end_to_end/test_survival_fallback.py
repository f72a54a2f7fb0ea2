"""No service of ours for `fallback_after_s`: plain dialplan serves the callers, and the facts come later."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from harness import sound
from harness.call import Call
from harness.crowd import AGENT_HZ, CALLER_HZ, EMERGENCY, HOTLINE, Crowd, Guest, crowd_settings
from harness.stack import SERVICES, HotlineStack, processes_of
from harness.waiting import until

from acd.core.picture import Picture
from acd.door import BLIND_S
from telephony.ami import AmiTimes

OwnStack = Callable[[str], Awaitable[HotlineStack]]
FALLBACK_AFTER_S = 5
BYTES_AT_ONCE = 32_768


async def test_without_services_callers_reach_the_emergency_phone_or_leave_a_message(
    own_stack: OwnStack,
) -> None:
    """Of two callers who wait and two who call in meanwhile, one each is helped and one leaves a message."""
    stack = await own_stack(crowd_settings(1, fallback_after_s=FALLBACK_AFTER_S))
    async with Crowd(stack, agents=1) as crowd, stack.phone(EMERGENCY, tone_hz=AGENT_HZ) as emergency:
        await emergency.register()
        [talking] = await crowd.conversations(1)
        waiting = await crowd.waits(2)
        await die(stack)
        died_s = time.monotonic()
        new = [await crowd.call(known=False) for _ in range(2)]
        await asyncio.gather(*(guest.call.rtp.hears_sound(within_s=5) for guest in (*new, *waiting)))
        rung = [await emergency.incoming(within_s=30) for _ in range(4)]
        assert time.monotonic() - died_s >= FALLBACK_AFTER_S - 1  # the dialplan counts whole seconds
        asked, unasked = rung_by(rung, [waiting[0], new[0]]), rung_by(rung, [waiting[1], new[1]])
        for call in asked:
            call.answer()
        for call in unasked:
            call.reject(486, "Busy Here")
        await asyncio.gather(*(guest.call.rtp.hears(AGENT_HZ, within_s=10) for guest in (waiting[0], new[0])))
        await crowd.all_talk([talking])
        await waiting[0].call.hang_up()
        await asked[1].hang_up()
        await new[0].call.ended()
        await spoken(stack, 2)
        await asyncio.gather(*(guest.call.hang_up() for guest in (waiting[1], new[1])))
        await crowd.agent_call(talking).hang_up()
        await talking.call.ended()
        deeds = {"FallbackStarted": 4, "FallbackAnswered": 2, "FallbackMessage": 2}
        await until(lambda: told(stack) == deeds, lambda: f"{deeds}, there are {told(stack)}", 15)
        await stack.start()
        await crowd.all_ended_once()
        await check_facts(stack, crowd)
        again = await crowd.call()
        await crowd.connected(again)


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_an_acd_that_cannot_see_asterisk_gives_its_callers_back(own_stack: OwnStack) -> None:
    """Its manager account is refused from now on, while FastAGI would still hold callers."""
    stack = await own_stack(crowd_settings(1, fallback_after_s=FALLBACK_AFTER_S))
    accounts = stack.deployment.asterisk_etc / "manager.conf"
    good = accounts.read_bytes()
    async with Crowd(stack, agents=1) as crowd, stack.phone(EMERGENCY, tone_hz=AGENT_HZ) as emergency:
        await emergency.register()
        [talking] = await crowd.conversations(1)
        [waiting] = await crowd.waits(1)
        accounts.write_bytes(good.replace(stack.secrets.ami_acd.encode(), b"another-secret"))
        await stack.console("manager reload")
        for line in (await stack.console("manager show connected")).splitlines():
            if line.split()[0] == "acd":
                await stack.console(f"manager kick session {line.split()[4]}")
        helped = await emergency.incoming(within_s=BLIND_S + FALLBACK_AFTER_S + 20)
        helped.answer()
        await waiting.call.rtp.hears(AGENT_HZ, within_s=10)
        await crowd.all_talk([talking])
        accounts.write_bytes(good)
        await stack.console("manager reload")
        await waiting.call.hang_up()
        await helped.ended()
        for _ in range(10 + int(AmiTimes().refused_retry_s)):
            if await stack.ready("acd"):
                break
            await asyncio.sleep(1)
        again = await crowd.call()
        await crowd.agent_call(talking).hang_up()
        await talking.call.ended()
        await crowd.connected(again)
        assert await stack.metric("acd", "hotline_acd_blind_total") == 1
        await crowd.agent_call(again).hang_up()
        await again.call.ended()
        await crowd.all_ended_once()


async def die(stack: HotlineStack) -> None:
    """The supervisor first, so that nothing is started again; then all services of ours."""
    pids = {stack.kill(name) for name in ("supervisor", *SERVICES)}
    await until(lambda: not pids & set(processes_of(stack.data)), "the end of all services", 10)


def rung_by(rung: list[Call], guests: list[Guest]) -> list[Call]:
    """The emergency phone's calls that come from these callers."""
    return [next(call for call in rung if guest.number in call.dialog.remote) for guest in guests]


async def spoken(stack: HotlineStack, messages: int) -> None:
    """Wait until so many messages have been spoken for a while (Asterisk writes 32 kB at once, file.c)."""
    folder = stack.deployment.voice_messages / "incoming"

    def long_enough() -> bool:
        return sum(file.stat().st_size >= 2 * BYTES_AT_ONCE for file in folder.glob("*.wav")) >= messages

    await until(long_enough, f"{messages} messages that grow", 60)


def told(stack: HotlineStack) -> Counter[str]:
    """What the fallback's script has told so far."""
    return Counter(envelope.kind for envelope in stack.journal("fallback"))


async def check_facts(stack: HotlineStack, crowd: Crowd) -> None:
    """The ledger has the script's lines, acd counts each contact once, and the messages lie there."""
    ended = [fact.body for fact in stack.facts.of("ContactEnded")]
    assert Counter(body["stage"] for body in ended) == {"fallback": 4, "survey": 1}
    served = {body["contact"] for body in ended if body["stage"] == "fallback"}
    left = {fact.contact: fact.body["how"] for fact in stack.facts.of("CallLeftQueue")}
    assert Counter(left.values()) == {"answered": 1, "out": 2}
    picture = Picture.restore(await stack.picture(), lambda at_ms: 0)
    assert picture.day.contacts == 5
    assert picture.day.check() == []
    files = list((stack.deployment.voice_messages / "incoming").glob("*.wav"))
    assert len(files) == 2
    for file in files:
        samples = sound.read_channels(file)[0]
        assert sound.clearest_share(samples, CALLER_HZ) > 0.9
    for _ in range(100):
        rows = await stack.sql("SELECT contact, kind FROM fact WHERE writer = 'fallback'")
        if len(rows) == 8:
            break
        await asyncio.sleep(0.1)
    assert Counter(row["kind"] for row in rows) == told(stack)
    assert {row["contact"] for row in rows} == served


@pytest.mark.long
@pytest.mark.timeout(240)
async def test_a_message_left_in_the_fallback_is_taken_in(own_stack: OwnStack) -> None:
    """With no emergency phone at hand; once ivr is back and the file is quiet, the ledger has the message."""
    stack = await own_stack(crowd_settings(1, fallback_after_s=FALLBACK_AFTER_S))
    await die(stack)
    async with Crowd(stack, agents=0) as crowd:
        guest = await crowd.call(known=False)
        await guest.call.answered(within_s=10)
        await spoken(stack, 1)
        await guest.call.hang_up()
        deeds = {"FallbackStarted": 1, "FallbackMessage": 1}
        await until(lambda: told(stack) == deeds, lambda: f"{deeds}, there are {told(stack)}", 15)
        await stack.start()
        [started] = stack.facts.of("ContactStarted")
        assert (started.body["number"], started.body["trunk"]) == (HOTLINE, "carrier")
        for _ in range(150):
            rows = await stack.sql("SELECT * FROM voice_message WHERE contact = $1", started.contact)
            if rows:
                break
            await asyncio.sleep(1)
        [row] = rows
        samples = sound.read_channels(stack.deployment.voice_messages / row["path"])[0]
        assert row["length_ms"] == len(samples) // 8 >= 2 * BYTES_AT_ONCE // 16
        assert sound.clearest_share(samples, CALLER_HZ) > 0.9
