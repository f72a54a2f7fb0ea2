"""What is counted in one replication. Contacts that come within the warm-up are left out of all counts.

Occupancy is counted from the warm-up to the end of arrivals, cut at both. Times in ms.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from acd.simulation.people import Contact, Desk
from acd.simulation.scenario import Scenario


def _waits() -> array[int]:
    return array("q")


@dataclass(slots=True)
class QueueTally:
    """The contacts of one queue."""

    blocked: int = 0
    answered_ms: array[int] = field(default_factory=_waits)  # the wait of each
    abandoned_ms: array[int] = field(default_factory=_waits)
    unserved_ms: array[int] = field(default_factory=_waits)  # waiting still when nobody could come any more


@dataclass(slots=True)
class DeskTally:
    """One agent: at work on contacts, there at all, contacts answered."""

    busy_ms: int
    there_ms: int
    contacts: int


@dataclass(slots=True)
class Tally:
    """One replication."""

    queues: list[QueueTally]
    contacts: int = 0  # all, those within the warm-up too
    gaps_ms: array[int] = field(default_factory=_waits)
    desks: list[DeskTally] = field(default_factory=list)
    broken: dict[str, None] = field(default_factory=dict)  # names of promises


class Counter:
    """Counts what happens, in the span that is measured."""

    def __init__(self, scenario: Scenario) -> None:
        self._from_ms, self.to_ms = scenario.warmup_ms, scenario.end_ms
        self.tally = Tally([QueueTally() for _ in scenario.queues])

    def blocked(self, contact: Contact) -> None:
        """The contact was not let in."""
        self.tally.contacts += 1
        if contact.arrived_ms >= self._from_ms:
            self.tally.queues[contact.number].blocked += 1

    def left(self, contact: Contact, how: str, wait_ms: int) -> None:
        """The contact's wait is over. how: answered, abandoned, out."""
        self.tally.contacts += 1
        if contact.arrived_ms < self._from_ms:
            return
        queue = self.tally.queues[contact.number]
        if how == "answered":
            queue.answered_ms.append(wait_ms)
        elif how == "abandoned":
            queue.abandoned_ms.append(wait_ms)
        else:
            queue.unserved_ms.append(wait_ms)

    def answered_by(self, desk: Desk, contact: Contact) -> None:
        """The agent has taken the contact."""
        if contact.arrived_ms >= self._from_ms:
            desk.contacts += 1

    def overlap_ms(self, begin_ms: int, end_ms: int) -> int:
        """How much of a span lies in what is measured."""
        return max(0, min(end_ms, self.to_ms) - max(begin_ms, self._from_ms))

    def gap(self, begin_ms: int, end_ms: int) -> None:
        """An agent was free while an eligible contact waited."""
        if self._from_ms <= begin_ms < self.to_ms and end_ms > begin_ms:
            self.tally.gaps_ms.append(end_ms - begin_ms)
