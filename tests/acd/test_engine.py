"""The engine and a disk that refuses: calls go on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry

from acd.core.distributor import Distributor
from acd.core.facts import LoginRefused
from acd.core.picture import Picture
from acd.engine import ROTATE_AGAIN_MS, Engine


class FullDisk:
    """A journal whose file is full, and no other can be begun."""

    full = True

    def __init__(self) -> None:
        self.asked = 0

    def append(self, kind: str, version: int, body: dict[str, Any], **_: object) -> object:
        return SimpleNamespace(kind=kind, body=body)

    def rotate(self, checkpoint: object) -> bool:
        self.asked += 1
        return False


def test_a_disk_that_refuses_a_new_file_is_not_asked_with_every_fact() -> None:
    journal: Any = FullDisk()
    clock: Any = SimpleNamespace(at_ms=1000, now_ms=lambda: clock.at_ms)
    engine = Engine(Distributor(1), Picture(lambda _: 0), journal, clock, CollectorRegistry())
    for _ in range(50):
        engine.record(LoginRefused(1000, "1001", "desk1", 1))
    assert journal.asked == 1
    clock.at_ms += ROTATE_AGAIN_MS
    engine.record(LoginRefused(1000, "1001", "desk1", 1))
    assert journal.asked == 2
