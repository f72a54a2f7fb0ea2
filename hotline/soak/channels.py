"""Callers' channels that were gone before the dialplan began, told by Asterisk's own log of channels.

A caller may give up in the moment of dialling: Asterisk has a channel for it already, but runs no line of the
dialplan any more. There is no contact then, and there should be none. Must not know SIPp nor the facts.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

_HANGUP, _CONTACT = "HANGUP", "HotlineContact"


class ChannelLog:
    """Follows CEL's file while it is written and renamed; `look` often enough that no old one is missed."""

    def __init__(self, file: Path, trunk: str) -> None:
        """file: the newest (older ones are NAME.0, NAME.1, …). trunk: by which the callers come."""
        self._file, self._channels = file, f"PJSIP/{trunk}-"
        self._read: dict[int, int] = {}  # bytes of each file, by inode
        self._ended: dict[str, None] = {}
        self._told: set[str] = set()

    def look(self) -> None:
        """Read what was written since the last look."""
        for file in (*sorted(self._file.parent.glob(f"{self._file.name}.*")), self._file):
            try:
                with file.open("rb") as handle:
                    self._go_on(handle.fileno())
            except FileNotFoundError:
                continue  # renamed meanwhile, or not there yet

    def never_begun(self) -> list[str]:
        """Unique ids of the callers' channels that ended so, in order."""
        return [channel for channel in self._ended if channel not in self._told]

    def _go_on(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        began = self._read.get(status.st_ino, 0)
        if began > status.st_size:
            began = 0  # the number was that of a file removed since
        text = os.pread(descriptor, status.st_size - began, began)
        whole = text[: text.rfind(b"\n") + 1]
        self._read[status.st_ino] = began + len(whole)
        for row in csv.reader(whole.decode("utf-8", "replace").splitlines()):
            if len(row) < 7 or not row[6].startswith(self._channels):
                continue
            if row[0] == _HANGUP:
                self._ended[row[2]] = None
            elif row[0] == _CONTACT:
                self._told.add(row[2])
