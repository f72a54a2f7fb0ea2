"""The FastAGI server against peers that behave badly, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry
from telephony_peers import TOKEN, AgiPeer, Heart, agi_headers, count, until

from telephony.fastagi import AgiLimits, AgiSession, FastAgiServer

Start = Callable[..., Awaitable[FastAgiServer]]

# The machine that runs the tests may be busy; a frozen loop is frozen for good, or for a limit's time.
FROZEN_S = 1.0


async def greet(session: AgiSession) -> None:
    """The good handler: asks for one variable and goes."""
    await session.get_variable("GREETING")


async def is_served(server: FastAgiServer) -> bool:
    """Whether a good session gets through now."""
    peer = await AgiPeer.connect(server.port)
    await peer.expect("GET VARIABLE GREETING", b"200 result=1 (hello)\n")
    return await peer.is_closed()


async def test_a_session_is_handed_to_the_handler_its_url_names(
    agi_server: Start, registry: CollectorRegistry
) -> None:
    seen: list[tuple[str, ...]] = []

    async def queue(session: AgiSession) -> None:
        seen.append(session.args)

    server = await agi_server({"queue": queue, "desk": greet})
    peer = await AgiPeer.connect(server.port, agi_headers("queue", TOKEN, "c1", "", "sales"))
    assert await peer.is_closed()  # the handler returned: the dialplan goes on
    assert seen == [("c1", "", "sales")]
    assert count(registry, "hotline_agi_sessions_total", handler="queue") == 1
    await until(lambda: count(registry, "hotline_agi_open_sessions") == 0)


async def test_headers_come_in_any_pieces_and_what_follows_them_is_the_sessions(agi_server: Start) -> None:
    heard: list[bool] = []

    async def listen(session: AgiSession) -> None:
        await session.closed.wait()
        heard.append(session.hung_up)

    server = await agi_server({"probe": listen})
    text = agi_headers("probe") + b"HANGUP\n"
    for at in (1, 16, 17, 18, len(text) - 9, len(text) - 8, len(text) - 7, len(text) - 1, len(text)):
        peer = await AgiPeer.connect(server.port, text[:at])
        await asyncio.sleep(0)
        peer.send(text[at:])
        assert await peer.is_closed()
    await until(lambda: heard == [True] * 9)


async def test_small_answers_are_not_held_back(agi_server: Start) -> None:
    options: list[int] = []

    async def look(session: AgiSession) -> None:
        connection: socket.socket = session._writer.get_extra_info("socket")
        options.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    server = await agi_server({"probe": look})
    await (await AgiPeer.connect(server.port)).is_closed()
    assert options == [1]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (agi_headers("probe", "wrong"), "token"),
        (agi_headers("probe", ""), "token"),
        (agi_headers("probe").replace(b"agi_arg_1: a-token\n", b""), "token"),
        (agi_headers("nothing"), "handler"),
        (b"GET / HTTP/1.0\r\n", "garbage"),
        (b"\x16\x03\x01\x02\x00\n", "garbage"),
        (b"agi_network: yes\n" + b"agi_a: b\n" * 200, "count"),
        (b"agi_network: yes\n" + b"\n" * 200, "count"),
        (b"agi_network: yes\nagi_a: " + b"x" * 70_000 + b"\n\n", "size"),
        (b"agi_network: yes\n" + (b"agi_a: " + b"x" * 6_000 + b"\n") * 12, "size"),
        (b"agi_a: " + b"x" * 200_000, "size"),
    ],
)
async def test_who_does_not_prove_itself_is_refused_and_counted(
    agi_server: Start, registry: CollectorRegistry, first: bytes, reason: str
) -> None:
    server = await agi_server({"probe": greet})
    peer = await AgiPeer.connect(server.port, first)
    assert await peer.is_closed()
    assert count(registry, "hotline_agi_refused_total", reason=reason) == 1
    assert await is_served(server)


async def test_a_wrong_token_is_logged_with_the_peer_and_without_the_token(
    agi_server: Start, caplog: pytest.LogCaptureFixture
) -> None:
    server = await agi_server({"probe": greet})
    peer = await AgiPeer.connect(server.port, agi_headers("probe", "wrong-guess"))
    await peer.is_closed()
    (record,) = [record for record in caplog.records if record.message == "agi_refused"]
    assert "127.0.0.1" in record.__dict__["peer"]
    assert "wrong-guess" not in str(record.__dict__) and TOKEN not in str(record.__dict__)


async def test_an_empty_token_is_no_token() -> None:
    with pytest.raises(ValueError, match="token"):
        FastAgiServer("127.0.0.1", 0, "", {})


async def test_headers_that_never_end_are_cut_in_time(agi_server: Start, registry: CollectorRegistry) -> None:
    server = await agi_server({"probe": greet}, limits=AgiLimits(header_s=0.1))
    silent = await AgiPeer.connect(server.port, b"")
    half = await AgiPeer.connect(server.port, b"agi_network: yes\nagi_requ")
    assert await silent.is_closed() and await half.is_closed()
    assert count(registry, "hotline_agi_refused_total", reason="time") == 2


async def test_one_session_more_than_allowed_is_refused(
    agi_server: Start, registry: CollectorRegistry
) -> None:
    async def wait(session: AgiSession) -> None:
        await session.closed.wait()

    server = await agi_server({"probe": wait}, limits=AgiLimits(sessions=3))
    peers = [await AgiPeer.connect(server.port) for _ in range(3)]
    await until(lambda: count(registry, "hotline_agi_open_sessions") == 3)
    assert await (await AgiPeer.connect(server.port)).is_closed()
    assert count(registry, "hotline_agi_refused_total", reason="too_many") == 1
    peers[0].close()
    await until(lambda: count(registry, "hotline_agi_open_sessions") == 2)
    late = await AgiPeer.connect(server.port)
    await until(lambda: count(registry, "hotline_agi_open_sessions") == 3)
    for peer in (late, *peers):
        peer.close()


async def test_half_open_connections_keep_no_caller_out(
    agi_server: Start, registry: CollectorRegistry
) -> None:
    server = await agi_server({"probe": greet}, limits=AgiLimits(unproven=20))
    scanners = [await AgiPeer.connect(server.port, b"agi_network: yes\n") for _ in range(60)]
    assert await is_served(server)
    assert count(registry, "hotline_agi_refused_total", reason="crowded_out") >= 40
    for scanner in scanners:
        scanner.close()


async def test_a_handler_that_raises_hurts_only_its_own_session(
    agi_server: Start, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(session: AgiSession) -> None:
        raise RuntimeError("a mistake of ours")

    server = await agi_server({"fail": fail, "probe": greet})
    waiting = await AgiPeer.connect(server.port)
    failing = await AgiPeer.connect(server.port, agi_headers("fail"))
    assert await failing.is_closed()
    assert count(registry, "hotline_agi_handler_failures_total", handler="fail") == 1
    assert "agi_handler_failed" in caplog.messages
    await waiting.expect("GET VARIABLE GREETING", b"200 result=1 (hello)\n")
    assert await waiting.is_closed()
    assert count(registry, "hotline_agi_handler_failures_total", handler="probe") == 0


async def test_a_hang_up_is_no_failure_of_the_handler(
    agi_server: Start, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    server = await agi_server({"probe": greet})
    peer = await AgiPeer.connect(server.port)
    await peer.command()
    peer.send(b"HANGUP\n")
    assert await peer.is_closed()
    await until(lambda: count(registry, "hotline_agi_open_sessions") == 0)
    assert count(registry, "hotline_agi_handler_failures_total", handler="probe") == 0
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_handler_that_does_not_notice_the_end_is_cancelled(
    agi_server: Start, registry: CollectorRegistry
) -> None:
    cancelled = asyncio.Event()

    async def sleep(session: AgiSession) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = await agi_server({"probe": sleep}, limits=AgiLimits(handler_grace_s=0.05))
    peer = await AgiPeer.connect(server.port)
    peer.send(b"HANGUP\n")
    assert await peer.is_closed()
    await asyncio.wait_for(cancelled.wait(), 5)
    assert count(registry, "hotline_agi_handler_failures_total", handler="probe") == 1


async def test_close_ends_every_session_and_frees_the_port(
    agi_server: Start, registry: CollectorRegistry
) -> None:
    ended = 0

    async def wait(session: AgiSession) -> None:
        nonlocal ended
        await session.closed.wait()
        ended += 1

    server = await agi_server({"probe": wait})
    peers = [await AgiPeer.connect(server.port) for _ in range(5)]
    peers.append(await AgiPeer.connect(server.port, b"agi_network: yes\n"))
    await until(lambda: count(registry, "hotline_agi_open_sessions") == 5)
    await server.close()
    assert ended == 5
    for peer in peers:
        assert await peer.is_closed()
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_a_thousand_connects_and_closes_cost_a_caller_nothing(
    agi_server: Start, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    """panoramisk's own server freezes its loop on the first of these."""
    server = await agi_server({"probe": greet})
    async with Heart().beating() as heart:
        for _ in range(100):
            for scanner in await asyncio.gather(*(AgiPeer.connect(server.port, b"") for _ in range(10))):
                scanner.close()
            if _ % 10 == 0:
                assert await is_served(server)
        assert await is_served(server)
    assert heart.worst_s < FROZEN_S
    await until(lambda: count(registry, "hotline_agi_refused_total", reason="empty") == 1_000)
    assert not caplog.records


