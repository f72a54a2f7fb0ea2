"""The supervisor's page in a real browser: what it shows follows the facts, its buttons are deeds.

acd is played by its stream over a real picture; the web process, the page and the browser are real.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from chromium import chromium
from fake_acd import FakeAcd, wall_ms
from harness.waiting import until
from playwright.async_api import Browser, Page, Route, expect
from running_site import RunningSite, running_site, two_queues
from stories import Story, agent_state

from acd.core import facts
from hotline.core.settings import Agent, Settings

REFUSED = (401, 403, 409, 500, 503)
"""What these tests have answered: a sign-in that is over, a deed refused, an error, no database here."""


def house() -> Settings:
    """Agent 1001, who talks; 1002 with a hostile name; 1003 and 1004, supervisors."""
    agents = (
        Agent("1001", "王伟"),
        Agent("1002", "<img src=x onerror=alert(1)>"),
        Agent("1003", "赵磊", role="supervisor"),
        Agent("1004", "钱敏", role="supervisor"),
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
        # Answers that are no success are told by the browser as errors of the network.
        if kind in ("error", "warning") and not any(f"status of {one}" in text for one in REFUSED):
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
        await made.page.route("**/api/callbacks", no_callbacks)
        yield made
        assert made.complaints == []
        await context.close()
        await acd.stop()


async def no_callbacks(route: Route) -> None:
    """acd's own list is not played here."""
    await route.fulfill(json={"callbacks": []})


def fill(acd: FakeAcd) -> None:
    """1001 talks with a, b and c wait, 1002 is not ready, 1003 is not ready, 1004 is not there."""
    now = wall_ms()
    acd.tell(agent_state(now, "1002", "not_ready", reason="1"), agent_state(now, "1003", "not_ready"))
    acd.tell(agent_state(now, "1001", "ready"))
    acd.tell(
        *Story("a.1", now).starts().queues("service").rings("1001").answered("1001").connected("1001").facts
    )
    acd.tell(*Story("b.1", now - 60_000).starts().queues("sales").facts)
    acd.tell(facts.HelpAsked(now, "1002", "", ""), facts.HelpEnded(now + 9_000, "1002", "1003", 9_000))
    acd.tell(facts.HelpAsked(now, "1001", "a.1", "service"))


async def test_buttons_are_deeds(seat: Seat) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    await expect(page.locator("body")).to_have_class("supervise live")
    await expect(page.locator("#me")).to_have_value("1003")
    await expect(page.locator(".agent").first).to_contain_text("王伟")  # a raised hand comes first
    await expect(page.locator(".agent").first).to_contain_text("asks help")
    await expect(page.locator("#agents")).to_contain_text("helped 1× today, after 0:09 on average")
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


async def test_waits_doors_and_figures_are_told(seat: Seat) -> None:
    fill(seat.acd)
    now = wall_ms()
    steps = [{"after_ms": 30_000, "needs": "service >= 1", "prefer": []}]
    seat.acd.tell(
        *Story("d.1", now - 20_000).starts().queues("sales", steps=steps).facts,  # type: ignore[arg-type]
        facts.CallWidened(now, "d.1", 1, 1, "service >= 1", []),
        facts.WaitPromised(now, "d.1", 1, "sales", now + 60_500, now + 3_600_000, 4, 2, ""),
        facts.WaitPromised(now, "b.1", 1, "sales", now - 90_000, now - 60_000, 4, 1, ""),
        facts.CallOverflowed(now, "e.1", 1, "sales", "queue_full", "queue:service"),
        facts.QueueClosed(now, "service"),
    )
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    second = page.locator(".call").nth(1)
    await expect(second).to_contain_text("place 2")
    await expect(second).to_contain_text("step 1 of 1")
    await expect(second.locator(".expected")).to_have_text(
        re.compile(r"promised (1:00|0:5\d)–(1:00:00|59:5\d)")
    )
    await expect(page.locator(".call").first.locator(".expected")).to_contain_text("later than promised")
    sales = page.locator(".queue", has_text="Sales")
    await expect(sales).to_contain_text("(full): 1 to queue Service")
    await expect(sales).to_contain_text("at most 1,000")
    await expect(page.locator(".queue").first).to_contain_text("closed since")
    await expect(page.locator("#day")).to_contain_text("Promised waits kept")
    await expect(page.locator(".figure-cell", has_text="SL-1")).to_have_attribute(
        "title", re.compile("ans≤T")
    )


