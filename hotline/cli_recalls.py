"""`hotline recalls`: callers who left unserved and did not return, with number and deadline; settling one."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import aiohttp
import asyncpg

from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.words import say, told

LIMIT_S = 10.0
HOWS = ("dismissed", "done", "unreached")


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """What to settle, and where."""
    parser.add_argument("--settle", metavar="CONTACT", help=say("recalls.settle"))
    parser.add_argument("--how", choices=HOWS, default=HOWS[0], help=say("recalls.how"))
    parser.add_argument("--json", action="store_true", help=say("recalls.json"))
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """List, or settle one; returns 0. Raises CommandError when a service does not answer or refuses."""
    deployment = existing_deployment(arguments.data)
    try:
        if arguments.settle is not None:
            asyncio.run(_settle(deployment.socket("acd"), arguments.settle, arguments.how))
            print(say("recalls.settled", contact=arguments.settle))
            return 0
        rows = asyncio.run(_open_recalls(deployment.database_url))
    except (
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        aiohttp.ClientError,
        OSError,
    ) as error:
        raise CommandError(say("recalls.away", why=told(error))) from error
    print(json.dumps(rows, ensure_ascii=False, indent=1) if arguments.json else _table(rows))
    return 0


async def _open_recalls(url: str) -> list[dict[str, object]]:
    connection = await asyncpg.connect(url, timeout=LIMIT_S)
    try:
        rows = await connection.fetch(files("hotline").joinpath("recalls.sql").read_text("utf-8"))
    finally:
        await connection.close(timeout=LIMIT_S)
    return [dict(row) for row in rows]


async def _settle(socket: Path, contact: str, how: str) -> None:
    deed = {"deed": "dismiss_recall", "by": getpass.getuser(), "contact": contact, "how": how}
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(str(socket)), timeout=aiohttp.ClientTimeout(LIMIT_S)
        ) as session,
        session.post("http://acd/deed", json=deed) as response,
    ):
        if response.status != 200:
            raise CommandError(say("recalls.refused", contact=contact))


def _table(rows: list[dict[str, object]]) -> str:
    if not rows:
        return say("recalls.none")
    lines = [
        f"{_local(row['deadline_ms'])}  {row['number'] or '-':<16} {row['queue']:<16} {row['contact']}"
        for row in rows
    ]
    return "\n".join([say("recalls.head"), *lines])


def _local(at_ms: object) -> str:
    return f"{datetime.fromtimestamp(int(str(at_ms)) / 1000).astimezone():%Y-%m-%d %H:%M}"