async def test_a_flood_of_refusals_writes_few_lines(
    agi_server: Start, registry: CollectorRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    server = await agi_server({"probe": greet})
    for _ in range(100):
        (await AgiPeer.connect(server.port, b"GET / HTTP/1.0\r\n")).close()
    await until(lambda: count(registry, "hotline_agi_refused_total", reason="garbage") == 100)
    assert len([message for message in caplog.messages if message == "agi_refused"]) <= 2


async def test_a_stream_of_garbage_costs_others_nothing(agi_server: Start) -> None:
    async def idle(session: AgiSession) -> None:
        await session.closed.wait()

    server = await agi_server({"idle": idle, "probe": greet})
    noisy = await AgiPeer.connect(server.port, agi_headers("idle"))
    async with Heart().beating() as heart:
        for _ in range(50):
            noisy.send(b"\xff\x00garbage\n" * 5_000)
            assert await is_served(server)
    assert heart.worst_s < FROZEN_S
    noisy.send(b"HANGUP\n")
    assert await noisy.is_closed()


async def test_a_peer_that_reads_nothing_costs_others_nothing(agi_server: Start) -> None:
    server = await agi_server({"probe": greet})
    deaf = [await AgiPeer.connect(server.port) for _ in range(50)]  # asked for GREETING, never answering
    async with Heart().beating() as heart:
        for _ in range(20):
            assert await is_served(server)
    assert heart.worst_s < FROZEN_S
    for peer in deaf:
        peer.close()
