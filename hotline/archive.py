"""The backup's file: a tar whose last entry, the manifest, holds the SHA-256 of every other.

The file appears under its name only when it is whole. Unpacking trusts nothing: names, kinds, sizes and
hashes must be those of the manifest. This module must not know what is in the files.

    ArchiveError
    ├── ArchiveExists   the file is there already
    └── ArchiveRefused  the file is not a whole backup
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from hotline.words import say, told

MANIFEST = "manifest.json"
FORMAT = 1
CHUNK_BYTES = 1 << 20


class ArchiveError(Exception):
    """A backup's file cannot be made or read."""


class ArchiveExists(ArchiveError):
    """The file is there already; nothing is ever overwritten."""


class ArchiveRefused(ArchiveError):
    """The file is not a whole backup: cut, changed, or made by something else."""


class _Hashed:
    """A readable file of a fixed number of bytes that hashes what is read."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self.sha256 = hashlib.sha256()
        self._source = source
        self._left = size

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        self.sha256.update(chunk)
        return chunk


class ArchiveWriter:
    """A backup's file while it is made. Use `finish`, else `abandon`."""

    def __init__(self, target: Path) -> None:
        """Raises ArchiveError when the file exists or cannot be made."""
        self._target = target
        self._part = target.with_name(target.name + ".part")
        if target.exists():
            raise ArchiveExists(say("archive.exists", file=target))
        try:
            self._part.unlink(missing_ok=True)
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise ArchiveError(say("archive.not_written", file=self._part, why=error.strerror)) from error
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.files: dict[str, dict[str, Any]] = {}

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a small file."""
        self._add(name, io.BytesIO(content), len(content), 0.0)

    def add_file(self, name: str, path: Path, size: int | None = None) -> str:
        """Add a file, or its first `size` bytes; returns the SHA-256. Raises OSError, also when it shrank."""
        with path.open("rb") as source:
            status = os.fstat(source.fileno())
            return self._add(name, source, status.st_size if size is None else size, status.st_mtime)

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, force everything to disk, and give the file its name."""
        content = {"format": FORMAT, **manifest, "files": self.files}
        text = json.dumps(content, ensure_ascii=False, indent=1).encode()
        self._add(MANIFEST, io.BytesIO(text), len(text), 0.0)
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def abandon(self) -> None:
        """Remove what has been written."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _add(self, name: str, source: IO[bytes], size: int, mtime: float) -> str:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = size, int(mtime), 0o600
        hashed = _Hashed(source, size)
        self._tar.addfile(entry, cast("IO[bytes]", hashed))
        sha256 = hashed.sha256.hexdigest()
        if name != MANIFEST:
            self.files[name] = {"bytes": size, "sha256": sha256}
        return sha256


def unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """Unpack into a folder that exists, and return the manifest. Files get mode 0600, folders 0700.

    Raises ArchiveRefused when anything is not as it was backed up: then the folder is of no use.
    """
    found: dict[str, dict[str, Any]] = {}
    try:
        with tarfile.open(archive, "r:") as tar:
            for entry in tar:
                if not entry.isreg() or not _is_safe(entry.name) or entry.name in found:
                    raise ArchiveRefused(say("archive.strange_entry", file=archive, entry=repr(entry.name)))
                found[entry.name] = _unpack_one(tar, entry, folder)
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveRefused(say("archive.not_whole", file=archive, why=told(error))) from error
    except OSError as error:
        file = error.filename or archive
        raise ArchiveError(say("archive.not_written", file=file, why=error.strerror)) from error
    found.pop(MANIFEST, None)
    return _checked_manifest(archive, folder / MANIFEST, found)


def _checked_manifest(archive: Path, file: Path, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if not file.exists():
        raise ArchiveRefused(say("archive.no_manifest", file=archive))
    try:
        manifest = json.loads(file.read_bytes())
        expected, version = manifest["files"], manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveRefused(say("archive.bad_manifest", file=archive)) from error
    if version != FORMAT:
        raise ArchiveRefused(say("archive.format", file=archive, format=repr(version), allowed=FORMAT))
    for name in sorted({*expected, *found}):
        if name not in found:
            raise ArchiveRefused(say("archive.entry_missing", file=archive, entry=name))
        if name not in expected:
            raise ArchiveRefused(say("archive.entry_unlisted", file=archive, entry=name))
        if expected[name] != found[name]:
            raise ArchiveRefused(say("archive.entry_changed", file=archive, entry=name))
    return cast("dict[str, Any]", manifest)


def _unpack_one(tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> dict[str, Any]:
    source = tar.extractfile(entry)
    assert source is not None, "a regular file has contents"
    target = folder / entry.name
    for parent in reversed(PurePosixPath(entry.name).parents):
        (folder / parent).mkdir(mode=0o700, exist_ok=True)
    sha256 = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            sha256.update(chunk)
            out.write(chunk)
    os.utime(target, (entry.mtime, entry.mtime))
    return {"bytes": entry.size, "sha256": sha256.hexdigest()}


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and str(PurePosixPath(name)) == name
