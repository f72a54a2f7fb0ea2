"""`hotline soak`: thousands of real calls by SIPp on a hotline of its own, then a look for leaks."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time

from hotline.asterisk_install import InstallError, ensure_install
from hotline.cli import CommandError, add_data_argument, chosen_folder
from hotline.soak import sipp
from hotline.soak.house import MOST_AGENTS
from hotline.soak.promises import Report
from hotline.soak.site import Site, SiteError
from hotline.soak.soak import Options, Soak

DEFAULT_PORT_BASE = 26000
MOST_CALLS = 1_000_000


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `soak`."""
    add_data_argument(parser)
    parser.add_argument("--calls", type=_between(50, MOST_CALLS), default=20_000, metavar="N")
    parser.add_argument("--agents", type=_between(6, MOST_AGENTS), default=36, metavar="N")
    parser.add_argument("--rate", type=float, default=10.0, metavar="R", help="calls a second (default: 10)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of what callers and agents do")
    parser.add_argument(
        "--port-base", type=int, default=DEFAULT_PORT_BASE, metavar="N", help="use ports N … N+999"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON alone")
    parser.epilog = (
        "Needs SIPp and a new data folder (default: ./data-soak), which is kept for a closer look.\n"
        "Exit status: 0 every promise was kept, 1 one was broken."
    )


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 when every promise was kept, else 1. Raises CommandError when there can be no soak."""
    folder = chosen_folder(arguments.data, "data-soak").expanduser().resolve()
    if folder.exists() and any(folder.iterdir()):
        raise CommandError(
            f"{folder}: is not empty; a soak needs a data folder of its own, choose --data DIR"
        )
    if not 0.1 <= arguments.rate <= 100:
        raise CommandError(f"--rate {arguments.rate:g}: allowed 0.1 … 100 calls a second")
    if not sipp.installed():
        raise CommandError("SIPp is not installed; on Debian: apt-get install sip-tester")
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()

    def say(text: str) -> None:
        if not arguments.json:
            print(f"  {time.monotonic() - began_s:7.1f} s  {text}", flush=True)

    try:
        install = ensure_install(say)
        options = Options(
            arguments.calls, arguments.agents, arguments.rate, arguments.seed, folder, arguments.port_base
        )
        environment = {name: str(limit) for name, limit in options.file_bytes.items()}
        site = Site(folder, arguments.port_base, install, environment)
        report = asyncio.run(Soak(site, options, say).run())
    except (InstallError, SiteError, sipp.SippError) as error:
        raise CommandError(str(error)) from error
    print(json.dumps(report.document(), ensure_ascii=False, indent=1) if arguments.json else told(report))
    return 1 if report.broken else 0


def told(report: Report) -> str:
    """The report for people."""
    lines = [f"soak of {report.calls} calls, seed {report.seed}, {report.took_s:.0f} s, in {report.data}"]
    lines += [f"  {name}: {figures}" for name, figures in report.figures.items()]
    lines += [
        f"  {'kept  ' if promise.kept else 'BROKEN'}  {promise.name:<14} {promise.found}"
        for promise in report.promises
    ]
    names = ", ".join(promise.name for promise in report.broken)
    lines.append(f"broken: {names}" if names else "every promise was kept")
    return "\n".join(lines)


def _between(low: int, high: int):  # type: ignore[no-untyped-def]
    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value}: allowed {low} … {high}")
        return value

    return number
