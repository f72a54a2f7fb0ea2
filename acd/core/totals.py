"""Totals: what happened, counted. They can be added, so that parts of a day or several queues make a whole.

Everything is counted whole in the interval in which it began: a contact with all that becomes of it where it
started, a queue entry where it was queued, an offer where it was made, a segment with its after-contact work
where talk began. So the identities (`Totals.check`) hold in every interval, also across midnight. Only the
time agents spend in states is split at the interval's edge.

Raw waits are kept to the millisecond: any service level can be asked for afterwards. This module must not
know facts, formulas or clocks.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from heapq import merge
from math import ceil
from typing import Any, Self


class Waits:
    """Waits in ms, each one kept, in ascending order."""

    __slots__ = ("_sorted_ms", "total_ms")

    def __init__(self, waits_ms: Iterable[int] = ()) -> None:
        self._sorted_ms = sorted(waits_ms)
        self.total_ms = sum(self._sorted_ms)

    def add(self, wait_ms: int) -> None:
        """Keeps one more wait."""
        insort(self._sorted_ms, wait_ms)
        self.total_ms += wait_ms

    def within(self, limit_ms: int) -> int:
        """How many waits were at most limit_ms."""
        return bisect_right(self._sorted_ms, limit_ms)

    def quantile(self, share: float) -> int | None:
        """The shortest wait, in ms, that a share (0 < share <= 1) of all does not exceed; None of none."""
        count = len(self._sorted_ms)
        return self._sorted_ms[max(0, ceil(share * count) - 1)] if count else None

    def to_list(self) -> list[int]:
        """The waits in ms, ascending; Waits(list) is equal to this."""
        return list(self._sorted_ms)

    def __len__(self) -> int:
        return len(self._sorted_ms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Waits) and self._sorted_ms == other._sorted_ms

    __hash__ = None  # type: ignore[assignment]  # they change

    def __add__(self, other: Waits) -> Waits:
        return Waits(merge(self._sorted_ms, other._sorted_ms))

    def __repr__(self) -> str:
        return f"Waits({self._sorted_ms!r})"


@dataclass(slots=True)
class Mergeable:
    """Base of totals: every field is a number, Waits, or numbers by name, and adds up field by field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{f.name: _sum(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values by field name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: v.to_list() if isinstance(v, Waits) else _copy(v) for name, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What to_dict gave; fields missing there (written by an older program) stay at zero."""
        totals = cls()
        for f in fields(cls):
            value = values.get(f.name)
            if value is not None:
                setattr(totals, f.name, Waits(value) if f.type == "Waits" else _copy(value))
        return totals


def _sum(one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
    return one + other


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


@dataclass(slots=True)
class Totals(Mergeable):
    """Counts of the whole house or of one queue. Durations in ms.

    For a queue, `contacts` are those that asked for this queue first; what ended before is the house's.
    """

    contacts: int = 0
    blocked: int = 0
    closed: int = 0
    ended_in_flow: dict[str, int] = field(default_factory=dict)  # by outcome
    open_in_flow: int = 0  # not ended and no agent asked for so far
    asked: int = 0  # contacts that asked for an agent: first queue entries
    timely: int = 0  # contacts whose first entry was answered with wait_ms <= target_ms

    offered: int = 0  # queue entries; a second queueing is a second entry
    answered_waits: Waits = field(default_factory=Waits)
    abandoned_waits: Waits = field(default_factory=Waits)
    short_abandoned: int = 0  # of these, within the short-abandon limit of their queue
    out: int = 0  # left alive for another destination
    lost: int = 0  # ended by a failure of ours or Asterisk's
    waiting: int = 0  # entries neither answered nor over so far
    promised: int = 0  # answered entries whose caller had been told how long it would take
    promises_kept: int = 0  # of these, answered by the end of the first promise

    offers: int = 0  # times that an agent's phone was asked to ring
    offers_failed: dict[str, int] = field(default_factory=dict)  # by cause
    handled: int = 0  # segments that ended: conversations with one agent
    talk_ms: int = 0
    hold_ms: int = 0
    acw_ms: int = 0
    transferred: int = 0  # segments that ended because the agent transferred the caller
    one_way: int = 0  # legs without audio for 5 s
    dispositions: dict[str, int] = field(default_factory=dict)  # conversations by the code given last
    codes_missed: int = 0  # conversations whose required code was not given

    survey_asked: int = 0
    satisfaction: dict[str, int] = field(default_factory=dict)  # answers by digit, "1" to "5"

    @property
    def answered(self) -> int:
        """Queue entries that an agent answered."""
        return len(self.answered_waits)

    @property
    def abandoned(self) -> int:
        """Queue entries whose caller hung up while waiting."""
        return len(self.abandoned_waits)

    @property
    def survey_answered(self) -> int:
        """Contacts that gave a satisfaction digit."""
        return sum(self.satisfaction.values())

    def check(self) -> list[str]:
        """The identities that do not add up, each named with its two sides; empty when all do."""
        flow = sum(self.ended_in_flow.values())
        sums = (
            (
                "contacts = blocked + closed + ended in the flow + offered to a queue + open in the flow",
                self.contacts,
                self.blocked + self.closed + flow + self.asked + self.open_in_flow,
            ),
            (
                "offered = answered + abandoned + out + lost + still waiting",
                self.offered,
                self.answered + self.abandoned + self.out + self.lost + self.waiting,
            ),
        )
        limits = (
            ("timely answered <= offered to a queue", self.timely, self.asked),
            ("short abandoned <= abandoned", self.short_abandoned, self.abandoned),
            ("promises kept <= promised", self.promises_kept, self.promised),
            ("satisfaction answers <= satisfaction asked", self.survey_answered, self.survey_asked),
        )
        return [f"{name}: {one} is not {other}" for name, one, other in sums if one != other] + [
            f"{name}: {one} is more than {other}" for name, one, other in limits if one > other
        ]


@dataclass(slots=True)
class AgentTotals(Mergeable):
    """Counts of one agent. Durations in ms."""

    offers: int = 0
    offers_failed: dict[str, int] = field(default_factory=dict)  # by cause; no_answer is RONA
    handled: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    acw_ms: int = 0
    transferred: int = 0
    helps: int = 0  # times that a hand was raised
    help_ms: int = 0  # until it was lowered
    outgoing: int = 0  # outside numbers dialled
    outgoing_ms: int = 0  # talk with them
    states_ms: dict[str, int] = field(default_factory=dict)  # by state, not_ready as not_ready:REASON
    survey_asked: int = 0
    satisfaction: dict[str, int] = field(default_factory=dict)
