"""Simulation against theory, as the table of docs/simulation.md: `python -m bench.theory --times 10`.

Prints each row as soon as its case has run. The exact values are computed by other means
(`tests/support/queueing_theory.py`), the scenarios stand in `tests/support/simulation_cases.py`.
"""

from __future__ import annotations

import argparse
import time

from simulation_cases import CASES, Case, is_within, rows

HEADING = """\
| case | contacts | figure | exact | simulated | ± 95 % | |
|---|---|---|---|---|---|---|"""


def table_rows(case: Case, times: float) -> list[str]:
    """The rows of one case; the mark tells whether the exact value is within 99.9 % confidence."""
    found = case.play(times)
    kept = found["promises_broken"] == 0
    lines = []
    for path, exact, simulated, width in rows(case, found):
        mark = "✓" if kept and is_within(exact, simulated, width) else "✗"
        title = f"{case.name} ({case.source}) | {found['contacts']:,}" if not lines else " | "
        lines.append(f"| {title} | {path} | {exact:.4f} | {simulated:.4f} | {width:.4f} | {mark} |")
    return lines


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.theory", description=__doc__)
    parser.add_argument("--times", type=float, default=1, help="so many times as long as in the gate")
    arguments = parser.parse_args()
    print(HEADING, flush=True)
    began_s = time.process_time()
    for case in CASES:
        print("\n".join(table_rows(case, arguments.times)), flush=True)
    print(f"\n{time.process_time() - began_s:.0f} s of processor time")


if __name__ == "__main__":
    main()
