"""Trunks by address, registered, peer: codecs, keys and watch; phones with TLS and SRTP, and behind a NAT."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from harness import sound
from harness.bare_asterisk import BareAsterisk
from harness.baresip import Baresip, Softphone
from harness.carrier import CALLER, LINES, PASSWORD, Carrier
from harness.lanes import Lane, lane_settings
from harness.phone import Phone
from harness.prompt_tones import prompt_hz
from harness.stack import HotlineStack
from harness.waiting import until
from harness.wall import alarm_on_the_wall, alarm_over

from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets

LANE = Lane(0)
CALLER_HZ, AGENT_HZ = 440, 1000
SECURE = "secure"
REGISTERED = 'hotline_trunk_registered{trunk="registered"}'
PRIVATE = "192.168.77.7"  # what a phone behind a NAT believes to be its address


@dataclass(frozen=True)
class House:
    """The hotline and the exchange of its carrier."""

    stack: HotlineStack
    carrier: Carrier
    exchange: BareAsterisk


@pytest.fixture(scope="module")
def base(new_port_base: Callable[[], int]) -> int:
    return new_port_base()


@pytest.fixture(scope="module")
def carrier(short_folder: Path, base: int) -> Carrier:
    return Carrier(short_folder / "carrier", ("127.0.0.1", Ports.from_base(base).sip), LANE.menu)


@pytest.fixture(scope="module")
def exchange(carrier: Carrier) -> Iterator[BareAsterisk]:
    with carrier.exchange() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    short_folder: Path, base: int, carrier: Carrier, exchange: BareAsterisk
) -> AsyncIterator[House]:
    data = short_folder / str(base)
    deployment = Deployment(data)
    deployment.make_folders()
    for line in LINES:
        if line.kind != "address":  # passwords that the carrier gave us
            Secrets.load(deployment).set("trunks", line.name, PASSWORD)
    phone = f'[[phone]]\nname = "{SECURE}"\ntransport = "tls"\nsrtp = true\n'
    settings = lane_settings(1) + "".join(map(carrier.trunk_settings, LINES)) + phone
    async with HotlineStack(data, base, settings) as stack:
        yield House(stack, carrier, exchange)


async def test_each_kind_of_trunk_carries_a_call_and_its_keys(house: House) -> None:
    stack = house.stack
    for line in LINES:
        await stack.metric_becomes("acd", up(line.name), 1, within_s=20)
    await stack.metric_becomes("acd", REGISTERED, 1, within_s=45)
    server = (LINES[0].address, house.carrier.port)
    async with (
        stack.agent(LANE.agents[0], tone_hz=AGENT_HZ) as desk,
        Phone("13800000000", server=server, address=CALLER, tone_hz=CALLER_HZ) as caller,
    ):
        for line in LINES:
            call = await caller.call(line.digit + LANE.menu).answered(within_s=10)
            await call.rtp.hears(prompt_hz("menu-language"), within_s=10)
            await call.send_digits("2")
            await call.rtp.hears(prompt_hz("menu-subject", "en"), within_s=10)
            await call.send_digits("1")
            rung = await desk.phone.incoming(within_s=15)
            rung.answer()
            await asyncio.gather(
                call.rtp.hears(AGENT_HZ, within_s=10), rung.rtp.hears(CALLER_HZ, within_s=10)
            )
            started = stack.facts.of("ContactStarted")[-1].body
            assert (started["trunk"], started["number"]) == (line.name, LANE.menu)
            await call.hang_up()
            await rung.ended()
            measured = await stack.fact("MediaMeasured", contact=started["contact"], side="caller")
            assert measured.body["codec"] == line.codec
            await stack.facts.agent_state(desk.number, "ready", within_s=10)
            print(f"{line.name}: {line.codec}, keys by {line.dtmf}")


def up(trunk: str) -> str:
    return f'hotline_trunk_up{{trunk="{trunk}"}}'


async def test_a_trunk_that_stops_answering_is_an_alarm_until_it_is_back(house: House) -> None:
    stack, log = house.stack, house.stack.deployment.log_file("acd")
    for line in LINES:
        await stack.metric_becomes("acd", up(line.name), 1, within_s=20)
    house.exchange.close()
    for line in LINES:
        await stack.metric_becomes("acd", up(line.name), 0, within_s=30)
        assert await stack.metric("acd", f'hotline_trunk_losses_total{{trunk="{line.name}"}}') >= 1
        shown = await alarm_on_the_wall(stack, f"trunk_down:{line.name}")
        assert (shown["kind"], shown["about"]) == ("trunk_down", line.name)
    alarms = [text for text in log.read_text("utf-8").splitlines() if "trunk_down" in text]
    assert all(any(f'"{line.name}"' in alarm for alarm in alarms) for line in LINES)
    house.exchange.__enter__()
    for line in LINES:
        await stack.metric_becomes("acd", up(line.name), 1, within_s=30)
        await alarm_over(stack, f"trunk_down:{line.name}")


async def test_the_watch_outlives_a_restart_of_acd(house: House) -> None:
    stack = house.stack
    await stack.metric_becomes("acd", REGISTERED, 1, within_s=45)
    await stack.back("acd", stack.kill("acd"))
    for line in LINES:
        await stack.metric_becomes("acd", up(line.name), 1, within_s=20)
    # Known at once, although Asterisk registers again, and says so, only minutes later.
    await stack.metric_becomes("acd", REGISTERED, 1, within_s=20)


async def test_a_phone_with_tls_and_srtp_makes_a_call(house: House, tmp_path: Path) -> None:
    stack = house.stack
    server = ("127.0.0.1", stack.deployment.ports.sip_tls)
    secret = stack.secrets.phone(SECURE)
    soft = Softphone(SECURE, secret, server, transport="tls", media_encryption="srtp-mand", tone_hz=CALLER_HZ)
    async with stack.agent(LANE.agents[0], tone_hz=AGENT_HZ) as desk:
        async with Baresip(soft, tmp_path / "secure") as phone:
            await phone.command("dial", LANE.straight)
            await phone.event("CALL_ESTABLISHED", within_s=10)
            rung = await desk.phone.incoming(within_s=20)
            rung.answer()
            await rung.rtp.hears(CALLER_HZ, within_s=10)
            await asyncio.sleep(1.0)
            await phone.command("hangup")
            await rung.ended()
            await phone.event("CALL_CLOSED")
            await until(lambda: phone.heard.stat().st_size > 8000, "what it heard", 5)
        heard = sound.read_channels(phone.heard)[0]
        assert sound.clearest_share(heard[-8000:], AGENT_HZ) > 0.9
    open_sound = Softphone(SECURE, secret, server, transport="tls")
    async with Baresip(open_sound, tmp_path / "open") as phone:
        await phone.command("dial", LANE.straight)
        closed = await phone.event("CALL_CLOSED", within_s=10)
        assert "488" in closed["param"]  # its sound would not be encrypted


async def test_a_phone_behind_a_nat_is_reached_and_heard(house: House) -> None:
    stack, number = house.stack, LANE.agents[1]
    async with stack.phone(number, tone_hz=AGENT_HZ) as phone, stack.caller(tone_hz=CALLER_HZ) as caller:
        phone.socket.shown = (PRIVATE, 5060)
        await phone.register()
        desk = stack.desk(phone)
        await desk.log_in()
        await desk.ready()
        call = await caller.call(LANE.straight).answered()
        rung = await phone.incoming(within_s=15)
        rung.answer()
        await asyncio.gather(call.rtp.hears(AGENT_HZ, within_s=10), rung.rtp.hears(CALLER_HZ, within_s=10))
        await call.hang_up()
        await rung.ended()
        await desk.log_out()
