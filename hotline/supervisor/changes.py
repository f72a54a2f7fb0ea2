"""Carries changes into the running Asterisk: new settings or secrets, and banned addresses.

Reloads never end a call. Must not decide what changes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from hotline.asterisk_config import write_banned_acl
from hotline.asterisk_install import AsteriskInstall
from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.secrets import Secrets, SecretsError
from hotline.supervisor import setup
from hotline.supervisor.banned import BannedFileError, banned_now
from hotline.supervisor.readiness import ConsoleError, missing_modules, run_console
from hotline.supervisor.setup import SetupError

log = logging.getLogger(__name__)

RELOADS = (
    # The console knows each module's own reload; a plain `core reload` would rotate logs and more.
    "module reload acl",
    "module reload features",
    "module reload indications",
    "module reload res_pjsip.so",
    "module reload res_pjsip_outbound_registration.so",
    "module reload res_musiconhold.so",
    "module reload manager",
    "dialplan reload",
)

RETRY_AFTER_LOOKS = 30
"""What could not be carried over (a full disk, a silent console) is tried again so much later."""

Stamp = tuple[int, int] | None
"""Of a file: its inode, and when it was written, in ns."""


async def reload_asterisk(deployment: Deployment, install: AsteriskInstall) -> bool:
    """Let the running Asterisk read its configuration again; False when a step was refused.

    That is logged, and the other steps are taken all the same.
    """
    commands: tuple[str, ...] = RELOADS
    whole = True
    try:
        # First what the new files are written for: without its module, a reload passes over its part.
        commands = (*await _loads_due(deployment, install), *RELOADS)
    except ConsoleError as error:
        whole = False
        log.error("asterisk_modules_unknown", extra={"why": str(error)})
    for command in commands:
        try:
            await run_console(deployment, install, command)
        except ConsoleError as error:
            whole = False
            log.error("asterisk_reload_failed", extra={"command": command, "why": str(error)})
    return whole


async def _loads_due(deployment: Deployment, install: AsteriskInstall) -> list[str]:
    """A command for each module that modules.conf lists and that does not run. Raises ConsoleError.

    What Asterisk makes of them is told by readiness: one that it refuses to load it would refuse again.
    """
    listed = (deployment.asterisk_etc / "modules.conf").read_text("utf-8")
    shown = await run_console(deployment, install, "module show")
    return [f"module load {name}" for name in missing_modules(listed, shown)]


class Changes:
    """Follows the settings snapshot, the secrets file and the list of banned addresses."""

    def __init__(
        self,
        deployment: Deployment,
        secrets: Secrets,
        install: AsteriskInstall,
        *,
        seen: tuple[Stamp, Stamp],
        reload_due: bool = False,
    ) -> None:
        """seen: stamps of snapshot and secrets from before they were read for Asterisk's files.

        reload_due: Asterisk may not have read files that were written before, and the list of addresses.
        """
        self._deployment = deployment
        self._secrets = secrets
        self._install = install
        self._stamps = seen
        self._due = False  # prompts and Asterisk's files
        self._reload_due = reload_due
        self._pause = 0  # looks until what is due is tried again
        self._banned: tuple[str, ...] | None = None  # unknown: the first look writes it
        self._banned_error = ""
        self._acl_reload_due = reload_due

    async def look(self) -> None:
        """Carry over what changed since the last look."""
        stamps = self._read_stamps()
        if stamps != self._stamps:
            self._stamps = stamps
            self._due, self._pause = True, 0
        if (self._due or self._reload_due) and self._pause:
            self._pause -= 1
        elif self._due or self._reload_due:
            self._pause = RETRY_AFTER_LOOKS  # also after an error that nobody foresaw
            if self._due:
                self._due = not await self._apply_settings()
            else:
                await self._reload()
        await self._apply_banned()

    def _read_stamps(self) -> tuple[Stamp, Stamp]:
        return stamp(self._deployment.settings_file), stamp(self._deployment.secrets_file)

    async def _apply_settings(self) -> bool:
        """Bring prompts and Asterisk up to date; False when something of it is left to be done."""
        try:
            settings = await asyncio.to_thread(setup.current_settings, self._deployment)
            self._secrets.make_missing(settings)
            spoken = await self._build_prompts(settings)
            self._reload_due |= await setup.write_asterisk_files(
                self._deployment, settings, self._secrets, self._install
            )
        except (SetupError, SecretsError, OSError):
            # Whatever is wrong with one version, Asterisk keeps the last good one and the next is tried.
            log.exception("asterisk_settings_not_applied")
            return False
        if self._reload_due:
            await self._reload()
            if not self._reload_due:
                log.info("asterisk_settings_applied", extra={"version": settings.version})
        return spoken and not self._reload_due

    async def _reload(self) -> None:
        self._reload_due = not await reload_asterisk(self._deployment, self._install)

    async def _build_prompts(self, settings: Settings) -> bool:
        try:
            await setup.build_prompts(self._deployment, settings, self._install)
        except SetupError:
            log.exception("prompts_not_built")  # as at a start: without a prompt callers are connected, too
            return False
        return True

    async def _apply_banned(self) -> None:
        try:
            banned = banned_now(self._deployment.banned_file, time.time())
            self._banned_error = ""
        except BannedFileError as error:
            if str(error) != self._banned_error:
                log.error("banned_file_unreadable", extra={"why": str(error)})
            self._banned_error = str(error)
            return
        if banned == self._banned:
            return
        try:
            self._acl_reload_due |= write_banned_acl(self._deployment, banned)
            if self._acl_reload_due:
                await run_console(self._deployment, self._install, "module reload acl")
                self._acl_reload_due = False
        except (ConsoleError, OSError):
            log.exception("banned_addresses_not_applied")  # tried again in a second
            return
        first, self._banned = self._banned is None, banned
        if banned or not first:
            log.warning("banned_addresses_applied", extra={"count": len(banned)})


def stamp(file: Path) -> Stamp:
    """Changes whenever the file is replaced; None while there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns
