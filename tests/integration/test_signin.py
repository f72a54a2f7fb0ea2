"""Users in a real PostgreSQL: first admin, passwords, standing, and a database that goes away."""

# ruff: noqa: ASYNC240 - a test may touch a small file at once
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from argon2 import PasswordHasher

from hotline.core.sessions import Session
from hotline.database import migrate
from hotline.signin import DirectoryAway, PasswordRefused, User, UserDirectory, WrongPassword

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # tests need no strong hash
FIRST = "first password"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "first-admin-password"


@pytest.fixture
async def directory(database_url: str, file: Path) -> AsyncIterator[UserDirectory]:
    users = UserDirectory(database_url, file, QUICK)
    yield users
    await users.close()


def session_of(user: User) -> Session:
    return Session(user.name, user.role, user.stamp, 4_000_000_000_000)


async def test_the_first_start_makes_one_admin_and_tells_the_password_in_a_private_file(
    directory: UserDirectory, file: Path
) -> None:
    assert await directory.make_first_user(lambda: FIRST)
    assert file.read_text() == FIRST + "\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await directory.sign_in("admin", FIRST)).role == "admin"
    file.unlink()
    assert not await directory.make_first_user(lambda: "another one")
    assert not file.exists()


async def test_two_first_starts_at_once_make_one_admin(database_url: str, tmp_path: Path) -> None:
    both = [UserDirectory(database_url, tmp_path / f"password-{n}", QUICK) for n in (1, 2)]
    made = await asyncio.gather(*(one.make_first_user(lambda: FIRST) for one in both))
    assert sorted(made) == [False, True]


async def test_names_and_passwords_are_checked_and_kept_as_argon2_hashes(
    directory: UserDirectory, database: Any
) -> None:
    assert await directory.add_user("王伟", "supervisor", "long enough")
    assert not await directory.add_user("王伟", "admin", "long enough too")
    for name, password in (
        ("王伟", "wrong"),
        ("nobody", "long enough"),
        ("王伟", "long enough "),
        ("' OR 1=1", "x"),
    ):
        with pytest.raises(WrongPassword):
            await directory.sign_in(name, password)
    assert (await directory.sign_in("王伟", "long enough")).role == "supervisor"
    kept = await database.fetchval("SELECT password_hash FROM web_user WHERE name = '王伟'")
    assert kept.startswith("$argon2id$") and "long enough" not in kept


async def test_what_cannot_be_a_user_is_refused(directory: UserDirectory, database: Any) -> None:
    with pytest.raises(ValueError, match="role 'root': allowed admin"):
        await directory.add_user("wei", "root", "long enough")
    with pytest.raises(ValueError, match="1 to 64 characters without spaces"):
        await directory.add_user("a b", "admin", "long enough")
    for password in ("short", "x" * 257):
        with pytest.raises(PasswordRefused):
            await directory.add_user("wei", "admin", password)
    with pytest.raises(asyncpg.CheckViolationError):
        await database.execute(
            "INSERT INTO web_user (name, role, password_hash) VALUES ('a', 'admin', 'plain')"
        )


async def test_a_new_password_or_a_disabled_user_ends_open_sessions(
    directory: UserDirectory, database: Any
) -> None:
    await directory.add_user("wei", "supervisor", "long enough")
    await directory.add_user("lan", "reviewer", "long enough")
    wei = session_of(await directory.sign_in("wei", "long enough"))
    lan = session_of(await directory.sign_in("lan", "long enough"))
    await directory.refresh()
    assert directory.in_good_standing(wei) and directory.in_good_standing(lan)

    again = session_of(await directory.set_password("wei", "another password"))
    assert not directory.in_good_standing(wei)
    assert directory.in_good_standing(again)
    with pytest.raises(WrongPassword):
        await directory.sign_in("wei", "long enough")

    await database.execute("UPDATE web_user SET disabled = true WHERE name = 'lan'")
    await directory.refresh()
    assert not directory.in_good_standing(lan)
    with pytest.raises(WrongPassword):
        await directory.sign_in("lan", "long enough")
    with pytest.raises(WrongPassword):
        await directory.set_password("lan", "another password")


async def test_a_changed_role_ends_open_sessions(directory: UserDirectory, database: Any) -> None:
    await directory.add_user("wei", "admin", "long enough")
    wei = session_of(await directory.sign_in("wei", "long enough"))
    await database.execute("UPDATE web_user SET role = 'reviewer'")
    await directory.refresh()
    assert not directory.in_good_standing(wei)


async def test_before_the_migration_the_directory_is_away_and_later_it_is_there(
    empty_database_url: str, file: Path
) -> None:
    users = UserDirectory(empty_database_url, file, QUICK)
    with pytest.raises(DirectoryAway):
        await users.sign_in("admin", FIRST)
    users.start(lambda: FIRST)
    await migrate(empty_database_url)
    async with asyncio.timeout(10):
        while not file.exists():  # noqa: ASYNC110 - another task writes it
            await asyncio.sleep(0.05)
    assert (await users.sign_in("admin", FIRST)).name == "admin"
    await users.close()


async def test_while_postgresql_is_away_sessions_stay_and_sign_ins_are_told_so(
    postgres_of_its_own: Any, file: Path
) -> None:
    url = await asyncio.to_thread(postgres_of_its_own.create, "users")
    await migrate(url)
    users = UserDirectory(url, file, QUICK)
    await users.make_first_user(lambda: FIRST)
    await users.refresh()
    admin = session_of(await users.sign_in("admin", FIRST))
    postgres_of_its_own.stop()
    with pytest.raises(DirectoryAway):
        await users.sign_in("admin", FIRST)
    with pytest.raises(DirectoryAway):
        await users.refresh()
    assert users.in_good_standing(admin)
    assert not users.in_good_standing(Session("gone", "admin", "", 4_000_000_000_000))
    await asyncio.to_thread(postgres_of_its_own.start)
    assert (await users.sign_in("admin", FIRST)).role == "admin"
