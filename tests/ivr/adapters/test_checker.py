"""What a checker's answers mean, over HTTP on this machine."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import web

from ivr.adapters.checker import Checker

DIGITS = "738195"


async def asked(answer: Any, caplog: pytest.LogCaptureFixture) -> tuple[bool | None, list[Any]]:
    """The checker's verdict when the server answers this way, and what the server was asked."""
    heard: list[Any] = []

    async def check(request: web.Request) -> web.StreamResponse:
        heard.append(await request.json())
        if answer is None:
            await asyncio.sleep(5)
        if isinstance(answer, int):
            return web.Response(status=answer, headers={"Location": "/check"})
        return web.Response(text=str(answer))

    app = web.Application()
    app.router.add_post("/check", check)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        with caplog.at_level(logging.DEBUG):
            url = f"http://user:secret@127.0.0.1:{port}/check"
            verdict = await Checker().verified(url, "c1", DIGITS, 0.5)
    finally:
        await runner.cleanup()
    return verdict, heard


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ('{"verified": true}', True),
        ('{"verified": false}', False),
        ('{"verified": "true"}', False),
        ("[]", False),
        ("yes", None),
        (500, None),
        (302, None),
        (None, None),
    ],
)
async def test_only_a_clear_yes_is_one(
    answer: Any, verdict: bool | None, caplog: pytest.LogCaptureFixture
) -> None:
    said, heard = await asked(answer, caplog)
    assert (said, heard) == (verdict, [{"contact": "c1", "digits": DIGITS}])
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("ivr")]
    assert DIGITS not in "".join(ours) and "secret" not in "".join(ours)


async def test_a_checker_that_is_away() -> None:
    assert await Checker().verified("http://127.0.0.1:9/check", "c1", DIGITS, 0.5) is None
