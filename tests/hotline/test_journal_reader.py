"""Reading on from anywhere, passing over damage, and following a writer through its files."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from hotline.journal import JournalFollower, JournalReader, JournalWriter, Position, read_journal
from hotline.journal_reader import file_path


def write(folder: Path, count: int, *, rotate_every: int = 1000) -> None:
    writer = JournalWriter(folder, "acd")
    for number in range(count):
        writer.append("Counted", 1, {"number": number}, fact_id=f"n/{number}")
        if number % rotate_every == rotate_every - 1:
            writer.rotate({"upto": number})
    writer.close()


def test_reading_goes_on_from_any_position(tmp_path: Path) -> None:
    write(tmp_path, 30, rotate_every=7)
    everything = list(read_journal(tmp_path))
    assert [envelope.body["number"] for _, envelope in everything] == list(range(30))
    for index, (position, _) in enumerate(everything):
        assert list(read_journal(tmp_path, position)) == everything[index + 1 :]


@pytest.mark.parametrize("limit", [1, 2, 7, 500])
def test_a_reader_gives_at_most_what_is_asked(tmp_path: Path, limit: int) -> None:
    write(tmp_path, 20, rotate_every=7)
    reader = JournalReader(tmp_path)
    parts = []
    while part := reader.read(limit):
        assert len(part) <= limit
        parts += part
    assert [envelope.body["number"] for _, envelope in parts] == list(range(20))
    assert reader.behind_bytes() == 0
    reader.close()


def test_a_damaged_line_in_the_middle_is_passed_over_and_counted(tmp_path: Path) -> None:
    write(tmp_path, 5)
    file = file_path(tmp_path, 1)
    file.write_bytes(file.read_bytes().replace(b'"number":2', b'"number":7'))
    reader = JournalReader(tmp_path)
    assert [envelope.body["number"] for _, envelope in reader.read()] == [0, 1, 3, 4]
    assert reader.damaged_lines == 1
    reader.close()


def test_half_a_line_is_waited_for(tmp_path: Path) -> None:
    write(tmp_path, 2)
    file = file_path(tmp_path, 1)
    whole = file.read_bytes()
    file.write_bytes(whole[:-10])
    reader = JournalReader(tmp_path)
    assert len(reader.read()) == 1
    assert reader.read() == []
    file.write_bytes(whole)
    assert [envelope.body["number"] for _, envelope in reader.read()] == [1]
    reader.close()


def test_a_torn_tail_of_a_finished_file_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, 2)
    with file_path(tmp_path, 1).open("ab") as file:
        file.write(b'{"crc":"12345')
    following = JournalReader(tmp_path)
    assert len(following.read()) == 2
    (tmp_path / "other").mkdir()
    write(tmp_path / "other", 1)
    file_path(tmp_path / "other", 1).rename(file_path(tmp_path, 2))
    assert len(following.read()) == 1
    following.close()


def test_a_power_cut_that_took_lines_already_read_does_not_stop_the_reader(tmp_path: Path) -> None:
    write(tmp_path, 3)
    position, _ = list(read_journal(tmp_path))[-1]
    file = file_path(tmp_path, 1)
    file.write_bytes(b"\n".join(file.read_bytes().split(b"\n")[:2]) + b"\n")
    writer = JournalWriter(tmp_path, "acd")
    writer.append("Counted", 1, {"number": 9}, fact_id="n/9")
    writer.close()
    assert [envelope.body["number"] for _, envelope in read_journal(tmp_path, position)] == [9]


def test_a_deleted_file_is_logged_and_reading_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, 20, rotate_every=7)
    position = next(iter(read_journal(tmp_path)))[0]
    file_path(tmp_path, 1).unlink()
    assert [envelope.body["number"] for _, envelope in read_journal(tmp_path, position)] == list(range(7, 20))
    assert "journal_file_missing" in caplog.text


def test_a_missing_folder_has_nothing_yet(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "later")
    assert reader.read() == []
    write(tmp_path / "later", 1)
    assert len(reader.read()) == 1
    assert reader.position > Position(1, 0)
    reader.close()


async def test_a_follower_wakes_within_50_ms_through_rotations(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "acd")
    follower = JournalFollower(tmp_path)
    late_ms: list[float] = []
    for number in range(20):
        woken = asyncio.ensure_future(anext(follower))
        await asyncio.sleep(0.005)
        at = time.monotonic()
        writer.append("Counted", 1, {"number": number}, fact_id=f"n/{number}")
        if number % 5 == 0:
            writer.rotate({})
        _, envelope = await asyncio.wait_for(woken, 1)
        late_ms.append((time.monotonic() - at) * 1000)
        assert envelope.body["number"] == number
    assert sorted(late_ms)[15] <= 50
    follower.close()
    writer.close()
