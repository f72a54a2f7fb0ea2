"""What a wall screen is told of a running hotline: its board as JSON, and the alarms on it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from harness.stack import HotlineStack


async def board(stack: HotlineStack) -> dict[str, Any]:
    """From /api/picture, signed in with the token of a wall screen."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        token = {"token": stack.secrets.display_token}
        async with session.get(f"{stack.pages}/wallboard", params=token) as page:
            page.raise_for_status()
        async with session.get(f"{stack.pages}/api/picture") as answer:
            told: dict[str, Any] = (await answer.json())["board"]
            return told


async def alarm_on_the_wall(stack: HotlineStack, key: str, *, within_s: float = 20.0) -> dict[str, Any]:
    """The row of an alarm ("trunk_down:NAME") once it is there."""
    return await _alarms(stack, lambda alarms: alarms.get(key), within_s, key)


async def alarm_over(stack: HotlineStack, key: str, *, within_s: float = 20.0) -> None:
    """Until the alarm is gone from the wall."""
    await _alarms(stack, lambda alarms: key not in alarms, within_s, key)


async def _alarms(stack: HotlineStack, wanted: Any, within_s: float, key: str) -> Any:
    alarms: dict[str, Any] = {}
    try:
        async with asyncio.timeout(within_s):
            while True:
                alarms = (await board(stack))["alarms"]
                if found := wanted(alarms):
                    return found
                await asyncio.sleep(0.5)
    except TimeoutError as error:
        raise AssertionError(f"{key}: after {within_s} s the wall shows {sorted(alarms)}") from error
