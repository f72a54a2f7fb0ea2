"""`hotline ledger rebuild`: everything that follows from the facts, once more from the facts."""

from __future__ import annotations

import argparse
import asyncio

import asyncpg

from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.ledger.store import rebuild_projections


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """What to do, and where."""
    parser.add_argument(
        "action",
        choices=["rebuild"],
        help="build contacts, entries, offers, segments, recordings, media, states and totals from the facts"
        " again; the ledger waits meanwhile, readers see the old ones until all is done",
    )
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rebuild; returns 0. Raises CommandError when PostgreSQL does not answer."""
    url = existing_deployment(arguments.data).database_url
    try:
        facts = asyncio.run(rebuild_projections(url))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CommandError(f"PostgreSQL: {error}") from error
    print(f"rebuilt from {facts} facts")
    return 0
