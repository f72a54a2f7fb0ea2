"""`hotline callbacks`: who is to be called back instead of waiting, with masked numbers; cancelling one."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from acd.core.callback_numbers import judge_number, numbers_allowed
from hotline import settings_snapshot
from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.core.settings import Settings
from hotline.core.settings_callback_rules import number_rules
from hotline.core.settings_check import SettingsRefused
from hotline.words import in_words, say, told

LIMIT_S = 10.0


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """What to cancel, and where."""
    parser.add_argument("--cancel", metavar="CONTACT", help=say("callbacks.cancel"))
    parser.add_argument("--number", metavar="NUMBER", help=say("callbacks.number"))
    parser.add_argument("--json", action="store_true", help=say("callbacks.json"))
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """List, judge a number, or cancel one; returns 0. Raises CommandError when acd or a rule refuses."""
    deployment = existing_deployment(arguments.data)
    if arguments.number is not None:
        try:
            settings = settings_snapshot.read(deployment.settings_file)
        except (OSError, SettingsRefused) as error:
            raise CommandError(told(error)) from error
        print(_judged(arguments.number, settings))
        return 0
    socket = deployment.socket("acd")
    try:
        if arguments.cancel is not None:
            asyncio.run(_cancel(socket, arguments.cancel))
            print(say("callbacks.cancelled", contact=arguments.cancel))
            return 0
        rows = asyncio.run(_open_callbacks(socket))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        raise CommandError(say("callbacks.away", why=told(error))) from error
    print(json.dumps(rows, ensure_ascii=False, indent=1) if arguments.json else _table(rows))
    return 0


def _judged(number: str, settings: Settings) -> str:
    """The number as it would be dialled. Raises CommandError with what is allowed instead."""
    rules = number_rules(settings)
    judged = judge_number(number, rules)
    if not judged.why:
        return judged.number
    allowed = in_words(numbers_allowed(rules))
    raise CommandError(
        say("settings.refused", file="callbacks", key="--number", value=repr(number), allowed=allowed)
    )


def _acd(socket: Path) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(str(socket)), timeout=aiohttp.ClientTimeout(LIMIT_S)
    )


async def _open_callbacks(socket: Path) -> list[dict[str, Any]]:
    async with _acd(socket) as session, session.get("http://acd/callbacks") as response:
        response.raise_for_status()
        found: list[dict[str, Any]] = (await response.json())["callbacks"]
        return found


async def _cancel(socket: Path, contact: str) -> None:
    deed = {"deed": "cancel_callback", "by": getpass.getuser(), "contact": contact}
    async with _acd(socket) as session, session.post("http://acd/deed", json=deed) as response:
        if response.status != 200:
            raise CommandError(say("callbacks.refused", contact=contact))


def _table(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return say("callbacks.none")
    lines = [
        f"{_local(row['place_since_ms'])}  {row['number']:<16} {row['queue']:<16} {row['tried']:<6} "
        f"{row['contact']}"
        for row in rows
    ]
    return "\n".join([say("callbacks.head"), *lines])


def _local(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000).astimezone():%Y-%m-%d %H:%M}"
