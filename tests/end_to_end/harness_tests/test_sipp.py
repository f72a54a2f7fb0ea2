"""SIPp at a real Asterisk, as caller and as agent."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from harness import sipp, sound
from harness.bare_asterisk import Stage
from harness.phone import NEVER_ANSWERS, Phone
from harness.ports import free_udp_port
from harness.waiting import until

CALLER = "127.0.0.2"


@asynccontextmanager
async def desk(stage: Stage, folder: Path, **manner):  # type: ignore[no-untyped-def]
    kind = sipp.Agent("1001", "secret", **manner)
    run = await sipp.agent(kind, stage.server, folder / "agent", port=free_udp_port())
    try:
        yield run
    finally:
        await run.stop()


async def test_both_say_their_tone_and_the_agent_hangs_up(stage: Stage, tmp_path: Path) -> None:
    async with desk(stage, tmp_path, ring_s=0.2, talk_s=1.0, tone_hz=1000) as agent:
        kind = sipp.Caller("1001", tone_hz=440, codec="PCMA")
        callers = await sipp.call(kind, stage.server, tmp_path / "caller", address=CALLER)
        assert await callers.finished(within_s=10) == sipp.Outcome(1, 0)
        rang, bye = (next(m for m in agent.seen() if m.first.startswith(word)) for word in ("INVITE", "BYE"))
        assert 1_200_000 <= bye.at_us - rang.at_us < 2_000_000
        assert (rang.sent, bye.sent) == (False, True)
    await until(lambda: stage.asterisk.channels() == 0, "end of the channels", 3)
    agents, callers_ = sound.read_channels(stage.recording)
    assert sound.clearest_share(agents, 1000) > 0.9
    assert sound.clearest_share(callers_, 440) > 0.9


async def test_the_caller_hangs_up_or_gives_up(stage: Stage, tmp_path: Path) -> None:
    async with desk(stage, tmp_path):
        kind = sipp.Caller("1001", hold_s=0.2)
        callers = await sipp.call(kind, stage.server, tmp_path / "talks", address=CALLER)
        assert await callers.finished(within_s=10) == sipp.Outcome(1, 0)
    async with desk(stage, tmp_path, refuse=0):
        kind = sipp.Caller("1001", cancel_after_s=0.3)
        callers = await sipp.call(kind, stage.server, tmp_path / "gives_up", address=CALLER)
        assert await callers.finished(within_s=10) == sipp.Outcome(1, 0)


async def test_a_refused_call_is_a_failure_that_names_its_log(stage: Stage, tmp_path: Path) -> None:
    async with desk(stage, tmp_path, refuse=486):
        callers = await sipp.call(sipp.Caller("1001"), stage.server, tmp_path / "caller", address=CALLER)
        with pytest.raises(sipp.SippError, match="486"):
            await callers.finished(within_s=10)


async def test_a_wrong_password_is_refused(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(sipp.SippError, match="401"):
        await sipp.register("1001", "wrong", stage.server, tmp_path, port=free_udp_port())


async def test_a_phone_of_its_own_account_presses_keys(stage: Stage, tmp_path: Path) -> None:
    async with Phone("1002", "secret", server=stage.server, manner=NEVER_ANSWERS) as other:
        await other.register()
        keys = ((0.8, "42"), (0.4, "1"))
        kind = sipp.Caller("read", user="1001", password="secret", keys=keys, hold_s=1.5, tone_hz=0)
        caller = await sipp.call(kind, stage.server, tmp_path)
        await other.incoming(within_s=4)
        assert await caller.finished(within_s=10) == sipp.Outcome(1, 0)


async def test_many_calls_for_one_registration(stage: Stage, tmp_path: Path) -> None:
    async with desk(stage, tmp_path, talk_s=0.1) as agent:
        kind = sipp.Caller("1001")
        callers = await sipp.call(kind, stage.server, tmp_path / "c", address=CALLER, calls=20, per_s=10)
        assert await callers.finished(within_s=20) == sipp.Outcome(20, 0)
        await asyncio.sleep(1.2)
        assert agent.outcome().successful >= 19  # the counts lag by a second
