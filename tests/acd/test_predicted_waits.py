"""Who is judged by the expected wait, how often, and by how many plays."""

import asyncio
from types import SimpleNamespace
from typing import Any

from decision_table import START_MS, Table, event_of, outcome
from prometheus_client import CollectorRegistry

from acd import predicted_waits
from acd.core.events import Event
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.predicted_waits import PredictedWaits


class House:
    """A table with a picture, as far as the watch looks at an engine; and a forecaster with given waits."""

    def __init__(self, **waits_ms: int | None) -> None:
        self.table, self.picture = Table(), Picture(lambda _: 0)
        self.distributor = self.table.distributor
        self.registry = CollectorRegistry()
        self.followers: list[Any] = []
        self.said: list[str] = []
        self.asked: list[list[str]] = []
        self.waits_ms = waits_ms
        self.judged = asyncio.Event()
        self.watch = PredictedWaits(self, self, self.registry)  # type: ignore[arg-type]

    def follow(self, follower: Any) -> None:
        self.followers.append(follower)

    def play(self, words: str) -> None:
        self.handle(event_of(words.split()))

    def handle(self, event: Event) -> None:
        decision = self.table.handle(event, 0)
        self.said += outcome(decision)
        for fact in decision.facts:
            body = to_body(fact)
            self.picture.apply(type(fact).__name__, START_MS, body)
            for follower in self.followers:
                follower(SimpleNamespace(kind=type(fact).__name__, body=body))

    async def foresee(self, contacts: list[str]) -> dict[str, int | None]:
        self.asked.append(contacts)
        self.judged.set()
        return {contact: self.waits_ms[contact] for contact in contacts}


async def test_newcomers_are_judged_once_and_those_who_wait_when_it_is_time_again() -> None:
    house = House(c1=99_000, c2=1_000)
    for words in ("arrive c1 quick since=0", "arrive c2 quick since=0", "arrive c3 orders since=0"):
        house.play(words)
    house.said.clear()
    await house.watch.judge(again=False)
    assert house.said == ["overflowed c1 to voicemail: predicted_wait of 99000", "! send c1 to voicemail"]
    await house.watch.judge(again=False)
    house.waits_ms = {"c2": 99_000}
    await house.watch.judge(again=True)
    assert house.asked == [["c1", "c2"], ["c2"]]
    assert house.said[2:] == [
        "overflowed c2 to queue:small: predicted_wait of 99000",
        "! send c2 to queue:small",
    ]
    assert house.registry.get_sample_value("hotline_acd_predicted_waits_total") == 3


async def test_an_entry_wakes_the_watch_where_the_queue_has_a_limit(monkeypatch: Any) -> None:
    monkeypatch.setattr(predicted_waits, "AGAIN_S", 3600)
    house = House(c1=1_000)
    running = asyncio.ensure_future(house.watch.run())
    try:
        house.play("arrive c2 orders since=0")
        await asyncio.sleep(0)
        assert not house.judged.is_set()
        house.play("arrive c1 quick since=0")
        async with asyncio.timeout(5):
            await house.judged.wait()
        assert house.asked == [["c1"]]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
