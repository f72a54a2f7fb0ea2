"""The numbers of those to be called back come from PostgreSQL, made fit to be shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aiohttp
from fake_acd import FakeAcd, wall_ms
from running_site import running_site

from acd.core.facts import RecallDue


async def test_numbers_stand_beside_recalls_and_hostile_ones_are_text(
    database: Any, database_url: str
) -> None:
    for caller, number in (("ref-1", "13800000001"), ("ref-2", "<b>\u202e=1\r\n" + "9" * 99)):
        await database.execute(
            "INSERT INTO identity (caller, number, name, first_at, last_at) VALUES ($1, $2, '', $3, $3)",
            caller,
            number,
            datetime.now(UTC),
        )
    async with running_site(database_url=database_url) as site:
        acd = FakeAcd(site.deployment.socket("acd"), site.service.settings)
        now = wall_ms()
        for number in (1, 2, 3):
            acd.tell(RecallDue(now, f"c{number}", f"ref-{number}", "sales", now, now + number))
        await acd.start()
        await acd.readers()
        async with (
            aiohttp.ClientSession(site.url, cookies=site.cookie()) as session,
            session.get("/api/recalls") as response,
        ):
            answer = await response.json()
        await acd.stop()
    assert answer["numbers_known"] is True
    numbers = [row["number"] for row in answer["recalls"]]
    assert (numbers[0], numbers[2]) == ("13800000001", "")
    assert numbers[1].startswith("<b>") and len(numbers[1]) <= 25
    assert not set(numbers[1]) & set("\r\n\u202e")
