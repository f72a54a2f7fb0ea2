"""A backup's file is whole or refused, and comes under its name only when it is whole."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from hotline.archive import ArchiveError, ArchiveExists, ArchiveRefused, ArchiveWriter, unpack


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    (tmp_path / "long").write_bytes(b"0123456789" * 300_000)
    writer = ArchiveWriter(tmp_path / "b.tar")
    writer.add_bytes("settings/current.json", b"{}")
    writer.add_file("recordings/长.wav", tmp_path / "long")
    writer.add_file("journal/acd/1", tmp_path / "long", 25)
    assert not (tmp_path / "b.tar").exists()
    writer.finish({"position": 7})
    return tmp_path / "b.tar"


def members(archive: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(archive) as tar:
        return [(entry, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]


def rewrite(archive: Path, entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(archive, "w") as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_what_was_packed_comes_out_and_only_for_its_owner(archive: Path, tmp_path: Path) -> None:
    assert archive.stat().st_mode & 0o777 == 0o600
    folder = tmp_path / "out"
    folder.mkdir()
    manifest = unpack(archive, folder)
    assert manifest["position"] == 7
    assert (folder / "recordings/长.wav").read_bytes() == b"0123456789" * 300_000
    assert (folder / "journal/acd/1").read_bytes() == b"0123456789012345678901234"
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_nothing_is_overwritten(archive: Path) -> None:
    with pytest.raises(ArchiveExists):
        ArchiveWriter(archive)


def test_an_abandoned_backup_leaves_nothing(tmp_path: Path) -> None:
    writer = ArchiveWriter(tmp_path / "b.tar")
    writer.add_bytes("a", b"1")
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="nowhere"):
        ArchiveWriter(tmp_path / "nowhere" / "b.tar")


def test_a_file_that_shrank_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"123")
    writer = ArchiveWriter(tmp_path / "b.tar")
    with pytest.raises(OSError, match="unexpected end"):
        writer.add_file("a", tmp_path / "short", 10)
    writer.abandon()


@pytest.mark.parametrize("keep", [0, 100, 511, 2_000_000, -3_000])
def test_a_cut_file_is_refused(archive: Path, tmp_path: Path, keep: int) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[:keep] if keep >= 0 else content[: content.rfind(b'"format"')])
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveRefused):
        unpack(archive, tmp_path / "out")


def test_a_changed_byte_is_refused_and_the_file_named(archive: Path, tmp_path: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[content.find(b"0123456789") + 500_000] ^= 1
    archive.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveRefused, match=r"长\.wav is not what was backed up"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "settings/current.json", "a//b", "new"]
)
def test_an_entry_of_another_name_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    rewrite(archive, [(tarfile.TarInfo(name), b"x"), *members(archive)])
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveRefused):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_link_is_refused(archive: Path, tmp_path: Path) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    rewrite(archive, [(link, b""), *members(archive)])
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveRefused, match="link"):
        unpack(archive, tmp_path / "out")


def test_a_missing_file_is_refused(archive: Path, tmp_path: Path) -> None:
    rewrite(archive, members(archive)[1:])
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveRefused, match=r"settings/current\.json is missing"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", json.dumps({"format": 99, "files": {}}).encode()])
def test_a_manifest_that_is_none_is_refused(archive: Path, tmp_path: Path, text: bytes) -> None:
    rewrite(archive, [*members(archive)[:-1], (tarfile.TarInfo("manifest.json"), text)])
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveRefused):
        unpack(archive, tmp_path / "out")
