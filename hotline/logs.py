"""Logs as JSON lines, one file per service, rotated by size.

The event's name is the message, its values come in `extra`. Keys that start with `pii_` hold personal data
and are written under "pii", apart from the rest, so that a log can be shared without them. This module must
not know which services there are.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from hotline.file_sizes import LOG_BYTES, file_limit

MAX_BYTES = 20 * 1024 * 1024
BACKUPS = 5
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object per record: at (UTC), level, service, logger, event, then the values."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage(),
        }
        personal: dict[str, Any] = {}
        for key, value in vars(record).items():
            if key in _STANDARD or key in line:
                continue
            (personal if key.startswith("pii_") else line)[key] = value
        if personal:
            line["pii"] = personal
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=repr)


class _PrivateRotatingFile(RotatingFileHandler):
    """A rotating file that only its owner may read, from its first byte on."""

    def _open(self) -> TextIOWrapper:
        # Half a surrogate pair in a value that a stranger sent must not lose the line.
        return open(self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=_open_private)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def configure_logging(service: str, file: Path, *, level: int = logging.INFO) -> None:
    """Send all logging of this process to `file` as JSON lines; replaces earlier handlers."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    limit = file_limit(LOG_BYTES, MAX_BYTES)
    handler = _PrivateRotatingFile(file, maxBytes=limit, backupCount=BACKUPS, encoding="utf-8")
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(True)
    # aiohttp's access log would put a line per metrics scrape into the file.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
