"""Recalls by API: who may ask, what is told without PostgreSQL, and that of many the most urgent come."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from fake_acd import FakeAcd, wall_ms
from running_site import RunningSite

from acd.core.facts import RecallDue, RecallSettled
from hotline.web.recall_pages import MOST


async def recalls(site: RunningSite, role: str = "supervisor") -> tuple[int, dict[str, Any]]:
    cookies = site.cookie(role) if role else {}
    async with (
        aiohttp.ClientSession(site.url, cookies=cookies) as session,
        session.get("/api/recalls") as response,
    ):
        return response.status, await response.json() if response.status in (200, 503) else {}


@pytest.mark.parametrize(
    ("role", "status"), [("reviewer", 403), ("display", 403), ("manager", 403), ("", 401), ("admin", 200)]
)
async def test_only_supervisors_may_ask(site: RunningSite, acd: FakeAcd, role: str, status: int) -> None:
    await acd.readers()
    acd.tell(RecallDue(wall_ms(), "c1", "ref-1", "sales", 5, 6))
    assert (await recalls(site, role))[0] == status


async def test_without_acd_nobody_knows(site: RunningSite) -> None:
    assert await recalls(site) == (503, {"why": "acd"})


async def test_the_next_deadline_first_and_no_more_than_a_page_holds(site: RunningSite, acd: FakeAcd) -> None:
    now = wall_ms()
    for number in range(MOST + 5):
        acd.tell(RecallDue(now, f"c{number}", f"ref-{number}", "sales", now - 9_000, now + 60_000 - number))
    acd.tell(RecallSettled(now, "c7", "done", "wei"), RecallDue(now, "late", "ref", "sales", 1, now - 1))
    await acd.readers()
    status, answer = await recalls(site)
    assert (status, answer["open"], answer["overdue"]) == (200, MOST + 5, 1)
    assert len(answer["recalls"]) == MOST
    assert [row["contact"] for row in answer["recalls"][:2]] == ["late", f"c{MOST + 4}"]
    # PostgreSQL is away here, and says so: a missing number is not a withheld one.
    assert answer["numbers_known"] is False
    assert answer["recalls"][0]["number"] == ""
