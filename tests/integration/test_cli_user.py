"""`hotline user` as a person types it: what it does in PostgreSQL, prints and refuses, in both languages."""

from __future__ import annotations

import asyncio
import getpass
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from hotline import cli_user
from hotline.cli import main
from hotline.deployment import Deployment
from hotline.signin import UserDirectory, WrongPassword
from hotline.words import CHOICE

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # tests need no strong hash
PASSWORD = "long enough"

Type = Callable[..., int]


@pytest.fixture
def directory(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> UserDirectory:
    """The users of a house that `hotline user` finds."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    deployment = Deployment(tmp_path / "data")
    deployment.make_folders()
    replace(deployment, own_database_url="").save()
    monkeypatch.setenv("HOTLINE_DATA", str(deployment.data))
    monkeypatch.setattr(cli_user, "UserDirectory", lambda url, file: UserDirectory(url, file, QUICK))
    return UserDirectory(database_url, tmp_path / "unused", QUICK)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Runs `hotline user` with a text on the standard input."""

    def run(*words: str, given: str = f"{PASSWORD}\nmore\n") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        return main(["user", *words])

    return run


def test_add_list_set_password_disable(
    directory: UserDirectory, typed: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("add", "王伟", "--role", "supervisor") == 0
    assert typed("add", "wall", "--role", "display") == 0
    assert capsys.readouterr().out.splitlines()[0] == "user 王伟 may sign in, as supervisor"
    assert asyncio.run(directory.sign_in("王伟", PASSWORD)).role == "supervisor"

    assert typed("set-password", "王伟", given="another password\r\n") == 0
    assert asyncio.run(directory.sign_in("王伟", "another password"))
    with pytest.raises(WrongPassword):
        asyncio.run(directory.sign_in("王伟", PASSWORD))

    assert typed("disable", "王伟") == 0
    with pytest.raises(WrongPassword):
        asyncio.run(directory.sign_in("王伟", "another password"))
    capsys.readouterr()
    assert typed("list") == 0
    text = capsys.readouterr().out
    first, second = (line.split() for line in text.splitlines())
    assert first[:5] == ["wall", "display", "may", "sign", "in"]
    assert second[:3] == ["王伟", "supervisor", "disabled"]
    assert "password" in text and PASSWORD not in text

    assert typed("enable", "王伟") == 0
    assert asyncio.run(directory.sign_in("王伟", "another password"))


def test_what_cannot_be_done_is_told(
    directory: UserDirectory, typed: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("add", "wei", "--role", "admin") == 0
    refusals: list[tuple[tuple[str, ...], str, str]] = [
        (("add", "wei", "--role", "manager"), PASSWORD, "there is a user wei already"),
        (("add", "w e i", "--role", "manager"), PASSWORD, "user name 'w e i': allowed 1 to 64 characters"),
        (("add", "lan", "--role", "manager"), "short", "password: allowed 10 to 256 characters"),
        (("set-password", "lan"), PASSWORD, "there is no user lan, or it is disabled"),
        (("set-password", "wei"), "", "password: allowed 10 to 256 characters"),
        (("disable", "lan"), "", "there is no user lan"),
    ]
    for words, given, why in refusals:
        capsys.readouterr()
        assert typed(*words, given=given) == 1, words
        assert f"hotline user: {why}" in capsys.readouterr().err
    assert [(user.name, user.role) for user in asyncio.run(directory.users())] == [("wei", "admin")]


@pytest.mark.parametrize("words", [["add", "wei"], ["add", "wei", "--role", "boss"], ["add"], []])
def test_a_role_is_needed_and_no_password_is_taken_as_argument(
    directory: UserDirectory, typed: Type, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    for more in ([], ["--password", PASSWORD]):
        with pytest.raises(SystemExit):
            typed(*words, *more)
    assert asyncio.run(directory.users()) == []


def test_at_a_terminal_the_password_is_typed_twice(
    directory: UserDirectory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed = iter([PASSWORD, PASSWORD, PASSWORD, "something else"])
    asked: list[Any] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or next(typed))
    assert main(["user", "add", "wei", "--role", "reviewer"]) == 0
    assert main(["user", "set-password", "wei"]) == 1
    assert "the two passwords differ" in capsys.readouterr().err
    assert asked == ["Password: ", "Once more: "] * 2
    assert asyncio.run(directory.sign_in("wei", PASSWORD))


def test_in_chinese(
    directory: UserDirectory,
    typed: Type,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(CHOICE, "zh")
    assert typed("add", "lan", "--role", "manager") == 0
    assert typed("list") == 0
    added, line = capsys.readouterr().out.splitlines()
    assert added == "用户 lan 可以登录，角色 manager"
    assert line.startswith("lan manager    正常        密码设于 ")
    assert typed("disable", "wei") == 1
    assert capsys.readouterr().err == "hotline user：没有用户 wei\n"


def test_a_database_that_does_not_answer_is_told(
    directory: UserDirectory,
    typed: Type,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert typed("list") == 1
    assert "PostgreSQL does not answer (is the hotline up?)" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("disable",), ("enable",), ("set-password",), ("add", "--role", "admin")])
def test_a_name_that_cannot_be_is_not_taken_for_a_silent_database(
    directory: UserDirectory, typed: Type, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert typed(*words, "x\udcffy") == 1
    assert "1 to 64 characters" in capsys.readouterr().err
