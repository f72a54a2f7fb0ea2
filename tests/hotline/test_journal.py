"""The writer's promises: on file before return, epochs, torn tails, rotation, and a disk that refuses."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hotline.journal import (
    JournalBusy,
    JournalMetrics,
    JournalUnavailable,
    JournalWriter,
    read_from_checkpoint,
    read_journal,
)
from hotline.journal_line import decode
from hotline.journal_reader import file_numbers, file_path


def add(writer: JournalWriter, *numbers: int) -> None:
    for number in numbers:
        writer.append("Counted", 1, {"number": number}, fact_id=f"n/{number}")


def numbers(folder: Path) -> list[int]:
    return [envelope.body["number"] for _, envelope in read_journal(folder) if envelope.kind == "Counted"]


def test_a_fact_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    envelope = writer.append("Counted", 2, {"number": 1}, fact_id="c/1", contact="c", at_us=7)
    lines = file_path(tmp_path, 1).read_bytes().splitlines()
    assert decode(lines[-1]) == envelope
    assert (envelope.epoch, envelope.seq, envelope.version, envelope.contact, envelope.at_us) == (
        1,
        1,
        2,
        "c",
        7,
    )
    writer.close()


def test_every_opening_is_a_new_epoch_and_goes_on_counting(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        writer = JournalWriter(tmp_path, "acd")
        add(writer, number)
        writer.close()
    envelopes = [envelope for _, envelope in read_journal(tmp_path)]
    assert [(envelope.epoch, envelope.seq) for envelope in envelopes] == [(1, 1), (2, 2), (3, 3)]


def test_only_one_process_may_write(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    with pytest.raises(JournalBusy):
        JournalWriter(tmp_path, "acd")
    writer.close()
    JournalWriter(tmp_path, "acd").close()


def test_a_folder_that_cannot_be_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnavailable, match="file/acd"):
        JournalWriter(tmp_path / "file" / "acd", "acd")


@pytest.mark.parametrize(
    "tail", [b'{"crc":"00', b"\0" * 300, b'{"crc":"00000000","writer":1}\n', b"x\ny\n\0"]
)
def test_a_torn_tail_is_cut_at_the_next_opening(tmp_path: Path, tail: bytes) -> None:
    writer = JournalWriter(tmp_path, "acd")
    add(writer, 1, 2)
    writer.close()
    file = file_path(tmp_path, 1)
    whole = file.stat().st_size
    with file.open("ab") as out:
        out.write(tail)
    writer = JournalWriter(tmp_path, "acd")
    add(writer, 3)
    writer.close()
    assert file.stat().st_size == whole
    assert [(e.epoch, e.seq, e.body["number"]) for _, e in read_journal(tmp_path)] == [
        (1, 1, 1),
        (1, 2, 2),
        (2, 3, 3),
    ]


def test_a_file_torn_in_its_first_line_does_not_reset_the_count(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    add(writer, 1)
    writer.close()
    file_path(tmp_path, 2).write_bytes(b'{"crc":"12')
    writer = JournalWriter(tmp_path, "acd")
    assert (writer.epoch, writer.seq) == (2, 1)
    writer.close()


def test_the_last_line_is_found_behind_a_very_long_one(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    writer.append("Counted", 1, {"number": 1, "text": "x" * 500_000}, fact_id="n/1")
    writer.close()
    writer = JournalWriter(tmp_path, "acd")
    assert writer.seq == 1
    writer.close()


def test_recovery_reads_only_from_the_last_checkpoint(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    add(writer, 1, 2)
    assert writer.rotate({"sum": 3})
    add(writer, 3)
    writer.close()
    writer = JournalWriter(tmp_path, "acd")  # no checkpoint at this opening
    add(writer, 4)
    checkpoint, facts = read_from_checkpoint(tmp_path)
    assert checkpoint == {"sum": 3}
    assert [envelope.body["number"] for envelope in facts] == [3, 4]
    assert numbers(tmp_path) == [1, 2, 3, 4]
    writer.close()
    JournalWriter(tmp_path, "acd", checkpoint={"sum": 10}).close()
    checkpoint, facts = read_from_checkpoint(tmp_path)
    assert (checkpoint, list(facts)) == ({"sum": 10}, [])


def test_without_a_checkpoint_everything_is_read(tmp_path: Path) -> None:
    assert read_from_checkpoint(tmp_path / "none")[0] is None
    writer = JournalWriter(tmp_path, "acd")
    add(writer, 1)
    writer.close()
    checkpoint, facts = read_from_checkpoint(tmp_path)
    assert checkpoint is None
    assert len(list(facts)) == 1


def test_an_owner_is_told_when_to_rotate_and_rotated_when_it_never_does(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "ivr", max_bytes=1000)
    assert not writer.full
    while not writer.full:
        add(writer, writer.seq)
    assert file_numbers(tmp_path) == [1]
    add(writer, *range(writer.seq, writer.seq + 20))
    assert len(file_numbers(tmp_path)) > 1
    assert numbers(tmp_path) == list(range(writer.seq))
    writer.close()


def test_a_body_that_is_not_json_is_refused_and_uses_no_number(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    with pytest.raises(ValueError, match="not JSON compliant"):
        writer.append("Counted", 1, {"number": float("nan")}, fact_id="x")
    add(writer, 1)
    assert writer.seq == 1
    writer.close()


def test_everything_is_forced_to_disk_within_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    really = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        synced.add(os.readlink(f"/proc/self/fd/{descriptor}"))
        really(descriptor)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    writer = JournalWriter(tmp_path, "acd")
    add(writer, 1)
    writer.rotate({})
    add(writer, 2)
    wanted = {str(tmp_path), str(file_path(tmp_path, 1)), str(file_path(tmp_path, 2))}
    deadline = time.monotonic() + 3
    while synced != wanted:
        assert time.monotonic() < deadline, f"not synced: {wanted - synced}"
        time.sleep(0.01)
    time.sleep(0.3)  # what is under way comes to its end
    synced.clear()
    looks: list[bool] = []
    monkeypatch.setattr(writer, "sync", lambda: looks.append(True) or True)
    time.sleep(0.3)
    assert (synced, looks) == (set(), []), "nothing new: nothing is done, and nobody wakes"
    monkeypatch.undo()
    writer.close()


class FailingSync:
    """os.fdatasync of a disk that fails while `broken`, and takes its time while `held`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = False
        self.free = threading.Event()
        self.free.set()
        self.entered = threading.Event()
        self.done = 0
        self._really = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self)

    def __call__(self, descriptor: int) -> None:
        self.entered.set()
        assert self.free.wait(5)
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        self._really(descriptor)
        self.done += 1


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal's own thread does nothing: who calls sync is alone."""
    monkeypatch.setattr("hotline.journal.SYNC_EVERY_S", 3600.0)


