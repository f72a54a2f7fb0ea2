"""Pushes the board to every browser that watches: at once when one thing changes, never in a storm.

A browser has a bounded queue; one that does not keep up is dropped and comes back by itself for the whole
board. Between its snapshot and its subscription nothing is awaited, so it misses no change. This module must
not know what stands on the board.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge

from wallboard.core.board import Board, changes
from wallboard.core.pace import Pace

log = logging.getLogger(__name__)

PUSHES_PER_S = 20
PUSHES_AT_ONCE = 4  # one happening is up to so many facts
BEAT_S = 1.0
QUEUE_LIMIT = 64  # three seconds of pushes at full pace
MOST_BROWSERS = 500


class Browser:
    """One watching page. `next()` gives its messages, None once it is to be dropped."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        self._dropped = asyncio.Event()

    def offer(self, message: str) -> bool:
        """Queue a message; False, and the browser is dropped, when it does not keep up."""
        try:
            self._messages.put_nowait(message)
        except asyncio.QueueFull:
            self.drop()
            return False
        return True

    def drop(self) -> None:
        """Tell the page's sender to end."""
        self._dropped.set()

    async def next(self) -> str | None:
        """The next message, or None when the browser was dropped."""
        waiting = asyncio.ensure_future(self._messages.get())
        dropped = asyncio.ensure_future(self._dropped.wait())
        try:
            await asyncio.wait((waiting, dropped), return_when=asyncio.FIRST_COMPLETED)
            return None if self._dropped.is_set() else waiting.result()
        finally:
            waiting.cancel()
            dropped.cancel()


class Hub:
    """All watching browsers and what they were last told."""

    def __init__(
        self,
        make_board: Callable[[], Board | None],
        now_ms: Callable[[], int],
        age_ms: Callable[[], int | None],
        registry: CollectorRegistry,
    ) -> None:
        self._make_board = make_board
        self._now_ms = now_ms
        self._age_ms = age_ms
        self._browsers: set[Browser] = set()
        self._told: Board | None = None
        self._pending: asyncio.TimerHandle | None = None
        self._pace = Pace(PUSHES_PER_S, PUSHES_AT_ONCE)
        self._beat: asyncio.Task[None] | None = None
        self._dropped = Counter(
            "hotline_web_browsers_dropped_total", "Browsers that did not keep up", registry=registry
        )
        gauge = Gauge("hotline_web_browsers", "Browsers that watch the wallboard", registry=registry)
        gauge.set_function(lambda: len(self._browsers))

    def start(self) -> None:
        """Begin to beat; needs a running loop."""
        self._beat = asyncio.get_running_loop().create_task(self._beat_for_ever())

    async def close(self) -> None:
        """Drop every browser and stop."""
        for handle in (self._beat, self._pending):
            if handle is not None:
                handle.cancel()
        for browser in self._browsers:
            browser.drop()
        if self._beat is not None:
            await asyncio.gather(self._beat, return_exceptions=True)

    def join(self) -> Browser | None:
        """A new browser with the whole board already queued, or None when the house is full."""
        if len(self._browsers) >= MOST_BROWSERS:
            return None
        browser = Browser()
        if self._told is None and (board := self._make()) is not None:
            self._told = board
            self._tell(self._message(full=board))  # those who came before there was one have none so far
        browser.offer(self._message(full=self._told))
        self._browsers.add(browser)
        return browser

    def leave(self, browser: Browser) -> None:
        """The browser is gone."""
        self._browsers.discard(browser)

    def changed(self) -> None:
        """Something on the board may have changed: push now, or as soon as the pace allows."""
        if self._pending is not None or not self._browsers:
            if not self._browsers:
                self._told = None  # the next one to come gets a fresh board
            return
        loop = asyncio.get_running_loop()
        # Even at once means after the lines already read have been applied: one push for all of them.
        self._pending = loop.call_later(self._pace.wait_ms(loop.time() * 1000) / 1000, self._push)

    def _push(self) -> None:
        self._pending = None
        board = self._make()
        if board is None:
            return
        if self._told is None:
            self._tell(self._message(full=board))
        else:
            told = changes(self._told, board)
            if told:
                self._pace.pushed(asyncio.get_running_loop().time() * 1000)
                self._tell(self._message(change=told))
        self._told = board

    def _make(self) -> Board | None:
        try:
            return self._make_board()
        except Exception:  # one board that cannot be made must not end the pushing of all later ones
            log.exception("board_failed")
            return None

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self._push()
            self._tell(self._message())

    def _tell(self, message: str) -> None:
        for browser in list(self._browsers):
            if not browser.offer(message):
                self._dropped.inc()
                self._browsers.discard(browser)

    def _message(self, **parts: Any) -> str:
        told = {name: value for name, value in parts.items() if value is not None}
        told["age_ms"] = self._age_ms()
        told["now_ms"] = self._now_ms()
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
