"""`hotline ledger rebuild`: everything that follows from the facts, once more from the facts."""

from __future__ import annotations

import argparse
import asyncio

import asyncpg

from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.ledger.store import rebuild_projections
from hotline.words import say, told


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """What to do, and where."""
    parser.add_argument(
        "action",
        choices=["rebuild"],
        help=say("ledger.rebuild"),
    )
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rebuild; returns 0. Raises CommandError when PostgreSQL does not answer."""
    url = existing_deployment(arguments.data).database_url
    try:
        facts = asyncio.run(rebuild_projections(url))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(say("cli.postgres", why=told(error))) from error
    print(say("ledger.rebuilt", facts=facts))
    return 0
