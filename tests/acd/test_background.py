"""Work in the background: failures are told, and what is to run for ever does."""

from __future__ import annotations

import asyncio
import logging

import pytest

from acd import background


async def fails() -> None:
    raise ValueError("no such thing")


async def until_over() -> None:
    await asyncio.wait(background._under_way)
    await asyncio.sleep(0)  # what follows from it is told in the next round


async def test_a_failure_in_the_background_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    background.in_background(fails())
    await until_over()
    (record,) = caplog.records
    assert (record.levelno, record.message, record.__dict__["what"]) == (
        logging.ERROR,
        "background_failed",
        "fails",
    )
    assert "no such thing" in caplog.text


async def test_who_is_cancelled_has_not_failed(caplog: pytest.LogCaptureFixture) -> None:
    background.in_background(asyncio.sleep(60))
    (task,) = background._under_way
    task.cancel()
    await until_over()
    assert not caplog.records


async def test_what_runs_for_ever_begins_again_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "AGAIN_S", 0)
    begun: list[int] = []
    again = asyncio.Event()

    async def watch() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise OSError("disk full")
        again.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(background.for_ever(watch))
    async with asyncio.timeout(30):
        await again.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [record.message for record in caplog.records] == ["watch_failed"]
