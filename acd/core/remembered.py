"""What the journal remembers of agents and open contacts when acd begins again: values only."""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.house_rules import QueueRules
from acd.core.plan import PlanStep


@dataclass(frozen=True, slots=True)
class RestoredAgent:
    """An agent as the journal remembers it. state: see acd.core.agents; times in ms since the epoch."""

    number: str
    phone: str
    intent: str
    reason: str
    state: str
    idle_since_ms: int
    until_ms: int = 0  # end of acw
    contact: str = ""
    offer: str = ""
    queue: str = ""
    intent_reason: str = ""
    connected_ms: int = 0  # since when the leg `offer` talks; 0: it does not
    held_since_ms: int = 0  # 0: it is not on hold
    hold_ms: int = 0  # its holds that are over
    talked_ms: int = 0  # since when it did, until the caller was gone; 0: it did not
    offered_ms: int = 0  # when a call was offered last
    counted_ms: int = 0  # up to here the time in the state is in the figures that follow; 0: up to now
    busy_ms: int = 0  # of the day that JournalRestored names, as the next two
    free_ms: int = 0
    contacts: int = 0
    since_ms: int = 0
    break_until_ms: int = 0
    overdue: bool = False
    segment: str = ""
    disposition: str = ""
    code: str = ""
    gone_since_ms: int = 0
    failed_cause: str = ""
    failed_in_a_row: int = 0
    help_ms: int = 0


@dataclass(frozen=True, slots=True)
class RestoredLeg:
    """An open offer as the journal remembers it, beside the one that its call names."""

    offer: str
    agent: str
    rang_ms: int


@dataclass(frozen=True, slots=True)
class RestoredCall:
    """An open contact as the journal remembers it. stage: waiting, offered, connected."""

    contact: str
    entry: int
    queue: str
    needs: str
    priority: int
    language: str
    wait_since_ms: int
    stage: str
    offer: str = ""
    agent: str = ""
    answered_ms: int = 0
    connected_ms: int = 0
    rang_ms: int = 0
    held_since_ms: int = 0  # 0: not on hold
    hold_ms: int = 0  # holds that are over
    aims: tuple[str, ...] = ()
    left_queue: bool = True  # of a connected call: CallLeftQueue is in the journal
    line_rank: int = 0  # as in CallQueued, as what follows
    line_since_ms: int = 0
    steps: tuple[PlanStep, ...] = ()
    queued_ms: int = 0
    max_wait_ms: int = 0
    overflow: str = ""
    step: int = 0  # how many of the steps have come
    prefer: tuple[str, ...] = ()
    put_first: bool = False
    beside: tuple[RestoredLeg, ...] = ()  # further phones that rang
    taker: str = ""  # of a connected call: this agent joins it, …
    taken_from: str = ""  # … and this part ends then
    rules: QueueRules | None = None  # those of its entry; None: in a journal from before they were written
