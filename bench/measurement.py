"""One measurement of one engine as a command: the options that all of them have, and its run.

Must not know what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.report import keep
from bench.stages import ENGINES

TALK_S = (0.5, 1.5)
Run = Callable[[argparse.Namespace, Path], Awaitable[dict[str, object]]]


def options(name: str, about: str | None, *, limit_s: float) -> argparse.ArgumentParser:
    """The command line of `python -m bench.NAME`; limit_s: how long a run may last by default."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=about)
    parser.add_argument("--engine", choices=ENGINES, required=True)
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument(
        "--talk-s",
        type=float,
        nargs=2,
        default=TALK_S,
        metavar=("LEAST", "MOST"),
        help="how long agents talk",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-s", type=float, default=limit_s, help="stop after so long in any case")
    parser.add_argument("--port-base", type=int, default=29000)
    parser.add_argument("--out", type=Path, help="append the result to this file, one JSON line")
    return parser


def measure(run: Run, arguments: argparse.Namespace) -> None:
    """Run in a folder of its own, which is removed again; print the result and keep it."""

    async def in_folder(folder: Path) -> dict[str, object]:
        return await run(arguments, folder)

    with tempfile.TemporaryDirectory(prefix="hb") as folder:
        keep(asyncio.run(in_folder(Path(folder))), arguments.out)