async def test_recalls_are_listed_and_settled(seat: Seat) -> None:
    now = wall_ms()
    hostile = "<img src=x onerror=alert(1)>"  # a queue that is gone is shown by its name
    seat.acd.tell(
        facts.RecallDue(now, "r.1", "ref-1", hostile, now - 900_000, now - 60_500),
        facts.RecallDue(now, "r.2", "ref-2", "sales", now - 900_000, now + 600_000),
    )
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    first, second = page.locator(".recall").first, page.locator(".recall").nth(1)
    await expect(first).to_contain_text(hostile)
    await expect(first).to_contain_text("(1:0")
    await expect(first.locator(".name")).to_have_text("The database cannot be reached just now")
    await expect(page.locator("#recalls-count")).to_have_text("2 (1 overdue)")
    await first.get_by_role("button", name="Called", exact=True).click()
    await seat.deed(deed="dismiss_recall", contact="r.1", how="done")
    await second.get_by_role("button", name="Not reached", exact=True).click()
    await second.get_by_role("button", name="Sure?", exact=True).click()
    await seat.deed(deed="dismiss_recall", contact="r.2", how="unreached")
    seat.acd.tell(facts.RecallSettled(wall_ms(), "r.1", "done", "wei"))
    await expect(page.locator(".recall")).to_have_count(1, timeout=10_000)


async def test_callbacks_are_listed_and_cancelled(seat: Seat) -> None:
    now = wall_ms()
    row = {
        "contact": "k.1",
        "line": "callback1-k.1",
        "stage": "flow",  # the line rests
        "queue": "<b>sales</b>",
        "number": "138****0001",
        "place_since_ms": now - 90_000,
        "asked_ms": now - 60_000,
        "expires_ms": now + 3_600_000,
        "tried": 1,
        "next_ms": now + 600_000,
    }
    told = [row]

    async def answer(route: Route) -> None:
        await route.fulfill(json={"callbacks": told})

    page = seat.page
    await page.route("**/api/callbacks", answer)
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    shown = page.locator(".callback")
    for words in ("<b>sales</b>", "138****0001", "next try in 9:5", "tried 1×"):
        await expect(shown).to_contain_text(words)
    await shown.get_by_role("button", name="Cancel", exact=True).click()
    await shown.get_by_role("button", name="Sure?", exact=True).click()
    await seat.deed(deed="cancel_callback", contact="k.1")
    told.clear()
    await expect(page.locator("#callbacks")).to_have_text("Nobody asked for a callback", timeout=10_000)


async def test_alarms_stand_above_all_and_go_when_they_are_over(seat: Seat) -> None:
    fill(seat.acd)
    trunk = "<b>carrier</b>"  # no name of a trunk, but whatever comes is text
    seat.acd.metrics = f'hotline_trunk_up{{trunk="{trunk}"}} 0.0\n'
    seat.acd.tell(facts.MediaSilent(wall_ms(), "a.1", "a.1-o1", "caller", 5_000))
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    alarms = page.locator("#alarms")
    await expect(alarms).to_contain_text(f"Trunk {trunk} does not answer", timeout=10_000)
    await expect(alarms).to_contain_text("One-way audio: agent 1001")
    seat.acd.metrics = f'hotline_trunk_up{{trunk="{trunk}"}} 1.0\n'
    seat.acd.tell(facts.SegmentEnded(wall_ms(), "a.1", "a.1-o1", "1001", "service", 9_000, 0, "agent", 16))
    await expect(alarms).not_to_contain_text("Trunk", timeout=10_000)
    await expect(alarms).not_to_contain_text("One-way", timeout=10_000)
    await page.goto(f"{seat.site.url}/supervise?lang=zh")
    await expect(alarms).to_contain_text("服务异常：账簿")  # here nobody but acd is at work


