"""A body that comes in pieces is read whole, one that is too long up to the limit."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from hotline.http_bodies import read_at_most


@pytest.mark.parametrize(("most", "expected"), [(100, b"onetwothree"), (11, b"onetwothree"), (5, b"onetw")])
async def test_pieces_are_put_together_up_to_the_limit(most: int, expected: bytes) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b"one", b"two", b"three"):
            await response.write(piece)
            await asyncio.sleep(0.02)  # so that each is a segment of its own
        return response

    app = web.Application()
    app.router.add_get("/", in_pieces)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as response,
        ):
            assert await read_at_most(response.content, most) == expected
    finally:
        await runner.cleanup()
