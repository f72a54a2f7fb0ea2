"""The steps that come before starting: folders, secrets, database, settings, prompts, Asterisk's files.

Each step can be repeated at every start and is quick when nothing changed. Must not start services.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import asyncpg

from hotline import database, settings_snapshot, settings_store
from hotline.asterisk_config import ConfigurationError, write_configuration
from hotline.asterisk_install import AsteriskInstall
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused, check_settings
from hotline.deployment import Deployment, without_password
from hotline.secrets import Secrets
from hotline.words import say, told
from ivr.catalogue import missing_prompts
from ivr.prompts_build import BuildReport, PromptBuildError, build

log = logging.getLogger(__name__)


class SetupError(Exception):
    """A step of the set-up failed; the text says which and why."""


async def migrate(deployment: Deployment) -> None:
    """Bring the database to this program's schema. Raises SetupError."""
    try:
        steps = await database.migrate(deployment.database_url)
    except (
        database.DatabaseError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        OSError,
        UnicodeError,
    ) as error:
        raise SetupError(_of_database(deployment, told(error))) from error
    if steps:
        log.info("database_migrated", extra={"steps": steps})


def _of_database(deployment: Deployment, why: str) -> str:
    """A complaint of the database; one's own is named, for the mistake may be in its URL."""
    url = deployment.own_database_url
    if not url:
        return say("setup.database", why=why)
    place = deployment.own_database_from
    return say("setup.own_database", place=place, url=without_password(url), why=why)


async def write_asterisk_files(
    deployment: Deployment, settings: Settings, secrets: Secrets, install: AsteriskInstall
) -> bool:
    """Write Asterisk's configuration; returns whether anything changed. Raises SetupError."""
    try:
        return await asyncio.to_thread(write_configuration, deployment, settings, secrets, install)
    except (ConfigurationError, OSError) as error:
        raise SetupError(say("setup.configuration", why=told(error))) from error


async def build_prompts(deployment: Deployment, settings: Settings, install: AsteriskInstall) -> BuildReport:
    """Speak the prompts that are missing. Raises SetupError."""
    try:
        report = await asyncio.to_thread(build, deployment, settings, install)
    except (PromptBuildError, OSError) as error:
        raise SetupError(say("setup.prompts", why=told(error))) from error
    log.info("prompts_built", extra={"spoken": report.spoken, "recorded": report.recorded})
    return report


async def settle_settings(deployment: Deployment, first: Path) -> Settings:
    """Make the snapshot hold the database's newest settings; an empty database imports `first` before.

    Raises SetupError.
    """
    url, snapshot = deployment.database_url, deployment.settings_file
    try:
        return await settings_store.settle(url, first, author="hotline up", snapshot=snapshot)
    except (settings_store.SettingsStoreError, SettingsRefused, asyncpg.PostgresError, OSError) as error:
        raise SetupError(say("setup.settings", why=told(error))) from error


def check_settings_file(file: Path, deployment: Deployment | None = None) -> Settings:
    """Refuse a settings file before anything starts; a prompt counts when it can be played here.

    Raises SetupError with every complaint.
    """
    try:
        settings = check_settings(settings_store.read_file(file), file=str(file), version=1)
    except (settings_store.FileUnreadable, SettingsRefused) as error:
        raise SetupError(told(error)) from error
    missing = missing_prompts(deployment, settings)
    if missing:
        lines = (say("settings.prompt_missing", file=file, place=place) for place in missing)
        raise SetupError("\n".join(lines))
    return settings


def default_settings_file(*, demo: bool) -> Path:
    """The settings of a first start without --settings."""
    return Path(__file__).parent.parent / "defaults" / ("demo.toml" if demo else "settings.toml")


def current_settings(deployment: Deployment) -> Settings:
    """The settings of the local snapshot. Raises SetupError."""
    try:
        return settings_snapshot.read(deployment.settings_file)
    except (SettingsRefused, OSError) as error:
        raise SetupError(say("setup.settings", why=told(error))) from error
