"""What becomes of the digits that a caller is asked for: the checker's alone, and yes or no."""

from __future__ import annotations

import asyncio
import logging

import pytest
from prometheus_client import CollectorRegistry, Counter

from hotline.core.settings import Settings
from hotline.core.settings import Verification as Rules
from ivr.verification import RESULT, Verification

RULES = Rules(url="https://checker.example/check", digits=4, tries=2)


class Typing:
    """A session whose caller types these keys; "" is silence."""

    def __init__(self, *keys: str) -> None:
        self.args = ("c1",)
        self.hung_up = False
        self.closed = asyncio.Event()
        self.keys = list(keys)
        self.said: list[str] = []
        self.variables: dict[str, str] = {}

    async def answer(self) -> None:
        raise AssertionError("the caller is being talked with")

    async def get_variable(self, name: str) -> str:
        return self.variables.get(name, "")

    async def set_variable(self, name: str, value: str) -> None:
        self.variables[name] = value

    async def stream_from(self, name: str, escape_digits: str, sample: int) -> tuple[str, int]:
        self.said.append(name.removeprefix("hotline/"))
        return "", 8000

    async def wait_for_digit(self, timeout_ms: int) -> str:
        return self.keys.pop(0) if self.keys else ""

    async def record_file(
        self, path: str, file_format: str, escape_digits: str, timeout_ms: int, silence_s: int = 0
    ) -> str:
        raise AssertionError("nothing is recorded")


class Knower:
    def __init__(self, right: str, *, away: bool = False) -> None:
        self.right, self.away = right, away
        self.asked: list[str] = []

    async def verified(self, url: str, contact: str, digits: str, timeout_s: float) -> bool | None:
        self.asked.append(digits)
        return None if self.away else digits == self.right


def application(knower: Knower, rules: Rules = RULES) -> Verification:
    failures = Counter("failures", "", registry=CollectorRegistry())
    return Verification(lambda: Settings(1, verification=rules), knower, CollectorRegistry(), failures)


@pytest.mark.parametrize(
    ("keys", "asked", "result"),
    [
        ("1234", ["1234"], "verified"),
        ("99991234", ["9999", "1234"], "verified"),
        ("99#1234", ["99", "1234"], "verified"),
        ("99998888", ["9999", "8888"], "failed"),
        ("#1234", ["1234"], "verified"),
        ("", [], "failed"),
        ("12", ["12"], "failed"),
    ],
)
async def test_so_many_digits_so_many_tries(keys: str, asked: list[str], result: str) -> None:
    knower, session = Knower("1234"), Typing(*keys)
    await application(knower)(session)
    assert (knower.asked, session.variables) == (asked, {RESULT: result})
    assert session.said.count("verify-wrong") == len(asked or [1, 2]) - (result == "verified") + (
        keys in ("12", "#1234")
    )


async def test_when_nobody_can_say_the_caller_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    knower, session = Knower("1234", away=True), Typing(*"12341234")
    with caplog.at_level(logging.DEBUG):
        await application(knower)(session)
    assert (knower.asked, session.variables) == (["1234"], {RESULT: "failed"})
    assert "1234" not in caplog.text


async def test_without_a_checker_nobody_is_asked() -> None:
    knower, session = Knower("1234"), Typing(*"1234")
    await application(knower, Rules())(session)
    assert (knower.asked, session.said, session.variables) == ([], [], {RESULT: "failed"})
