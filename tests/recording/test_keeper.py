"""The keeper on a real disk: what is kept, what is removed, and what a kill -9 between two steps leaves."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hotline.journal import JournalWriter, read_journal
from recording.core.raw import swap_channels
from recording.keeper import STEPS, Keeper, KeeperMetrics

FRAME = b"\x01\x00\x02\x00"
SECOND = FRAME * 8000


class House:
    """A data folder with a keeper."""

    def __init__(self, data: Path, **options: Any) -> None:
        self.recordings = data / "recordings"
        self.incoming = self.recordings / "incoming"
        self.pid_file = data / "asterisk.pid"
        self.registry = CollectorRegistry()
        self.journal_folder = data / "journal"
        self.journal = JournalWriter(self.journal_folder, "keeper")
        self.keeper = Keeper(
            self.recordings,
            self.pid_file,
            self.journal,
            lambda: UTC,
            KeeperMetrics(self.registry),
            **options,
        )

    def raw(self, segment: str, content: bytes = SECOND, quiet_s: float = 5.0) -> Path:
        path = self.incoming / f"{segment}.raw"
        path.write_bytes(content)
        written = time.time() - quiet_s
        os.utime(path, (written, written))
        return path

    def ended(self, segment: str) -> None:
        apply = self.keeper.segments.apply
        apply("CallConnected", {"contact": "c1", "segment": segment, "recording": f"2026/10/01/{segment}"})
        apply("SegmentEnded", {"contact": "c1", "segment": segment})

    def facts(self) -> list[dict[str, Any]]:
        return [envelope.body for _, envelope in read_journal(self.journal_folder)]

    def count(self, name: str) -> float:
        return self.registry.get_sample_value(f"hotline_recordings_{name}") or 0.0


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_finished_recording_is_kept_told_and_its_raw_removed(house: House) -> None:
    raw = house.raw("1-1")
    house.ended("1-1")
    assert house.keeper.sweep() == 1
    wav = house.recordings / "2026/10/01/1-1.wav"
    (fact,) = house.facts()
    assert fact == {
        "at_ms": fact["at_ms"],
        "contact": "c1",
        "segment": "1-1",
        "path": "2026/10/01/1-1.wav",
        "length_ms": 1000,
        "sha256": hashlib.sha256(wav.read_bytes()).hexdigest(),
        "bytes": 32_044,
    }
    assert abs(time.time() * 1000 - fact["at_ms"] - 5000) < 2000
    assert not raw.exists()
    assert (house.count("kept_total"), house.count("kept_seconds_total")) == (1, 1)
    assert house.keeper.sweep() == 0


def test_a_talk_that_goes_on_is_left_alone(house: House) -> None:
    house.raw("1-1", quiet_s=0)
    house.ended("1-1")
    house.raw("1-2", quiet_s=30)  # silent for a while, no end told
    house.raw("1-3", quiet_s=90)
    house.pid_file.write_text(str(os.getpid()))
    with (house.incoming / "1-3.raw").open("rb"):  # this process plays Asterisk
        assert house.keeper.sweep() == 0
    assert house.facts() == []
    assert house.count("incoming") == 3


def test_without_an_end_told_a_quiet_file_nobody_holds_is_kept(house: House) -> None:
    house.raw("1-3", quiet_s=90)
    assert house.keeper.sweep() == 1
    (fact,) = house.facts()
    assert (fact["contact"], fact["segment"]) == ("", "1-3")
    assert fact["path"] == time.strftime("%Y/%m/%d/1-3.wav", time.gmtime(fact["at_ms"] / 1000 - 1))
    assert house.count("untold_ends_total") == 1


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01\x00\x02"])
def test_files_without_a_whole_frame_are_removed_untold(house: House, content: bytes) -> None:
    raw = house.raw("1-1", content)
    house.keeper.segments.apply("OfferEnded", {"contact": "c1", "offer": "1-1"})
    assert house.keeper.sweep() == 1
    assert not raw.exists()
    assert house.facts() == []
    assert house.count("empty_total") == 1


def test_a_call_between_colleagues_is_kept_only_as_part_of_a_contact(house: House) -> None:
    house.raw("s-1.7", quiet_s=100)
    house.raw("s-1.9")
    house.ended("s-1.9")
    assert house.keeper.sweep() == 2
    assert [fact["segment"] for fact in house.facts()] == ["s-1.9"]
    assert house.count("private_total") == 1
    assert list(house.incoming.iterdir()) == []


def test_a_consultation_before_the_contact_is_not_kept(house: House) -> None:
    """… nor is a part of which nothing but the consultation was recorded."""
    told = {"contact": "c1", "recording": "", "recording_skip_ms": 600}
    for segment in ("s-1.9", "s-1.10"):
        house.keeper.segments.apply("CallConnected", {**told, "segment": segment})
        house.ended(segment)
    raw = house.raw("s-1.9", bytes(19_200) + SECOND[19_200:])
    sound = raw.read_bytes()[19_200:]
    house.raw("s-1.10", bytes(19_200))
    assert house.keeper.sweep() == 2
    (fact,) = house.facts()
    assert (fact["segment"], fact["length_ms"]) == ("s-1.9", 400)
    assert (house.recordings / fact["path"]).read_bytes()[44:] == swap_channels(sound)
    assert house.count("empty_total") == 1


def test_a_torn_end_is_cut_and_counted(house: House) -> None:
    house.raw("1-1", SECOND + b"\x01")
    house.ended("1-1")
    house.keeper.sweep()
    assert house.facts()[0]["length_ms"] == 1000
    assert house.count("torn_total") == 1


def test_strange_files_are_left_alone(house: House) -> None:
    stranger = house.incoming / "two words.raw"
    stranger.write_bytes(SECOND)
    os.utime(stranger, (0, 0))
    assert house.keeper.sweep() == 0
    assert stranger.exists()
    assert house.count("strangers") == 1


def test_a_failure_is_counted_the_raw_kept_and_the_others_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = house.raw("1-1")
    house.raw("1-2")
    house.ended("1-1")
    house.ended("1-2")
    (house.recordings / "2026/10/01/1-1.wav").mkdir(parents=True)  # in the way
    assert house.keeper.sweep() == 1
    assert house.keeper.sweep() == 0  # not tried again at once
    assert raw.exists()
    assert house.count("failures_total") == 1
    (house.recordings / "2026/10/01/1-1.wav").rmdir()
    monkeypatch.setattr("recording.keeper.RETRY_AFTER_S", 0.0)
    house.keeper._retry_at_s.clear()
    assert house.keeper.sweep() == 1
    assert sorted(fact["segment"] for fact in house.facts()) == ["1-1", "1-2"]


def test_a_raw_file_stays_until_its_fact_is_on_disk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = house.raw("1-1")
    house.ended("1-1")
    with monkeypatch.context() as broken:
        broken.setattr(house.journal, "sync", lambda: False)
        assert house.keeper.sweep() == 0
    assert raw.exists()
    assert (house.count("failures_total"), house.count("kept_total")) == (1, 0)
    house.keeper._retry_at_s.clear()
    assert house.keeper.sweep() == 1
    assert not raw.exists()
    first, second = house.facts()
    assert first == second


def test_low_disk_space_is_told_once_and_measured(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path, disk_low_bytes=1 << 62)
    house.keeper.watch_disk()
    house.keeper.watch_disk()
    assert [record.message for record in caplog.records] == ["disk_low"]
    assert house.count("disk_low") == 1
    assert house.count("disk_free_bytes") > 0
    enough = House(tmp_path / "other", disk_low_bytes=0)
    enough.keeper.watch_disk()
    assert enough.count("disk_low") == 0


def test_the_last_of_the_disk_is_left_to_calls_that_are_being_recorded(tmp_path: Path) -> None:
    house = House(tmp_path, reserve_bytes=1 << 62)
    raw = house.raw("1-1")
    private = house.raw("s-1.7", quiet_s=100)
    house.ended("1-1")
    assert house.keeper.sweep() == 1  # what needs no room is dealt with
    assert (raw.exists(), private.exists()) == (True, False)
    assert house.count("failures_total") == 1
    assert [path.name for path in house.recordings.iterdir() if path.name != "incoming"] == ["making"]


def test_who_was_transferred_outside_is_on_the_left_as_recorded(house: House) -> None:
    for segment in ("o-1795287640.12.1", "o-1795287640.13"):
        told = {"contact": "1795287640.12", "segment": segment, "recording": f"2026/10/01/{segment}"}
        house.raw(segment)
        house.keeper.segments.apply("OutgoingAnswered", told)
        house.keeper.segments.apply("OutgoingEnded", told)
    assert house.keeper.sweep() == 2
    sounds = {fact["segment"]: (house.recordings / fact["path"]).read_bytes()[44:] for fact in house.facts()}
    assert sounds == {"o-1795287640.12.1": SECOND, "o-1795287640.13": swap_channels(SECOND)}


def test_a_stop_ends_the_sweep_between_two_files(house: House) -> None:
    house.raw("1-1")
    house.ended("1-1")
    house.keeper.stop()
    assert house.keeper.sweep() == 0


KILLED_AT = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_keeper import House

def passed(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

house = House(Path(sys.argv[1]), passed=passed)
house.ended("1-1")
house.keeper.sweep()
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_any_step_the_recording_is_whole_and_told_as_one(tmp_path: Path, step: str) -> None:
    before = House(tmp_path)
    before.raw("1-1", SECOND + b"\x01\x00")
    before.journal.close()
    command = [sys.executable, "-c", KILLED_AT, str(tmp_path), step, str(Path(__file__).parent)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL

    house = House(tmp_path)
    house.ended("1-1")
    house.keeper.sweep()
    wav = (house.recordings / "2026/10/01/1-1.wav").read_bytes()
    assert wav[44:] == b"\x02\x00\x01\x00" * 8000
    told = {(envelope.fact_id, str(envelope.body)) for _, envelope in read_journal(house.journal_folder)}
    assert len(told) == 1  # perhaps twice in the journal, but to the last bit the same
    assert house.facts()[0]["sha256"] == hashlib.sha256(wav).hexdigest()
    assert list(house.incoming.iterdir()) == []
    assert list((house.recordings / "making").iterdir()) == []


def test_a_half_made_file_of_a_killed_keeper_is_cleared_away(tmp_path: Path) -> None:
    making = tmp_path / "recordings" / "making"
    making.mkdir(parents=True)
    (making / "1-1.wav").write_bytes(b"half")
    House(tmp_path)
    assert list(making.iterdir()) == []
