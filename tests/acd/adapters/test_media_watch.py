"""Who is heard: by reports of RTCP; legs of which nothing is reported are asked, no line of a callback is."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters import media_watch
from acd.adapters.legs import Caller, Leg
from acd.adapters.media_watch import MediaWatch
from acd.core.facts import MediaSilent
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


class Talk:
    """One conversation since 1 s: agent's leg "l", caller "c"; what is told is in `facts`."""

    def __init__(self, callers_channel: str = "PJSIP/carrier-1") -> None:
        self.now_ms = 100_000
        self.facts: list[MediaSilent] = []
        self.link = CountingLink()
        self.leg = Leg("c-o1", "c", "PJSIP/1001-2", up=True, bridged=True, bridged_ms=1_000)
        observer = SimpleNamespace(
            legs={"l": self.leg},
            callers={"c": Caller(callers_channel)},
            orders=SimpleNamespace(link=self.link),
        )
        engine = SimpleNamespace(clock=SimpleNamespace(now_ms=lambda: self.now_ms), record=self.facts.append)
        self.watch = MediaWatch(cast(Any, engine), cast(Any, observer), CollectorRegistry())

    def report(self, at_s: float, uniqueid: str, last: int | str | None) -> None:
        """At so many seconds a report of the last packet received on a channel; None: of none."""
        self.now_ms = round(1000 * at_s)
        block = {} if last is None else {"Report0HighestSequence": str(last)}
        self.watch.on_report({"Event": "RTCPSent", "Uniqueid": uniqueid, **block})

    async def look_once(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """One round of questions: the channels that were asked."""
        once = asyncio.Event()

        async def sleep(seconds: float) -> None:
            if seconds > 1:  # the pause between two rounds
                once.set()
                await asyncio.Event().wait()

        monkeypatch.setattr(media_watch, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
        task = asyncio.get_running_loop().create_task(self.watch.run())
        await once.wait()
        task.cancel()
        return self.link.asked


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
    assert await Talk(callers_channel).look_once(monkeypatch) == expected


async def test_who_is_reported_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    talk.report(95.0, "l", 17)
    talk.report(100.0, "c", 4)
    assert await talk.look_once(monkeypatch) == []
    talk.now_ms += media_watch.REPORTED_WITHIN_MS - 1000
    assert await talk.look_once(monkeypatch) == ["PJSIP/1001-2"]


async def test_a_report_is_due_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Talk()
    talk.leg.bridged_ms = talk.now_ms - media_watch.REPORTED_WITHIN_MS + 1
    assert await talk.look_once(monkeypatch) == []


# What is reported of whom, at which second (the talk began at 1.0); what is told, at which second.
REPORTS = {
    "heard": ("l:2:10 l:7.5:260 l:13.0:515", ""),
    "sound_ends": ("l:2:10 l:7.5:260 l:13.0:260 l:18.5:260", "agent:13000:5500"),
    "never_a_packet": ("l:2:- l:7.5:-", "agent:7500:6500"),
    "not_for_long": ("l:2:- l:5.9:-", ""),
    "caller": ("c:2:9 c:7.5:9", "caller:7500:5500"),
    "each_side_by_itself": ("l:2:9 c:2.1:9 l:7.5:260 c:7.6:9", "caller:7600:5500"),
    "again_after_sound": ("l:2:1 l:7.5:1 l:13.0:9 l:18.5:9", "agent:7500:5500 agent:18500:5500"),
    "not_a_number": ("l:2:x l:7.5:x", ""),
    "somebody_else": ("m:2:9 m:7.5:9", ""),
}


@pytest.mark.parametrize("name", REPORTS)
def test_what_reports_tell(name: str) -> None:
    reports, expected = REPORTS[name]
    talk = Talk()
    for report in reports.split():
        who, at_s, last = report.split(":")
        talk.report(float(at_s), who, None if last == "-" else last)
    told = " ".join(f"{one.side}:{one.at_ms}:{one.silent_ms}" for one in talk.facts)
    assert told == expected


def test_on_hold_nobody_is_silent() -> None:
    talk = Talk()
    talk.report(2.0, "l", 9)
    talk.leg.held = True
    talk.report(7.5, "l", 9)
    talk.leg.held = False
    talk.report(13.0, "l", 9)
    assert talk.facts == []
    talk.report(18.5, "l", 9)
    assert [one.silent_ms for one in talk.facts] == [5_500]


def test_a_leg_that_does_not_talk_yet_is_not_listened_to() -> None:
    talk = Talk()
    talk.leg.bridged = False
    for at_s in (2.0, 7.5, 13.0):
        talk.report(at_s, "l", None)
        talk.report(at_s, "c", None)
    assert talk.facts == []
