"""Two scripted phones that call each other directly, without a server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from harness.call import CallFailed
from harness.phone import BUSY, DECLINES, NEVER_ANSWERS, Manner, Phone
from harness.waiting import until

Pair = tuple[Phone, Phone]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    nowhere = ("127.0.0.1", 9)
    async with (
        Phone("bob", server=nowhere, tone_hz=1000) as bob,
        Phone("alice", server=bob.socket.address, tone_hz=440) as alice,
    ):
        bob.server = alice.socket.address
        yield alice, bob


async def talk(pair: Pair):  # type: ignore[no-untyped-def]
    out = pair[0].call("bob", caller="13800000000", name="张")
    rung = await pair[1].incoming()
    await out.ringing()
    rung.answer()
    await out.answered()
    return out, rung


async def test_they_hear_each_other_and_the_callee_hangs_up(pair: Pair) -> None:
    out, rung = await talk(pair)
    assert '"张" <sip:13800000000@' in rung.invite.header("From")
    await asyncio.gather(out.rtp.hears(1000), rung.rtp.hears(440))
    assert out.invited_us < rung.invited_us < rung.answered_us < out.answered_us
    await rung.hang_up()
    end = await out.ended()
    assert (end.by, end.status) == ("far", 0)


async def test_digits_by_rtp_and_by_info(pair: Pair) -> None:
    out, rung = await talk(pair)
    await out.send_digits("42#", length_s=0.06, pause_s=0.04)
    await out.send_info_digits("7*")
    await until(lambda: len(rung.rtp.digits) == 3, "three digits", 2)
    assert (rung.rtp.digits, rung.info_digits) == ("42#", "7*")


async def test_hold_stops_the_audio_and_unhold_starts_it(pair: Pair) -> None:
    out, rung = await talk(pair)
    await out.rtp.hears(1000)
    await out.hold()
    assert rung.refreshes == 1
    await asyncio.sleep(0.3)
    with pytest.raises(TimeoutError):
        await out.rtp.hears(1000, within_s=0.2)
    await out.unhold()
    await out.rtp.hears(1000)


async def test_cancel_while_it_rings(pair: Pair) -> None:
    pair[1].manner = NEVER_ANSWERS
    out = pair[0].call("bob")
    await out.ringing()
    assert (await out.hang_up()).status == 487
    assert (await pair[1].calls[0].ended()).status == 487


@pytest.mark.parametrize(("manner", "status"), [(BUSY, 486), (DECLINES, 603), (Manner(reject=480), 480)])
async def test_refusals(pair: Pair, manner: Manner, status: int) -> None:
    pair[1].manner = manner
    out = pair[0].call("bob")
    with pytest.raises(CallFailed, match=str(status)):
        await out.answered()
    assert out.end is not None
    assert (out.end.by, out.end.status) == ("far", status)


async def test_a_phone_that_talks_for_a_while(pair: Pair) -> None:
    talks = iter([0.1, 0.2])
    pair[1].manner = Manner(ring_s=0.1, talk_s=lambda: next(talks))
    for talk_us in (100_000, 200_000):
        out = pair[0].call("bob")
        end = await out.ended()
        assert out.answered_us - out.invited_us >= 100_000
        assert talk_us <= end.at_us - out.answered_us + 5_000 < talk_us + 300_000


async def test_a_refer_is_refused_by_a_phone_that_cannot(pair: Pair) -> None:
    out, _ = await talk(pair)
    assert await out.refer("1234") == 405


async def test_nobody_there_is_told_in_time(pair: Pair) -> None:
    with pytest.raises(TimeoutError, match="was not rung"):
        await pair[0].incoming(within_s=0.05)
    with pytest.raises(TimeoutError, match="no ringing"):
        await pair[1].call("x", caller="y").ringing(within_s=0.0)
