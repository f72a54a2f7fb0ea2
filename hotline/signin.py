"""The people who may use the pages: their passwords and roles, kept in PostgreSQL.

What a running page needs of it, who stands in good standing, is also kept in memory and refreshed, so that
signed-in browsers are served while PostgreSQL is away. This module must not know cookies or pages.

    SignInError
    ├── WrongPassword      the name or the password is not right (which of them is never told)
    ├── DirectoryAway      PostgreSQL cannot be asked now
    └── PasswordRefused    a new password is too short
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hotline.core.sessions import ROLES, Session, stamp_of
from hotline.database import load_queries

log = logging.getLogger(__name__)

LEAST_PASSWORD_CHARS = 10
MOST_PASSWORD_CHARS = 256
FIRST_USER = "admin"
REFRESH_S = 10.0
_ASK_LIMIT_S = 5.0
_HASHES_AT_ONCE = 2  # each takes 64 MiB and some 50 ms of processor time

T = TypeVar("T")


class SignInError(Exception):
    """Base of this module's errors."""


class WrongPassword(SignInError):
    """The name or the password is not right."""


class DirectoryAway(SignInError):
    """PostgreSQL cannot be asked now."""


class PasswordRefused(SignInError):
    """A new password must have LEAST_PASSWORD_CHARS to MOST_PASSWORD_CHARS characters."""


@dataclass(frozen=True, slots=True)
class User:
    """One user in good standing. `stamp` changes with the password and the role."""

    name: str
    role: str
    stamp: str


@dataclass(frozen=True, slots=True)
class KnownUser:
    """One user as an operator sees it, whether in good standing or not."""

    name: str
    role: str
    disabled: bool
    password_changed_at: datetime


_SQL = load_queries("hotline", "signin_queries.sql")


