"""Keeps what other programs write from growing without bound: Asterisk's logs, its CEL file, printed output.

Our services rotate their own logs (`hotline.logs`). Must not know what the files say.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import time
from pathlib import Path

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import Deployment
from hotline.file_sizes import LOG_BYTES, file_limit
from hotline.supervisor.readiness import ConsoleError, run_console

log = logging.getLogger(__name__)

MOST_BYTES = 10 * 1024 * 1024
KEPT = 5  # old files of each kind, besides the current one
CEL_KEPT = 10  # of Asterisk's log of channels: acd reads in them what happened while it was away
CEL_KEPT_S = 7 * 86_400  # … and none that was written last longer ago
_RETRY_AFTER_LOOKS = 30


class LogRotation:
    """One per supervisor; `look` is called every second."""

    def __init__(
        self,
        deployment: Deployment,
        install: AsteriskInstall,
        *,
        most_bytes: int | None = None,
        kept: int = KEPT,
        cel_kept: int = CEL_KEPT,
    ) -> None:
        self._deployment, self._install = deployment, install
        self._most_bytes = most_bytes or file_limit(LOG_BYTES, MOST_BYTES)
        self._kept, self._cel_kept = kept, cel_kept
        self._pause = 0  # looks until Asterisk is asked again

    async def look(self) -> None:
        """Rotate what has grown too large; remove the oldest."""
        await self._rotate_asterisk()
        self._rotate_cel()
        for output in self._deployment.logs.glob("*.out"):
            if self._too_large(output):
                await asyncio.to_thread(_copy_and_empty, output)

    async def _rotate_asterisk(self) -> None:
        """Asterisk renames its own logs to NAME.0 (newest), NAME.1, … (logger.conf: rotatestrategy)."""
        self._pause = max(0, self._pause - 1)
        folder = self._deployment.asterisk_log
        if self._pause or not any(self._too_large(file) for file in folder.glob("*.log")):
            return
        try:
            await run_console(self._deployment, self._install, "logger rotate")
        except ConsoleError as error:
            self._pause = _RETRY_AFTER_LOOKS
            log.error("asterisk_logs_not_rotated", extra={"why": str(error)})
            return
        log.info("asterisk_logs_rotated")
        for file in folder.glob("*.log.*"):
            if _number(file) >= self._kept:
                file.unlink(missing_ok=True)

    def _rotate_cel(self) -> None:
        """Asterisk opens this file anew for every line, so a renamed one is left at once.

        Source: cel_custom.c and res_cdrel_custom's file writer.
        """
        current = self._deployment.cel_file
        oldest_s = time.time() - CEL_KEPT_S
        for old in current.parent.glob(f"{current.name}.*"):
            if _number(old) >= 0 and old.stat().st_mtime < oldest_s:
                old.unlink()
        if not self._too_large(current):
            return
        for old in sorted(current.parent.glob(f"{current.name}.*"), key=_number, reverse=True):
            number = _number(old)
            if number + 1 >= self._cel_kept:
                old.unlink(missing_ok=True)
            elif number >= 0:
                old.replace(current.with_name(f"{current.name}.{number + 1}"))
        current.replace(current.with_name(f"{current.name}.0"))

    def _too_large(self, file: Path) -> bool:
        try:
            return file.stat().st_size > self._most_bytes
        except FileNotFoundError:
            return False


def _copy_and_empty(output: Path) -> None:
    """The program holds its output open for appending: so it is copied and emptied, not renamed.

    What is printed in between is lost.
    """
    shutil.copyfile(output, output.with_name(output.name + ".1"))
    with output.open("r+b") as file:
        file.truncate(0)


def _number(file: Path) -> int:
    """The number at the end of an old file's name; -1 when it has none."""
    found = re.fullmatch(r".*\.(\d+)", file.name)
    return int(found[1]) if found else -1
