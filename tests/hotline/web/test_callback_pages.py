"""Callbacks by API: who may see them, as acd lists them; and while acd is away."""

from __future__ import annotations

import aiohttp
import pytest
from fake_acd import FakeAcd
from running_site import RunningSite

ROW = {"contact": "c1", "number": "138******00", "queue": "service"}


async def callbacks(site: RunningSite, role: str) -> tuple[int, object]:
    async with (
        aiohttp.ClientSession(site.url, cookies=site.cookie(role) if role else {}) as session,
        session.get("/api/callbacks") as response,
    ):
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize(
    ("role", "status"), [("admin", 200), ("supervisor", 200), ("reviewer", 403), ("display", 403), ("", 401)]
)
async def test_supervisors_see_them(site: RunningSite, acd: FakeAcd, role: str, status: int) -> None:
    await acd.readers()
    acd.callbacks = [ROW]
    assert (await callbacks(site, role))[0] == status
    if status == 200:
        assert await callbacks(site, role) == (200, {"callbacks": [ROW]})


async def test_that_acd_is_away_is_told(site: RunningSite, acd: FakeAcd) -> None:
    await acd.readers()
    await acd.stop()
    assert await callbacks(site, "supervisor") == (503, {"why": "acd"})
    await acd.start()


async def test_a_list_that_comes_in_many_pieces_is_shown_whole(site: RunningSite, acd: FakeAcd) -> None:
    await acd.readers()
    acd.callbacks = [{**ROW, "contact": f"c{number}", "line": "x" * 200} for number in range(3_000)]
    status, told = await callbacks(site, "supervisor")
    assert (status, told) == (200, {"callbacks": acd.callbacks})
