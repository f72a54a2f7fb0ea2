"""What supervisors did, by API: who may ask, how many, and that a database away is told."""

from __future__ import annotations

import aiohttp
import pytest
from running_site import RunningSite


async def ask(site: RunningSite, role: str, query: str = "") -> int:
    cookies = site.cookie(role) if role else {}
    async with (
        aiohttp.ClientSession(site.url, cookies=cookies) as session,
        session.get(f"/api/acts{query}") as response,
    ):
        return response.status


@pytest.mark.parametrize(
    ("role", "status"), [("reviewer", 403), ("display", 403), ("", 401), ("supervisor", 503)]
)
async def test_only_supervisors_may_ask_and_a_database_away_is_told(
    site: RunningSite, role: str, status: int
) -> None:
    assert await ask(site, role) == status


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x", "", "99999", "\u0661"])
async def test_a_limit_out_of_bounds_is_refused(site: RunningSite, limit: str) -> None:
    assert await ask(site, "supervisor", f"?limit={limit}") == 400
