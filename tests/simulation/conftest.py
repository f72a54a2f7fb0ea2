"""Options of the fault simulator and of the property tests; their modules stand beside the tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/simulation --seeds 20000` for a long run; `--first-seed N` to begin elsewhere.

    `--examples 20` tries 20 times as many examples of each property, chosen anew each time.
    """
    parser.addoption("--seeds", type=int, default=1000, help="how many seeds the fault simulator runs")
    parser.addoption("--first-seed", type=int, default=0, help="the first seed of the fault simulator")
    parser.addoption("--examples", type=int, default=1, help="property tests: times as many examples")


def pytest_configure(config: pytest.Config) -> None:
    """Before the tests are imported: their decorators ask how many examples are wanted."""
    import drawn_settings

    drawn_settings.FACTOR = config.getoption("--examples", default=1)
