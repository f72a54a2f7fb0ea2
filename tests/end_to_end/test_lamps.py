"""Lamps on phones (BLF): a phone subscribes to agents and queues and is told how they stand."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from harness.lanes import Lane, lane_settings
from harness.phone import NEVER_ANSWERS, Phone, RegistrationRefused
from harness.stack import HotlineStack, run_hotline
from harness.waiting import until

LIT, BLINKING, DARK = "confirmed", "early", "terminated"  # as a NOTIFY says it


async def test_lamps_show_ready_not_ready_and_waiting_callers(
    own_stack: Callable[[str], Awaitable[HotlineStack]], tmp_path: Path
) -> None:
    """They are switched on while everything runs: Asterisk has nothing of them when it starts."""
    lane = Lane(0)
    watched, watcher = lane.agents[:2]
    dark = lane_settings(1)
    stack = await own_stack(dark)
    ready, not_ready, waiting = f"*13{watched}", f"*14{watched}", f"waiting-{lane.queue}"

    async with stack.phone(watcher) as desk, stack.phone(lane.agents[2]) as without:
        await desk.register()
        await without.register()
        async with stack.agent(watched) as agent, stack.caller() as caller:
            with_lamps = tmp_path / "lamps.toml"
            with_lamps.write_text(
                dark.replace(f'name = "{watcher}"\n', f'name = "{watcher}"\nlamps = true\n', 1), "utf-8"
            )
            status, said = await run_hotline(
                "settings", "import", str(with_lamps), "--data", str(stack.deployment.data), within_s=60
            )
            assert status == 0, said
            await _watches(desk, ready)
            for lamp in (not_ready, waiting):
                await desk.watch(lamp)
            with pytest.raises(RegistrationRefused, match="603"):  # only who has lamps may watch
                await without.watch(ready)
            await _shows(desk, {ready: LIT, not_ready: DARK, waiting: DARK})  # what was so before the lamps
            parts = {part["name"]: part for part in (await stack.status())["parts"]}
            assert parts["asterisk"]["ready"], parts["asterisk"]
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


async def _watches(phone: Phone, lamp: str) -> None:
    """Subscribe to a lamp that is just being made: Asterisk reads its new settings in its own time."""
    for _ in range(15):
        with contextlib.suppress(RegistrationRefused):
            return await phone.watch(lamp)
        await asyncio.sleep(1)
    return await phone.watch(lamp)


async def _shows(phone: Phone, lamps: dict[str, str]) -> None:
    await until(lambda: lamps.items() <= phone.lamps.items(), f"lamps {lamps}, seen {phone.lamps}", 15)
