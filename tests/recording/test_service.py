"""The keeper as a service: acd's journal before and after its start leads to kept recordings."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hotline.core.settings import Hotline, Settings
from hotline.deployment import Deployment
from hotline.journal import JournalWriter, Position, read_journal
from hotline.secrets import Secrets
from hotline.service import Service
from recording import service as module
from recording.service import first_position, start


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    return deployment


@pytest.fixture
def acd(deployment: Deployment) -> Iterator[JournalWriter]:
    writer = JournalWriter(deployment.journal("acd"), "acd")
    yield writer
    writer.close()


@pytest.fixture(autouse=True)
def same_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NICENESS", os.getpriority(os.PRIO_PROCESS, 0))


def talk(deployment: Deployment, acd: JournalWriter, segment: str) -> None:
    raw = deployment.recordings_incoming / f"{segment}.raw"
    raw.write_bytes(b"\x01\x00\x02\x00" * 8000)
    os.utime(raw, (time.time() - 5,) * 2)
    body = {"contact": "c1", "segment": segment, "recording": f"2026/10/01/{segment}"}
    for kind in ("CallConnected", "SegmentEnded"):
        acd.append(kind, 1, body, fact_id=f"{segment}/{kind}", contact="c1")


async def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not within 10 s")


async def test_recordings_from_before_and_after_the_start_are_kept(
    deployment: Deployment, acd: JournalWriter
) -> None:
    talk(deployment, acd, "1-1")
    settings = Settings(1, hotline=Hotline(timezone="Asia/Shanghai"))
    service = Service("keeper", deployment, Secrets.load(deployment), settings)
    close = await start(service)
    kept = deployment.recordings / "2026/10/01"
    try:
        await until((kept / "1-1.wav").exists)
        talk(deployment, acd, "1-2")
        await until(lambda: not any(deployment.recordings_incoming.iterdir()))
    finally:
        await close()
    told = [(line.kind, line.fact_id, line.contact) for _, line in read_journal(deployment.journal("keeper"))]
    assert told == [("RecordingKept", "1-1/recording", "c1"), ("RecordingKept", "1-2/recording", "c1")]
    assert sorted(path.name for path in kept.iterdir()) == ["1-1.wav", "1-2.wav"]


async def test_a_sweep_that_fails_in_an_unknown_way_is_told_and_the_next_one_is_taken(
    deployment: Deployment, acd: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep, fail = module.Keeper.sweep, [True]

    def failing(keeper: module.Keeper) -> int:
        if fail:
            raise ValueError("never seen before")
        return sweep(keeper)

    monkeypatch.setattr(module.Keeper, "sweep", failing)
    talk(deployment, acd, "1-1")
    settings = Settings(1, hotline=Hotline(timezone="Asia/Shanghai"))
    service = Service("keeper", deployment, Secrets.load(deployment), settings)
    told: list[str] = []
    monkeypatch.setattr(service, "not_ready", told.append)
    close = await start(service)
    try:
        await until(lambda: bool(told))
        assert "never seen before" in told[0]
        fail.clear()
        await until((deployment.recordings / "2026/10/01/1-1.wav").exists)
    finally:
        await close()


def test_reading_begins_where_the_oldest_raw_file_does(deployment: Deployment, acd: JournalWriter) -> None:
    folder = deployment.journal("acd")
    acd.rotate(None)
    acd.rotate(None)
    for number, second in ((1, 100), (2, 200), (3, 300)):
        os.utime(folder / f"{number:08}.jsonl", (second, second))
    begins = [first_position(folder, since) for since in (50_000, 100_000, 100_001, 250_000, 400_000, None)]
    assert begins == [Position(number, 0) for number in (1, 1, 2, 3, 3, 3)]


def test_without_a_journal_of_acd_reading_begins_at_its_start(tmp_path: Path) -> None:
    assert first_position(tmp_path / "none", None) is None
