"""A whole simulation: all replications of a scenario, and its answer. Must not know the clock."""

from __future__ import annotations

from hashlib import sha256

from acd.simulation.figures import Figures, answer
from acd.simulation.house import House
from acd.simulation.scenario import Scenario
from acd.simulation.watch import Watch


def simulate(scenario: Scenario) -> Figures:
    """The answer of docs/simulation.md, but for the speed; `contacts` counts those of the warm-up too."""
    digest = sha256()
    tallies = [
        House(scenario, replication, Watch(scenario, digest)).run()
        for replication in range(scenario.replications)
    ]
    return {
        **answer(scenario, tallies),
        "contacts": sum(tally.contacts for tally in tallies),
        "decision_log_sha256": digest.hexdigest(),
    }
