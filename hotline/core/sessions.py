"""Who has signed in, as a signed text that a browser keeps for us.

A session is readable by anyone who holds it and changeable by no one: it carries an HMAC under a key of
ours. It needs no database, so pages go on while PostgreSQL is away. What must end it early is in `stamp`,
which the directory of users compares. This module must not know cookies, clocks or the database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

ROLES = ("admin", "supervisor", "reviewer", "manager", "display")
"""display: a wall screen; it sees the wallboard and nothing else."""

MAX_SESSION_CHARS = 1024


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `stamp` changes when the user's password, role or standing does."""

    user: str
    role: str
    stamp: str
    expires_ms: int


def _sign(key: bytes, purpose: str, text: str) -> str:
    digest = hmac.new(key, f"{purpose}\n{text}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def seal(session: Session, key: bytes) -> str:
    """The session as text for a cookie: letters, digits, "-", "_" and one "."."""
    fields = [session.user, session.role, session.stamp, session.expires_ms]
    body = base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{body}.{_sign(key, 'session', body)}"


def unseal(text: str, key: bytes, now_ms: int) -> Session | None:
    """The session in a cookie, or None when it is forged, mangled or over."""
    if len(text) > MAX_SESSION_CHARS or not text.isascii():
        return None
    body, _, signature = text.partition(".")
    if not hmac.compare_digest(signature, _sign(key, "session", body)):
        return None
    try:
        fields = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        user, role, stamp, expires_ms = fields
    except (ValueError, TypeError, binascii.Error):
        return None
    session = Session(str(user), str(role), str(stamp), int(expires_ms))
    return session if session.role in ROLES and now_ms < session.expires_ms else None


def form_token(nonce: str, key: bytes) -> str:
    """What a form must send back to prove that it came from our page: bound to the browser's own nonce."""
    return _sign(key, "form", nonce)


def form_token_fits(token: str, nonce: str, key: bytes) -> bool:
    """True when the token was made for this nonce."""
    return bool(nonce) and hmac.compare_digest(token.encode(), form_token(nonce, key).encode())


def stamp_of(*parts: str) -> str:
    """A short digest of what a session depends on; another value ends the sessions made with the old one."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def safe_next(target: str, default: str = "/") -> str:
    """A path of ours to go to after signing in; anything that could leave the site becomes the default."""
    plain = target.startswith("/") and not target.startswith("//")
    if not plain or "\\" in target or not target.isprintable() or len(target) > 500:
        return default
    return target
