"""The wallboard's live link: who may follow it, what is said, and when it ends."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import aiohttp
import pytest
from fake_acd import FakeAcd, wall_ms
from running_site import RunningSite
from stories import Story

from wallboard.adapters.pages import SIGNED_OFF
from wallboard.core.board import Board

HANDSHAKE = (
    b"GET /wallboard/live HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


@pytest.fixture
async def browser(site: RunningSite) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(site.url, cookies=site.cookie("display")) as session:
        yield session


async def heard(link: aiohttp.ClientWebSocketResponse, key: str) -> dict[str, object]:
    """The next message with this part; beats and others are passed over."""
    async with asyncio.timeout(5):
        while True:
            message = await link.receive_json()
            if key in message:
                return message


async def test_the_whole_board_comes_first_and_then_what_changes(browser, acd: FakeAcd):
    await acd.readers()
    async with browser.ws_connect("/wallboard/live") as link:
        whole = await heard(link, "full")
        assert set(whole["full"]) == {"house", "alarms", "queues", "agents", "day"}
        assert whole["age_ms"] < 3_000 and abs(whole["now_ms"] - wall_ms()) < 3_000
        acd.tell(*Story("c", wall_ms()).starts().queues("service").facts)
        change = await heard(link, "change")
        while "queues" not in change["change"]:
            change = await heard(link, "change")
        assert set(change["change"]["queues"]) == {"service"}
        assert change["change"]["queues"]["service"]["waiting"] == 1


async def test_without_acd_the_link_beats_and_says_that_it_knows_nothing(browser):
    async with browser.ws_connect("/wallboard/live") as link:
        for _ in range(2):
            message = await asyncio.wait_for(link.receive_json(), 3)
            assert message["age_ms"] is None and "full" not in message


async def test_while_acd_is_away_the_age_grows(browser, acd: FakeAcd):
    await acd.readers()
    async with browser.ws_connect("/wallboard/live") as link:
        await heard(link, "full")
        await acd.stop()
        ages = [(await heard(link, "age_ms"))["age_ms"] for _ in range(3)]
        assert ages == sorted(ages) and ages[-1] > 1_000
        await acd.start()


async def test_strangers_and_other_sites_get_no_link(site: RunningSite, browser):
    async with aiohttp.ClientSession(site.url) as stranger:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stranger.ws_connect("/wallboard/live")
    assert refused.value.status == 401
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect("/wallboard/live", origin="https://evil.example")
    assert refused.value.status == 403


async def test_a_link_ends_when_its_sign_in_does(site: RunningSite, browser, acd: FakeAcd, monkeypatch):
    await acd.readers()
    async with browser.ws_connect("/wallboard/live") as link:
        await heard(link, "full")
        monkeypatch.setattr(type(site.secrets), "display_token", property(lambda self: "another"))
        async with asyncio.timeout(5):
            async for _ in link:
                pass
        assert link.close_code == SIGNED_OFF


async def test_a_browser_that_reads_nothing_is_cut_and_the_others_are_served(
    site: RunningSite, browser, acd: FakeAcd, monkeypatch
):
    boards = count()

    def large(*_: object) -> Board:
        return {"day": {"number": next(boards), "large": str(next(boards)) * 200_000}}

    monkeypatch.setattr("wallboard.adapters.pages.board", large)
    monkeypatch.setattr("wallboard.adapters.pages.SEND_LIMIT_S", 0.3)
    await acd.readers()
    cookie = "; ".join(f"{name}={value}" for name, value in site.cookie().items())
    _, writer = await asyncio.open_connection("127.0.0.1", site.deployment.ports.http, limit=1024)
    writer.write(HANDSHAKE + f"Cookie: {cookie}\r\n\r\n".encode())
    async with browser.ws_connect("/wallboard/live", max_msg_size=0) as link:
        watching = site.service.registry.get_sample_value
        await heard(link, "full")
        async with asyncio.timeout(20):
            while watching("hotline_web_browsers") != 2:
                await heard(link, "age_ms")
            while watching("hotline_web_browsers") == 2:
                acd.tell(*Story(f"c{next(boards)}", wall_ms()).starts().facts)
                await heard(link, "change")
        acd.tell(*Story("last", wall_ms()).starts().facts)
        await heard(link, "change")
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_a_visitor_who_leaves_is_forgotten(site: RunningSite, browser, acd: FakeAcd):
    await acd.readers()
    registry = site.service.registry
    for _ in range(3):
        async with browser.ws_connect("/wallboard/live") as link:
            await heard(link, "full")
            assert registry.get_sample_value("hotline_web_browsers") == 1
        async with asyncio.timeout(5):
            while registry.get_sample_value("hotline_web_browsers") != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