class UserDirectory:
    """Signs users in, changes passwords, and remembers who is in good standing."""

    def __init__(
        self, database_url: str, first_password_file: Path, hasher: PasswordHasher | None = None
    ) -> None:
        self._database_url = database_url
        self._first_password_file = first_password_file
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._standing: dict[str, User] | None = None
        self._nobody: str | None = None  # a hash that no password fits, see _verify
        self._task: asyncio.Task[None] | None = None

    def start(self, first_password: Callable[[], str]) -> None:
        """Keep the memory fresh from now on, and make the first user in an empty table."""
        self._task = asyncio.get_running_loop().create_task(self._keep_fresh(first_password))

    async def close(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def in_good_standing(self, session: Session) -> bool:
        """False when the user is gone, disabled, or has another password or role than at the sign-in.

        While PostgreSQL has never been reached, every session whose signature is ours is believed.
        """
        if self._standing is None:
            return True
        user = self._standing.get(session.user)
        return user is not None and user.stamp == session.stamp

    async def sign_in(self, name: str, password: str) -> User:
        """The user, when the password is right. Raises WrongPassword or DirectoryAway."""
        async with self._connection() as connection:
            row = await connection.fetchrow(_SQL["find_user"], name)
        if not await self._verify(row["password_hash"] if row else None, password):
            raise WrongPassword("the name or the password is not right")
        user = _user(row)
        self._remember(user)
        return user

    async def change_password(self, name: str, current: str, new: str) -> User:
        """Replace a user's own password. Raises WrongPassword, PasswordRefused or DirectoryAway."""
        await self.sign_in(name, current)
        return await self.set_password(name, new)

    async def set_password(self, name: str, new: str) -> User:
        """Give a user another password; their open sessions end. Raises as change_password does."""
        hashed = await self._hash(new)
        async with self._connection() as connection:
            await connection.execute(_SQL["set_password"], name, hashed)
            row = await connection.fetchrow(_SQL["find_user"], name)
        if row is None:
            raise WrongPassword("no such user")
        user = _user(row)
        self._remember(user)
        return user

    async def add_user(self, name: str, role: str, password: str) -> bool:
        """Make a user; False when the name is taken. Raises ValueError, PasswordRefused or DirectoryAway."""
        if role not in ROLES:
            raise ValueError(f"role {role!r}: allowed {', '.join(ROLES)}")
        hashed = await self._hash(password)
        try:
            async with self._connection() as connection:
                done = await connection.execute(_SQL["add_user"], name, role, hashed)
        except asyncpg.CheckViolationError as error:
            raise ValueError(f"name of a user {name!r}: allowed 1 to 64 characters without spaces") from error
        return bool(done == "INSERT 0 1")

    async def users(self) -> list[KnownUser]:
        """Everyone, by name. Raises DirectoryAway."""
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["all_users"])
        return [KnownUser(**row) for row in rows]

    async def set_disabled(self, name: str, disabled: bool) -> bool:
        """Shut a user out, open sessions too, or let the user in again; False: no such user.

        Raises DirectoryAway.
        """
        async with self._connection() as connection:
            done = await connection.execute(_SQL["set_disabled"], name, disabled)
        return bool(done == "UPDATE 1")

    async def refresh(self) -> None:
        """Read who is in good standing. Raises DirectoryAway."""
        async with self._connection() as connection:
            rows = await connection.fetch(_SQL["all_standings"])
        self._standing = {row["name"]: _user(row) for row in rows}

    async def make_first_user(self, first_password: Callable[[], str]) -> bool:
        """In an empty table make the first admin, its password in a file of mode 0600. True when made."""
        async with self._connection() as connection:
            if await connection.fetchval(_SQL["count_users"]) > 0:
                return False
        password = first_password()
        hashed = await self._hash(password)
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_SQL["lock_users"])
            if await connection.fetchval(_SQL["count_users"]) > 0:
                return False
            # The file first: a user whose password nobody can read would lock everyone out.
            await asyncio.to_thread(_write_private, self._first_password_file, password + "\n")
            await connection.execute(_SQL["add_user"], FIRST_USER, "admin", hashed)
        log.info("first_user_made", extra={"role": "admin"})
        return True

    async def _keep_fresh(self, first_password: Callable[[], str]) -> None:
        away = False
        while True:
            try:
                if not self._standing:
                    await self.make_first_user(first_password)
                await self.refresh()
                away = False
            except (DirectoryAway, OSError) as error:
                if not away:
                    log.warning("user_directory_away", extra={"why": type(error.__cause__ or error).__name__})
                away = True
            except Exception:  # whatever it was, the memory must be refreshed again later
                log.exception("user_directory_failed")
            await asyncio.sleep(1.0 if self._standing is None else REFRESH_S)

    def _remember(self, user: User) -> None:
        if self._standing is not None:
            self._standing[user.name] = user

    async def _hash(self, password: str) -> str:
        if not LEAST_PASSWORD_CHARS <= len(password) <= MOST_PASSWORD_CHARS:
            raise PasswordRefused(f"allowed {LEAST_PASSWORD_CHARS} to {MOST_PASSWORD_CHARS} characters")
        return await self._at_work(lambda: self._hasher.hash(password))

    async def _verify(self, hashed: str | None, password: str) -> bool:
        # For an unknown name a hash is tried as well, so that the time taken does not tell which names exist.
        if self._nobody is None:
            self._nobody = await self._at_work(lambda: self._hasher.hash(os.urandom(32)))
        tried = hashed or self._nobody

        def verify() -> bool:
            try:
                return self._hasher.verify(tried, password[:MOST_PASSWORD_CHARS])
            except (VerificationError, InvalidHashError):
                return False

        return await self._at_work(verify) and hashed is not None

    async def _at_work(self, work: Callable[[], T]) -> T:
        async with self._hashing:
            return await asyncio.to_thread(work)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """A connection for one errand. Raises DirectoryAway when PostgreSQL is away or not yet migrated."""
        try:
            async with asyncio.timeout(_ASK_LIMIT_S):
                connection = await asyncpg.connect(self._database_url, command_timeout=_ASK_LIMIT_S)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DirectoryAway("PostgreSQL cannot be reached") from error
        try:
            yield connection
        except asyncpg.IntegrityConstraintViolationError:
            raise
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DirectoryAway("PostgreSQL does not answer") from error
        finally:
            await _within(connection.close(timeout=1.0))


async def _within(closing: Awaitable[None]) -> None:
    try:
        await closing
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        log.debug("database_connection_close_failed")


def _user(row: Any) -> User:
    return User(row["name"], row["role"], stamp_of(row["password_hash"], row["role"]))


def _write_private(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        os.fchmod(target.fileno(), 0o600)
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    temporary.replace(file)
