"""A day of 100,000 contacts with 1,000 agents on one core: `python -m bench.simulation`.

Ten queues with needs of their own, a profile of the day, agents in shifts with two skills each, patience,
after-contact work; more load than agents in two morning hours, so that hundreds wait. Proofs and promises on.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path

from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate
from bench.report import circumstances, keep

CONTACTS = 100_000
PROFILE = (1, 1, 1, 1, 1, 2, 4, 6, 9, 10, 10, 9, 8, 8, 9, 9, 8, 7, 6, 5, 4, 3, 2, 1)  # by hour
QUEUES = 10
SHIFTS = ((200, "[[21600, 50400]]"), (300, "[[28800, 57600]]"), (300, "[[36000, 64800]]"),
          (150, "[[50400, 79200]]"), (50, "[[0, 21600], [79200, 86400]]"))  # fmt: skip


def scenario_text(contacts: int) -> str:
    """The day, as TOML."""
    rates = [round(contacts * share / sum(PROFILE) / QUEUES, 3) for share in PROFILE]
    lines = ["seed = 1", "duration_s = 86400", "service_levels_s = [20]"]
    for number in range(QUEUES):
        lines += [
            "[[queue]]",
            f'name = "q{number}"',
            f'needs = "s{number} >= 3"',
            f"arrivals_profile_per_hour = {rates}",
            'handle = { kind = "lognormal", mean = 270, cv = 0.8 }',
            'after_contact = { kind = "constant", value = 30 }',
            'patience = { kind = "exponential", mean = 180 }',
        ]
    for count, shift in SHIFTS:
        for number in range(QUEUES):
            skills = f"s{number} = 8, s{(number + 1) % QUEUES} = 5"
            lines += ["[[agents]]", f"count = {count // QUEUES}", f"skills = {{ {skills} }}"]
            lines.append(f"shifts_s = {shift}")
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    parser.add_argument("--out", type=Path, help="append the result to this file, one JSON line")
    arguments = parser.parse_args()
    scenario = read_scenario(tomllib.loads(scenario_text(arguments.contacts)), "day.toml", str)
    began = circumstances()
    began_s, processor_s = time.perf_counter(), time.process_time()
    found = simulate(scenario)
    took_s, processor_s = time.perf_counter() - began_s, time.process_time() - processor_s
    total = found["total"]
    keep(
        {
            "what": "simulation",
            **began,
            "agents": sum(group.count for group in scenario.groups),
            "contacts": found["contacts"],
            "wall_s": round(took_s, 1),
            "processor_s": round(processor_s, 1),
            "contacts_per_second": round(found["contacts"] / took_s),
            "p_wait": total["p_wait"],
            "wait_p99_s": total["wait_p99_s"],
            "abandoned_share": total["abandoned_share"],
            "promises_broken": found["promises_broken"],
            "decision_log_sha256": found["decision_log_sha256"],
        },
        arguments.out,
    )


if __name__ == "__main__":
    main()
