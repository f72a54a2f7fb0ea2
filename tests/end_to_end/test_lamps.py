"""Lamps on phones (BLF): a phone subscribes to agents and queues and is told how they stand."""

from collections.abc import Awaitable, Callable

import pytest
from harness.lanes import Lane, lane_settings
from harness.phone import NEVER_ANSWERS, Phone, RegistrationRefused
from harness.stack import HotlineStack
from harness.waiting import until

LIT, BLINKING, DARK = "confirmed", "early", "terminated"  # as a NOTIFY says it


async def test_lamps_show_ready_not_ready_and_waiting_callers(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    lane = Lane(0)
    watched, watcher = lane.agents[:2]
    settings = lane_settings(1).replace(f'name = "{watcher}"\n', f'name = "{watcher}"\nlamps = true\n', 1)
    stack = await own_stack(settings)
    ready, not_ready, waiting = f"*13{watched}", f"*14{watched}", f"waiting-{lane.queue}"

    async with stack.phone(watcher) as desk, stack.phone(lane.agents[2]) as without:
        await desk.register()
        await without.register()
        for lamp in (ready, not_ready, waiting):
            await desk.watch(lamp)
        with pytest.raises(RegistrationRefused, match="603"):  # only who has lamps may watch
            await without.watch(ready)
        await _shows(desk, {ready: DARK, not_ready: DARK, waiting: DARK})

        async with stack.agent(watched) as agent, stack.caller() as caller:
            await _shows(desk, {ready: LIT, not_ready: DARK})
            await agent.code("*141")
            await _shows(desk, {ready: DARK, not_ready: LIT})

            call = await caller.call(lane.straight).answered()
            await _shows(desk, {waiting: BLINKING})
            agent.phone.manner = NEVER_ANSWERS
            await agent.code(ready)  # the key itself dials what it watches
            await _shows(desk, {ready: BLINKING})
            await _shows(desk, {ready: DARK, not_ready: BLINKING})  # it rang out: not responding
            await call.hang_up()
            await _shows(desk, {waiting: DARK})


async def _shows(phone: Phone, lamps: dict[str, str]) -> None:
    await until(lambda: lamps.items() <= phone.lamps.items(), f"lamps {lamps}, seen {phone.lamps}", 15)
