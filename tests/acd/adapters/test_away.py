"""What Asterisk's log tells after a gap becomes facts, at the time when it happened and once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from decision_table import settings
from prometheus_client import CollectorRegistry

from acd.adapters import away
from acd.adapters.away import Away
from acd.adapters.cel import EndedContact, EndedLeg, Ends, Talk
from acd.clock import SteadyClock
from acd.core import events
from acd.core.distributor import Distributor
from acd.core.facts import ContactStarted
from acd.core.picture import Picture
from acd.engine import Engine
from hotline.journal import JournalWriter, read_journal

ENDED = EndedContact(
    started_ms=1_000,
    ended_ms=5_000,
    stage="waiting",
    outcome="queued",
    satisfaction=0,
    survey_asked=False,
    number="4001",
    trunk="carrier",
    direct=False,
    cause=16,
    by="caller",
)


class Clock(SteadyClock):
    """Stands still where it is put."""

    def __init__(self) -> None:
        self.ms = 2_000

    def now_ms(self) -> int:
        return self.ms


class House:
    """An engine with its journal, in a gap since 2,000 ms; c1 waits since 1,500 ms; it is now 9,000 ms."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        self.journal = JournalWriter(folder, "acd")
        distributor, picture = Distributor(1), Picture(lambda _: 0)
        self.engine = Engine(distributor, picture, self.journal, self.clock, CollectorRegistry())
        self.engine.handle(settings())
        self.engine.handle(events.AsteriskSnapshot((), ()))
        self.engine.handle(events.AgentLoggedIn("1001", "p1"))
        self.log = [Ends()]  # what the log says, the next time first; the last for ever
        self.reads = 0
        self.away = Away(self.engine, self._read, lambda offer, at_ms: f"day/{offer}", {"known"}, 2_000)
        self.arrive("c1", since_ms=1_500)
        self.engine.handle(events.AsteriskLost())
        self.clock.ms = 9_000

    def arrive(self, contact: str, *, since_ms: int) -> None:
        self.engine.record(ContactStarted(since_ms, contact, "4001", "carrier", False, ""))
        arrived = events.CallArrived(
            contact=contact,
            queue="service",
            needs="",
            priority=0,
            language="zh",
            wait_since_ms=since_ms,
            entry=1,
        )
        self.engine.handle(arrived)

    def _read(self) -> Ends:
        self.reads += 1
        return self.log.pop(0) if len(self.log) > 1 else self.log[0]

    def tell(self, ends: Ends, *, gone: tuple[str, ...] = (), in_fallback: tuple[str, ...] = ()) -> None:
        """As the observer does, c1 living if it is not gone."""
        alive = () if "c1" in gone else ("c1",)
        self.away.tell_before_snapshot(ends, gone, in_fallback, {})
        self.engine.handle(events.AsteriskSnapshot(alive, ()))
        self.away.tell_after_snapshot(ends, gone, {*alive, *gone})

    def facts(self, kind: str) -> list[dict[str, Any]]:
        self.journal.sync()
        return [envelope.body for _, envelope in read_journal(self.folder) if envelope.kind == kind]


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(away, "LOG_DELAY_S", 0.0)
    house = House(tmp_path)
    yield house
    house.engine.close()
    house.journal.close()


async def test_the_log_is_read_after_a_gap_and_when_a_contact_is_missing(house: House) -> None:
    await house.away.ends([])
    assert house.reads == 1
    house.tell(Ends())
    await house.away.ends(["not ours"])
    assert house.reads == 1
    house.away.begin()
    await house.away.ends([])
    assert house.reads == 2


async def test_a_log_that_is_late_about_a_missing_contact_is_read_again(house: House) -> None:
    late = Ends({"c1": ENDED})
    house.log = [Ends(), late]
    assert await house.away.ends(["c1"]) == late


async def test_who_gave_up_in_the_gap_abandoned_then(house: House) -> None:
    house.tell(Ends({"c1": ENDED}), gone=("c1",))
    [left] = house.facts("CallLeftQueue")
    assert (left["how"], left["wait_ms"]) == ("abandoned", 3_500)
    [ended] = house.facts("ContactEnded")
    assert (ended["at_ms"], ended["stage"], ended["hung_up_by"], ended["cause"]) == (
        5_000,
        "waiting",
        "caller",
        16,
    )
    assert ended["reason"] == "ended while acd was away"


