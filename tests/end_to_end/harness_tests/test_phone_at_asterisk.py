"""The scripted phone at a real Asterisk: what the end-to-end tests of the product rely on."""

import asyncio

import pytest
from harness import sound
from harness.bare_asterisk import Stage
from harness.call import CallFailed
from harness.phone import BUSY, NEVER_ANSWERS, Manner, Phone, RegistrationRefused
from harness.waiting import until

CALLER = "127.0.0.2"


def caller(stage: Stage, *, tone_hz: int | None = 440) -> Phone:
    return Phone("13800000000", server=stage.server, address=CALLER, tone_hz=tone_hz)


def agent(stage: Stage, name: str = "1001", *, tone_hz: int = 1000, manner: Manner | None = None) -> Phone:
    return Phone(name, "secret", server=stage.server, tone_hz=tone_hz, manner=manner)


async def test_a_wrong_password_and_an_unknown_account_are_refused(stage: Stage) -> None:
    for name, password in (("1001", "wrong"), ("9999", "secret")):
        async with Phone(name, password, server=stage.server) as phone:
            with pytest.raises(RegistrationRefused, match="401"):
                await phone.register()


async def test_registration_is_renewed_and_taken_back(stage: Stage) -> None:
    async with agent(stage) as phone:
        await phone.register(expires_s=60)
        assert phone.registration.done == 1
        assert 55 <= phone.registration.expires_s <= 60
        assert "1001/sip:1001@" in stage.asterisk.console("pjsip show contacts")
        await phone.unregister()
        assert "1001/sip:1001@" not in stage.asterisk.console("pjsip show contacts")


async def test_a_prompt_is_heard_and_the_echo_of_a_tone(stage: Stage) -> None:
    async with caller(stage) as phone:
        call = await phone.call("playback").answered()
        await call.rtp.hears_sound()
        await call.hang_up()
        echo = await phone.call("echo").answered()
        await echo.rtp.hears(440)
        await echo.hang_up()


@pytest.mark.parametrize("by", ["rtp", "info"])
async def test_digits_reach_asterisk(stage: Stage, by: str) -> None:
    async with caller(stage) as phone, agent(stage, "1002", manner=NEVER_ANSWERS) as desk:
        await desk.register()
        call = await phone.call("read").answered()
        await asyncio.sleep(0.3)  # silence/1 is being played
        await (call.send_digits("421") if by == "rtp" else call.send_info_digits("421"))
        await desk.incoming()
        await call.hang_up()


async def test_caller_and_agent_talk_and_are_recorded_on_a_channel_each(stage: Stage) -> None:
    async with caller(stage) as phone, agent(stage) as desk:
        await desk.register()
        call = phone.call("1001")
        rung = await desk.incoming()
        await call.ringing()
        rung.answer()
        await call.answered()
        await asyncio.gather(call.rtp.hears(1000), rung.rtp.hears(440))
        await asyncio.sleep(0.5)
        await rung.hang_up()
        assert (await call.ended()).by == "far"
        assert desk.registration.done == 1
    await until(lambda: stage.asterisk.channels() == 0, "end of the channels", 3)
    # MixMonitor's D on the agent's leg: left is what comes from that channel, the agent
    agents, callers = sound.read_channels(stage.recording)
    assert len(agents) == len(callers) > sound.SAMPLES_PER_S / 2
    found = [sound.clearest_share(side, hz) for side in (agents, callers) for hz in (440, 1000)]
    assert [share > 0.9 for share in found] == [False, True, True, False], found


async def test_busy_cancel_and_nobody_there(stage: Stage) -> None:
    async with caller(stage) as phone, agent(stage, manner=BUSY) as desk:
        await desk.register()
        with pytest.raises(CallFailed, match="486"):
            await phone.call("1001").answered()
        desk.manner = NEVER_ANSWERS
        call = await phone.call("1001").ringing()
        await call.hang_up()
        end = await desk.calls[-1].ended()
        assert (end.by, end.status) == ("far", 487)
        await desk.unregister()
        with pytest.raises(CallFailed):
            await phone.call("1001").answered()


async def test_hold_gives_the_caller_music(stage: Stage) -> None:
    async with caller(stage) as phone, agent(stage, manner=Manner()) as desk:
        await desk.register()
        call = await phone.call("1001").answered()
        rung = desk.calls[-1]
        await call.rtp.hears(1000)
        await rung.hold()
        await call.rtp.hears_sound()
        await until(lambda: call.rtp.share_of(1000) < 0.2, "music instead of the agent", 3)
        await rung.unhold()
        await call.rtp.hears(1000)


async def test_a_blind_transfer_by_refer(stage: Stage) -> None:
    async with caller(stage) as phone, agent(stage, manner=Manner()) as desk:
        second = agent(stage, "1002", tone_hz=1500, manner=Manner())
        async with second:
            await desk.register()
            await second.register()
            call = await phone.call("1001").answered()
            rung = desk.calls[-1]
            await call.rtp.hears(1000)
            assert await rung.refer("1002") == 202
            assert await rung.transferred() == 200
            await call.rtp.hears(1500)
            await call.hang_up()
            assert (await second.calls[-1].ended()).by == "far"


async def test_an_attended_transfer_by_refer_with_replaces(stage: Stage) -> None:
    async with (
        caller(stage) as phone,
        agent(stage, manner=Manner()) as desk,
        agent(stage, "1002", tone_hz=1500, manner=Manner()) as second,
    ):
        await desk.register()
        await second.register()
        call = await phone.call("1001").answered()
        consultation = await desk.call("1002").answered()
        assert await desk.calls[0].refer(consultation) == 202
        await call.rtp.hears(1500)
