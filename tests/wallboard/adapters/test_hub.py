"""Pushing the board: at once, not too often, and never waiting for a slow browser."""

import asyncio
import json

import pytest
from prometheus_client import CollectorRegistry

from wallboard.adapters import hub as hub_module
from wallboard.adapters.hub import PUSHES_AT_ONCE, PUSHES_PER_S, QUEUE_LIMIT, Browser, Hub

GAP_S = 1 / PUSHES_PER_S


class Wall:
    """A hub over a board of one number."""

    def __init__(self) -> None:
        self.number = 0
        self.made = 0
        self.broken = False
        self.registry = CollectorRegistry()
        self.hub = Hub(self.make, lambda: 1_000, lambda: 7, self.registry)

    def make(self) -> dict[str, dict[str, int]] | None:
        self.made += 1
        if self.broken:
            raise KeyError("a mistake in a board")
        return {"day": {"offered": self.number}}

    def becomes(self, number: int) -> None:
        self.number = number
        self.hub.changed()


async def said(browser: Browser) -> dict[str, object]:
    message = await asyncio.wait_for(browser.next(), 2)
    assert message is not None
    told = json.loads(message)
    assert (told.pop("age_ms"), told.pop("now_ms")) == (7, 1_000)
    return told


async def test_a_browser_gets_the_whole_board_then_each_change_at_once():
    wall = Wall()
    browser = wall.hub.join()
    assert await said(browser) == {"full": {"day": {"offered": 0}}}
    before = asyncio.get_running_loop().time()
    wall.becomes(1)
    assert await said(browser) == {"change": {"day": {"offered": 1}}}
    assert asyncio.get_running_loop().time() - before < GAP_S


async def test_two_changes_one_after_the_other_both_leave_at_once():
    wall = Wall()
    browser = wall.hub.join()
    await said(browser)
    before = asyncio.get_running_loop().time()
    for number in (1, 2):
        wall.becomes(number)
        assert await said(browser) == {"change": {"day": {"offered": number}}}
    assert asyncio.get_running_loop().time() - before < GAP_S


async def test_a_storm_of_changes_becomes_few_pushes_and_the_last_word_arrives():
    wall = Wall()
    browser = wall.hub.join()
    await said(browser)
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.5
    while loop.time() < until:
        wall.becomes(wall.number + 1)
        await asyncio.sleep(0)
    await asyncio.sleep(GAP_S * 2)
    pushes = []
    while not browser._messages.empty():
        pushes.append(await said(browser))
    assert 2 <= len(pushes) <= 0.6 * PUSHES_PER_S + PUSHES_AT_ONCE
    assert pushes[-1] == {"change": {"day": {"offered": wall.number}}}


async def test_nothing_is_pushed_when_nothing_on_the_board_changed():
    wall = Wall()
    browser = wall.hub.join()
    await said(browser)
    wall.becomes(0)
    await asyncio.sleep(GAP_S * 2)
    assert browser._messages.empty()


async def test_a_browser_that_does_not_keep_up_is_dropped_and_the_others_go_on():
    wall = Wall()
    slow, quick = wall.hub.join(), wall.hub.join()
    await said(quick)
    for number in range(1, QUEUE_LIMIT + 2):
        wall.number = number
        wall.hub._push()
        assert await said(quick) == {"change": {"day": {"offered": number}}}
    assert await asyncio.wait_for(slow.next(), 1) is None
    assert wall.registry.get_sample_value("hotline_web_browsers_dropped_total") == 1
    assert wall.registry.get_sample_value("hotline_web_browsers") == 1


async def test_a_late_comer_sees_what_happened_while_nobody_watched():
    wall = Wall()
    first = wall.hub.join()
    wall.hub.leave(first)
    wall.becomes(5)
    assert await said(wall.hub.join()) == {"full": {"day": {"offered": 5}}}


async def test_before_there_is_a_board_a_browser_hears_beats_and_then_gets_it_whole(monkeypatch):
    monkeypatch.setattr(hub_module, "BEAT_S", 0.02)
    wall = Wall()
    wall.broken = True
    wall.hub.start()
    browser = wall.hub.join()
    assert await said(browser) == {}
    assert await said(browser) == {}  # a beat: a mistake in the board does not end them
    wall.broken = False
    wall.becomes(3)
    told = await said(browser)
    while told == {}:
        told = await said(browser)
    assert told == {"full": {"day": {"offered": 3}}}
    await wall.hub.close()
    assert await asyncio.wait_for(browser.next(), 1) is None


async def test_when_a_second_one_comes_with_the_board_the_first_gets_it_whole_too():
    wall = Wall()
    wall.broken = True
    first = wall.hub.join()
    assert await said(first) == {}
    wall.broken = False
    second = wall.hub.join()
    for browser in (first, second):
        assert await said(browser) == {"full": {"day": {"offered": 0}}}
    wall.becomes(1)
    for browser in (first, second):
        assert await said(browser) == {"change": {"day": {"offered": 1}}}


async def test_the_house_is_full_at_its_limit(monkeypatch):
    monkeypatch.setattr(hub_module, "MOST_BROWSERS", 1)
    wall = Wall()
    browser = wall.hub.join()
    assert wall.hub.join() is None
    wall.hub.leave(browser)
    assert wall.hub.join() is not None


@pytest.mark.parametrize("watching", [False, True])
async def test_boards_are_made_only_while_somebody_watches(watching):
    wall = Wall()
    if watching:
        wall.hub.join()
    made = wall.made
    wall.becomes(1)
    await asyncio.sleep(GAP_S)
    assert (wall.made > made) is watching
