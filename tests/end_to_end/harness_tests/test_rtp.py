"""RTP packets, RFC 4733 events, and two ports that talk to each other."""

import asyncio
import socket
import struct

import pytest
from harness import sound
from harness.rtp import Packet, RtpPort, event_payloads, parse_packet
from harness.sdp import Audio
from harness.waiting import until


def test_a_packet_survives() -> None:
    packet = Packet(101, 7, 1234, 99, b"abc", marker=True)
    assert parse_packet(packet.to_bytes()) == packet


@pytest.mark.parametrize("datagram", [b"", b"x" * 20, b"\x80\xc8" + b"\0" * 20, b"\x81\xc9" + b"\0" * 20])
def test_rtcp_and_garbage_are_no_packets(datagram: bytes) -> None:
    assert parse_packet(datagram) is None


def test_an_event_rises_and_ends_three_times() -> None:
    """Source: RFC 4733, 2.5.1: duration counts from the start; the end packet is sent three times."""
    fields = [struct.unpack("!BBH", payload) for payload in event_payloads("#", packets=5)]
    assert [event for event, _, _ in fields] == [11] * 8
    assert [duration for _, _, duration in fields] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert [flags >> 7 for _, flags, _ in fields] == [0] * 5 + [1] * 3


def test_an_unknown_digit_is_refused() -> None:
    with pytest.raises(ValueError, match="'E'"):
        list(event_payloads("E", packets=1))


async def test_two_ports_hear_each_other() -> None:
    here, there = RtpPort("127.0.0.1", tone_hz=440), RtpPort("127.0.0.1", tone_hz=1000)
    try:
        assert here.port % 2 == 0
        here.talk_to(Audio("127.0.0.1", there.port, ("PCMA",)), "PCMA")
        there.talk_to(Audio("127.0.0.1", here.port, ("PCMA",)), "PCMA")
        await asyncio.gather(here.hears(1000), there.hears(440))
        for digit in "1#1":
            here.send_digit(digit, length_s=0.06, pause_s=0.04)
        await until(lambda: len(there.digits) == 3, "three digits", 3)
        assert there.digits == "1#1"
        there.tone_hz = None  # says nothing
        with pytest.raises(TimeoutError, match="no tone of 1000 Hz"):
            await asyncio.sleep(0.3)
            await here.hears(1000, within_s=0.3)
    finally:
        here.close()
        there.close()


async def test_speech_is_said_in_its_order_again_and_again() -> None:
    here, there = RtpPort("127.0.0.1"), RtpPort("127.0.0.1")
    try:
        there.speech = sound.speech(1, packets=7)
        here.talk_to(Audio("127.0.0.1", there.port, ("PCMU",)), "PCMU")
        there.talk_to(Audio("127.0.0.1", here.port, ("PCMU",)), "PCMU")
        await until(lambda: len(here.payloads) >= 20, "20 packets", 3)
        assert here.payloads[:20] == [there.speech[n % 7] for n in range(20)]
    finally:
        here.close()
        there.close()


async def test_a_tone_is_heard_that_came_and_went_while_nobody_looked() -> None:
    here = RtpPort("127.0.0.1")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:

            def says(frequency_hz: int, packets: int) -> None:
                payload = sound.encode("PCMU", sound.tone(frequency_hz, sound.SAMPLES_PER_PACKET))
                for n in range(packets):
                    there.sendto(Packet(0, n, 160 * n, 1, payload).to_bytes(), ("127.0.0.1", here.port))

            says(1000, 20)
            await until(lambda: here.received == 20, "what was said before", 3)
            hears = asyncio.gather(here.hears(400), here.hears(1000), return_exceptions=True)
            await asyncio.sleep(0.3)
            says(400, 20)
            says(2000, 60)
            assert await hears == [None, None]
            with pytest.raises(TimeoutError, match="no tone of 400 Hz"):
                await here.hears(400, within_s=0.1)
    finally:
        here.close()


async def test_a_held_side_is_sent_nothing() -> None:
    here, there = RtpPort("127.0.0.1", tone_hz=440), RtpPort("127.0.0.1")
    try:
        here.talk_to(Audio("127.0.0.1", there.port, ("PCMU",), "sendonly"), "PCMU")
        await asyncio.sleep(0.1)
        assert there.received == 0
    finally:
        here.close()
        there.close()
