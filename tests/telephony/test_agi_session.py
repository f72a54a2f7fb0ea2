"""One session against a scripted Asterisk over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry
from telephony_peers import AgiPeer, agi_headers, count

from telephony.errors import AgiFailed, AgiGarbled, AgiRefused, AgiTimedOut, HungUp, InputRefused
from telephony.fastagi import AgiSession, FastAgiServer

Start = Callable[..., Awaitable[FastAgiServer]]


@asynccontextmanager
async def session_with_peer(start: Start) -> AsyncIterator[tuple[AgiSession, AgiPeer]]:
    """A session held open, and the Asterisk at its other end."""
    held: asyncio.Future[AgiSession] = asyncio.get_running_loop().create_future()
    finished = asyncio.Event()

    async def hold(session: AgiSession) -> None:
        held.set_result(session)
        await finished.wait()

    server = await start({"probe": hold})
    peer = await AgiPeer.connect(server.port, agi_headers("probe", calleridname="张三"))
    try:
        yield await asyncio.wait_for(held, 5), peer
    finally:
        finished.set()
        peer.close()


async def test_it_knows_the_channel_and_the_caller(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, _):
        assert session.channel == "PJSIP/trunk1-00000001"
        assert session.uniqueid == "1700000000.1"
        assert session.caller_number == "02112345678"
        assert session.caller_name == "张三"
        assert session.accountcode == "1700000000.1"
        assert session.args == ()
        assert not session.hung_up


async def test_commands_and_their_answers(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        for deed, line, answer, expected in (
            (session.get_variable("HL_NEXT"), "GET VARIABLE HL_NEXT", b"200 result=1 (queue)\n", "queue"),
            (session.get_variable("UNSET"), "GET VARIABLE UNSET", b"200 result=0\n", ""),
            (session.get_full("${A}|${B}"), 'GET FULL VARIABLE "${A}|${B}"', b"200 result=1 (1|2)\n", "1|2"),
            (session.set_variable("X", ""), 'SET VARIABLE X ""', b"200 result=1\n", None),
            (session.answer(), "ANSWER", b"200 result=0\n", None),
            (session.music_on("jazz"), "SET MUSIC ON jazz", b"200 result=0\n", None),
            (session.music_off(), "SET MUSIC OFF", b"200 result=0\n", None),
            (session.stream_file("hello", "12"), "STREAM FILE hello 12", b"200 result=49 endpos=8\n", "1"),
            (
                session.stream_from("hello", "12", 400),
                "STREAM FILE hello 12 400",
                b"200 result=50 endpos=960\n",
                ("2", 960),
            ),
            (session.stream_file("hello"), 'STREAM FILE hello ""', b"200 result=0 endpos=80\n", ""),
            (session.wait_for_digit(900), "WAIT FOR DIGIT 900", b"200 result=35\n", "#"),
            (session.wait_for_digit(900), "WAIT FOR DIGIT 900", b"200 result=0\n", ""),
            (session.say_digits("12"), 'SAY DIGITS 12 ""', b"200 result=0\n", ""),
            (session.say_number(12, "#"), 'SAY NUMBER 12 "#"', b"200 result=35\n", "#"),
            (
                session.record_file("/m/1", "wav", "#", 9000, 3),
                'RECORD FILE /m/1 wav "#" 9000 BEEP "s=3"',
                b"200 result=0 (timeout) endpos=72000\n",
                "",
            ),
        ):
            asked = asyncio.ensure_future(deed)
            await peer.expect(line, answer)
            assert await asked == expected, line


async def test_execute_joins_arguments_by_commas(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        dialled = asyncio.ensure_future(session.execute("Dial", "PJSIP/desk1", "20", "g"))
        await peer.expect('EXEC Dial "PJSIP/desk1,20,g"', b"200 result=0\n")
        assert (await dialled).result == 0
        missing = asyncio.ensure_future(session.execute("Nope"))
        await peer.expect('EXEC Nope ""', b"200 result=-2\n")
        with pytest.raises(AgiRefused):
            await missing


async def test_refusals_of_asterisk_are_errors(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        wrong = asyncio.ensure_future(session.command("WAIT", "FOR"))
        await peer.expect("WAIT FOR", b"520-Invalid\nUsage: that\n520 End of proper usage.\n")
        with pytest.raises(AgiRefused, match="Usage: that"):
            await wrong
        unknown = asyncio.ensure_future(session.command("BOGUS"))
        await peer.expect("BOGUS", b"510 Invalid or unknown command\n")
        with pytest.raises(AgiRefused):
            await unknown
        dead = asyncio.ensure_future(session.command("STREAM", "FILE", "x", ""))
        await peer.expect('STREAM FILE x ""', b"511 Command Not Permitted on a dead channel\n")
        with pytest.raises(HungUp):
            await dead


async def test_hostile_words_are_refused_before_anything_is_sent(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        with pytest.raises(InputRefused):
            await session.set_variable("X", "a\nHANGUP")
        asked = asyncio.ensure_future(session.command("NOOP"))
        await peer.expect("NOOP", b"200 result=0\n")
        await asked


async def test_minus_one_is_a_hang_up_only_if_one_follows(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        missing = asyncio.ensure_future(session.stream_file("no-such-sound"))
        await peer.expect('STREAM FILE no-such-sound ""', b"200 result=-1 endpos=0\n")
        with pytest.raises(AgiFailed, match="no-such-sound"):
            await missing
        assert not session.closed.is_set()
        cut_off = asyncio.ensure_future(session.stream_file("greeting"))
        await peer.expect('STREAM FILE greeting ""', b"200 result=-1 endpos=80\nHANGUP\n")
        with pytest.raises(HungUp):
            await cut_off


# ---- hang-ups ----------------------------------------------------------------------------------------------


async def test_a_hang_up_while_idle_is_seen_and_the_socket_closed_at_once(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        peer.send(b"HANGUP\n")
        assert await peer.is_closed()  # although the handler still runs
        assert session.closed.is_set() and session.hung_up
        with pytest.raises(HungUp):
            await session.command("NOOP")


async def test_a_hang_up_instead_of_an_answer_is_never_taken_for_it(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        asked = asyncio.ensure_future(session.get_variable("X"))
        await peer.command()
        peer.send(b"HANGUP\n200 result=1 (late)\n")
        with pytest.raises(HungUp):
            await asked
        assert session.hung_up


async def test_end_of_file_ends_the_session_without_a_hang_up(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        asked = asyncio.ensure_future(session.get_variable("X"))
        await peer.command()
        peer.close()
        with pytest.raises(HungUp):
            await asked
        assert session.closed.is_set() and not session.hung_up


# ---- one at a time -----------------------------------------------------------------------------------------


async def test_a_second_command_waits_for_the_first_ones_answer(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        first = asyncio.ensure_future(session.get_variable("A"))
        second = asyncio.ensure_future(session.get_variable("B"))
        assert await peer.command() == "GET VARIABLE A"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.reader.readline(), 0.05)
        peer.send(b"200 result=1 (a)\n")
        await peer.expect("GET VARIABLE B", b"200 result=1 (b)\n")
        assert (await first, await second) == ("a", "b")


async def test_a_cancelled_commands_answer_is_not_given_to_the_next(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        first = asyncio.ensure_future(session.get_variable("A"))
        await peer.command()
        first.cancel()
        second = asyncio.ensure_future(session.get_variable("B"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.reader.readline(), 0.05)
        peer.send(b"200 result=1 (a)\n")
        await peer.expect("GET VARIABLE B", b"200 result=1 (b)\n")
        assert await second == "b"


async def test_no_answer_in_time_ends_the_session(agi_server: Start, registry: CollectorRegistry) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        with pytest.raises(AgiTimedOut):
            await session.command("NOOP", timeout_s=0.05)
        assert session.closed.is_set()
        assert await peer.is_closed()
        assert count(registry, "hotline_agi_commands_total", outcome="timed_out") == 1


async def test_who_only_waits_for_a_turn_can_time_out_without_harm(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        first = asyncio.ensure_future(session.get_variable("A"))
        await peer.command()
        with pytest.raises(AgiTimedOut):
            await session.command("NOOP", timeout_s=0.05)
        assert not session.closed.is_set()
        peer.send(b"200 result=1 (a)\n")
        assert await first == "a"


async def test_garbage_instead_of_an_answer_ends_the_session(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        asked = asyncio.ensure_future(session.get_variable("A"))
        await peer.command()
        peer.send(b"\xff\xfe\x00garbage\n")
        with pytest.raises(AgiGarbled):
            await asked
        assert await peer.is_closed()


async def test_an_endless_line_ends_the_session(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        asked = asyncio.ensure_future(session.get_variable("A"))
        await peer.command()
        peer.send(b"x" * 200_000)
        with pytest.raises(AgiGarbled):
            await asked
        assert session.closed.is_set()


async def test_lines_nobody_asked_for_are_dropped(agi_server: Start, registry: CollectorRegistry) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        asked = asyncio.ensure_future(session.get_variable("NAME"))
        # A value with a bracket and a line end in it, made to look like an answer and more.
        await peer.expect("GET VARIABLE NAME", b"200 result=1 (a)\n200 result=1 (forged)\n520-x)\n")
        assert await asked == "a"
        asked = asyncio.ensure_future(session.get_variable("B"))
        await peer.expect("GET VARIABLE B", b"200 result=1 (true)\n")
        assert await asked == "true"
        assert count(registry, "hotline_agi_unexpected_lines_total") == 2


async def test_a_chinese_value_cut_between_two_segments_stays_whole(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        asked = asyncio.ensure_future(session.get_variable("CALLERID(name)"))
        await peer.command()
        answer = "200 result=1 (张三丰)\n".encode()
        for byte in answer:
            peer.send(bytes([byte]))
            await asyncio.sleep(0.001)
        assert await asked == "张三丰"


# ---- cutting a prompt --------------------------------------------------------------------------------------


async def test_a_prompt_is_cut_and_its_missing_answer_confuses_nothing(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        playing = asyncio.ensure_future(session.stream_file("long"))
        await peer.command()
        assert session.stop_playing()
        assert not session.stop_playing()  # it is being cut already
        await peer.expect("GET FULL VARIABLE cut-1", b"200 result=1 (cut-1)\n")
        assert await playing == ""
        after = asyncio.ensure_future(session.get_variable("A"))
        await peer.expect("GET VARIABLE A", b"200 result=1 (a)\n")
        assert await after == "a"


async def test_a_prompt_that_ended_in_the_same_moment_keeps_its_own_answer(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        playing = asyncio.ensure_future(session.stream_file("long", "5"))
        await peer.command()
        assert session.stop_playing()
        peer.send(b"200 result=53 endpos=100\n")
        await peer.expect("GET FULL VARIABLE cut-1", b"200 result=1 (cut-1)\n")
        assert await playing == "5"
        after = asyncio.ensure_future(session.get_variable("A"))
        await peer.expect("GET VARIABLE A", b"200 result=1 (a)\n")
        assert await after == "a"


async def test_a_cancelled_prompt_can_be_cut_and_the_next_command_runs(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        playing = asyncio.ensure_future(session.stream_file("long"))
        await peer.command()
        assert session.stop_playing()
        playing.cancel()
        after = asyncio.ensure_future(session.execute("Dial", "PJSIP/desk1"))
        await peer.expect("GET FULL VARIABLE cut-1", b"200 result=1 (cut-1)\n")
        await peer.expect("EXEC Dial PJSIP/desk1", b"200 result=0\n")
        assert (await after).result == 0


async def test_nothing_else_can_be_cut(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        assert not session.stop_playing()
        for deed in (session.say_digits("1"), session.execute("Dial", "PJSIP/desk1")):
            asked = asyncio.ensure_future(deed)
            await peer.command()
            assert not session.stop_playing()
            peer.send(b"200 result=0\n")
            await asked


async def test_a_cut_that_asterisk_overlooks_is_nudged(
    agi_server: Start, registry: CollectorRegistry
) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        playing = asyncio.ensure_future(session.stream_file("long"))
        await peer.command()
        assert session.stop_playing()
        assert await peer.command() == "GET FULL VARIABLE cut-1"  # read with the play, and not looked at
        assert await peer.command() == "NOOP"  # the nudge: now both are
        peer.send(b"200 result=1 (cut-1)\n200 result=0\n")
        assert await playing == ""
        after = asyncio.ensure_future(session.get_variable("A"))
        await peer.expect("GET VARIABLE A", b"200 result=1 (a)\n")
        assert await after == "a"
        assert count(registry, "hotline_agi_nudges_total") == 1


async def test_a_hang_up_while_a_prompt_is_cut(agi_server: Start) -> None:
    async with session_with_peer(agi_server) as (session, peer):
        playing = asyncio.ensure_future(session.stream_file("long"))
        await peer.command()
        assert session.stop_playing()
        peer.send(b"HANGUP\n")
        with pytest.raises(HungUp):
            await playing
        assert await peer.is_closed()
