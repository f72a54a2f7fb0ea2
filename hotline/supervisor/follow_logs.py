"""Shows the services' log files as they grow (`hotline up -v`)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

_POLL_S = 0.3
_MAX_BYTES_PER_LOOK = 65536


class LogFollower:
    """The new whole lines of every *.log file of a folder; a rotated file is read from its new start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places = {
            file: (file.stat().st_ino, file.stat().st_size) for file in self._folder.glob("*.log")
        }

    def new_lines(self) -> str:
        """What was written since the last look, whole lines only."""
        text = ""
        for file in sorted(self._folder.glob("*.log")):
            try:
                stream = file.open("rb")
            except FileNotFoundError:
                continue  # it is being rotated in this very moment
            with stream:
                status = os.fstat(stream.fileno())
                number, offset = self._places.get(file, (status.st_ino, 0))
                if number != status.st_ino or status.st_size < offset:
                    offset = 0
                stream.seek(offset)
                read = stream.read(_MAX_BYTES_PER_LOOK)
            whole = read[: read.rfind(b"\n") + 1]
            text += whole.decode("utf-8", errors="replace")
            self._places[file] = (status.st_ino, offset + len(whole))
        return text


async def follow_logs(folder: Path) -> None:
    """Print what the services log, until cancelled."""
    follower = LogFollower(folder)
    while True:
        print(follower.new_lines(), end="", flush=True)
        await asyncio.sleep(_POLL_S)
