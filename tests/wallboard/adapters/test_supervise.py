"""The supervisor's page: who may see it, what it is told, and that it has a word for everything."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest
from fake_acd import FakeAcd, wall_ms
from running_site import RunningSite
from stories import Story

import hotline.core.alarms
import wallboard
from acd.core import limits
from acd.core.agents import STATES
from acd.core.supervision import REFUSALS
from hotline.catalogue import load_catalogue
from hotline.web.services import OTHERS

STATIC = Path(wallboard.__file__).parent / "static"
SCRIPTS = ("supervise", "alarms", "callbacks", "day", "recalls")
SCRIPT = "".join((STATIC / f"{name}.js").read_text("utf-8") for name in SCRIPTS)


@pytest.mark.parametrize(
    ("role", "status"), [("admin", 200), ("supervisor", 200), ("reviewer", 403), ("display", 403)]
)
async def test_only_supervisors_see_the_page_and_the_floor(
    site: RunningSite, acd: FakeAcd, role: str, status: int
) -> None:
    await acd.readers()
    async with aiohttp.ClientSession(site.url, cookies=site.cookie(role)) as session:
        for path in ("/supervise", "/api/floor"):
            async with session.get(path) as response:
                assert response.status == status


async def test_the_floor_follows_acd_and_is_missing_without_it(site: RunningSite, acd: FakeAcd) -> None:
    await acd.readers()
    async with aiohttp.ClientSession(site.url, cookies=site.cookie()) as session:
        acd.tell(*Story("c.1", wall_ms()).starts().queues("service").facts)
        calls: list[dict[str, object]] = []
        for _ in range(100):
            async with session.get("/api/floor") as response:
                answer = await response.json()
            calls = answer["floor"]["calls"]
            if calls:
                break
        assert [call["contact"] for call in calls] == ["c.1"]
        assert answer["age_ms"] < 3_000 and abs(answer["now_ms"] - wall_ms()) < 3_000


async def test_without_acd_there_is_no_floor(site: RunningSite) -> None:
    async with (
        aiohttp.ClientSession(site.url, cookies=site.cookie()) as session,
        session.get("/api/floor") as response,
    ):
        assert response.status == 503
        assert (await response.json())["floor"] is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_refusal_has_a_text(language: str) -> None:
    texts = load_catalogue().section("supervise", language)
    for code in (*REFUSALS, "asterisk", "acd", "other"):
        assert texts[f"refused.{code}"], code


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_alarm_door_and_overflow_has_a_text(language: str) -> None:
    catalogue = load_catalogue()
    source = Path(hotline.core.alarms.__file__).read_text("utf-8") + Path(limits.__file__).read_text("utf-8")
    kinds = {*re.findall(r'Alarm\("(\w+)"', source), "one_way"}
    assert {"asterisk", "trunk_down", "database", "disk"} <= kinds
    wall = catalogue.section("wallboard", language)
    assert {f"alarm.{kind}" for kind in kinds} | {f"service.{name}" for name in OTHERS} <= set(wall)
    reasons = set(
        re.findall(r'"(closed|queue_full|callers_per_agent|nobody_\w+|max_wait|predicted_wait)"', source)
    )
    page = catalogue.section("supervise", language)
    assert {f"sent_on.{reason}" for reason in reasons} <= set(page) and len(reasons) == 7
    assert {f"door.{door}" for door in ("open", "full", "out_of_hours")} <= set(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_state_of_an_agent_has_a_sign_a_hue_and_a_text(language: str) -> None:
    shown = set(STATES) - {"offline"}
    signs = re.search(r"SIGNS = \{(.*?)\};", (STATIC / "agents.js").read_text("utf-8"), re.DOTALL)
    assert signs and set(re.findall(r"^  (\w+):", signs[1], re.MULTILINE)) == shown
    assert set(re.findall(r"\.group-(\w+) \{ --hue", (STATIC / "wallboard.css").read_text("utf-8"))) == shown
    dots = re.findall(r'data-state="(\w+)"', (STATIC / "supervise.css").read_text("utf-8"))
    assert set(dots) == set(STATES)
    order = re.search(r"STATE_ORDER = \[(.*)\]", SCRIPT)
    assert order and set(re.findall(r"\w+", order[1])) == shown
    texts = load_catalogue().section("wallboard.state", language)
    assert set(texts) == set(STATES) and all(texts.values())


def test_every_text_of_the_page_is_there() -> None:
    catalogue = load_catalogue()
    known = {*catalogue.section("wallboard", "en"), *catalogue.section("supervise", "en")}
    asked = set(re.findall(r"""\btext\(\s*"([^"]+)\"""", SCRIPT)) | set(
        re.findall(r'button\("([a-z_]+)"', SCRIPT)
    )
    assert len(asked) > 20
    assert asked <= known
