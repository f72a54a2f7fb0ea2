"""`./run --lan`, tried as its user tries it: from two other machines, at a switch without a router.

The hotline, a telephone each for agent and caller: three network namespaces. Nothing goes over loopback but
what the hotline says to itself.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from chromium import chromium, program
from harness import sipp, sound
from harness.baresip import Baresip, Softphone
from harness.fact_log import FactLog
from harness.lifelines import ends_with_us
from harness.networks import inside, machines_at_a_switch
from harness.stack import processes_of
from harness.waiting import until
from harness.wiretap import Wiretap
from playwright.async_api import expect

from hotline.deployment import Deployment
from hotline.secrets import Secrets
from hotline.signin import FIRST_USER

ROOT = Path(__file__).parents[2]
START_LIMIT_S, STOP_LIMIT_S = 240.0, 60.0
AGENT, CALLER, DIRECT = "1001", "1002", "4002"  # of the settings of a first start
CALLER_HZ, AGENT_HZ = 440, 1000


@dataclass(frozen=True)
class House:
    """What its user knows: where it said that it is, and what lies in its data folder."""

    deployment: Deployment
    sip: tuple[str, int]
    pages: str

    @property
    def secrets(self) -> Secrets:
        return Secrets.load(self.deployment)


@asynccontextmanager
async def open_house(data: Path, port_base: int, address: str) -> AsyncIterator[House]:
    """`./run --lan` on the machine of this address, in a data folder of its own; ended by SIGTERM."""
    screen = data.parent / f"{data.name}-up.log"
    words = ["./run", "--lan", "--data", str(data), "--port-base", str(port_base)]
    with screen.open("wb") as output:
        running = await asyncio.create_subprocess_exec(
            *inside(address),
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=ends_with_us(signal.SIGTERM),
        )

    def said() -> str:
        return screen.read_text("utf-8", "replace")

    try:
        await until(
            lambda: "ready after" in said() or running.returncode is not None, lambda: said(), START_LIMIT_S
        )
        told = said()
        assert "NOT ready" not in told and "ready after" in told, told
        sip = re.search(rf"sip:{DIRECT}@([0-9.]+):(\d+)", told)
        pages = re.search(r"wallboard\s+(http://\S+)", told)
        assert sip and pages, told
        yield House(Deployment.load(data), (sip[1], int(sip[2])), pages[1])
    finally:
        if running.returncode is None:
            running.terminate()
        async with asyncio.timeout(STOP_LIMIT_S):
            await running.wait()
    assert processes_of(data) == []


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_two_telephones_and_a_browser_on_the_local_network(
    short_folder: Path, new_port_base: Callable[[], int], tmp_path: Path
) -> None:
    base = new_port_base()
    hotline, desk, far = (f"10.98.{base // 250}.{number}" for number in (1, 2, 3))
    with machines_at_a_switch([hotline, desk, far]):
        async with open_house(short_folder / "lan", base, hotline) as house:
            assert house.sip == (hotline, base)
            assert house.pages == f"http://{hotline}:{base + 5}/"
            await wallboard_after_sign_in(house, far, tmp_path)
            await they_talk(house, desk, far, tmp_path)


async def wallboard_after_sign_in(house: House, address: str, folder: Path) -> None:
    """A browser on another machine signs in with the first password and sees the wallboard live."""
    starter = folder / "chromium"
    starter.write_text(f'#!/bin/sh\nexec {shlex.join([*inside(address), program()])} "$@"\n', "utf-8")
    starter.chmod(0o700)
    async with chromium(str(starter)) as browser:
        page = await browser.new_page()
        await page.goto(house.pages)
        await page.fill("#name", FIRST_USER)
        await page.fill("#password", house.deployment.first_password_file.read_text("utf-8").strip())
        await page.keyboard.press("Enter")
        await expect(page.locator("body")).to_have_class("wallboard live")


@asynccontextmanager
async def facts_of(house: House) -> AsyncIterator[FactLog]:
    """acd's facts from now on."""
    log = FactLog(house.deployment.journal("acd"))
    try:
        yield log
    finally:
        log.close()


async def they_talk(house: House, desk: str, far: str, folder: Path) -> None:
    """An agent logs in at baresip with number and PIN; SIPp dials the hotline; each hears the other."""
    password = house.secrets.phone
    soft = Softphone(AGENT, password(AGENT), house.sip, address=desk, tone_hz=AGENT_HZ)
    async with (
        Baresip(soft, folder / "agent") as phone,
        Wiretap(far) as heard_by_caller,
        facts_of(house) as facts,
    ):
        await phone.command("dial", "*11")
        await phone.event("CALL_ESTABLISHED", within_s=15)
        await asyncio.sleep(0.5)
        for digit in f"{AGENT}#{house.secrets.pin(AGENT)}#":
            await phone.command("sndcode", digit)
            await asyncio.sleep(0.25)
        await facts.agent_state(AGENT, "not_ready", within_s=20)
        await phone.event("CALL_CLOSED", within_s=20)
        await phone.command("dial", "*13")
        await facts.agent_state(AGENT, "ready", within_s=20)
        await phone.event("CALL_CLOSED", count=2, within_s=20)

        kind = sipp.Caller(DIRECT, user=CALLER, password=password(CALLER), tone_hz=CALLER_HZ)
        call = await sipp.call(kind, house.sip, folder / "caller", address=far)
        connected = await facts.fact("CallConnected", agent=AGENT, within_s=30)
        await heard_by_caller.hears(AGENT_HZ, within_s=20)
        await asyncio.sleep(1.0)  # for as much of the caller's tone
        await phone.command("hangup")
        assert await call.finished(within_s=60) == sipp.Outcome(1, 0)
        await facts.fact("ContactEnded", contact=connected.contact, within_s=20)
        await until(lambda: phone.heard.stat().st_size > 16_000, "what the agent heard", 10)
    heard = sound.read_channels(phone.heard)[0]
    assert sound.clearest_share(heard[-8000:], CALLER_HZ) > 0.9
