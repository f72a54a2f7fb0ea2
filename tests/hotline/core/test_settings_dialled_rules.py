"""What can be dialled means one thing only."""

from __future__ import annotations

from typing import Any

import pytest
from sample_settings import found, put


@pytest.mark.parametrize("taken", ["4001", "1001"])
def test_an_extension_that_means_something_else(taken: str) -> None:
    """A number of the hotline, an agent's number."""
    assert "once only" in found(put("queue", 1, "extension", taken))["queue[2].extension"]


def test_two_queues_with_one_extension() -> None:
    def twins(document: dict[str, Any]) -> None:
        for queue in document["queue"]:
            queue["extension"] = "777"

    assert list(found(twins)) == ["queue[2].extension"]


def test_queues_without_an_extension_and_one_with_its_own() -> None:
    assert found(put("queue", 1, "extension", "777")) == {}
