"""`hotline soak`: thousands of real calls by SIPp on a hotline of its own, then a look for leaks."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time

from hotline.asterisk_install import InstallError, ensure_install
from hotline.cli import CommandError, add_data_argument, chosen_folder
from hotline.soak import sipp
from hotline.soak.house import MOST_AGENTS
from hotline.soak.promises import Report
from hotline.soak.site import Site, SiteError
from hotline.soak.soak import Options, Soak
from hotline.words import padded, say, told

DEFAULT_FOLDER = "data-soak"
DEFAULT_PORT_BASE = 26000
MOST_CALLS = 1_000_000


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `soak`."""
    add_data_argument(parser, DEFAULT_FOLDER)
    parser.add_argument(
        "--calls", type=_between(50, MOST_CALLS), default=20_000, metavar="N", help=say("soak.calls")
    )
    parser.add_argument(
        "--agents", type=_between(6, MOST_AGENTS), default=36, metavar="N", help=say("soak.agent_count")
    )
    parser.add_argument("--rate", type=float, default=10.0, metavar="R", help=say("soak.rate"))
    parser.add_argument("--seed", type=int, default=1, metavar="N", help=say("soak.seed"))
    parser.add_argument(
        "--port-base", type=int, default=DEFAULT_PORT_BASE, metavar="N", help=say("soak.port_base")
    )
    parser.add_argument("--json", action="store_true", help=say("soak.json"))
    parser.epilog = f"{say('soak.needs')}\n{say('soak.exit')}"


def run(arguments: argparse.Namespace) -> int:
    """Returns 0 when every promise was kept, else 1. Raises CommandError when there can be no soak."""
    folder = chosen_folder(arguments.data, DEFAULT_FOLDER).expanduser().resolve()
    if folder.exists() and any(folder.iterdir()):
        raise CommandError(say("soak.not_empty", folder=folder))
    if not 0.1 <= arguments.rate <= 100:
        raise CommandError(say("soak.bad_rate", rate=f"{arguments.rate:g}"))
    if not sipp.installed():
        raise CommandError(say("soak.no_sipp"))
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        if not arguments.json:
            passed_s = f"{time.monotonic() - began_s:7.1f}"
            print(say("soak.step", passed_s=passed_s, text=text), flush=True)

    try:
        install = ensure_install(tell)
        options = Options(
            arguments.calls, arguments.agents, arguments.rate, arguments.seed, folder, arguments.port_base
        )
        environment = {name: str(limit) for name, limit in options.file_bytes.items()}
        site = Site(folder, arguments.port_base, install, environment)
        # As Ctrl-C does: the hotline under test, in a session of its own, must not outlive us.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        report = asyncio.run(Soak(site, options, tell).run())
    except (InstallError, SiteError, sipp.SippError) as error:
        raise CommandError(told(error)) from error
    print(
        json.dumps(report.document(), ensure_ascii=False, indent=1) if arguments.json else report_text(report)
    )
    return 1 if report.broken else 0


def report_text(report: Report) -> str:
    """The report for people."""
    took_s = f"{report.took_s:.0f}"
    heading = say("soak.heading", calls=report.calls, seed=report.seed, took_s=took_s, data=report.data)
    lines = [heading]
    lines += [f"  {name}: {figures}" for name, figures in report.figures.items()]
    for promise in report.promises:
        kept = say("soak.kept") if promise.kept else say("soak.broken")
        lines.append(f"  {padded(kept, 6)}  {padded(promise.title(), 14)} {promise.told()}")
    names = ", ".join(promise.title() for promise in report.broken)
    lines.append(say("soak.all_broken", names=names) if names else say("soak.all_kept"))
    return "\n".join(lines)


def _between(low: int, high: int):  # type: ignore[no-untyped-def]
    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(say("soak.out_of_range", value=value, low=low, high=high))
        return value

    return number
