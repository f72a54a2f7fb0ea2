"""baresip as an agent's phone at a real Asterisk."""

import asyncio
from pathlib import Path

from harness import sound
from harness.bare_asterisk import Stage
from harness.baresip import Baresip, Softphone
from harness.phone import NEVER_ANSWERS, Phone
from harness.waiting import until


async def test_it_answers_and_both_hear_each_other(stage: Stage, tmp_path: Path) -> None:
    desk = Softphone("1001", "secret", stage.server, tone_hz=1000)
    async with (
        Baresip(desk, tmp_path) as agent,
        Phone("13800000000", server=stage.server, address="127.0.0.2", tone_hz=440) as phone,
    ):
        call = await phone.call("1001").answered()
        await agent.event("CALL_ESTABLISHED")
        await call.rtp.hears(1000)
        await asyncio.sleep(1.0)
        await agent.command("hangup")
        assert (await call.ended()).by == "far"
        await agent.event("CALL_CLOSED")
        await until(lambda: agent.heard.stat().st_size > 8000, "what it heard", 3)
    heard = sound.read_channels(agent.heard)[0]
    assert sound.clearest_share(heard[-8000:], 440) > 0.9


async def test_it_dials_and_presses_keys(stage: Stage, tmp_path: Path) -> None:
    desk = Softphone("1001", "secret", stage.server)
    async with (
        Baresip(desk, tmp_path) as agent,
        Phone("1002", "secret", server=stage.server, manner=NEVER_ANSWERS) as other,
    ):
        await other.register()
        await agent.command("dial", "read")
        await agent.event("CALL_ESTABLISHED")
        await asyncio.sleep(0.5)
        for digit in "421":
            await agent.command("sndcode", digit)
            await asyncio.sleep(0.25)
        await other.incoming(within_s=4)
        await agent.command("hangup")
