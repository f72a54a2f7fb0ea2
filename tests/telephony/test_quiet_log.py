"""A flood writes few lines, and they count everything."""

import asyncio
import logging

import pytest
from harness.waiting import until

from telephony.quiet_log import QuietLog


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, str]]:
    return [(record.reason, record.count, record.peer) for record in caplog.records]  # type: ignore[attr-defined]


async def test_the_first_is_told_at_once_and_the_rest_together(caplog: pytest.LogCaptureFixture) -> None:
    quiet = QuietLog(logging.getLogger("x"), "refused", period_s=0.1)
    for n in range(1000):
        quiet.warning("garbage", peer=str(n))
    quiet.warning("token", peer="a")
    assert lines(caplog) == [("garbage", 1, "0"), ("token", 1, "a")]
    await until(lambda: len(caplog.records) == 3, "the rest is told", 3)
    assert lines(caplog)[2] == ("garbage", 999, "999")
    await asyncio.sleep(0.25)
    assert len(caplog.records) == 3
    quiet.warning("garbage", peer="later")
    assert lines(caplog)[3] == ("garbage", 1, "later")
