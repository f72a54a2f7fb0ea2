"""PostgreSQL away under load: calls go on, no fact is lost, the backlog is written when it is back."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest
from harness.crowd import Crowd, crowd_settings
from harness.stack import HotlineStack
from harness.traffic import facts_in_journals, ledger_has_all, traffic
from harness.wall import alarm_on_the_wall, alarm_over

OwnStack = Callable[[str], Awaitable[HotlineStack]]
Absence = Callable[[HotlineStack], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def killed_again_and_again(stack: HotlineStack) -> AsyncIterator[None]:
    """PostgreSQL is killed whenever it is there."""

    async def kill() -> None:
        while True:
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
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


async def absent(stack: HotlineStack, crowd: Crowd, absence: Absence, away_s: float) -> None:
    """Calls are served meanwhile as before; then every fact is in PostgreSQL, once."""
    async with traffic(crowd, callers=4) as counted:
        async with absence(stack):
            before, facts_before = counted.served, len(facts_in_journals(stack))
            await asyncio.gather(asyncio.sleep(away_s), alarm_on_the_wall(stack, "database:"))
            served = counted.served - before
            backlog = re.search(
                r'^hotline_ledger_backlog_facts\{writer="acd"\} (\S+)', await stack.metrics("ledger"), re.M
            )
            new = len(facts_in_journals(stack)) - facts_before
        back_s = time.monotonic()
        assert served >= away_s / 5, "calls do not go on"
        assert backlog is not None and 0 < float(backlog[1]) <= new
        await asyncio.sleep(1.0)  # the load goes on while the ledger catches up
    await crowd.all_ended_once()
    await ledger_has_all(stack, within_s=60)
    await alarm_over(stack, "database:")
    caught_up_s = time.monotonic() - back_s
    print(f"{served} calls and {new} facts within {away_s:.0f} s; all written {caught_up_s:.1f} s later")


async def test_postgres_killed_for_10_s_under_load(own_stack: OwnStack) -> None:
    """Killed again at each return, as its restarts fail."""
    stack = await own_stack(crowd_settings(4))
    async with Crowd(stack, agents=4) as crowd:
        await absent(stack, crowd, killed_again_and_again, 10)


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("absence", [killed_again_and_again, hanging])
async def test_postgres_away_for_60_s_under_load(own_stack: OwnStack, absence: Absence) -> None:
    """Killed, and as bad: alive but silent."""
    stack = await own_stack(crowd_settings(8))
    async with Crowd(stack, agents=8) as crowd:
        await absent(stack, crowd, absence, 60)
