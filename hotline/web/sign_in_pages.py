"""Signing in and out, and changing one's password; by form for people, by JSON for programs.

Each refusal says the same whether the name or the password was wrong. This module must not know how users
are kept nor what a session looks like.
"""

from __future__ import annotations

import logging
import time

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from hotline.core.sessions import safe_next
from hotline.core.sign_in_limits import FailedSignIns
from hotline.signin import (
    LEAST_PASSWORD_CHARS,
    DirectoryAway,
    PasswordRefused,
    User,
    UserDirectory,
    WrongPassword,
)
from hotline.web.access import PEOPLE, client_address
from hotline.web.request_bodies import form_fields, json_object
from hotline.web.site import Site

log = logging.getLogger(__name__)

_NAME_CHARS = 64
_PASSWORD_CHARS = 256


class TooManyFailures(Exception):
    """Refused unread; `wait_minutes` (rounded up) until the next try is read."""

    def __init__(self, wait_ms: int) -> None:
        super().__init__(f"too many failures, wait {wait_ms} ms")
        self.wait_minutes = -(-wait_ms // 60_000)


class SignInPages:
    """Routes /sign-in, /sign-out, /password and /api/sign-in."""

    def __init__(self, site: Site, directory: UserDirectory, registry: CollectorRegistry) -> None:
        self._site = site
        self._directory = directory
        self._failures = FailedSignIns()
        self._tries = Counter(
            "hotline_web_sign_ins_total", "Tries to sign in, by result", ["result"], registry=registry
        )

    def mount(self) -> None:
        """Add the routes to the site."""
        router = self._site.app.router
        for_people = self._site.access.allow(*PEOPLE)
        router.add_get("/sign-in", self.show)
        router.add_post("/sign-in", self.sign_in)
        router.add_post("/sign-out", self.sign_out)
        router.add_get("/password", for_people(self.show_password))
        router.add_post("/password", for_people(self.change_password))
        router.add_post("/api/sign-in", self.sign_in_by_program)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The empty form."""
        return self._form(request, request.query.get("next", "/"))

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """A filled-in form: a session and on to where the user wanted to go, or the form with a complaint."""
        form = await form_fields(request)
        name, password, goes_to = (form.get(key, "") for key in ("name", "password", "next"))
        text = self._site.catalogue.text
        language = self._site.language(request)
        if not self._site.access.form_is_ours(request, form.get("form_token", "")):
            complaint = text("sign_in.stale_form", language)
            return self._form(request, goes_to, name=name, complaint=complaint, status=403)
        try:
            user = await self._check(request, name, password)
        except WrongPassword:
            complaint, status = text("sign_in.wrong", language), 401
        except TooManyFailures as error:
            complaint, status = text("sign_in.too_many", language, minutes=error.wait_minutes), 429
        except DirectoryAway:
            complaint, status = text("sign_in.no_database", language), 503
        else:
            response = web.Response(status=303, headers={"Location": safe_next(goes_to)})
            self._site.access.sign_in(request, response, user.name, user.role, user.stamp)
            return response
        return self._form(request, goes_to, name=name, complaint=complaint, status=status)

    async def sign_in_by_program(self, request: web.Request) -> web.StreamResponse:
        """JSON {"name", "password"}: 200 with the cookie, or 400, 401, 403, 429, 503."""
        wish = await json_object(request)
        name, password = wish.get("name"), wish.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise web.HTTPBadRequest
        try:
            user = await self._check(request, name, password)
        except WrongPassword as error:
            raise web.HTTPUnauthorized from error
        except TooManyFailures as error:
            raise web.HTTPTooManyRequests from error
        except DirectoryAway as error:
            raise web.HTTPServiceUnavailable from error
        response = web.json_response({"user": user.name, "role": user.role})
        self._site.access.sign_in(request, response, user.name, user.role, user.stamp)
        return response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session of this browser."""
        form = await form_fields(request)
        if not self._site.access.form_is_ours(request, form.get("form_token", "")):
            raise web.HTTPForbidden
        notice = self._site.catalogue.text("sign_in.signed_out", self._site.language(request))
        response = self._form(request, "/", notice=notice)
        self._site.access.sign_out(response)
        return response

    async def show_password(self, request: web.Request) -> web.StreamResponse:
        """The form to change one's own password."""
        return self._password_form(request, self._site.access.session(request).user)

    async def change_password(self, request: web.Request) -> web.StreamResponse:
        """Change it; every other session of the user ends, this one goes on."""
        name = self._site.access.session(request).user
        form = await form_fields(request)
        current, new, again = (form.get(key, "") for key in ("current", "new", "again"))
        text, language = self._site.catalogue.text, self._site.language(request)
        if not self._site.access.form_is_ours(request, form.get("form_token", "")):
            return self._password_form(request, name, text("sign_in.stale_form", language), 403)
        if new != again:
            return self._password_form(request, name, text("password.differ", language), 400)
        try:
            await self._check(request, name, current)
            user = await self._directory.set_password(name, new)
        except PasswordRefused:
            complaint, status = text("password.too_short", language, least=LEAST_PASSWORD_CHARS), 400
        except WrongPassword:
            complaint, status = text("sign_in.wrong", language), 401
        except TooManyFailures as error:
            complaint, status = text("sign_in.too_many", language, minutes=error.wait_minutes), 429
        except DirectoryAway:
            complaint, status = text("sign_in.no_database", language), 503
        else:
            response = self._password_form(request, name, notice=text("password.changed", language))
            self._site.access.sign_in(request, response, user.name, user.role, user.stamp)
            return response
        return self._password_form(request, name, complaint, status)

    async def _check(self, request: web.Request, name: str, password: str) -> User:
        """The user. Raises WrongPassword, TooManyFailures or DirectoryAway, and counts."""
        name, address = name[:_NAME_CHARS], client_address(request)
        wait_ms = self._failures.wait_ms(name, address, _now_ms())
        if wait_ms > 0:
            self._tries.labels("too_many").inc()
            raise TooManyFailures(wait_ms)
        # Counted before the answer is known, so that tries sent side by side do not slip through together.
        self._failures.failed(name, address, _now_ms())
        try:
            if not name or not _can_be(name, password) or len(password) > _PASSWORD_CHARS:
                raise WrongPassword("not a name or password of ours")
            user = await self._directory.sign_in(name, password)
        except WrongPassword:
            self._tries.labels("wrong").inc()
            log.warning("sign_in_failed", extra={"pii_user": name, "pii_address": address})
            raise
        except DirectoryAway:
            self._failures.forgive(name, address)
            self._tries.labels("no_database").inc()
            raise
        self._failures.forgive(name, address)
        self._failures.succeeded(name, address)
        self._tries.labels("ok").inc()
        log.info("signed_in", extra={"role": user.role, "pii_user": user.name, "pii_address": address})
        return user

    def _form(
        self,
        request: web.Request,
        goes_to: str,
        *,
        name: str = "",
        complaint: str = "",
        notice: str = "",
        status: int = 200,
    ) -> web.Response:
        # After a refused form the address bar shows /sign-in without its ?next=, so it is put back here.
        link = request.rel_url.with_path("/sign-in").with_query(
            next=safe_next(goes_to), lang="en" if self._site.language(request) == "zh" else "zh"
        )
        return self._site.render(
            request,
            "web/sign_in.html",
            status=status,
            next=safe_next(goes_to),
            name=name[:_NAME_CHARS],
            complaint=complaint,
            notice=notice,
            language_link=str(link),
        )

    def _password_form(
        self, request: web.Request, user: str, complaint: str = "", status: int = 200, *, notice: str = ""
    ) -> web.Response:
        return self._site.render(
            request,
            "web/password.html",
            status=status,
            user=user,
            least=LEAST_PASSWORD_CHARS,
            complaint=complaint,
            notice=notice,
        )


def _can_be(name: str, password: str) -> bool:
    """Whether the database and the hash take these texts at all: no NUL, no half of a surrogate pair."""
    return "\x00" not in name and not any("\ud800" <= character <= "\udfff" for character in name + password)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
