"""What every page keeps: headers, languages, sign-in, roles, errors without details."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from fake_acd import FakeAcd
from running_site import RunningSite, running_site, two_queues

from hotline.core.sessions import Session, seal
from hotline.web.headers import HEADERS


@pytest.fixture
async def browser(site: RunningSite) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)  # cookies for addresses too, as browsers keep them
    async with aiohttp.ClientSession(site.url, cookie_jar=jar) as session:
        yield session


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200),
        ("/wallboard", 303),
        ("/nowhere", 404),
        ("/static/web/base.css", 200),
        ("/static/web/missing.css", 404),
        ("/static/wallboard/", 403),
        ("/api/picture", 401),
        ("/healthz", 503),
        ("/metrics", 200),
        ("/wallboard?token=wrong", 403),
        ("/password", 303),
    ],
)
async def test_every_answer_has_the_security_headers(browser, path, status):
    async with browser.get(path, allow_redirects=False) as answer:
        assert answer.status == status
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert answer.headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store")


async def test_pages_hold_nothing_that_the_policy_forbids(browser, site):
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    for path in ("/sign-in", "/wallboard", "/password", "/nowhere"):
        async with browser.get(path, cookies=site.cookie()) as answer:
            text = await answer.text()
            assert " style=" not in text and " onclick=" not in text and "<style" not in text
            assert "http://" not in text and "https://" not in text
            assert text.count("<script") == text.count('<script type="module" src=') + text.count(
                '<script type="application/json"'
            )


async def test_strangers_are_sent_to_the_sign_in_page_and_brought_back(browser):
    async with browser.get("/wallboard?lang=en&a=b") as answer:
        assert answer.url.path == "/sign-in"
        assert 'name="next" value="/wallboard?lang=en&amp;a=b"' in await answer.text()
    async with browser.get("/sign-in?next=https://evil.example") as answer:
        assert 'name="next" value="/"' in await answer.text()


async def test_a_display_token_becomes_a_cookie_and_leaves_the_address(browser, site):
    path = f"/wallboard?token={site.secrets.display_token}&lang=en"
    async with browser.get(path, allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/wallboard?lang=en"
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    async with browser.get("/wallboard") as answer:
        assert answer.status == 200 and answer.url.path == "/wallboard"
    async with browser.get("/password") as answer:
        assert answer.status == 403  # a wall screen sees the wallboard and nothing else


async def test_another_display_token_ends_the_sessions_made_with_the_old_one(browser, site):
    old = site.cookie("display", stamp="0" * 16, user="")
    async with browser.get("/api/picture", cookies=old) as answer:
        assert answer.status == 401
    async with browser.get("/api/picture", cookies=site.cookie("display")) as answer:
        assert answer.status == 503  # let in; there is no picture yet


async def test_over_https_cookies_stay_on_https(browser, site):
    path = f"/wallboard?token={site.secrets.display_token}"
    headers = {"X-Forwarded-Proto": "https"}
    async with browser.get(path, headers=headers, allow_redirects=False) as answer:
        assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("role", ["supervisor", "admin", "manager", "reviewer"])
async def test_a_session_needs_no_database(browser, site, role):
    async with browser.get("/wallboard", cookies=site.cookie(role, user="<b>wei")) as answer:
        assert answer.status == 200
        assert "<bdi>&lt;b&gt;wei</bdi>" in await answer.text()


async def test_a_session_of_another_hotline_or_past_its_time_is_none(browser, site):
    name = next(iter(site.cookie()))
    strange = seal(Session("wei", "admin", "", 4_000_000_000_000), b"another key")
    over = seal(Session("wei", "admin", "", 1), site.secrets.web_cookie_key.encode())
    for value in (strange, over, "", "x", "\u00fc"):
        async with browser.get("/api/picture", cookies={name: value}) as answer:
            assert answer.status == 401


async def test_the_language_is_asked_for_remembered_or_the_browsers(browser, site):
    async def language(path: str, **headers: str) -> str:
        async with browser.get(path, headers=headers) as answer:
            text = await answer.text()
            return text.split('data-language="')[1][:2]

    assert await language("/sign-in") == "zh"  # the house's first
    assert await language("/sign-in", **{"Accept-Language": "fr,en-GB;q=0.8"}) == "en"
    assert await language("/sign-in?lang=xx") == "zh"
    assert await language("/sign-in?lang=en") == "en"
    assert await language("/sign-in") == "en"
    assert await language("/nowhere", **{"Accept-Language": "zh"}) == "en"


async def test_errors_tell_no_details(browser, site, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("hotline.web.site.Site.language", fails)
    async with browser.get("/api/picture", cookies=site.cookie()) as answer:
        assert answer.status == 503
    monkeypatch.setattr("wallboard.adapters.pages.WallboardPages._board", fails)
    async with browser.get("/api/picture", cookies=site.cookie()) as answer:
        assert answer.status == 500
        assert await answer.json() == {"error": 500}


async def test_a_hostile_name_of_the_house_is_text():
    hostile = two_queues()
    name = type(hostile.hotline.name)(
        "<img src=x onerror=alert(1)>\u202e", "</title><script>alert(1)</script>"
    )
    object.__setattr__(hostile.hotline, "name", name)
    async with running_site(hostile) as site, aiohttp.ClientSession(site.url) as browser:
        for language in ("zh", "en"):
            async with browser.get(f"/wallboard?lang={language}", cookies=site.cookie()) as answer:
                text = await answer.text()
        assert "<img" not in text and "<script>alert" not in text and "\u202e" not in text
        assert "&lt;/title&gt;&lt;script&gt;" in text


async def test_large_bodies_are_refused(browser):
    async with browser.post("/sign-in", data={"name": "x" * 200_000}) as answer:
        assert answer.status == 413


async def test_health_is_public_without_reasons(browser, site, acd: FakeAcd):
    await asyncio.sleep(1.1)  # an answer is kept for a second, here perhaps of a time before acd
    async with browser.get("/healthz") as answer:
        assert answer.status == 503
        assert await answer.json() == {
            "ready": False,
            "services": {
                "web": "ready",
                "acd": "ready",
                "ivr": "absent",
                "ledger": "absent",
                "keeper": "absent",
            },
        }
    acd.healthy = False
    await asyncio.sleep(1.1)  # an answer is kept for a second
    async with browser.get("/healthz", cookies=site.cookie("supervisor")) as answer:
        health = await answer.json()
    assert health["services"]["acd"] == "not_ready"
    assert health["why"]["acd"] == "asterisk is away"
    async with browser.get("/healthz", cookies=site.cookie("display")) as answer:
        assert "why" not in await answer.json()
