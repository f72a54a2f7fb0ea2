"""The steps that come before starting: folders, secrets, database, settings, prompts, Asterisk's files.

Each step can be repeated at every start and is quick when nothing changed. Must not start services.
"""

from __future__ import annotations

import asyncio
import logging
import tomllib
from pathlib import Path

import asyncpg

from hotline import database, settings_snapshot
from hotline.asterisk_config import ConfigurationError, write_configuration
from hotline.asterisk_install import AsteriskInstall
from hotline.cli import CommandError
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused, check_settings
from hotline.deployment import Deployment
from hotline.secrets import Secrets
from ivr.prompts_build import BuildReport, PromptBuildError, build

log = logging.getLogger(__name__)


class SetupError(Exception):
    """A step of the set-up failed; the text says which and why."""


async def migrate(deployment: Deployment) -> None:
    """Bring the database to this program's schema. Raises SetupError."""
    try:
        steps = await database.migrate(deployment.database_url)
    except (database.DatabaseError, asyncpg.PostgresError, OSError) as error:
        raise SetupError(f"the database: {error}") from error
    if steps:
        log.info("database_migrated", extra={"steps": steps})


async def write_asterisk_files(
    deployment: Deployment, settings: Settings, secrets: Secrets, install: AsteriskInstall
) -> bool:
    """Write Asterisk's configuration; returns whether anything changed. Raises SetupError."""
    try:
        return await asyncio.to_thread(write_configuration, deployment, settings, secrets, install)
    except (ConfigurationError, OSError) as error:
        raise SetupError(f"Asterisk's configuration: {error}") from error


async def build_prompts(deployment: Deployment, settings: Settings, install: AsteriskInstall) -> BuildReport:
    """Speak the prompts that are missing. Raises SetupError."""
    try:
        report = await asyncio.to_thread(build, deployment, settings, install)
    except (PromptBuildError, OSError) as error:
        raise SetupError(f"prompts: {error}") from error
    log.info("prompts_built", extra={"spoken": report.spoken, "recorded": report.recorded})
    return report


async def settle_settings(deployment: Deployment, file: Path) -> None:
    """Import the file if the database has no settings yet; make the snapshot hold the database's newest."""
    await asyncio.to_thread(_settle_locally, deployment, file)


def _settle_locally(deployment: Deployment, file: Path) -> None:
    if not deployment.settings_file.exists():
        document = tomllib.loads(file.read_text("utf-8"))
        settings_snapshot.write(deployment.settings_file, check_settings(document, file=str(file), version=1))


def check_settings_file(file: Path) -> None:
    """Refuse a settings file before anything starts. Raises CommandError with every complaint."""
    try:
        check_settings(tomllib.loads(file.read_text("utf-8")), file=str(file), version=1)
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: not valid TOML: {error}") from error
    except SettingsRefused as error:
        raise CommandError(str(error)) from error


def default_settings_file(*, demo: bool) -> Path:
    """The settings of a first start without --settings."""
    return Path(__file__).parent.parent / "defaults" / ("demo.toml" if demo else "settings.toml")


def current_settings(deployment: Deployment) -> Settings:
    """The settings of the local snapshot. Raises SetupError."""
    try:
        return settings_snapshot.read(deployment.settings_file)
    except (SettingsRefused, OSError) as error:
        raise SetupError(f"settings: {error}") from error
