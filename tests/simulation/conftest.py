"""Options of the fault simulator; its modules stand beside its tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/simulation --seeds 20000` for a long run; `--first-seed N` to begin elsewhere."""
    parser.addoption("--seeds", type=int, default=1000, help="how many seeds the fault simulator runs")
    parser.addoption("--first-seed", type=int, default=0, help="the first seed of the fault simulator")
