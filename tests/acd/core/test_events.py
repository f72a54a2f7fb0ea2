"""Events are values that anybody may make: each has a handler, and a stranger's never raises."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from decision_table import Table
from sample_values import kinds_of, sample

from acd.core import distributor, events
from acd.core.distributor import Distributor
from acd.core.events import Event

EVENTS = kinds_of(events, Event)
NEEDS_NO_HANDLER = {events.DeadlinePassed}
"""Due deadlines are looked for after every event; this one brings nothing else."""


def test_every_event_has_a_handler_and_every_handler_an_event() -> None:
    assert set(distributor._HANDLERS) == set(EVENTS) - NEEDS_NO_HANDLER


@pytest.mark.parametrize("kind", EVENTS)
def test_no_event_raises_whoever_tells_it(kind: type[Event]) -> None:
    """Unknown agents, offers and calls; before anything is known, and in the midst of work."""
    event = sample(kind)
    for handle in (lambda: Distributor(1).handle(event, 5), lambda: Table().handle(event, 5)):
        first, again = handle(), handle()
        assert first == again, "the same event on the same floor gives the same decision"


@pytest.mark.parametrize("kind", EVENTS)
def test_nobody_changes_an_event_that_was_told(kind: type[Event]) -> None:
    event = sample(kind)
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        event.agent = "1002"
    assert hash(event) == hash(sample(kind)), "an event is a value"
