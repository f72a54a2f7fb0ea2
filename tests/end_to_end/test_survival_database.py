"""PostgreSQL away under load: calls go on, no fact is lost, the backlog is written when it is back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest
from harness.crowd import Crowd, crowd_settings
from harness.stack import HotlineStack
from harness.traffic import facts_in_journals, ledger_has_all, traffic
from harness.waiting import until
from harness.wall import alarm_on_the_wall, alarm_over

OwnStack = Callable[[str], Awaitable[HotlineStack]]
Absence = Callable[[HotlineStack], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def killed_again_and_again(stack: HotlineStack) -> AsyncIterator[None]:
    """PostgreSQL is killed whenever it is there."""

    async def kill() -> None:
        while True:
            # It ends by itself, or its pid file is just being made.
            with suppress(ProcessLookupError, FileNotFoundError, ValueError, IndexError):
                if stack.pid("postgres"):
                    stack.kill("postgres")
            await asyncio.sleep(0.05)

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        killing.cancel()


@asynccontextmanager
async def hanging(stack: HotlineStack) -> AsyncIterator[None]:
    """PostgreSQL with all its processes takes connections and says nothing."""
    server = stack.pid("postgres")
    processes = [server, *children(server)]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def children(parent: int) -> list[int]:
    """Its child processes. Source: man 5 proc, /proc/PID/task/TID/children."""
    return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


async def backlog_grows(stack: HotlineStack) -> float:
    """Wait until the ledger tells of facts that PostgreSQL has not; how many.

    PostgreSQL may take some in the moment between its start and the next kill.
    """
    for _ in range(300):
        if (backlog := await stack.metric("ledger", 'hotline_ledger_backlog_facts{writer="acd"}')) > 0:
            return backlog
        await asyncio.sleep(0.1)
    raise AssertionError("the ledger has no backlog while PostgreSQL is away")


async def absent(stack: HotlineStack, crowd: Crowd, absence: Absence, away_s: float) -> None:
    """Calls are served meanwhile as before; then every fact is in PostgreSQL, once."""
    async with traffic(crowd, callers=4) as counted:
        async with absence(stack):
            before, facts_before = counted.served, len(facts_in_journals(stack))
            # One that is silent is given up after COMMAND_LIMIT_S (hotline/ledger/store.py).
            alarm = alarm_on_the_wall(stack, "database:", within_s=45)
            await asyncio.gather(asyncio.sleep(away_s), alarm)
            # A busy machine may be slow; calls that do not go on are never as many.
            await until(lambda: counted.served - before >= away_s / 5, "calls go on", 60)
            served = counted.served - before
            backlog = await backlog_grows(stack)
            new = len(facts_in_journals(stack)) - facts_before
        back_s = time.monotonic()
        assert backlog <= new
        await asyncio.sleep(1.0)  # the load goes on while the ledger catches up
    await crowd.all_ended_once()
    await ledger_has_all(stack, within_s=60)
    await alarm_over(stack, "database:")
    caught_up_s = time.monotonic() - back_s
    print(f"{served} calls and {new} facts within {away_s:.0f} s; all written {caught_up_s:.1f} s later")


@pytest.mark.long
async def test_postgres_killed_for_10_s_under_load(own_stack: OwnStack) -> None:
    """Killed again at each return, as its restarts fail."""
    stack = await own_stack(crowd_settings(4))
    async with Crowd(stack, agents=4) as crowd:
        await absent(stack, crowd, killed_again_and_again, 10)


@pytest.mark.long
@pytest.mark.heavy
@pytest.mark.timeout(400)
@pytest.mark.parametrize("absence", [killed_again_and_again, hanging])
async def test_postgres_away_for_60_s_under_load(own_stack: OwnStack, absence: Absence) -> None:
    """Killed, and as bad: alive but silent."""
    stack = await own_stack(crowd_settings(8))
    async with Crowd(stack, agents=8) as crowd:
        await absent(stack, crowd, absence, 60)
