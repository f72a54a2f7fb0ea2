"""`hotline settings`: TOML in and out; PostgreSQL keeps every version (`hotline.settings_store`)."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

import asyncpg

from hotline import settings_store
from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.core.settings_check import SettingsRefused
from hotline.supervisor.setup import SetupError, check_settings_file


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """import, export, check and history."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    importing = actions.add_parser("import", help="make a TOML file the current settings, as a new version")
    importing.add_argument("file", type=Path)
    importing.add_argument("--comment", default="", help="why, for the history")
    exporting = actions.add_parser(
        "export", help="print the current settings, or an earlier version, as TOML"
    )
    exporting.add_argument("--version", type=int, metavar="N", help="this version (default: the current one)")
    checking = actions.add_parser("check", help="look for mistakes in a TOML file without importing it")
    checking.add_argument("file", type=Path)
    listing = actions.add_parser("history", help="who imported which version when")
    for action in (importing, exporting, listing):
        add_data_argument(action)


def run(arguments: argparse.Namespace) -> int:
    """Returns 0. Raises CommandError with every complaint about a file, or when PostgreSQL is away."""
    try:
        if arguments.action == "check":
            settings = check_settings_file(arguments.file)
            print(
                f"{arguments.file}: good ({len(settings.numbers)} numbers, {len(settings.queues)} queues,"
                f" {len(settings.agents)} agents)"
            )
            return 0
        return asyncio.run(_with_database(arguments))
    except (SetupError, SettingsRefused, settings_store.SettingsStoreError) as error:
        raise CommandError(str(error)) from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(f"PostgreSQL does not answer (is the hotline up?): {error}") from error


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
        print(f"version {settings.version} is in force")
    elif arguments.action == "export":
        sys.stdout.write(await settings_store.export(url, arguments.version))
    else:
        for entry in await settings_store.history(url):
            print(f"{entry.version:>5}  {entry.at:%Y-%m-%d %H:%M:%S %Z}  {entry.author}  {entry.comment}")
    return 0
