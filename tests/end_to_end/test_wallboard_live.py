"""The wallboard against live calls: what happens in Asterisk is on the page, without a reload."""

import asyncio
import statistics
from collections.abc import Callable

import pytest
from chromium import chromium
from harness.lanes import Lane
from harness.stack import HotlineStack
from playwright.async_api import expect
from slowness import slowness

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLS = 12
SOON_MS = 250  # for the median, on a machine with nothing else to do

WATCH = """() => {
  window.seen = [];
  const waiting = document.getElementById("waiting");
  const now = () => performance.timeOrigin + performance.now();
  new MutationObserver(() => window.seen.push([Number(waiting.textContent), now()]))
    .observe(waiting, { childList: true, characterData: true, subtree: true });
}"""


async def test_live_calls_reach_the_page(
    stack: HotlineStack,
    lane: Lane,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Callers queue one after the other and hang up; the page shows each number, most of them soon.

    Soon is SOON_MS for the median, times how slow this machine is now; the slowest is told, not asserted.
    """
    async with chromium() as browser, stack.caller() as caller:
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        loads: list[str] = []
        page.on("load", lambda _: loads.append(page.url))
        await page.goto(f"{stack.pages}/wallboard?token={stack.secrets.display_token}&lang=zh")
        await expect(page.locator("body")).to_have_class("wallboard live")
        before = int(await page.inner_text("#waiting"))
        await page.evaluate(WATCH)
        calls, facts_ms = [], {}
        for number in range(1, CALLS + 1):
            calls.append(caller.call(lane.direct))
            fact = await stack.fact("CallQueued", queue=lane.queue, count=number)
            facts_ms[before + number] = fact.at_us / 1000
            await expect(page.locator("#waiting")).to_have_text(str(before + number))
        seen = dict(await page.evaluate("() => window.seen"))
        delays = sorted(seen[number] - at_ms for number, at_ms in facts_ms.items())
        await asyncio.gather(*(call.hang_up() for call in calls))
        await stack.fact("CallLeftQueue", queue=lane.queue, how="abandoned", count=CALLS)
        await expect(page.locator("#waiting")).to_have_text(str(before))
        assert len(loads) <= 2  # the token's page and the one without it: no reload after
    figures = {"median": statistics.median(delays), "most": delays[-1]}
    for name, value in figures.items():
        record_property(f"live_fact_to_page_{name}_ms", round(value, 1))
    slow = slowness()
    with capsys.disabled():
        told = ", ".join(f"{name} {value:.1f} ms" for name, value in figures.items())
        print(f"\nlive fact to page: {told}; slowness {slow:.1f}")
    assert figures["median"] <= SOON_MS * slow
