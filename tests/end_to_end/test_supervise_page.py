"""The supervisor's page in a real browser: what it shows follows the facts, its buttons are deeds.

acd is played by its stream over a real picture; the web process, the page and the browser are real.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from chromium import chromium
from fake_acd import FakeAcd, wall_ms
from harness.waiting import until
from playwright.async_api import Browser, Page, expect
from running_site import RunningSite, running_site, two_queues
from stories import Story, agent_state

from acd.core import facts
from hotline.core.settings import Agent, Settings


def house() -> Settings:
    """Agent 1001, who talks; 1002 with a hostile name; 1003, a supervisor."""
    agents = (
        Agent("1001", "王伟"),
        Agent("1002", "<img src=x onerror=alert(1)>"),
        Agent("1003", "赵磊", role="supervisor"),
    )
    return replace(two_queues(), agents=agents)


class Seat:
    """The page, and everything it complained of."""

    def __init__(self, page: Page, site: RunningSite, acd: FakeAcd) -> None:
        self.page, self.site, self.acd = page, site, acd
        self.complaints: list[str] = []
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def _heard(self, kind: str, text: str) -> None:
        # A refused deed (409), and no database here (503), are told by the browser as errors of the network.
        if kind in ("error", "warning") and "409" not in text and "503" not in text:
            self.complaints.append(text)

    async def press(self, row: str, name: str) -> None:
        """A button in the row that holds a text."""
        await self.page.locator(".row", has_text=row).get_by_role("button", name=name, exact=True).click()

    async def choose(self, row: str, name: str, choice: str) -> None:
        """A choice in the row that holds a text."""
        await self.page.locator(".row", has_text=row).get_by_label(name).select_option(choice)

    async def deed(self, **wanted: Any) -> None:
        """Wait until the newest deed that came to acd is this one."""
        wanted["by"] = "wei"
        await until(
            lambda: bool(self.acd.deeds) and self.acd.deeds[-1] == wanted,
            lambda: f"deed {wanted}, but {self.acd.deeds[-1:]}",
            5,
        )


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest.fixture
async def seat(browser: Browser) -> AsyncIterator[Seat]:
    settings = house()
    async with running_site(settings) as site:
        acd = FakeAcd(site.deployment.socket("acd"), settings)
        await acd.start()
        await acd.readers()
        context = await browser.new_context(viewport={"width": 1366, "height": 768})
        for name, value in site.cookie().items():
            await context.add_cookies([{"name": name, "value": value, "url": site.url}])
        made = Seat(await context.new_page(), site, acd)
        yield made
        assert made.complaints == []
        await context.close()
        await acd.stop()


def fill(acd: FakeAcd) -> None:
    """1001 talks with a, b and c wait, 1002 is not ready, 1003 is not ready."""
    now = wall_ms()
    acd.tell(agent_state(now, "1002", "not_ready", reason="1"), agent_state(now, "1003", "not_ready"))
    acd.tell(agent_state(now, "1001", "ready"))
    acd.tell(
        *Story("a.1", now).starts().queues("service").rings("1001").answered("1001").connected("1001").facts
    )
    acd.tell(*Story("b.1", now - 60_000).starts().queues("sales").facts)
    acd.tell(facts.HelpAsked(now, "1001", "a.1", "service"))


async def test_buttons_are_deeds(seat: Seat) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    await expect(page.locator("body")).to_have_class("supervise live")
    await expect(page.locator("#me")).to_have_value("1003")
    await expect(page.locator(".agent").first).to_contain_text("王伟")  # a raised hand comes first
    await expect(page.locator(".agent").first).to_contain_text("asks help")
    await expect(page.locator("#agents")).to_contain_text("<img src=x onerror=alert(1)>")

    for name in ("Listen", "Whisper", "Barge"):
        await seat.press("1001", name)
        await seat.deed(deed=name.lower(), agent="1001", **{"as": "1003"})
    await seat.press("1001", "Take over")
    await seat.press("1001", "Sure?")  # only the second click does it
    await seat.deed(deed="take_over", agent="1001", **{"as": "1003"})
    await seat.choose("1001", "Not ready…", "Break")
    await seat.deed(deed="force", agent="1001", state="not_ready", reason="1")
    await seat.press("1002", "Ready")
    await seat.deed(deed="force", agent="1002", state="ready")

    await expect(page.locator(".call .name")).to_have_text(["Sales"])
    for name, deed in (("Answer", {"deed": "take", "as": "1003"}), ("Put first", {"deed": "put_first"})):
        await page.locator(".call").get_by_role("button", name=name, exact=True).click()
        await seat.deed(contact="b.1", **deed)
    await page.locator(".call").get_by_label("Move to…").select_option("service")
    await seat.deed(deed="move", contact="b.1", queue="service")
    await page.locator(".call").get_by_role("button", name="End", exact=True).click()
    await page.locator(".call").get_by_role("button", name="Sure?", exact=True).click()
    await seat.deed(deed="end", contact="b.1", message="cannot-serve")
    await page.locator(".queue", has_text="Sales").get_by_role("button", name="Close").click()
    await page.locator(".queue", has_text="Sales").get_by_role("button", name="Sure?").click()
    await seat.deed(deed="close_queue", queue="sales")
    seat.acd.tell(facts.QueueClosed(wall_ms(), "sales"))
    await page.locator(".queue", has_text="Sales").get_by_role("button", name="Open").click()
    await seat.deed(deed="open_queue", queue="sales")


async def test_what_was_refused_is_told_in_chinese_and_old_news_is_called_old(seat: Seat) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=zh")
    await expect(page.locator("body")).to_have_class("supervise live")
    seat.acd.refuses = "not_talking"
    await seat.press("1001", "监听")
    await expect(page.locator("#said")).to_have_text("未执行（监听）：座席没有在通话")
    await seat.acd.stop()
    await expect(page.locator("body")).to_have_class("supervise stale", timeout=15_000)
    await expect(page.locator("#link-text")).to_have_text("数据未更新")
    await seat.acd.start()
