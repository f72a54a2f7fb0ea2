"""The numbers of those who are to be called back: a file of our own, for facts bear references only.

A small JSON object, written whole and put in place at once, readable by its owner alone. It lies among the
secrets, which backups take along. This module must not know what a callback is.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection
from pathlib import Path

logger = logging.getLogger(__name__)


class NumberFile:
    """Numbers by id, kept in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = self._read()

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            logger.error("numbers_unreadable", extra={"path": str(self._path), "error": type(error).__name__})
            return {}
        if not isinstance(found, dict):
            logger.error("numbers_unreadable", extra={"path": str(self._path), "error": "no object"})
            return {}
        return {str(name): str(number) for name, number in found.items()}

    def get(self, name: str) -> str:
        """The number of this id, "" when there is none."""
        return self._numbers.get(name, "")

    def keep(self, name: str, number: str) -> None:
        """Remember a number, also over a restart. Raises OSError when the file cannot be written."""
        self._numbers[name] = number
        self._write()

    def keep_only(self, names: Collection[str]) -> None:
        """Forget all other numbers. Raises OSError when the file cannot be written."""
        if gone := [name for name in self._numbers if name not in names]:
            for name in gone:
                del self._numbers[name]
            self._write()

    def _write(self) -> None:
        part = self._path.with_name(f".{self._path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._numbers, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
