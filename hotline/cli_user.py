"""`hotline user`: who may use the pages (`hotline.signin` keeps them).

A password never stands in an argument, where every user of the machine could read it.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys

from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.core.sessions import ROLES
from hotline.signin import (
    LEAST_PASSWORD_CHARS,
    MOST_PASSWORD_CHARS,
    DirectoryAway,
    PasswordRefused,
    UserDirectory,
    WrongPassword,
)
from hotline.words import columns_of, padded, say, told


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """add, list, set-password, disable and enable."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help=say("user.list"))
    adding = actions.add_parser("add", help=say("user.add"), epilog=say("user.password_from"))
    setting = actions.add_parser(
        "set-password", help=say("user.set_password"), epilog=say("user.password_from")
    )
    disabling = actions.add_parser("disable", help=say("user.disable"))
    enabling = actions.add_parser("enable", help=say("user.enable"))
    for action in (adding, setting, disabling, enabling):
        action.add_argument("name", metavar="NAME", help=say("user.name"))
    roles = ", ".join(ROLES)
    adding.add_argument(
        "--role", choices=ROLES, required=True, metavar="ROLE", help=say("user.role", roles=roles)
    )
    for action in (adding, listing, setting, disabling, enabling):
        add_data_argument(action)


def run(arguments: argparse.Namespace) -> int:
    """Returns 0. Raises CommandError when it cannot be done, or when PostgreSQL is away."""
    deployment = existing_deployment(arguments.data)
    directory = UserDirectory(deployment.database_url, deployment.first_password_file)
    if arguments.action != "list" and not arguments.name.isprintable():
        raise CommandError(say("user.bad_name", name=repr(arguments.name)))
    try:
        if arguments.action == "list":
            asyncio.run(_list(directory))
        elif arguments.action == "add":
            asyncio.run(_add(directory, arguments.name, arguments.role, _new_password()))
        elif arguments.action == "set-password":
            asyncio.run(_set_password(directory, arguments.name, _new_password()))
        else:
            asyncio.run(_set_disabled(directory, arguments.name, arguments.action == "disable"))
    except DirectoryAway as error:
        raise CommandError(say("cli.no_postgres", why=told(error.__cause__ or error))) from error
    except PasswordRefused as error:
        allowed = say("user.bad_password", least=LEAST_PASSWORD_CHARS, most=MOST_PASSWORD_CHARS)
        raise CommandError(allowed) from error
    return 0


def _new_password() -> str:
    """Typed twice at a terminal, else the first line of the standard input. Raises CommandError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(say("user.password"))
    if getpass.getpass(say("user.again")) != password:
        raise CommandError(say("user.differ"))
    return password


async def _add(directory: UserDirectory, name: str, role: str, password: str) -> None:
    try:
        added = await directory.add_user(name, role, password)
    except ValueError as error:
        raise CommandError(say("user.bad_name", name=repr(name))) from error
    if not added:
        raise CommandError(say("user.taken", name=name))
    print(say("user.added", name=name, role=role))


async def _list(directory: UserDirectory) -> None:
    users = await directory.users()
    width = max((columns_of(user.name) for user in users), default=0)
    for user in users:
        standing = say("user.standing_disabled") if user.disabled else say("user.standing_good")
        print(
            say(
                "user.line",
                name=padded(user.name, width),
                role=padded(user.role, 10),
                standing=padded(standing, 11),
                at=f"{user.password_changed_at:%Y-%m-%d %H:%M:%S %Z}",
            )
        )


async def _set_password(directory: UserDirectory, name: str, password: str) -> None:
    try:
        await directory.set_password(name, password)
    except WrongPassword as error:
        raise CommandError(say("user.unknown_or_disabled", name=name)) from error
    print(say("user.changed", name=name))


async def _set_disabled(directory: UserDirectory, name: str, disabled: bool) -> None:
    if not await directory.set_disabled(name, disabled):
        raise CommandError(say("user.unknown", name=name))
    print(say("user.disabled", name=name) if disabled else say("user.enabled", name=name))
