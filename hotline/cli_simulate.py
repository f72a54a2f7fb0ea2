"""`hotline simulate`: a scenario played against the live distributor in virtual time (docs/simulation.md)."""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from pathlib import Path
from typing import Any

from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate
from hotline.cli import CommandError
from hotline.core.settings_check import SettingsRefused
from hotline.words import columns_of, padded, say, told


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `simulate`."""
    parser.add_argument("scenario", type=Path, metavar="SCENARIO.toml", help=say("simulate.scenario"))
    parser.add_argument("--json", action="store_true", help=say("simulate.json"))
    parser.epilog = say("simulate.exit")


def run(arguments: argparse.Namespace) -> int:
    """Returns 0, or 1 when a promise was broken. Raises CommandError for a scenario that is refused."""
    found = played(arguments.scenario)
    print(json.dumps(found, ensure_ascii=False, indent=1) if arguments.json else table(found))
    return 1 if found["promises_broken"] else 0


def played(path: Path) -> dict[str, Any]:
    """The answer to the scenario in this file, with the speed. Raises CommandError."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        scenario = read_scenario(
            document, path.name, lambda name: (path.parent / name).read_text("utf-8-sig")
        )
    except OSError as error:
        raise CommandError(say("settings.unreadable", file=path, why=error.strerror)) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CommandError(say("settings.not_toml", file=path, why=error)) from error
    except SettingsRefused as error:
        raise CommandError(told(error)) from error
    began_s = time.perf_counter()
    found = simulate(scenario)
    took_s = time.perf_counter() - began_s
    return {**found, "contacts_per_second": found["contacts"] / took_s if took_s else 0.0}


def table(found: dict[str, Any]) -> str:
    """The answer for people: one line a queue, one a group of agents."""
    rows = [[say("simulate.queue"), *(say(title) for title, _, _ in _COLUMNS)]]
    for name, figures in (*found["queues"].items(), (say("simulate.total"), found["total"])):
        rows.append([name, *(_shown(kind, figures, key) for _, key, kind in _COLUMNS)])
    for threshold in found["total"]["service_level"]:
        rows[0].append(say("simulate.service_level", seconds=threshold))
        for row, figures in zip(rows[1:], (*found["queues"].values(), found["total"]), strict=True):
            row.append(_percent(figures["service_level"][threshold]["SL-1"]))
    lines = _aligned(rows)
    for number, group in enumerate(found["agents"], 1):
        lines.append(
            say(
                "simulate.group",
                number=number,
                count=group["count"],
                occupancy=_percent(group["occupancy"]),
                spread="–" if group["contacts_cv"] is None else f"{group['contacts_cv']:.3f}",
            )
        )
    gap = found["idle_gap"]
    lines.append(
        say("simulate.gap", count=gap["count"], mean=f"{gap['mean_s']:.3f}", most=f"{gap['max_s']:.3f}")
    )
    broken = ", ".join(found["promises_broken"] or ())
    lines.append(say("simulate.broken", names=broken) if broken else say("simulate.kept"))
    lines.append(
        say(
            "simulate.speed",
            contacts=found["contacts"],
            speed=f"{found['contacts_per_second']:.0f}",
            digest=found["decision_log_sha256"],
        )
    )
    return "\n".join(lines)


_COLUMNS = (
    ("simulate.offered", "offered", "count"),
    ("simulate.answered", "answered", "count"),
    ("simulate.abandoned", "abandoned", "count"),
    ("simulate.blocked", "blocked", "count"),
    ("simulate.p_wait", "p_wait", "share"),
    ("simulate.mean_wait", "wait_mean_s", "seconds"),
    ("simulate.median", "wait_p50_s", "seconds"),
    ("simulate.slow", "wait_p95_s", "seconds"),
)
"""Title, key of the answer, and how it is shown."""


def _shown(kind: str, figures: dict[str, Any], key: str) -> str:
    value = figures[key]
    if value is None:
        return "–"
    if kind == "count":
        return str(value)
    width = figures["ci95"][key]
    if kind == "share":
        return _percent(value) + ("" if width is None else f" ±{100 * width:.1f}")
    return f"{value:.2f}" + ("" if width is None else f" ±{width:.2f}")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(columns_of(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            padded(cell, width) if at == 0 else " " * (width - columns_of(cell)) + cell
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
