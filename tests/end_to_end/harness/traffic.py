"""Calls without pause, for tests of what happens under load; and whether the ledger has kept every fact."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

import asyncpg

from harness.crowd import Crowd
from harness.phone import Manner
from harness.stack import HotlineStack
from hotline.journal import read_journal
from hotline.ledger.service import WRITERS

AGENTS_TALK_S = 0.6
LONGEST_PATIENCE_S = 5.0


class Traffic:
    """How many callers have stayed until an agent ended their call."""

    def __init__(self) -> None:
        self.served = 0


@contextlib.asynccontextmanager
async def traffic(
    crowd: Crowd, *, callers: int, chance: random.Random | None = None
) -> AsyncIterator[Traffic]:
    """So many callers call again and again; agents end each call after a moment. Raises what a call did.

    chance: with it, half of the callers hang up at any moment.
    """
    counted = Traffic()
    for desk in crowd.desks.values():
        desk.phone.manner = Manner(ring_s=0.1, talk_s=AGENTS_TALK_S)
    stop = asyncio.Event()

    async def call_again_and_again() -> None:
        while not stop.is_set():
            guest = await crowd.call(known=False)
            if chance is not None and chance.random() < 0.5:
                await asyncio.sleep(chance.uniform(0.0, LONGEST_PATIENCE_S))
                await guest.call.hang_up()
                continue
            await guest.call.answered(within_s=20)
            await guest.call.ended(within_s=45)  # the agent's deed, so that a call lost on the way is told
            counted.served += 1

    async with asyncio.TaskGroup() as calling:
        for _ in range(callers):
            calling.create_task(call_again_and_again())
        try:
            yield counted
        finally:
            stop.set()


def facts_in_journals(stack: HotlineStack) -> dict[str, str]:
    """The writer of each fact that is in a journal now, by id."""
    return {
        envelope.fact_id: writer
        for writer in WRITERS
        for _, envelope in read_journal(stack.deployment.journal(writer))
    }


async def facts_in_database(stack: HotlineStack) -> dict[str, str]:
    """The writer of each fact that is in PostgreSQL now, by id; none while it does not answer."""
    try:
        return {row["fact_id"]: row["writer"] for row in await stack.sql("SELECT fact_id, writer FROM fact")}
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return {}


async def ledger_has_all(stack: HotlineStack, *, within_s: float = 30) -> float:
    """Wait until PostgreSQL has every fact of the journals as they are now, and no other; how long (s)."""
    began_s = time.monotonic()
    wanted = facts_in_journals(stack)
    while missing := wanted.keys() - (found := await facts_in_database(stack)).keys():
        if time.monotonic() - began_s > within_s:
            raise TimeoutError(f"{len(missing)} facts are not in PostgreSQL within {within_s} s")
        await asyncio.sleep(0.1)
    assert wanted == {fact: found[fact] for fact in wanted}
    assert found.keys() <= facts_in_journals(stack).keys()
    return time.monotonic() - began_s
