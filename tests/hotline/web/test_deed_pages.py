"""Deeds by API: who may, that no other site can, and whose name goes along to acd."""

from __future__ import annotations

import aiohttp
import pytest
from fake_acd import FakeAcd
from running_site import RunningSite

DEED = {"deed": "force", "agent": "1001", "state": "ready"}


async def ask(site: RunningSite, role: str, **more: object) -> tuple[int, object]:
    """POST a deed as someone with a role ("": a stranger)."""
    cookies = site.cookie(role) if role else {}
    options = {"json": DEED} | more
    async with (
        aiohttp.ClientSession(site.url, cookies=cookies) as session,
        session.post("/api/deeds", **options) as response,  # type: ignore[arg-type]
    ):
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize("role", ["admin", "supervisor"])
async def test_a_deed_goes_to_acd_with_the_name_of_who_is_signed_in(
    site: RunningSite, acd: FakeAcd, role: str
) -> None:
    await acd.readers()
    assert await ask(site, role, json={**DEED, "by": "somebody else"}) == (200, {"done": True})
    assert acd.deeds == [{**DEED, "by": "wei"}]
    count = site.service.registry.get_sample_value("hotline_web_deeds_total", {"status": "200"})
    assert count == 1


@pytest.mark.parametrize(
    ("role", "status"), [("reviewer", 403), ("manager", 403), ("display", 403), ("", 401)]
)
async def test_others_may_not(site: RunningSite, acd: FakeAcd, role: str, status: int) -> None:
    await acd.readers()
    assert (await ask(site, role))[0] == status
    assert acd.deeds == []


async def test_another_site_cannot_make_a_browser_do_it(site: RunningSite, acd: FakeAcd) -> None:
    await acd.readers()
    for more in (
        {"headers": {"Origin": "https://evil.example"}},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"json": None, "data": b'{"deed": "force"}', "headers": {"Content-Type": "text/plain"}},
    ):
        assert (await ask(site, "supervisor", **more))[0] == 403
    assert acd.deeds == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
async def test_what_is_no_object_is_refused(site: RunningSite, acd: FakeAcd, body: bytes) -> None:
    await acd.readers()
    headers = {"Content-Type": "application/json"}
    assert (await ask(site, "supervisor", json=None, data=body, headers=headers))[0] == 400
    assert acd.deeds == []


async def test_acds_refusal_is_told_and_its_absence(site: RunningSite, acd: FakeAcd) -> None:
    await acd.readers()
    acd.refuses = "no_work"
    assert await ask(site, "supervisor") == (409, {"done": False, "refused": "no_work"})
    await acd.stop()
    assert await ask(site, "supervisor") == (503, {"done": False, "why": "acd"})
    await acd.start()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" * 50_000, "application/json"),
        (b"{}", "application/json; charset=nonsense"),
        (b"\xff", "application/json"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_no_failure_of_ours(
    site: RunningSite, acd: FakeAcd, body: bytes, content_type: str
) -> None:
    await acd.readers()
    headers = {"Content-Type": content_type}
    assert (await ask(site, "supervisor", json=None, data=body, headers=headers))[0] == 400
    assert acd.deeds == []
