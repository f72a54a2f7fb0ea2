"""The steps that come before starting: folders, secrets, database, settings, prompts, Asterisk's files.

Each step can be repeated at every start and is quick when nothing changed. Must not start services.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import tomllib
from pathlib import Path
from typing import Any

from hotline import settings_snapshot
from hotline.asterisk_install import AsteriskInstall
from hotline.cli import CommandError
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused, check_settings
from hotline.deployment import Deployment
from hotline.secrets import Secrets


class SetupError(Exception):
    """A step of the set-up failed; the text says which and why."""


async def _call(module: str, function: str, *arguments: object) -> Any:
    """Call another room's function, in a thread when it is synchronous; imported when needed."""
    try:
        found = getattr(importlib.import_module(module), function)
    except (ModuleNotFoundError, AttributeError) as error:
        raise SetupError(f"{module}.{function} is not part of this installation") from error
    if inspect.iscoroutinefunction(found):
        return await found(*arguments)
    return await asyncio.to_thread(found, *arguments)


async def migrate(deployment: Deployment) -> None:
    await _call("hotline.database", "migrate", deployment.database_url)


async def write_asterisk_configuration(
    deployment: Deployment, settings: Settings, secrets: Secrets, install: AsteriskInstall
) -> None:
    await _call("hotline.asterisk_config", "write_configuration", deployment, settings, secrets, install)


async def build_prompts(deployment: Deployment, settings: Settings, install: AsteriskInstall) -> None:
    await _call("ivr.prompts_build", "build", deployment, settings, install)


async def write_banned_acl(deployment: Deployment, addresses: tuple[str, ...]) -> None:
    await _call("hotline.asterisk_config", "write_banned_acl", deployment, addresses)


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
    except Exception as error:
        raise SetupError(str(error)) from error
