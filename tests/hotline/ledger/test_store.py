"""Which projections a batch of facts runs: those that read a kind among them, and no others."""

from __future__ import annotations

import pytest

from acd.core import fact_codec
from hotline.ledger.store import KINDS, PROJECTIONS, projections_of

OF_OTHER_ROOMS = {"RecordingKept", "MessageLeft"}


@pytest.mark.parametrize("name", PROJECTIONS)
def test_the_kinds_of_a_projection_are_known(name: str) -> None:
    """One without kinds would never run; a word that is no kind is a mistake in its SQL."""
    assert KINDS[name]
    assert KINDS[name] <= fact_codec.FACTS.keys() | OF_OTHER_ROOMS


def test_a_batch_runs_what_its_kinds_need_in_the_order_of_the_files() -> None:
    needed = ("segments_connected", "queues_closed_and_opened", "segments_joined")
    in_order = [query for name, query in PROJECTIONS.items() if name in needed]
    assert projections_of({"QueueOpened", "CallConnected", "SomethingElse"}) == in_order
    assert projections_of({"SomethingElse"}) == []
