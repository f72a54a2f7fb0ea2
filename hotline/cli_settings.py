"""`hotline settings`: TOML in and out; PostgreSQL keeps every version (`hotline.settings_store`)."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from pathlib import Path

import asyncpg

from hotline import settings_store
from hotline.cli import CommandError, add_data_argument, chosen_folder, existing_deployment
from hotline.core.settings_check import SettingsRefused
from hotline.deployment import Deployment
from hotline.supervisor.setup import SetupError, check_settings_file
from hotline.words import say, told


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """import, export, check and history."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    importing = actions.add_parser("import", help=say("settings_command.import"))
    importing.add_argument("file", type=Path)
    importing.add_argument("--comment", default="", help=say("settings_command.comment"))
    exporting = actions.add_parser("export", help=say("settings_command.export"))
    exporting.add_argument("--version", type=int, metavar="N", help=say("settings_command.version"))
    checking = actions.add_parser("check", help=say("settings_command.check"))
    checking.add_argument("file", type=Path)
    listing = actions.add_parser("history", help=say("settings_command.history"))
    for action in (importing, exporting, checking, listing):
        add_data_argument(action)


def run(arguments: argparse.Namespace) -> int:
    """Returns 0. Raises CommandError with every complaint about a file, or when PostgreSQL is away."""
    try:
        if arguments.action == "check":
            return _check(arguments.file, _house(arguments.data))
        return asyncio.run(_with_database(arguments))
    except (SetupError, SettingsRefused, settings_store.SettingsStoreError) as error:
        raise CommandError(told(error)) from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(say("cli.no_postgres", why=told(error))) from error


def _check(file: Path, house: Deployment | None) -> int:
    try:
        settings = check_settings_file(file, house)
    except OSError as error:  # of the house's sounds; the file itself is SetupError's
        raise CommandError(say("settings.unreadable", file=error.filename, why=error.strerror)) from error
    print(
        say(
            "settings_command.good",
            file=file,
            numbers=len(settings.numbers),
            queues=len(settings.queues),
            agents=len(settings.agents),
        )
    )
    return 0


def _house(data: str | None) -> Deployment | None:
    """The house whose own prompts count; None without a folder to look at. Raises CommandError.

    Not loaded: a file can be checked for a house that never started, or whose deployment.toml is damaged.
    """
    folder = chosen_folder(data).expanduser().resolve()
    try:
        os.listdir(folder)
    except OSError as error:
        if data:  # named by hand: a slip of the pen must not pass for a house without prompts
            raise CommandError(say("settings.unreadable", file=folder, why=error.strerror)) from error
        return None
    return Deployment(folder)


async def _with_database(arguments: argparse.Namespace) -> int:
    deployment = existing_deployment(arguments.data)
    url = deployment.database_url
    if arguments.action == "import":
        check_settings_file(arguments.file, deployment)
        settings = await settings_store.import_file(
            url,
            arguments.file,
            author=getpass.getuser(),
            snapshot=deployment.settings_file,
            comment=arguments.comment,
        )
        print(say("settings_command.in_force", version=settings.version))
    elif arguments.action == "export":
        sys.stdout.write(await settings_store.export(url, arguments.version))
    else:
        for entry in await settings_store.history(url):
            print(f"{entry.version:>5}  {entry.at:%Y-%m-%d %H:%M:%S %Z}  {entry.author}  {entry.comment}")
    return 0
