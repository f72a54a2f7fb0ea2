"""All comparisons one after another, engines in turn, with the tables of docs/benchmarks.md as output.

Engines take turns, so that a machine that is busy for a while is busy for all of them; of several rounds the
median is shown. Every run appends its figures to a file of JSON lines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ENGINES = ("ours", "app_queue")
RUN_LIMIT_S = 600
Result = dict[str, object]


def plan(quick: bool, port_base: int) -> list[list[str]]:
    """The runs of one round, as words after `python -m`; the engines of a comparison in turn."""
    gaps, calls, backlog_calls = ("300", "150", "150") if quick else ("1000", "300", "300")
    comparisons = (
        ["bench.gap", "--gaps", gaps],
        ["bench.cpu", "--calls", calls],
        ["bench.cpu", "--backlog", "200", "--calls", backlog_calls],
    )
    return [
        [*words, "--engine", engine, "--port-base", str(port_base)]
        for words in comparisons
        for engine in ENGINES
    ]


async def run(words: Sequence[str], out: Path) -> Result:
    """One run in a process of its own; returns its result, and raises RuntimeError when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, "--out", str(out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), RUN_LIMIT_S)
    except TimeoutError:
        process.terminate()
        await process.wait()
        raise RuntimeError(f"{' '.join(words)}: not over after {RUN_LIMIT_S} s") from None
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {said.decode('utf-8', 'replace')[-2000:]}")
    return last_result(out)


def last_result(out: Path) -> Result:
    """The result that was appended last."""
    result: Result = json.loads(out.read_text("utf-8").splitlines()[-1])
    return result


def tables(results: Sequence[Result]) -> str:
    """The tables, in Markdown, of all results so far."""
    parts = [_circumstances(results[0])]
    gaps = [one for one in results if one["what"] == "gap"]
    if gaps:
        parts.append(_gap_table(gaps))
    for backlog in sorted({int(str(one["backlog"])) for one in results if one["what"] == "cpu"}):
        chosen = [one for one in results if one["what"] == "cpu" and one["backlog"] == backlog]
        parts.append(_cpu_table(chosen, backlog))
    return "\n\n".join(parts)


def _circumstances(one: Result) -> str:
    return (
        f"{str(one['at'])[:10]}, {one['processor']}, {one['cores']} cores, Linux {one['kernel']}, "
        f"Python {one['python']}, Asterisk {one['asterisk']}; load before the first run {one['load_before']}"
    )


def _gap_table(results: Sequence[Result]) -> str:
    keys = ("median_ms", "p95_ms", "p99_ms", "longest_ms")
    lines = [
        "| engine | rounds | gaps | median ms | p95 ms | p99 ms | longest ms |",
        "|---|---|---|---|---|---|---|",
    ]
    medians: dict[str, float] = {}
    for engine, own in _by_engine(results).items():
        figures = [_median(own, key) for key in keys]
        medians[engine] = figures[0]
        gaps = sum(int(str(one["gaps"])) for one in own)
        shown = " | ".join(f"{figure:.1f}" for figure in figures)
        lines.append(f"| {engine} | {len(own)} | {gaps} | {shown} |")
    if len(medians) == 2:
        lines.append(f"\nOurs is {medians['app_queue'] / medians['ours']:.0f} times quicker (median).")
    return "\n".join(lines)


def _cpu_table(results: Sequence[Result], backlog: int) -> str:
    lines = [
        f"With {backlog} callers waiting:" if backlog else "Without a backlog:",
        "",
        "| engine | rounds | calls | Asterisk ms per call | acd ms per call | together | PostgreSQL, apart |",
        "|---|---|---|---|---|---|---|",
    ]
    together: dict[str, float] = {}
    for engine, own in _by_engine(results).items():
        together[engine] = _median(own, "asterisk_and_acd_ms")
        calls = sum(int(str(one["calls"])) for one in own)
        asterisk, acd, postgres = (_process(own, name) for name in ("asterisk", "acd", "postgres"))
        lines.append(
            f"| {engine} | {len(own)} | {calls} | {asterisk} | {acd} | {together[engine]:.1f} | {postgres} |"
        )
    if len(together) == 2:
        lines.append(f"\nOurs takes {together['ours'] / together['app_queue']:.2f} times as much.")
    return "\n".join(lines)


def _by_engine(results: Sequence[Result]) -> dict[str, list[Result]]:
    found = {engine: [one for one in results if one["engine"] == engine] for engine in ENGINES}
    return {engine: own for engine, own in found.items() if own}


def _median(results: Sequence[Result], key: str) -> float:
    return statistics.median(float(str(one[key])) for one in results)


def _process(results: Sequence[Result], name: str) -> str:
    spent = [one["per_call_ms"][name] for one in results if name in one["per_call_ms"]]  # type: ignore[index,operator]
    return f"{statistics.median(spent):.1f}" if spent else "–"


async def run_all(arguments: argparse.Namespace, out: Path) -> list[Result]:
    """All rounds; what fails is told and left out."""
    results: list[Result] = []
    for _ in range(arguments.rounds):
        for words in plan(arguments.quick, arguments.port_base):
            print("python -m", *words, file=sys.stderr, flush=True)
            try:
                results.append(await run(words, out))
            except RuntimeError as error:
                print(error, file=sys.stderr, flush=True)
    return results


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.all", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer calls: about 6 minutes a round")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--port-base", type=int, default=29000)
    parser.add_argument("--out", type=Path, help="keep the single results in this file, one JSON line each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hb") as folder:
        out = arguments.out or Path(folder) / "results.jsonl"
        results = asyncio.run(run_all(arguments, out))
    if not results:
        raise SystemExit("no run came to its end")
    print(tables(results))


if __name__ == "__main__":
    main()
