"""Passwords, PINs and tokens of one hotline, in one file with mode 0600; what is missing is made.

Secrets are never settings and never printed or logged. This module must not know who uses them.
Several processes share the file: writers hold a lock and replace it whole, readers notice the change.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets as entropy
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hotline.core.settings import Settings
from hotline.deployment import DATABASE_NAME, DATABASE_USER, LOOPBACK, Deployment
from hotline.words import say

_LETTERS = string.ascii_letters + string.digits
_SINGLE = (
    "agi_token",
    "ami_acd",
    "caller_key",
    "web_cookie_key",
    "display_token",
    "metrics_token",
    "postgres",
)
_NAMED = ("phones", "pins", "trunks", "users")
_PIN_DIGITS = 6


class SecretsError(Exception):
    """The secrets file cannot be read or is not what it should be; the text names the file, never a value."""


def _password() -> str:
    # 24 letters and digits are 142 bits, and nothing in them needs quoting in any configuration file.
    return "".join(entropy.choice(_LETTERS) for _ in range(24))


def _pin() -> str:
    return "".join(entropy.choice(string.digits) for _ in range(_PIN_DIGITS))


class Secrets:
    """The secrets of one deployment. Every read sees the newest file; only missing ones are generated."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._file = deployment.secrets_file
        self._stamp: tuple[int, int] | None = None
        self._document: dict[str, Any] = {}

    @classmethod
    def load(cls, deployment: Deployment) -> Secrets:
        """Read the secrets file, making the file and the fixed secrets where missing. Raises SecretsError."""
        loaded = cls(deployment)
        loaded._refresh()
        if any(name not in loaded._document for name in _SINGLE) or not deployment.database_passfile.exists():
            with loaded._changing() as document:
                for name in _SINGLE:
                    document.setdefault(name, _password())
        return loaded

    def check(self) -> None:
        """Raises SecretsError when the file cannot be read or lacks a secret; changes nothing."""
        self._refresh()
        if missing := [name for name in _SINGLE if name not in self._document]:
            raise SecretsError(say("secrets.missing", file=self._file, names=", ".join(missing)))

    @property
    def agi_token(self) -> str:
        """First argument of every FastAGI request, so that no stranger can use our server."""
        return self._single("agi_token")

    @property
    def ami_acd(self) -> str:
        return self._single("ami_acd")

    @property
    def caller_key(self) -> str:
        """Turns a caller's number into a reference that tells nothing without this key."""
        return self._single("caller_key")

    @property
    def web_cookie_key(self) -> str:
        return self._single("web_cookie_key")

    @property
    def display_token(self) -> str:
        """Lets a wall screen show the wallboard without a sign-in."""
        return self._single("display_token")

    @property
    def metrics_token(self) -> str:
        """Bearer token with which another machine may read /metrics."""
        return self._single("metrics_token")

    @property
    def postgres(self) -> str:
        return self._single("postgres")

    def phone(self, name: str) -> str:
        """SIP password of a phone, generated when missing."""
        return self._named("phones", name, _password)

    def pin(self, number: str) -> str:
        """PIN of an agent, six digits, generated when missing."""
        return self._named("pins", number, _pin)

    def user(self, name: str) -> str:
        """First password of a user of the pages, generated when missing."""
        return self._named("users", name, _password)

    def trunk(self, name: str) -> str:
        """SIP password of a trunk, or "" when it has none: carriers give theirs, we cannot make it up."""
        self._refresh()
        return str(self._document.get("trunks", {}).get(name, ""))

    def set(self, kind: str, name: str, value: str) -> None:
        """Set one secret; kind: phones, pins, trunks or users. Raises ValueError for an impossible value."""
        if kind not in _NAMED:
            raise ValueError(f"kind of secret {kind!r}: allowed {', '.join(_NAMED)}")
        if not value or not value.isprintable():
            raise ValueError(f"secret {kind}:{name}: must be printable and not empty")
        if kind == "pins" and not (value.isascii() and value.isdigit() and 4 <= len(value) <= 12):
            raise ValueError(f"secret pins:{name}: a PIN has 4 to 12 digits")
        with self._changing() as document:
            document.setdefault(kind, {})[name] = value

    def make_missing(self, settings: Settings) -> None:
        """Generate, in one write, what phones, agents and trunks that register with us still lack."""
        wanted: list[tuple[str, str, Callable[[], str]]] = [
            *(("phones", phone.name, _password) for phone in settings.phones),
            *(("pins", agent.number, _pin) for agent in settings.agents),
            *(("trunks", trunk.name, _password) for trunk in settings.trunks if trunk.kind == "peer"),
            ("users", "admin", _password),
        ]
        self._refresh()
        if all(name in self._document.get(kind, {}) for kind, name, _ in wanted):
            return
        with self._changing() as document:
            for kind, name, make in wanted:
                document.setdefault(kind, {}).setdefault(name, make())

    def _single(self, name: str) -> str:
        self._refresh()
        return str(self._document[name])

    def _named(self, kind: str, name: str, make: Callable[[], str]) -> str:
        self._refresh()
        found = self._document.get(kind, {}).get(name)
        if found is None:
            with self._changing() as document:
                found = document.setdefault(kind, {}).setdefault(name, make())
        return str(found)

    def _refresh(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._document, self._stamp = {}, None
            return
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp == self._stamp:
            return
        try:
            document = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            why = type(error).__name__  # not its text, which may hold a secret
            raise SecretsError(say("secrets.unreadable", file=self._file, why=why)) from error
        if not isinstance(document, dict):
            raise SecretsError(say("secrets.not_an_object", file=self._file))
        self._document, self._stamp = document, stamp

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The newest document, under the lock of all processes; on leaving it replaces the file."""
        folder = self._file.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            document = {**self._document, **{kind: dict(self._document.get(kind, {})) for kind in _NAMED}}
            yield document
            self._replace("secrets.json", json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True))
            entry = f"{LOOPBACK}:*:{DATABASE_NAME}:{DATABASE_USER}:{document['postgres']}\n"
            self._replace("pgpass", entry)
            self._refresh()
        finally:
            os.close(lock)

    def _replace(self, name: str, text: str) -> None:
        temporary = self._file.parent / f".{name}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._file.parent / name)
