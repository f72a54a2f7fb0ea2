"""The load: agents who talk for a seeded random time and hang up, callers who are always there.

The same for both engines. Times come from the kernel (arrival of the INVITE) and from just before the BYE.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from harness import sipp
from harness.lanes import CARRIER
from harness.phone import Manner, Phone

from bench.stages import Stage


@contextlib.asynccontextmanager
async def agents_at_work(
    stage: Stage, *, seed: int, talk_s: tuple[float, float], tone_hz: int | None
) -> AsyncIterator[list[Phone]]:
    """All agents registered and ready; each talks between talk_s[0] and talk_s[1] seconds, uniformly."""
    async with contextlib.AsyncExitStack() as ends:
        phones = []
        for place, name in enumerate(stage.agents):
            manner = Manner(talk_s=_seeded(seed * 1000 + place, talk_s))
            phone = Phone(
                name,
                stage.password(name),
                server=stage.server,
                tone_hz=tone_hz,
                codecs=("PCMU",),
                manner=manner,
            )
            phones.append(await ends.enter_async_context(phone))
        for phone in phones:
            await phone.register(expires_s=3600, keep=False)
        await asyncio.gather(*(_make_ready(stage, phone) for phone in phones))
        for phone in phones:
            phone.socket.log.clear()
            phone.calls.clear()
        yield phones


async def _make_ready(stage: Stage, phone: Phone) -> None:
    made = stage.make_ready(phone)
    assert asyncio.iscoroutine(made)
    await made


def _seeded(seed: int, talk_s: tuple[float, float]) -> Callable[[], float]:
    chance = random.Random(seed)
    return lambda: chance.uniform(*talk_s)


@contextlib.asynccontextmanager
async def callers(
    stage: Stage, folder: Path, *, at_once: int, per_s: float, tone_hz: int | None
) -> AsyncIterator[sipp.Run]:
    """SIPp: never more than so many callers at once, and at most per_s new ones a second."""
    caller = sipp.Caller(stage.number, limit_s=600, tone_hz=tone_hz)
    run = await sipp.call(
        caller, stage.server, folder, address=CARRIER, calls=1_000_000, per_s=per_s, at_once=at_once
    )
    try:
        yield run
    finally:
        await run.stop()


def gaps_ms(phone: Phone, *, since_us: int = 0) -> list[float]:
    """From each BYE that the phone sent to the INVITE that it received next, in ms."""
    gaps, bye_us = [], 0
    for logged in phone.socket.log:
        message = logged.message
        if logged.sent and message.method == "BYE":
            bye_us = logged.at_us
        elif not logged.sent and message.method == "INVITE" and bye_us:
            if bye_us >= since_us:
                gaps.append((logged.at_us - bye_us) / 1000)
            bye_us = 0
    return gaps


def answered(phones: list[Phone]) -> int:
    """Calls that the agents have answered so far."""
    return sum(call.answered_us > 0 for phone in phones for call in phone.calls)