@pytest.mark.usefixtures("idle")
def test_who_asks_is_told_whether_the_disk_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(tmp_path, "keeper")
    add(writer, 1)
    assert writer.sync()
    assert writer.sync(), "nothing new: it is still there"
    disk = FullDisk(monkeypatch, room=0)
    add(writer, 2)
    assert not writer.sync()
    disk.room = 1 << 30
    assert writer.sync(), "written from memory"
    writer.close()


@pytest.mark.usefixtures("idle")
def test_after_a_failed_sync_only_what_is_appended_anew_is_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next fdatasync succeeds, though what the first one failed to write may be lost."""
    registry = CollectorRegistry()
    disk = FailingSync(monkeypatch)
    writer = JournalWriter(tmp_path, "keeper", metrics=JournalMetrics(registry, "keeper"))
    add(writer, 1)
    writer.rotate({})  # two files and their folder
    disk.broken = True
    assert not writer.sync()
    assert not writer.sync(), "tried again"
    assert registry.get_sample_value("hotline_journal_write_errors_total", {"writer": "keeper"}) == 6
    disk.broken, disk.done = False, 0
    assert not writer.sync()
    assert disk.done == 3, "all that failed is dirty again"
    add(writer, 1)
    assert writer.sync()
    writer.close()


@pytest.mark.usefixtures("idle")
def test_a_line_that_was_given_up_is_not_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(tmp_path, "keeper", buffer_bytes=300)
    disk = FullDisk(monkeypatch, room=0)
    add(writer, *range(5))
    assert not writer.sync()
    disk.room = 1 << 30
    assert not writer.sync(), "the gap is told, its lines are lost"
    add(writer, 5)
    assert writer.sync()
    writer.close()


@pytest.mark.usefixtures("idle")
def test_what_another_thread_has_begun_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FailingSync(monkeypatch)
    writer = JournalWriter(tmp_path, "keeper")
    add(writer, 1)
    disk.free.clear()
    disk.entered.clear()
    told: list[bool] = []
    threads = [threading.Thread(target=lambda: told.append(writer.sync())) for _ in range(2)]
    threads[0].start()
    assert disk.entered.wait(5)
    threads[1].start()
    threads[1].join(0.2)
    assert told == [], "its line is with the disk, which has not answered"
    disk.free.set()
    for thread in threads:
        thread.join(5)
    assert told == [True, True]
    writer.close()


def test_the_thread_goes_on_after_a_failed_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FailingSync(monkeypatch)
    writer = JournalWriter(tmp_path, "acd")
    disk.broken = True
    add(writer, 1)
    disk.entered.clear()
    assert disk.entered.wait(3)
    disk.broken, disk.done = False, 0
    deadline = time.monotonic() + 3
    while not disk.done:
        assert time.monotonic() < deadline, "the thread is gone"
        time.sleep(0.01)
    writer.close()


def test_a_close_while_the_thread_has_just_begun_to_sync_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread's pause is over, `close` wakes it, and the thread takes that for a fact's wake-up."""
    writer = JournalWriter(tmp_path, "acd")
    paused = writer._stop.wait

    def pause(limit_s: float) -> bool:
        over = paused(limit_s)
        if not over and not closing.is_alive():
            closing.start()
            while not writer._stop.is_set() or not writer._to_sync.is_set():
                time.sleep(0.001)
        return over

    closing = threading.Thread(target=writer.close, daemon=True)
    time.sleep(0.3)  # what its opening has begun comes to its end
    monkeypatch.setattr(writer._stop, "wait", pause)
    add(writer, 1)
    deadline = time.monotonic() + 5
    while not writer._stop.is_set() or closing.is_alive():
        assert time.monotonic() < deadline, "the journal does not close"
        time.sleep(0.01)
    assert numbers(tmp_path) == [1]


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(3):
        writer = JournalWriter(tmp_path, "acd")
        add(writer, number)
        writer.rotate({})
        writer.close()
        writer.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_large_checkpoint_does_not_fill_the_file(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd", max_bytes=1000, checkpoint={"state": "x" * 5000})
    assert not writer.full
    writer.rotate({"state": "x" * 5000})
    assert not writer.full
    writer.close()


class FullDisk:
    """os.write of a disk that takes `room` more bytes, the last of them as part of a line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self._write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, descriptor: int, line: bytes) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(descriptor, line[: self.room])
        self.room -= written
        return written


def test_a_full_disk_delays_facts_and_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = CollectorRegistry()
    writer = JournalWriter(tmp_path, "acd", metrics=JournalMetrics(registry, "acd"))
    disk = FullDisk(monkeypatch, room=100)
    add(writer, *range(20))
    assert numbers(tmp_path) == []
    assert not writer.rotate({})
    disk.room = 1 << 30
    deadline = time.monotonic() + 5
    while numbers(tmp_path) != list(range(20)):
        assert time.monotonic() < deadline, "the thread did not try again"
        time.sleep(0.01)
    writer.close()
    assert registry.get_sample_value("hotline_journal_write_errors_total", {"writer": "acd"})
    assert registry.get_sample_value("hotline_journal_buffered_bytes", {"writer": "acd"}) == 0
    assert registry.get_sample_value("hotline_journal_lost_facts_total", {"writer": "acd"}) == 0


def test_beyond_the_bound_facts_are_given_up_and_the_gap_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    writer = JournalWriter(tmp_path, "acd", buffer_bytes=1000, metrics=JournalMetrics(registry, "acd"))
    disk = FullDisk(monkeypatch, room=0)
    add(writer, *range(50))
    disk.room = 1 << 30
    writer.sync()
    add(writer, 50)
    writer.close()
    kept = numbers(tmp_path)
    assert kept[-1] == 50
    assert kept[:-1] == list(range(len(kept) - 1))
    gap = next(envelope for _, envelope in read_journal(tmp_path) if envelope.kind == "JournalGap")
    assert gap.body == {"first_seq": len(kept), "last_seq": 50, "lost": 51 - len(kept)}
    assert [envelope.seq for _, envelope in read_journal(tmp_path)] == [*range(1, len(kept)), 51, 52]
    lost = registry.get_sample_value("hotline_journal_lost_facts_total", {"writer": "acd"})
    assert lost == gap.body["lost"]


KILLED = """
import sys
from pathlib import Path
from hotline.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]), "acd", max_bytes=20_000)
print("open", flush=True)
number = writer.seq
while True:
    writer.append("Counted", 1, {"number": number, "text": "x" * 200}, fact_id=f"n/{number}")
    print(number, flush=True)
    number += 1
    if writer.full:
        writer.rotate({"next": number})
"""


def test_kill_9_loses_nothing_that_append_returned(tmp_path: Path) -> None:
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        time.sleep(0.15)
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.stdout.read().split(b"\n")[:-1]]
        process.stdout.close()
        process.wait()
        kept = numbers(tmp_path)
        assert kept == list(range(len(kept)))
        assert len(kept) > told[-1]
        checkpoint, facts = read_from_checkpoint(tmp_path)
        rest = [envelope.body["number"] for envelope in facts]
        assert rest == kept[checkpoint["next"] if checkpoint else 0 :]
