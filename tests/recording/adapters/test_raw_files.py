"""Raw files on a real disk: listing, who holds them, and the WAV made of one."""

from __future__ import annotations

import errno
import hashlib
import os
import wave
from pathlib import Path

import pytest

from recording.adapters import raw_files as module
from recording.adapters.raw_files import RawFile, RawGrew, held_files, make_recording, raw_files

AGENT, CALLER = b"\x01\x00", b"\x02\x00"


def test_raw_files_are_listed_oldest_first_and_strangers_counted(tmp_path: Path) -> None:
    for name, second in (("1-2.raw", 20), ("1-1.raw", 10), ("notes.txt", 5)):
        (tmp_path / name).write_bytes(b"12345678" * 4000)
        os.utime(tmp_path / name, (second, second))
    (tmp_path / "1-3.raw").symlink_to(tmp_path / "1-1.raw")
    (tmp_path / "1-4.raw").mkdir()
    found, strangers = raw_files(tmp_path)
    assert [(raw.segment, raw.written_ms, raw.began_ms) for raw in found] == [
        ("1-1", 10_000, 9_000),
        ("1-2", 20_000, 19_000),
    ]
    assert strangers == 3


def test_held_files_are_those_open_in_the_process_of_the_pid_file(tmp_path: Path) -> None:
    pid_file = tmp_path / "asterisk.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    with (tmp_path / "1-1.raw").open("wb"):
        assert held_files(pid_file, tmp_path) == {"1-1.raw"}
    assert held_files(pid_file, tmp_path) == set()


@pytest.mark.parametrize("content", [None, "", "nonsense", "99999999"])
def test_without_such_a_process_nothing_is_held(tmp_path: Path, content: str | None) -> None:
    pid_file = tmp_path / "asterisk.pid"
    if content is not None:
        pid_file.write_text(content)
    with (tmp_path / "1-1.raw").open("wb"):
        assert held_files(pid_file, tmp_path) == set()


def raw_of(path: Path, content: bytes) -> RawFile:
    path.write_bytes(content)
    return RawFile(path, path.stem, len(content), 10_000)


def test_a_recording_has_the_caller_left_and_the_torn_frame_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK_BYTES", 1024)  # several chunks
    raw = raw_of(tmp_path / "1-1.raw", (AGENT + CALLER) * 8000 + b"\x01\x00\x02")
    made = make_recording(raw, tmp_path / "1-1.part", tmp_path / "2026/10/01/1-1.wav")
    content = (tmp_path / "2026/10/01/1-1.wav").read_bytes()
    assert (made.length_ms, made.size_bytes) == (1000, len(content)) == (1000, 32_044)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    with wave.open(str(tmp_path / "2026/10/01/1-1.wav")) as sound:
        assert sound.getparams()[:4] == (2, 2, 8000, 8000)
        assert sound.readframes(8000) == (CALLER + AGENT) * 8000
    assert not (tmp_path / "1-1.part").exists()


def test_a_file_that_grew_meanwhile_is_not_kept(tmp_path: Path) -> None:
    raw = raw_of(tmp_path / "1-1.raw", (AGENT + CALLER) * 100)
    with raw.path.open("ab") as file:
        file.write(AGENT + CALLER)
    with pytest.raises(RawGrew):
        make_recording(raw, tmp_path / "1-1.part", tmp_path / "kept/1-1.wav")
    assert not (tmp_path / "kept").exists()
    assert not (tmp_path / "1-1.part").exists()


def test_a_half_made_recording_does_not_keep_the_disk_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    raw = raw_of(tmp_path / "1-1.raw", (AGENT + CALLER) * 100)
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        make_recording(raw, tmp_path / "1-1.part", tmp_path / "kept/1-1.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["1-1.raw"]


def test_where_the_caller_is_first_nothing_is_exchanged(tmp_path: Path) -> None:
    raw = raw_of(tmp_path / "o-1.2.1.raw", (CALLER + AGENT) * 100)
    make_recording(raw, tmp_path / "1.part", tmp_path / "1.wav", swap=False)
    assert (tmp_path / "1.wav").read_bytes()[44:] == (CALLER + AGENT) * 100


def test_a_file_that_shrank_meanwhile_is_an_error(tmp_path: Path) -> None:
    raw = raw_of(tmp_path / "1-1.raw", (AGENT + CALLER) * 100)
    os.truncate(raw.path, 40)
    with pytest.raises(OSError, match="shorter than it was"):
        make_recording(raw, tmp_path / "1-1.part", tmp_path / "kept/1-1.wav")
