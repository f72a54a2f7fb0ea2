"""The distributor against a model of Asterisk, with faults at random: its promises hold in every seed.

`pytest tests/simulation --seeds 20000` runs more; a failure names its seed, and
`pytest tests/simulation --first-seed N --seeds 1` repeats it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from simulated_house import FAULTS, run_seed

HERE = Path(__file__).parent


@pytest.mark.timeout(0)  # a long run is asked for by name and shows its own progress by its failure
def test_promises_hold_in_every_seed(pytestconfig: pytest.Config) -> None:
    seeds = pytestconfig.getoption("--seeds", default=1000)
    first = pytestconfig.getoption("--first-seed", default=0)
    ends: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for seed in range(first, first + seeds):
        outcome = run_seed(seed)
        ends += outcome.ends
        faults.update(outcome.faults)
    if seeds >= 100:
        # A simulator in which nothing happens would keep every promise.
        assert all(ends[how] > seeds // 10 for how in ("answered", "abandoned", "out", "lost")), ends
        assert all(faults[name] > seeds // 10 for name in FAULTS), faults


def test_the_same_seed_gives_the_same_decisions() -> None:
    assert [run_seed(seed).sha256 for seed in range(20)] == [run_seed(seed).sha256 for seed in range(20)]


def test_different_seeds_give_different_decisions() -> None:
    assert len({run_seed(seed).sha256 for seed in range(20)}) == 20


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_decisions_do_not_depend_on_the_order_of_sets(hash_seed: str) -> None:
    """Another process hashes strings differently: an iteration over a set would show."""
    script = "from simulated_house import run_seed; print(*[run_seed(seed).sha256 for seed in range(10)])"
    ours = [run_seed(seed).sha256 for seed in range(10)]
    path = os.pathsep.join((str(HERE), str(HERE.parents[1])))
    theirs = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    assert theirs == ours


def test_the_log_has_one_hash_per_seed() -> None:
    outcome = run_seed(3)
    assert outcome.seed == 3
    assert len(bytes.fromhex(outcome.sha256)) == hashlib.sha256().digest_size
    assert outcome.decisions > 100
