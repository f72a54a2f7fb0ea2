"""Signing in: forms of ours only, the same refusal for every mistake, and a limit to mistakes.

PostgreSQL is a directory in memory here; `tests/integration/test_signin.py` has the real one.
"""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from running_site import RunningSite

from hotline.core.sessions import stamp_of
from hotline.signin import DirectoryAway, PasswordRefused, User, UserDirectory, WrongPassword

GOOD = "correct horse"


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    known = {"wei": GOOD}

    async def sign_in(_self: UserDirectory, name: str, password: str) -> User:
        if "away" in known:
            raise DirectoryAway
        if known.get(name) != password:
            raise WrongPassword
        return User(name, "supervisor", stamp_of(password))

    async def set_password(self: UserDirectory, name: str, new: str) -> User:
        if len(new) < 10:
            raise PasswordRefused
        known[name] = new
        return await sign_in(self, name, new)

    def in_good_standing(_self: UserDirectory, session: object) -> bool:
        return session.user not in known or session.stamp == stamp_of(known[session.user])

    monkeypatch.setattr(UserDirectory, "sign_in", sign_in)
    monkeypatch.setattr(UserDirectory, "set_password", set_password)
    monkeypatch.setattr(UserDirectory, "in_good_standing", in_good_standing)
    return known


@pytest.fixture
async def browser(users: dict[str, str], site: RunningSite) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(site.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def token_of(browser: aiohttp.ClientSession, path: str = "/sign-in") -> str:
    async with browser.get(path) as answer:
        found = re.search(r'name="form_token" value="([^"]+)"', await answer.text())
        assert found is not None
        return found[1]


async def post(browser: aiohttp.ClientSession, path: str = "/sign-in", **fields: str) -> tuple[int, str, str]:
    headers = {}
    if origin := fields.pop("origin", ""):
        headers["Origin"] = origin
    async with browser.post(path, data=fields, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers.get("Location", "")


async def may_see_the_wall(browser: aiohttp.ClientSession) -> bool:
    async with browser.get("/wallboard", allow_redirects=False) as answer:
        return answer.status == 200


async def test_the_right_password_opens_the_page_that_was_asked_for(browser):
    form = {"form_token": await token_of(browser), "next": "/wallboard?lang=en"}
    status, _, goes_to = await post(browser, name="wei", password=GOOD, **form)
    assert (status, goes_to) == (303, "/wallboard?lang=en")
    assert await may_see_the_wall(browser)


async def test_after_signing_in_nobody_is_sent_elsewhere(browser):
    token = await token_of(browser)
    status, _, goes_to = await post(
        browser, name="wei", password=GOOD, form_token=token, next="//evil.example"
    )
    assert (status, goes_to) == (303, "/")


@pytest.mark.parametrize("name", ["wei", "nobody", "", "x" * 5000, "<img src=x onerror=alert(1)>", "a\x00b"])
async def test_every_mistake_is_told_alike_and_the_name_shown_as_text(browser, name):
    status, text, _ = await post(browser, name=name, password="wrong", form_token=await token_of(browser))
    assert status == 401
    assert "用户名或密码不正确。" in text
    assert "<img" not in text
    assert not await may_see_the_wall(browser)


async def test_a_form_without_our_token_or_from_another_site_is_not_read(browser):
    token = await token_of(browser)
    for fields in (
        {"form_token": "wrong"},
        {},
        {"form_token": token, "origin": "https://evil.example"},
        {"form_token": token, "origin": "null"},
    ):
        status, text, _ = await post(browser, name="wei", password=GOOD, **fields)
        assert status == 403
        assert "页面已过期" in text
    assert not await may_see_the_wall(browser)


async def test_after_five_mistakes_even_the_right_password_must_wait(browser):
    token = await token_of(browser)
    for _ in range(5):
        assert (await post(browser, name="wei", password="wrong", form_token=token))[0] == 401
    status, text, _ = await post(browser, name="wei", password=GOOD, form_token=token)
    assert status == 429
    assert "请在 10 分钟后再试" in text


async def test_while_the_directory_is_away_that_is_said_and_not_held_against_the_user(browser, users):
    users["away"] = ""
    token = await token_of(browser)
    for _ in range(7):
        assert (await post(browser, name="wei", password=GOOD, form_token=token))[0] == 503
    del users["away"]
    assert (await post(browser, name="wei", password=GOOD, form_token=token))[0] == 303


async def test_signing_out_ends_the_session_here(browser):
    token = await token_of(browser)
    await post(browser, name="wei", password=GOOD, form_token=token)
    assert (await post(browser, "/sign-out", form_token="wrong"))[0] == 403
    assert await may_see_the_wall(browser)
    status, text, _ = await post(browser, "/sign-out", form_token=token)
    assert status == 200 and "已退出" in text
    assert not await may_see_the_wall(browser)


async def test_a_changed_password_ends_other_sessions_and_keeps_this_one(browser, site, users):
    token = await token_of(browser)
    await post(browser, name="wei", password=GOOD, form_token=token)
    async with aiohttp.ClientSession(site.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
        await post(other, name="wei", password=GOOD, form_token=await token_of(other))
        fields = {"form_token": token, "current": GOOD}
        assert (await post(browser, "/password", new="a" * 12, again="b" * 12, **fields))[0] == 400
        assert (await post(browser, "/password", new="short", again="short", **fields))[0] == 400
        wrong = {**fields, "current": "wrong"}
        assert (await post(browser, "/password", new="a" * 12, again="a" * 12, **wrong))[0] == 401
        status, text, _ = await post(browser, "/password", new="a" * 12, again="a" * 12, **fields)
        assert status == 200 and "密码已修改" in text
        assert users["wei"] == "a" * 12
        assert await may_see_the_wall(browser)
        assert not await may_see_the_wall(other)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "wei", "password": GOOD}, 200),
        ({"name": "wei", "password": "wrong"}, 401),
        ({"name": "wei"}, 400),
        ({"name": 1, "password": []}, 400),
        (["wei"], 400),
    ],
)
async def test_programs_sign_in_with_json(browser, body, status):
    async with browser.post("/api/sign-in", json=body) as answer:
        assert answer.status == status
        assert (await answer.json()).get("role") == ("supervisor" if status == 200 else None)
    assert await may_see_the_wall(browser) is (status == 200)


async def test_json_in_another_guise_or_from_another_site_is_refused(browser):
    text = '{"name": "wei", "password": "correct horse"}'
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "application/json", "Origin": "https://evil.example"},
    ):
        async with browser.post("/api/sign-in", data=text, headers=headers) as answer:
            assert answer.status == 403
    async with browser.post("/api/sign-in", data="{", headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[" * 50_000, "application/json", 400),
        (b"{}", "application/json; charset=nonsense", 400),
        (b'{"name": "wei", "password": "\\ud800"}', "application/json", 401),
        (b'{"name": "\\udfff", "password": "x"}', "application/json", 401),
    ],
)
async def test_what_no_program_sends_is_refused_and_no_failure_of_ours(
    browser: aiohttp.ClientSession, body: bytes, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type}
    async with browser.post("/api/sign-in", data=body, headers=headers) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"name=\xff", "application/x-www-form-urlencoded"),
        (b"name=x", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
    ],
)
async def test_what_no_browser_sends_is_refused_and_no_failure_of_ours(
    browser: aiohttp.ClientSession, body: bytes, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    for path in ("/sign-in", "/sign-out"):
        async with browser.post(path, data=body, headers=headers) as answer:
            assert answer.status in (400, 403)
