"""A hostile network: services keep their pace, a call made meanwhile is served, a stranger learns nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator

import pytest
from harness import sip, sound
from harness.attacks import STRANGER, Storm, comparable, sip_request
from harness.call import Call
from harness.lanes import CARRIER, Lane
from harness.malformed import malformed_messages
from harness.raw_ami import RawAmi
from harness.rtp import KEPT_PACKETS, PACKET_S
from harness.stack import SERVICES, HotlineStack

AGENT_HZ, CALLER_HZ = 1000, 440
FROZEN_S = 5.0  # the highest bucket of the lag's histogram
SLOW_S, QUICK_SHARE = 0.25, 0.8  # of the loop's ticks so many are less late than that
HEARD_SHARE = 0.9  # of what the other one says
SCANNED = range(1000, 1020)


def parts(stack: HotlineStack) -> dict[str, int]:
    return {name: stack.pid(name) for name in (*SERVICES, "asterisk", "postgres")}


async def lags(stack: HotlineStack, service: str) -> dict[str, float]:
    """How often the loop's lag was at most so many seconds, by the bucket's bound."""
    found = re.findall(
        r'hotline_loop_lag_seconds_bucket\{le="([^"]+)".*\} (\S+)', await stack.metrics(service)
    )
    return {bound: float(count) for bound, count in found}


@contextlib.asynccontextmanager
async def conversation(stack: HotlineStack, lane: Lane, number: str) -> AsyncIterator[tuple[Call, Call]]:
    """A caller and the agent hear each other; yields the call of each, which is still on at the end."""
    async with stack.agent(number, tone_hz=AGENT_HZ) as desk, stack.caller(tone_hz=CALLER_HZ) as caller:
        call = await caller.call(lane.straight).answered(within_s=10)
        rung = await desk.phone.incoming(within_s=20)
        rung.answer()
        await hear_each_other(call, rung)
        yield call, rung
        await call.hang_up()
        assert (await rung.ended()).by == "far"


async def hear_each_other(call: Call, rung: Call) -> None:
    """Wait until the tone of each has reached the other."""
    await asyncio.gather(call.rtp.hears(AGENT_HZ, within_s=15), rung.rtp.hears(CALLER_HZ, within_s=15))


async def one_call(stack: HotlineStack, lane: Lane, number: str) -> None:
    """A caller reaches the agent and they hear each other."""
    async with conversation(stack, lane, number):
        pass


async def test_a_call_is_served_in_the_midst_of_a_storm(stack: HotlineStack, lane: Lane) -> None:
    ports = stack.deployment.ports
    tcp = [("127.0.0.1", port) for port in (ports.agi_acd, ports.agi_ivr, ports.ami, ports.sip, ports.http)]
    before = parts(stack)
    lag_before = {name: await lags(stack, name) for name in ("acd", "ivr")}
    refused_before = {name: await stack.metric(name, "hotline_agi_refused_total") for name in lag_before}
    lines_before = {name: refusal_lines(stack, name) for name in lag_before}
    async with Storm(tcp, stack.server) as storm:
        await storm.lasted("SIP requests", 300)
        await storm.lasted("header lines", 100)
        await one_call(stack, lane, lane.agents[0])
        await storm.lasted("SIP requests", 1000)
    print(dict(storm.counts))
    assert parts(stack) == before
    for name, old in lag_before.items():
        new = await lags(stack, name)
        ticks = {bound: new[bound] - old[bound] for bound in new}
        print(f"{name}: ticks of the loop by lag in s: {ticks}")
        assert ticks[str(FROZEN_S)] == ticks["+Inf"]
        assert ticks[str(SLOW_S)] >= QUICK_SHARE * ticks["+Inf"]
        refused = await stack.metric(name, "hotline_agi_refused_total") - refused_before[name]
        lines = refusal_lines(stack, name) - lines_before[name]
        print(f"{name}: {refused:.0f} FastAGI connections refused, {lines} log lines")
        assert refused > 100
        assert lines < refused / 3


async def test_silent_connections_do_not_keep_acd_out(stack: HotlineStack) -> None:
    port = stack.deployment.ports.ami
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
    try:
        async with RawAmi(port, "acd", stack.secrets.ami_acd) as second:
            assert second.welcome["Response"] == "Error"  # heard, and refused only because one acd is in
    finally:
        for _, writer in silent:
            writer.transport.abort()


def refusal_lines(stack: HotlineStack, service: str) -> int:
    return stack.deployment.log_file(service).read_text("utf-8").count("agi_refused")


async def test_malformed_messages_and_scans_harm_nobody(stack: HotlineStack, lane: Lane) -> None:
    """A conversation goes on meanwhile, in sound too, and a further call is answered."""
    before = parts(stack)
    async with conversation(stack, lane, lane.agents[0]) as (call, rung):
        said = call.rtp.sent, rung.rtp.sent
        served = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(malformed_and_scans(stack, lane, served))
            await one_call(stack, lane, lane.agents[1])
            await hear_each_other(call, rung)
            served.set()
        for one, other, hz, sent in ((call, rung, CALLER_HZ, said[0]), (rung, call, AGENT_HZ, said[1])):
            newest = min(one.rtp.sent - sent, KEPT_PACKETS)
            heard = tone_packets(other, hz, newest)
            print(f"{hz} Hz: heard {heard} of the newest {newest} packets")
            assert heard >= HEARD_SHARE * newest > 0
    assert parts(stack) == before


def tone_packets(call: Call, hz: int, newest: int) -> int:
    """How many of the newest packets heard, so many, are this tone."""
    samples = call.rtp.newest(newest * PACKET_S)
    size = sound.SAMPLES_PER_PACKET
    return sum(sound.tone_share(samples[at : at + size], hz) > 0.5 for at in range(0, len(samples), size))


async def malformed_and_scans(stack: HotlineStack, lane: Lane, enough: asyncio.Event) -> None:
    """All of it at least once, and again and again until it is enough; nothing of it succeeds."""
    rounds = 0
    while not rounds or not enough.is_set():
        sources = (STRANGER, CARRIER)
        told = await asyncio.gather(*(answers_to_malformed(stack, source) for source in sources))
        for source, answers in zip(sources, told, strict=True):
            assert len(answers) > 90
            print(source, {status: list(answers.values()).count(status) for status in set(answers.values())})
            assert not [name for name, status in answers.items() if status.startswith("2")]
        await send_malformed_over_tcp(stack)
        for name in (*map(str, SCANNED), *lane.agents, lane.straight):
            for method in ("OPTIONS", "REGISTER", "INVITE"):
                assert "SIP/2.0 401 " in (await ask_twice(stack, method, name))[1]
        rounds += 1


async def send_malformed_over_tcp(stack: HotlineStack) -> None:
    """Each in a connection of its own: there the length of a message is what its header says."""
    for _, packet in malformed_messages((STRANGER, 5060), stack.server):
        _, writer = await asyncio.open_connection(*stack.server, local_addr=(STRANGER, 0))
        writer.write(packet.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()


async def answers_to_malformed(stack: HotlineStack, source: str) -> dict[str, str]:
    """The status of the answer to each malformed message from this address."""
    answers = {}
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.bind((source, 0))
        for name, packet in malformed_messages(sender.getsockname(), stack.server):
            await loop.sock_sendto(sender, packet[:65_000], stack.server)
            answers[name] = await answer_within(sender, 0.03)
    return answers


async def answer_within(sender: socket.socket, seconds: float) -> str:
    """The status of the newest answer that has come; "none" without one."""
    loop = asyncio.get_running_loop()
    newest = "none"
    try:
        async with asyncio.timeout(seconds):
            while True:
                newest = (await loop.sock_recv(sender, 65536))[8:11].decode("ascii", "replace")
    except TimeoutError:
        return newest


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE"])
async def test_a_stranger_cannot_tell_what_exists(stack: HotlineStack, lane: Lane, method: str) -> None:
    """What exists gets the very answer of what does not, without a password and with a wrong one."""
    known = (lane.agents[0], lane.straight, "carrier")
    unknown = ("0000", "nobody", "1001x")
    contacts = len(stack.facts.of("ContactStarted"))
    first, second = {}, {}
    for name in (*known, *unknown):
        first[name], second[name] = await ask_twice(stack, method, name)
    assert len(set(first.values())) == 1, first
    assert len(set(second.values())) == 1, second
    assert next(iter(first.values())).startswith("SIP/2.0 401 ")
    assert next(iter(second.values())).startswith("SIP/2.0 401 ")
    assert len(stack.facts.of("ContactStarted")) == contacts


async def ask_twice(stack: HotlineStack, method: str, name: str) -> tuple[str, str]:
    """The answers to a request in this name, first without and then with a wrong password."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.bind((STRANGER, 0))
        here = sender.getsockname()
        plain = await ask(sender, stack, sip_request(method, here, to=name, sender=name))
        asked = sip.parse(plain).header("WWW-Authenticate")
        uri = f"sip:{name}@127.0.0.1"
        digest = sip.digest_answer(asked, user=name, password="guess", method=method, uri=uri, cnonce="1")
        more = [f"Authorization: {digest}"]
        tried = await ask(sender, stack, sip_request(method, here, to=name, sender=name, more=more))
        return comparable(plain), comparable(tried)


async def ask(sender: socket.socket, stack: HotlineStack, packet: bytes) -> bytes:
    """The answer to a request, which is sent until it comes."""
    loop = asyncio.get_running_loop()
    call_id = sip.parse(packet).call_id.encode()
    for _ in range(10):
        await loop.sock_sendto(sender, packet, stack.server)
        try:
            async with asyncio.timeout(0.5):
                while call_id not in (answer := await loop.sock_recv(sender, 65536)):
                    pass  # an answer to the request before, once more
        except TimeoutError:
            continue
        return answer
    raise TimeoutError(f"no answer to {packet[:40]!r}")
