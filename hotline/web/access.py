"""Who is asking: sessions in cookies, proof that a form is ours, and which roles may see a page.

This module must not know the pages, nor where users and passwords are kept.
"""

from __future__ import annotations

import ipaddress
import secrets as entropy
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from aiohttp import web

from hotline.core.sessions import ROLES, Session, form_token, form_token_fits, seal, stamp_of, unseal

SESSION_S = 12 * 3600
DISPLAY_SESSION_S = 365 * 24 * 3600
EVERYONE = ROLES  # everyone who has signed in, wall screens too
PEOPLE = tuple(role for role in ROLES if role != "display")
_YEAR_S = 365 * 24 * 3600

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access:
    """Reads and writes the cookies of one site. Cookies do not heed ports, so their names carry ours."""

    def __init__(
        self,
        key: Callable[[], str],
        display_token: Callable[[], str],
        in_good_standing: Callable[[Session], bool],
        port: int,
    ) -> None:
        self._key = key
        self._display_token = display_token
        self._in_good_standing = in_good_standing
        self._session_cookie = f"hotline_session_{port}"
        self._form_cookie = f"hotline_form_{port}"

    def session_of(self, request: web.Request) -> Session | None:
        """The session of whoever asks, or None. Never asks the database."""
        text = request.cookies.get(self._session_cookie)
        session = unseal(text, self._key_bytes(), _now_ms()) if text else None
        return session if session is not None and self.still_good(session) else None

    def session(self, request: web.Request) -> Session:
        """The session of whoever asks; without one they are sent to the sign-in page (or told 401)."""
        session = self.session_of(request)
        if session is None:
            raise _who_are_you(request)
        return session

    def still_good(self, session: Session) -> bool:
        """False once a session is over, its user changed, or the display token was replaced."""
        if _now_ms() >= session.expires_ms:
            return False
        if session.role == "display" and not session.user:
            return session.stamp == stamp_of(self._display_token())
        return self._in_good_standing(session)

    def sign_in(
        self, request: web.Request, response: web.StreamResponse, user: str, role: str, stamp: str
    ) -> None:
        """Give the browser a session."""
        self._give(request, response, Session(user, role, stamp, _now_ms() + SESSION_S * 1000), SESSION_S)

    def sign_in_display(self, request: web.Request, response: web.StreamResponse, token: str) -> bool:
        """Give a wall screen its session when the token is right."""
        wanted = self._display_token()
        if not entropy.compare_digest(token.encode(), wanted.encode()):
            return False
        expires_ms = _now_ms() + DISPLAY_SESSION_S * 1000
        self._give(request, response, Session("", "display", stamp_of(wanted), expires_ms), DISPLAY_SESSION_S)
        return True

    def sign_out(self, response: web.StreamResponse) -> None:
        """Take the session away from the browser."""
        response.del_cookie(self._session_cookie, path="/", httponly=True, samesite="Strict")

    def allow(self, *roles: str) -> Callable[[Handler], Handler]:
        """Decorate a handler: others are sent to the sign-in page (pages) or refused (API, live links)."""

        def decorate(handler: Handler) -> Handler:
            async def guarded(request: web.Request) -> web.StreamResponse:
                if self.session(request).role not in roles:
                    raise web.HTTPForbidden
                return await handler(request)

            return guarded

        return decorate

    def form_token(self, request: web.Request, response_cookies: dict[str, str]) -> str:
        """The token a form must send back; a browser without a nonce gets one in `response_cookies`."""
        nonce = request.cookies.get(self._form_cookie, "")
        if not nonce:
            nonce = entropy.token_urlsafe(18)
            response_cookies[self._form_cookie] = nonce
        return form_token(nonce, self._key_bytes())

    def form_is_ours(self, request: web.Request, token: str) -> bool:
        """True when the form was made by us for this browser and sent from our own page."""
        nonce = request.cookies.get(self._form_cookie, "")
        return from_our_site(request) and form_token_fits(token, nonce, self._key_bytes())

    def _give(
        self, request: web.Request, response: web.StreamResponse, session: Session, seconds: int
    ) -> None:
        set_cookie(request, response, self._session_cookie, seal(session, self._key_bytes()), seconds)

    def _key_bytes(self) -> bytes:
        return self._key().encode()


def set_cookie(
    request: web.Request, response: web.StreamResponse, name: str, value: str, seconds: int = _YEAR_S
) -> None:
    """Set a cookie that no script reads and no other site sends along; over HTTPS it stays there."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", httponly=True, samesite="Strict", secure=is_https(request)
    )


def is_https(request: web.Request) -> bool:
    """True when the browser speaks HTTPS, with us or with a reverse proxy on this machine."""
    if request.secure:
        return True
    forwarded = request.headers.get("X-Forwarded-Proto", "")
    return forwarded.strip().lower() == "https" and is_loopback(request.remote)


def client_address(request: web.Request) -> str:
    """The address of the browser; a reverse proxy is believed only when it runs on this machine."""
    remote = request.remote or ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and is_loopback(remote):
        return forwarded.rpartition(",")[2].strip()[:64]
    return remote


def is_loopback(address: str | None) -> bool:
    """True for an address of this machine's loopback network."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def from_our_site(request: web.Request) -> bool:
    """False when the browser says that another site made it send this request."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc.lower() == request.host.lower()


def is_for_programs(request: web.Request) -> bool:
    """True for requests that want a status rather than a page."""
    return request.path.startswith("/api/") or "websocket" in request.headers.get("Upgrade", "").lower()


def _who_are_you(request: web.Request) -> web.HTTPException:
    if is_for_programs(request) or request.method not in ("GET", "HEAD"):
        return web.HTTPUnauthorized()
    return web.HTTPSeeOther(f"/sign-in?next={quote(request.path_qs, safe='')}")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
