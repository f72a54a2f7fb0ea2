"""What scenes of several tests share: callers' numbers, agents side by side, silence at the end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import AsyncIterator

from harness import sound
from harness.call import Call
from harness.desk import Desk
from harness.phone import Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.stack import HotlineStack
from harness.waiting import until

_numbers = itertools.count(13_100_000_000)


def new_number() -> str:
    """A caller's number that no other call of this run has."""
    return str(next(_numbers))


async def contact_of(stack: HotlineStack, number: str, *, within_s: float = 5.0) -> str:
    """The contact of the caller with this number, who calls once. Raises TimeoutError."""
    identified = await stack.fact("CallerIdentified", number=number, within_s=within_s)
    started = await stack.fact("ContactStarted", caller=identified.body["caller"])
    contact: str = started.body["contact"]
    return contact


async def dial(stack: HotlineStack, caller: Phone, number: str, *, name: str = "") -> tuple[Call, str]:
    """Call a number of the hotline from a number of its own; returns the call and its contact."""
    own = new_number()
    call = caller.call(number, caller=own, name=name)
    return call, await contact_of(stack, own)


@contextlib.asynccontextmanager
async def agents(
    stack: HotlineStack, *numbers: str, ready: bool = True, manner: Manner | None = None, tone_hz: int = 0
) -> AsyncIterator[list[Desk]]:
    """These agents, logged in side by side, and ready (ready) in this order: the first rings first."""
    async with contextlib.AsyncExitStack() as ends:
        entered = [
            ends.enter_async_context(stack.agent(number, ready=False, manner=manner, tone_hz=tone_hz))
            for number in numbers
        ]
        desks = list(await asyncio.gather(*entered))
        if ready:
            for desk in desks:
                await desk.ready()
                await stack.facts.agent_state(desk.number, "ready")
        yield desks


def lengthen(stack: HotlineStack, prompt: str, seconds: float, language: str = "zh") -> None:
    """A prompt of this test's own (queue-…, agent-…) lasts so long from now on."""
    tone = sound.tone(prompt_hz(prompt, language), round(seconds * sound.SAMPLES_PER_S))
    sound.write_wav(stack.deployment.sounds / language / "hotline" / f"{prompt}.wav", tone)


async def choose(call: Call, stack: HotlineStack, contact: str, menu: str, digit: str) -> None:
    """Press a digit until this menu has taken it: once, and once more after 4 s should it be lost."""

    def taken() -> bool:
        chosen = [fact for fact in stack.journal("ivr") if fact.kind == "MenuChosen"]
        return any(fact.contact == contact and fact.body["menu"] == menu for fact in chosen)

    for _ in range(3):
        await call.send_digits(digit)
        with contextlib.suppress(TimeoutError):
            await until(taken, f"{call}: menu {menu} takes {digit}", 4.0)
            return
    raise TimeoutError(f"{call}: menu {menu} took no {digit}")


async def nothing_left(stack: HotlineStack, *, within_s: float = 10.0) -> None:
    """Wait until no channel, FastAGI session, open contact, queue entry or offer is left."""
    deadline_s = time.monotonic() + within_s
    while left := await _left(stack):
        assert time.monotonic() < deadline_s, (left, await stack.console("core show channels concise"))
        await asyncio.sleep(0.1)


async def _left(stack: HotlineStack) -> dict[str, float]:
    """What is not over, by kind, with its number."""
    still_open = (await stack.picture())["open"]
    counts: dict[str, float] = {kind: len(still_open[kind]) for kind in ("contacts", "entries", "legs")}
    counts["channels"] = await stack.channels()
    for service in ("acd", "ivr"):
        found = re.search(r"^hotline_agi_open_sessions (\S+)$", await stack.metrics(service), re.MULTILINE)
        assert found
        counts[f"sessions of {service}"] = float(found[1])
    return {kind: number for kind, number in counts.items() if number}
