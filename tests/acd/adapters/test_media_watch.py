"""Which channels are asked whether they hear anything: agents' legs and callers, no line of a callback."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters import media_watch
from acd.adapters.legs import Caller, Leg
from acd.adapters.media_watch import MediaWatch
from telephony.ami import AmiReply


class CountingLink:
    """Answers every Getvar with one packet; keeps which channels were asked."""

    connected = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def action(self, name: str, fields: Mapping[str, str], *, timeout_s: float = 5.0) -> AmiReply:
        assert (name, fields["Variable"]) == ("Getvar", "CHANNEL(rtcp,rxcount)")
        self.asked.append(fields["Channel"])
        return AmiReply("", {"Value": "1"}, "1", 1)


@pytest.mark.parametrize(
    ("callers_channel", "expected"),
    [
        ("PJSIP/carrier-1", ["PJSIP/1001-2", "PJSIP/carrier-1"]),
        ("Local/s@callback-1;1", ["PJSIP/1001-2"]),
    ],
)
async def test_who_is_asked(
    callers_channel: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = CountingLink()
    leg = Leg("c-o1", "c", "PJSIP/1001-2", up=True, bridged=True, bridged_ms=1)
    observer = SimpleNamespace(
        legs={"l": leg}, callers={"c": Caller(callers_channel)}, orders=SimpleNamespace(link=link)
    )
    engine = SimpleNamespace(clock=SimpleNamespace(now_ms=lambda: 100_000))
    once = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        once.set()
        await asyncio.Event().wait()

    watch = MediaWatch(cast(Any, engine), cast(Any, observer), CollectorRegistry())
    monkeypatch.setattr(media_watch, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    task = asyncio.get_running_loop().create_task(watch.run())
    await once.wait()
    task.cancel()
    assert link.asked == expected