async def test_a_satisfaction_given_in_the_gap_counts(house: House) -> None:
    told = replace(ENDED, stage="survey", satisfaction=4, survey_asked=True, by="us")
    house.tell(Ends({"c1": told}), gone=("c1",))
    [ended] = house.facts("ContactEnded")
    assert (ended["stage"], ended["satisfaction"], ended["survey_asked"]) == ("survey", 4, True)


async def test_what_nobody_tells_of_was_lost_with_asterisk(house: House) -> None:
    house.tell(Ends(), gone=("c1",))
    [left], [ended] = house.facts("CallLeftQueue"), house.facts("ContactEnded")
    assert left["how"] == "lost"
    assert (ended["hung_up_by"], ended["reason"]) == ("lost", "lost with Asterisk")


async def test_who_was_served_by_the_fallback_left_the_queue_for_it(house: House) -> None:
    house.tell(Ends({"c1": replace(ENDED, stage="fallback")}), gone=("c1",))
    [left], [ended] = house.facts("CallLeftQueue"), house.facts("ContactEnded")
    assert (left["how"], left["to"], ended["stage"]) == ("out", "fallback", "fallback")


async def test_who_is_in_the_fallback_now_has_left_the_queue(house: House) -> None:
    house.tell(Ends(), in_fallback=("c1", "somebody else"))
    [left] = house.facts("CallLeftQueue")
    assert (left["contact"], left["how"], left["to"]) == ("c1", "out", "fallback")
    assert house.facts("ContactEnded") == []


async def test_a_contact_that_came_and_went_unseen_is_counted_once(house: House) -> None:
    unseen = replace(ENDED, started_ms=3_000, stage="flow", outcome="")
    before = replace(ENDED, started_ms=1_999)
    ends = Ends({"new": unseen, "known": unseen, "before": before})
    house.tell(ends)
    house.tell(ends)  # a later snapshot, without a gap
    assert [(fact["contact"], fact["at_ms"], fact["number"]) for fact in house.facts("ContactStarted")] == [
        ("c1", 1_500, "4001"),
        ("new", 3_000, "4001"),
    ]
    [ended] = house.facts("ContactEnded")
    assert (ended["contact"], ended["at_ms"], ended["stage"]) == ("new", 5_000, "flow")
    assert house.engine.picture.day.check() == []


async def test_a_second_gap_begins_a_little_before_it_was_noticed(house: House) -> None:
    house.tell(Ends())
    house.away.begin()
    house.clock.ms = 12_000
    house.away.begin()  # still the same gap
    inside = replace(ENDED, started_ms=9_000 - away.OVERLAP_MS)
    house.tell(Ends({"inside": inside, "outside": replace(inside, started_ms=inside.started_ms - 1)}))
    assert [fact["contact"] for fact in house.facts("ContactEnded")] == ["inside"]


async def test_a_talk_that_began_and_ended_in_the_gap_is_a_talk(house: House) -> None:
    house.engine.handle(events.AsteriskSnapshot(("c1",), ()))
    house.engine.handle(events.AgentBecameReady("1001"))
    [offered] = house.facts("CallOffered")
    house.engine.handle(events.OfferRang(offered["offer"]))
    house.engine.handle(events.AsteriskLost())
    house.clock.ms = 20_000
    leg = EndedLeg(15_000, 16, "agent", Talk(answered_ms=11_000, connected_ms=12_000))
    told = replace(ENDED, stage="survey", ended_ms=15_100, by="agent")
    house.tell(Ends({"c1": told}, {offered["offer"]: leg}), gone=("c1",))
    [answered], [connected] = house.facts("CallAnswered"), house.facts("CallConnected")
    assert (answered["wait_ms"], connected["at_ms"]) == (9_500, 12_000)
    assert connected["recording"] == f"day/{offered['offer']}"
    [segment], [left] = house.facts("SegmentEnded"), house.facts("CallLeftQueue")
    assert (segment["at_ms"], segment["talk_ms"], segment["hung_up_by"]) == (15_000, 3_000, "agent")
    assert (left["how"], left["wait_ms"]) == ("answered", 9_500)
