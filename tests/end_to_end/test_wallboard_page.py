"""The wallboard in a real browser: facts arrive by push, time passes, stale data is told, text stays text.

acd is played by its stream over a real picture; the web process, the page and the browser are real.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from chromium import chromium
from fake_acd import FakeAcd, wall_ms
from playwright.async_api import Browser, Page, WebSocketRoute, expect
from running_site import RunningSite, running_site, two_queues
from slowness import slowness
from stories import Story, agent_state

from acd.core.facts import WaitPromised
from hotline.core.settings import Agent, Queue, Settings, Text

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one browser for all, since its start takes seconds

SOON_MS = 250  # for the median, on a machine with nothing else to do

WATCH = """() => {
  window.seen = [];
  const waiting = document.getElementById("waiting");
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver(() => window.seen.push([waiting.textContent, now()]))
    .observe(waiting, { childList: true, characterData: true, subtree: true });
}"""

BROKEN_LINK = ("WebSocket connection", "net::ERR_", "status of 401")


class Wall:
    """A page that shows the wallboard, and everything it complained of."""

    def __init__(self, page: Page, site: RunningSite, acd: FakeAcd) -> None:
        self.page, self.site, self.acd = page, site, acd
        self.complaints: list[str] = []
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        self.reloads = 0
        page.on("load", lambda _: self._loaded())

    def _heard(self, kind: str, text: str) -> None:
        # A broken link is the subject of some tests; everything else is a mistake of ours.
        if kind in ("error", "warning") and not any(words in text for words in BROKEN_LINK):
            self.complaints.append(text)

    def _loaded(self) -> None:
        self.reloads += 1

    async def open(self, language: str = "en") -> None:
        token = self.site.secrets.display_token
        await self.page.goto(f"{self.site.url}/wallboard?token={token}&lang={language}")
        await expect(self.page.locator("body")).to_have_class("wallboard live")

    async def text(self, selector: str) -> str:
        return (await self.page.inner_text(selector)).strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@asynccontextmanager
async def a_wall(browser: Browser, settings: Settings, **context: Any) -> AsyncIterator[Wall]:
    async with running_site(settings) as site:
        acd = FakeAcd(site.deployment.socket("acd"), settings)
        await acd.start()
        page = await browser.new_page(**{"viewport": {"width": 1920, "height": 1080}, **context})
        wall = Wall(page, site, acd)
        try:
            yield wall
            assert wall.complaints == []
            assert wall.reloads <= 1
        finally:
            await page.close()
            await acd.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def wall(browser: Browser) -> AsyncIterator[Wall]:
    async with a_wall(browser, two_queues()) as opened:
        await opened.open()
        yield opened


def call(contact: str, queue: str = "service", waited_ms: int = 0) -> Story:
    return Story(contact, wall_ms() - waited_ms).starts().queues(queue)


async def test_a_fact_is_on_the_page_without_reload_and_soon(
    wall: Wall, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await wall.page.evaluate(WATCH)
    told: dict[str, int] = {}
    for number in range(1, 41):
        await asyncio.sleep(0.02 + number % 7 * 0.03)
        told[str(number)] = wall_ms()
        wall.acd.tell(*call(f"c{number}").facts)
    await expect(wall.page.locator("#waiting")).to_have_text("40")
    seen = dict(await wall.page.evaluate("() => window.seen"))
    delays = sorted(seen[number] - told[number] for number in told if number in seen)
    assert len(delays) >= 20  # those in between may come together with the next
    figures = {
        "median": statistics.median(delays),
        "p95": delays[int(len(delays) * 0.95)],
        "most": delays[-1],
    }
    for name, value in figures.items():
        record_property(f"fact_to_page_{name}_ms", round(value, 1))
    slow = slowness()
    with capsys.disabled():
        told_ms = ", ".join(f"{name} {value:.1f} ms" for name, value in figures.items())
        print(f"\nfact to page: {told_ms}; slowness {slow:.1f}")
    assert figures["median"] <= SOON_MS * slow


async def test_waits_grow_by_themselves_and_a_wait_beyond_its_target_is_marked(wall: Wall) -> None:
    wall.acd.tell(*call("c1", waited_ms=12_500).facts)
    row = wall.page.locator(".queue-row", has_text="Service")
    await expect(row.locator(".queue-longest")).to_contain_text(re.compile("0:1[234]"))
    assert await row.get_attribute("data-urgency") == "soon"
    await expect(row.locator(".queue-longest")).to_contain_text(re.compile("0:1[6-9]"), timeout=8_000)
    assert await row.get_attribute("data-urgency") == "late"
    assert "late" in await wall.text("#longest-mark")
    assert await wall.text("#longest") == await row.locator(".queue-longest span").first.inner_text()


async def test_agents_stand_by_state_then_time_and_after_contact_work_counts_down(wall: Wall) -> None:
    now_ms = wall_ms()
    wall.acd.tell(
        agent_state(now_ms - 60_000, "1002", "ready"),
        agent_state(now_ms - 90_000, "1003", "ready"),
        agent_state(now_ms - 5_000, "1001", "acw", until_ms=now_ms + 8_000),
    )
    await expect(wall.page.locator(".group-ready .agent")).to_have_count(2)
    names = await wall.page.locator(".group-ready .agent-name").all_inner_texts()
    assert names == ["1003", "<img src=x onerror=alert(1)>"]  # the longest first; a nameless one by number
    left = wall.page.locator(".group-acw .agent-time")
    await expect(left).to_have_text(re.compile("↓ 0:0[1-5]"), timeout=6_000)
    wall.acd.tell(agent_state(wall_ms(), "1001", "not_ready", reason="1"))
    await expect(wall.page.locator(".group-not_ready .agent")).to_contain_text("Break")
    await expect(wall.page.locator(".group-acw")).to_have_count(0)
    wall.acd.tell(agent_state(wall_ms(), "1002", "unknown"))
    await expect(wall.page.locator(".group-unknown")).to_contain_text("Being checked")
    assert await wall.text("#agents-on") == "3 signed in"


async def test_the_days_figures_stand_with_both_denominators(wall: Wall) -> None:
    served = Story("a", wall_ms() - 200_000).starts().queues("sales").after(12_000).rings().answered()
    served.connected().after(65_000).segment_ends(65_000).ends("queued", digit=5)
    left = call("b", "sales", 100_000).after(3_000).leaves("abandoned").ends("queued")
    menu = Story("c", wall_ms() - 50_000).starts().ends("message")
    closed = Story("d", wall_ms() - 40_000).starts().ends("closed")
    wall.acd.tell(*served.facts, *left.facts, *menu.facts, *closed.facts)
    page = wall.page
    await expect(page.locator("#tile-offered .figure")).to_have_text("2")
    await expect(page.locator("#tile-offered .detail")).to_contain_text("of 4 calls")
    # All four are told: two asked for an agent, and what became of the others.
    await expect(page.locator("#tile-offered .detail")).to_contain_text("0 blocked · 1 closed")
    await expect(page.locator("#tile-offered .detail")).to_contain_text("1 asked for no agent")
    await expect(page.locator("#timely-all")).to_have_text("25.0%")
    await expect(page.locator("#timely-all-of")).to_have_text("1/4")
    await expect(page.locator("#timely-asked")).to_have_text("50.0%")
    await expect(page.locator("#timely-asked-of")).to_have_text("1/2")
    await expect(page.locator("#tile-sl1 .figure")).to_have_text("100%")
    await expect(page.locator("#tile-sl1 .detail")).to_contain_text("within 20 s")
    await expect(page.locator("#tile-wait .figure")).to_have_text("0:12")
    await expect(page.locator("#tile-talk .figure")).to_have_text("1:05")
    await expect(page.locator("#tile-satisfaction .figure")).to_have_text("100%")
    await expect(page.locator("#tile-abandoned .detail")).to_contain_text("50.0%")


@pytest.mark.parametrize(
    ("language", "told"), [("en", "3 of 4 as promised, 75.0%"), ("zh", "承诺 4 通，兑现 3 通，75.0%")]
)
async def test_promises_kept_stand_with_their_number(browser: Browser, language: str, told: str) -> None:
    async with a_wall(browser, two_queues()) as wall:
        await wall.open(language)
        detail = wall.page.locator("#tile-wait .detail")
        await expect(detail).not_to_contain_text("%")  # nobody was promised anything
        for number, wait_ms in enumerate((10_000, 20_000, 30_000, 30_001)):
            story = call(f"c{number}", waited_ms=100_000)
            ends = story.now_ms, story.now_ms + 30_000
            story.facts.append(WaitPromised(story.now_ms, f"c{number}", 1, "service", *ends, 1, 1, ""))
            wall.acd.tell(*story.after(wait_ms).rings().answered().connected().facts)
        await expect(detail).to_contain_text(told)


async def test_stale_data_is_told_with_its_age_and_the_page_recovers_by_itself(wall: Wall) -> None:
    wall.acd.tell(*call("c1").facts)
    await expect(wall.page.locator("#waiting")).to_have_text("1")
    await wall.acd.stop()
    banner = wall.page.locator("#banner")
    await expect(banner).to_be_visible(timeout=6_000)
    await expect(banner).to_contain_text("No new data for 0:0")
    await expect(banner).to_contain_text("distributor")
    await expect(wall.page.locator(".figures")).to_have_css("opacity", "0.42")
    frozen = await wall.text("#longest")
    await asyncio.sleep(1.5)
    assert await wall.text("#longest") == frozen  # nobody knows whether that call still waits
    wall.acd.tell(*call("c2").facts)
    await wall.acd.start()
    await expect(banner).to_be_hidden(timeout=6_000)
    await expect(wall.page.locator("#waiting")).to_have_text("2")


async def test_alarms_stand_in_one_line_above_the_figures_and_go(wall: Wall) -> None:
    trunks = [f"<b>{name}</b>" for name in "abcde"]  # no names of trunks, but whatever comes is text
    wall.acd.metrics = "".join(f'hotline_trunk_up{{trunk="{trunk}"}} 0.0\n' for trunk in trunks)
    alarms = wall.page.locator("#alarms")
    await expect(alarms.locator(".more")).to_have_text("+5", timeout=10_000)  # ivr, ledger, keeper come first
    box = await alarms.bounding_box()
    agents = await wall.page.locator(".panel.agents").bounding_box()
    assert box is not None and agents is not None and box["y"] + box["height"] <= agents["y"]
    assert box["height"] < 80  # one line of the wall
    wall.acd.metrics = ""
    await expect(alarms.locator(".more")).to_have_count(0, timeout=10_000)
    await expect(alarms).to_contain_text("Service not ready: ledger")


async def test_when_the_web_process_is_away_the_page_says_so_and_comes_back(browser: Browser) -> None:
    settings = two_queues()
    async with running_site(settings) as site:
        acd = FakeAcd(site.deployment.socket("acd"), settings)
        await acd.start()
        page = await browser.new_page()
        wall = Wall(page, site, acd)
        await wall.open("zh")
        await site.stop_pages()
        await expect(page.locator("#banner")).to_contain_text("与服务器的连接中断", timeout=8_000)
        await site.start_pages()
        await expect(page.locator("#banner")).to_be_hidden(timeout=12_000)
        acd.tell(*call("c1").facts)
        await expect(page.locator("#waiting")).to_have_text("1")
        assert wall.reloads == 1
        assert wall.complaints == []
        await page.close()
        await acd.stop()


async def test_a_sign_in_that_ended_while_the_server_was_away_is_told(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_site(two_queues()) as site:
        page = await browser.new_page()
        wall = Wall(page, site, FakeAcd(site.deployment.socket("acd")))
        await page.goto(f"{site.url}/wallboard?token={site.secrets.display_token}&lang=en")
        await expect(page.locator("#banner")).to_contain_text("distributor")  # linked, and without acd
        await site.stop_pages()
        monkeypatch.setattr(type(site.secrets), "display_token", property(lambda self: "another"))
        await site.start_pages()
        await expect(page.locator("body")).to_have_class("wallboard signed-off", timeout=15_000)
        await expect(page.locator("#banner")).to_contain_text("The sign-in has ended")
        assert wall.complaints == []
        await page.close()


async def test_changes_of_a_board_that_never_came_make_it_ask_again(browser: Browser) -> None:
    async with a_wall(browser, two_queues()) as wall:
        wall.acd.tell(*call("c1").facts)
        links = 0

        async def serve(socket: WebSocketRoute) -> None:
            nonlocal links
            links += 1
            if links > 1:
                socket.connect_to_server()
                return
            change = {"change": {"day": {"waiting": 7}}, "age_ms": 0, "now_ms": wall_ms()}
            socket.send(json.dumps(change))

        await wall.page.route_web_socket("**/wallboard/live", serve)
        await wall.open()
        await expect(wall.page.locator("#waiting")).to_have_text("1")
        assert links == 2


SPILLS = """() => {
  const told = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) told.push("the page scrolls");
  const boxes = ".panel, .tile, .hero-cell, .agent, .queue-row, .agent-groups, .queue-rows";
  const parts = ".figure, .detail, .label, .agent, .agent-time, .queue-row span, .huge, .mark, b";
  for (const panel of document.querySelectorAll(boxes)) {
    const outer = panel.getBoundingClientRect();
    for (const part of panel.querySelectorAll(parts)) {
      const range = document.createRange();
      range.selectNodeContents(part);
      const clipped = part.children.length > 0 || getComputedStyle(part).overflow === "hidden";
      const box = (clipped ? part : range).getBoundingClientRect();
      if (box.width === 0) continue;
      // Across, the text itself must fit; down, its line: fonts reach beyond their lines.
      const line = part.getBoundingClientRect();
      const out = [box.right - outer.right, outer.left - box.left, line.bottom - outer.bottom];
      if (Math.max(...out) > 3) told.push(`${panel.className}: ${part.className} ${part.textContent} ${out}`);
    }
  }
  return told;
}"""


def full_house(agents: int) -> Settings:
    names = ("欧阳文静", "Christine Underwood-Featherstone", "Bob Miller")
    queues = range(agents // 10 + 1)
    return Settings(
        version=1,
        queues=tuple(Queue(f"q{n}", Text("业务咨询与投诉受理", "Technical support desk")) for n in queues),
        agents=tuple(Agent(str(1001 + n), names[n % 3]) for n in range(agents)),
    )


@pytest.mark.parametrize("agents", [0, 5, 60, 140])
async def test_everything_fits_the_screen(browser: Browser, agents: int) -> None:
    states = ("ready", "offered", "on_contact", "on_hold", "acw", "not_ready", "not_responding", "unknown")
    async with a_wall(browser, full_house(agents)) as wall:
        now_ms = wall_ms()
        for n in range(agents):
            since_ms = now_ms - 4_000_000 + n * 1_000
            wall.acd.tell(agent_state(since_ms, str(1001 + n), states[n % 8], until_ms=now_ms + 9_000))
        wall.acd.tell(*call("w", "q0", 3_800_000).facts)
        for language in ("zh", "en"):
            await wall.open(language)
            for width, height in ((1920, 1080), (1366, 768)):
                await wall.page.set_viewport_size({"width": width, "height": height})
                await expect(wall.page.locator("#longest")).to_contain_text("1:03:")
                assert await wall.page.evaluate(SPILLS) == []
        wall.reloads = 1  # these were meant


CUT = """() => [...document.querySelectorAll(".agent-reason")]
  .filter((one) => one.scrollWidth > one.clientWidth || parseFloat(getComputedStyle(one).fontSize) < 9)
  .map((one) => one.textContent)"""
REASONS = ("login", "forced", "no_answer", "rejected", "busy", "unreachable", "1")


@pytest.mark.parametrize("agents", [12, 40])
async def test_a_reason_is_never_cut(browser: Browser, agents: int) -> None:
    settings = replace(
        full_house(agents), not_ready_reasons={"1": Text("部门例会与培训", "Team meeting, training")}
    )
    async with a_wall(browser, settings) as wall:
        for n in range(agents):
            reason = REASONS[n % len(REASONS)] if n % 2 == 0 else ""
            state = "not_ready" if reason else "on_contact"
            wall.acd.tell(agent_state(wall_ms() - 4_000_000, str(1001 + n), state, reason=reason))
        for language in ("zh", "en"):
            await wall.open(language)
            for width, height in ((1920, 1080), (1366, 768)):
                await wall.page.set_viewport_size({"width": width, "height": height})
                await expect(wall.page.locator(".agent-reason:not(:empty)")).to_have_count(agents // 2)
                assert await wall.page.evaluate(CUT) == []
                assert await wall.page.evaluate(SPILLS) == []
        wall.reloads = 1  # these were meant


async def test_hostile_names_stay_text(browser: Browser) -> None:
    hostile = ("<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "a\r\nb", "\u202egnp.exe", "x" * 4096)
    settings = Settings(
        version=1,
        queues=tuple(Queue(f"q{n}", Text(name, name)) for n, name in enumerate(hostile)),
        agents=tuple(Agent(str(1001 + n), name) for n, name in enumerate(hostile)),
        not_ready_reasons={"1": Text("<b>小休", "</script><script>alert(1)</script>")},
    )
    async with a_wall(browser, settings) as wall:
        wall.acd.tell(*(agent_state(wall_ms(), str(1001 + n), "not_ready", reason="1") for n in range(5)))
        await wall.open()
        await expect(wall.page.locator(".group-not_ready .agent")).to_have_count(5)
        names = set(await wall.page.locator(".agent-name").all_text_contents())
        assert {
            "<img src=x onerror=alert(1)>",
            "=cmd|' /C calc'!A0",
            "a\ufffd\ufffdb",
            "\ufffdgnp.exe",
        } <= names
        assert max(len(name) for name in names) == 40
        assert await wall.page.locator("img").count() == 0
        assert await wall.page.evaluate(SPILLS) == []


async def test_the_language_is_switched_by_its_button_and_remembered(wall: Wall) -> None:
    await expect(wall.page.locator("h2").first).to_have_text("Calls waiting")
    await wall.page.click("a.language[hreflang]")
    await expect(wall.page.locator("h2").first).to_have_text("当前排队")
    await wall.page.goto(f"{wall.site.url}/wallboard")
    await expect(wall.page.locator("h2").first).to_have_text("当前排队")
    wall.reloads = 1  # these were meant
