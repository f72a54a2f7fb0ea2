"""Over real networks: a trunk, a phone and a burglar, each in a network namespace of its own.

Nothing here goes over loopback: the hotline is bound to an address that the others reach by virtual cables.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from harness.call import Call
from harness.lanes import Lane, lane_settings
from harness.networks import far_machines
from harness.phone import Phone, RegistrationRefused
from harness.stack import HotlineStack
from harness.wall import alarm_on_the_wall, alarm_over

SHUT_OUT_FAILURES, SHUT_OUT_S = 5, 12
TRUNK = "branch"
LANE = Lane(0)
CALLER_HZ, AGENT_HZ = 440, 1000
EXPIRES_S = 60  # the shortest that is granted: phones register again after half of it
SESSION_S = 90  # the shortest session timer (RFC 4028)
PACKETS_PER_S = 50

SETTINGS = (
    lane_settings(1).replace(
        "[hotline]\n", f"[hotline]\nshut_out_failures = {SHUT_OUT_FAILURES}\nshut_out_s = {SHUT_OUT_S}\n", 1
    )
    + f"""
[[trunk]]
name = "{TRUNK}"
kind = "peer"
codecs = ["alaw"]
qualify_s = 5
"""
)


@dataclass(frozen=True)
class Machines:
    """Addresses, all but the first in a namespace of their own."""

    hotline: str
    trunk: str
    phone: str
    burglar: str


@dataclass(frozen=True)
class House:
    """The hotline and who reaches it."""

    stack: HotlineStack
    machines: Machines

    def trunk(self) -> Phone:
        """The far exchange: it signs in with digest, speaks A-law and asks for a session timer."""
        return Phone(
            TRUNK,
            self.stack.secrets.trunk(TRUNK),
            server=self.stack.server,
            address=self.machines.trunk,
            codecs=("PCMA",),
            tone_hz=CALLER_HZ,
            session_expires_s=SESSION_S,
        )


@pytest.fixture(scope="module")
def base(new_port_base: Callable[[], int]) -> int:
    return new_port_base()


@pytest.fixture(scope="module")
def machines(base: int) -> Iterator[Machines]:
    made = Machines(*(f"10.99.{base // 250}.{number}" for number in range(1, 5)))
    with far_machines(made.hotline, [made.trunk, made.phone, made.burglar]):
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(short_folder: Path, machines: Machines, base: int) -> AsyncIterator[House]:
    async with HotlineStack(short_folder / str(base), base, SETTINGS, bind=machines.hotline) as stack:
        yield House(stack, machines)


async def outcome(phone: Phone) -> int:
    """The status of an attempt to register."""
    try:
        await phone.register(keep=False)
    except RegistrationRefused as refused:
        return refused.status
    return 200


async def comes_to(phone: Phone, status: int, *, within_s: float) -> None:
    """Register until this is the outcome."""
    deadline_s = time.monotonic() + within_s
    while (last := await outcome(phone)) != status:
        assert time.monotonic() < deadline_s, f"{phone.account.user}: {last} still after {within_s} s"
        await asyncio.sleep(0.1)


async def test_who_guesses_passwords_is_shut_out_for_a_while(house: House) -> None:
    stack, machines = house.stack, house.machines
    victim, other = LANE.agents[2:4]
    async with (
        Phone(victim, "guess", server=stack.server, address=machines.burglar) as burglar,
        stack.phone(victim, address=machines.burglar) as knows_it_now,
        stack.phone(other, address=machines.phone) as good,
        Phone(other, "guess", server=stack.server, address=machines.trunk) as behind_the_trunk,
        house.trunk() as trunk,
    ):
        assert [await outcome(burglar) for _ in range(3)] == [401, 401, 401]
        await comes_to(burglar, 403, within_s=10)
        shut_s = time.monotonic()
        assert await outcome(knows_it_now) == 403
        assert await outcome(good) == 200
        assert await stack.metric("acd", "hotline_sip_auth_failures_total") >= SHUT_OUT_FAILURES
        assert await stack.metric("acd", "hotline_sip_addresses_shut_out_total") == 1
        assert await stack.metric("acd", "hotline_sip_addresses_barred") == 1
        assert stack.deployment.log_file("acd").read_text("utf-8").count("address_shut_out") == 1
        await alarm_on_the_wall(stack, "shut_out:", within_s=SHUT_OUT_S)

        await trunk.register()
        await stack.metric_becomes("acd", f'hotline_trunk_up{{trunk="{TRUNK}"}}', 1)
        for _ in range(4 * SHUT_OUT_FAILURES):
            assert await outcome(behind_the_trunk) == 401  # its address is a trunk's: exempt
        await (await trunk.call(LANE.closed).answered()).hang_up()
        assert await stack.metric("acd", "hotline_sip_addresses_shut_out_total") == 1

        await comes_to(knows_it_now, 200, within_s=SHUT_OUT_S + 10)
        print(f"let in again {time.monotonic() - shut_s:.1f} s after the refusal; set: {SHUT_OUT_S} s")
        assert await stack.metric("acd", "hotline_sip_addresses_barred") == 0
        await alarm_over(stack, "shut_out:")


@pytest.mark.parametrize(
    "talk_s",
    [
        pytest.param(35, marks=pytest.mark.long),
        pytest.param(1200, marks=[pytest.mark.long, pytest.mark.lasting, pytest.mark.timeout(1500)]),
    ],
)
async def test_a_call_over_real_networks(house: House, talk_s: int) -> None:
    stack, agent = house.stack, LANE.agents[0]
    async with (
        stack.phone(
            agent,
            address=house.machines.phone,
            codecs=("PCMA",),
            tone_hz=AGENT_HZ,
            session_expires_s=SESSION_S,
        ) as phone,
        house.trunk() as trunk,
    ):
        await trunk.register(expires_s=EXPIRES_S)
        await phone.register(expires_s=EXPIRES_S)
        desk = stack.desk(phone)
        await desk.log_in()
        await desk.ready()
        call = await trunk.call(LANE.straight, caller="13800000001").answered()
        rung = await phone.incoming(within_s=15)
        rung.answer()
        await hear_each_other(call, rung)
        began_s = time.monotonic()
        registered = trunk.registration.done, phone.registration.done
        await hold_and_refresh(call, rung)
        heard = call.rtp.received, rung.rtp.received
        counted_s = time.monotonic()
        rounds = 0
        while time.monotonic() - began_s < talk_s:
            await asyncio.sleep(min(10.0, talk_s / 3))
            await hear_each_other(call, rung)
            rounds += 1
            if rounds % 3 == 0:
                await call.refresh()  # the caller's session lasts 90 s; the agent's the hotline refreshes
        talked_s = time.monotonic() - counted_s
        lost = [
            1 - (party.rtp.received - before) / (talked_s * PACKETS_PER_S)
            for party, before in zip((call, rung), heard, strict=True)
        ]
        refreshes = call.refreshes, rung.refreshes
        again = [
            line.registration.done - before for line, before in zip((trunk, phone), registered, strict=True)
        ]
        await call.hang_up()
        await rung.ended()
        contact = stack.facts.of("CallConnected")[-1].body["contact"]
        await stack.fact("ContactEnded", contact=contact, hung_up_by="caller")
    print(
        f"talked {talked_s:.0f} s; audio missing {lost}; refreshes of the hotline {refreshes}; again {again}"
    )
    assert all(share < 0.02 for share in lost)
    assert talk_s < 900 or refreshes[1] > 0
    assert all(count >= max(1, talk_s // EXPIRES_S) for count in again)
    measured = stack.facts.of("MediaMeasured", contact=contact)
    assert sorted((fact.body["side"], fact.body["codec"]) for fact in measured) == [
        ("agent", "alaw"),
        ("caller", "alaw"),
    ]
    assert all(fact.body[way] > 0 for fact in measured for way in ("rx_packets", "tx_packets")), measured


async def hear_each_other(call: Call, rung: Call) -> None:
    """Each hears the other's tone, and nothing else."""
    await asyncio.gather(
        call.rtp.hears(AGENT_HZ, within_s=10, share=0.9), rung.rtp.hears(CALLER_HZ, within_s=10, share=0.9)
    )


async def hold_and_refresh(call: Call, rung: Call) -> None:
    """Either side holds and comes back, and refreshes its session; the other hears music, not silence."""
    for holder, held, tone_hz in ((call, rung, CALLER_HZ), (rung, call, AGENT_HZ)):
        await holder.hold()
        await asyncio.sleep(0.5)
        await held.rtp.hears_sound(within_s=5)
        assert held.rtp.share_of(tone_hz) < 0.5
        await holder.unhold()
        await hear_each_other(call, rung)
        await holder.refresh()
        await hear_each_other(call, rung)