SIZES = [(1920, 1080), (1366, 768)]
TOO_WIDE = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 1;
}).map((one) => one.className)"""


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_with_140_agents_nothing_leaves_the_page(browser: Browser, language: str) -> None:
    settings = replace(two_queues(), agents=tuple(Agent(str(1001 + one), f"王伟{one}") for one in range(140)))
    async with running_site(settings) as site:
        acd = FakeAcd(site.deployment.socket("acd"), settings)
        now = wall_ms()
        for number in range(140):
            acd.tell(
                agent_state(now, str(1001 + number), ("ready", "acw", "not_ready")[number % 3], until_ms=1)
            )
        for number in range(60):
            acd.tell(*Story(f"c.{number}", now - number * 9_000).starts().queues("sales").facts)
        await acd.start()
        await acd.readers()
        for width, height in SIZES:
            context = await browser.new_context(viewport={"width": width, "height": height})
            for name, value in site.cookie().items():
                await context.add_cookies([{"name": name, "value": value, "url": site.url}])
            page = await context.new_page()
            await page.goto(f"{site.url}/supervise?lang={language}")
            await expect(page.locator(".agent.row")).to_have_count(140)
            await expect(page.locator(".call")).to_have_count(60)
            assert await page.evaluate(TOO_WIDE) == []
            await context.close()
        await acd.stop()


async def test_what_was_refused_is_told_in_chinese_and_old_news_is_called_old(seat: Seat) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=zh")
    await expect(page.locator("body")).to_have_class("supervise live")
    seat.acd.refuses = "not_talking"
    await seat.press("1001", "监听")
    await expect(page.locator("#said")).to_have_text("未执行（监听）：坐席没有在通话")
    await seat.acd.stop()
    await expect(page.locator("body")).to_have_class("supervise stale", timeout=15_000)
    await expect(page.locator("#link-text")).to_have_text("数据未更新")
    await seat.acd.start()


async def test_an_error_is_no_news_and_the_clocks_stop(seat: Seat) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    await expect(page.locator("body")).to_have_class("supervise live")

    async def fail(route: Route) -> None:
        await route.fulfill(status=500, json={"error": 500})

    await page.route("**/api/floor", fail)
    await expect(page.locator("body")).to_have_class("supervise stale", timeout=10_000)
    waited = page.locator(".call .time")
    frozen = await waited.inner_text()
    await asyncio.sleep(1.5)
    assert await waited.inner_text() == frozen
    await page.unroute("**/api/floor")
    await expect(page.locator("body")).to_have_class("supervise live")
    await expect(waited).not_to_have_text(frozen)


@pytest.mark.parametrize(
    ("role", "shown"), [("reviewer", "text=You may not see this page."), ("", "#password")]
)
async def test_a_sign_in_that_is_over_or_anothers_leaves_the_page(seat: Seat, role: str, shown: str) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    await expect(page.locator("body")).to_have_class("supervise live")
    await page.context.clear_cookies()
    for name, value in seat.site.cookie(role).items() if role else ():
        await page.context.add_cookies([{"name": name, "value": value, "url": seat.site.url}])
    await expect(page.locator(shown)).to_be_visible(timeout=10_000)


async def test_my_phone_is_never_somebody_elses(seat: Seat) -> None:
    fill(seat.acd)
    page = seat.page
    await page.goto(f"{seat.site.url}/supervise?lang=en")
    me, deed = page.locator("#me"), page.locator(".call").get_by_role("button", name="Answer", exact=True)
    await expect(me).to_have_value("1003")  # the only one there is
    await expect(deed).to_be_enabled()
    seat.acd.tell(agent_state(wall_ms(), "1004", "not_ready"))
    await expect(me).to_have_value("")  # which of the two is it?
    await expect(me.locator("option").first).to_have_text("(please choose)")
    await expect(deed).to_be_disabled()
    await me.select_option("1004")
    await expect(deed).to_be_enabled()
    await deed.click()
    await seat.deed(deed="take", contact="b.1", **{"as": "1004"})
    seat.acd.tell(agent_state(wall_ms(), "1004", "offline"))
    await expect(me).to_have_value("")  # 1003 is there, and is not meant
    await expect(me.locator("option").first).to_have_text("(log in at a phone first)")
    await expect(deed).to_be_disabled()
    await page.reload()
    await expect(me.locator("option")).to_have_count(2)
    await expect(me).to_have_value("")
    seat.acd.tell(agent_state(wall_ms(), "1004", "not_ready"))
    await expect(me).to_have_value("1004")  # what was chosen is still known
    await expect(deed).to_be_enabled()


async def test_in_chinese_nothing_is_told_in_codes_or_in_english(seat: Seat) -> None:
    acts = [
        {"deed": deed, "agent": "1001", "detail": detail}
        for deed, detail in (
            ("force", "not_ready:1"),
            ("force", "logged_out"),
            ("move", "queue:sales"),
            ("end", "message:cannot-serve"),
            ("listen", "as:1003"),
            ("listen", "<b>desk</b>"),
        )
    ]
    common = {"by": "wei", "via": "page", "contact": "", "queue": "", "refused": ""}

    async def answer(route: Route) -> None:
        await route.fulfill(json={"acts": [{**common, **act, "at_ms": at} for at, act in enumerate(acts)]})

    fill(seat.acd)
    page = seat.page
    await page.route("**/api/acts*", answer)
    await page.goto(f"{seat.site.url}/supervise?lang=zh")
    details = ["置忙 · 小休", "签出", "队列 销售", "提示音", "工号 1003", "<b>desk</b>"]
    await expect(page.locator(".act bdi.small")).to_have_text(details)
    figure = page.locator(".figure-cell", has_text="SL-1")
    await expect(figure).to_have_attribute("title", re.compile("T 内接通.*\n.*门限"))
