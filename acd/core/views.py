"""What is open, as readers of facts see it: agents, contacts, queues, entries, legs. Values only.

The fold (`acd.core.fold`) changes them; everybody else reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class AgentView:
    """One agent now. Times in ms since the epoch; 0: not."""

    state: str = "offline"
    reason: str = ""
    intent: str = "offline"
    phone: str = ""
    intent_reason: str = ""
    since_ms: int = 0  # in this state, for this reason
    until_ms: int = 0  # end of acw or communicating
    idle_since_ms: int = 0  # since when idle, in ready and offered
    contact: str = ""
    offer: str = ""
    queue: str = ""
    break_until_ms: int = 0  # the intended reason of not ready may last until then
    overdue: bool = False  # it has lasted longer
    gone_since_ms: int = 0  # since when the phone is gone
    segment: str = ""  # the conversation that a code is asked for
    disposition: str = ""  # "", optional, required
    code: str = ""  # the code given
    help_ms: int = 0  # since when a hand is raised
    failed_cause: str = ""
    failed_in_a_row: int = 0
    talked_on: str = ""  # the leg of the last conversation, from its beginning
    segment_ms: int = 0  # when it began
    counted_ms: int = 0  # up to here the time in the state is counted
    offered_ms: int = 0  # when a call was offered last

    @property
    def owes_code(self) -> bool:
        """Whether after-contact work lasts until a code is given."""
        return self.state == "acw" and self.disposition == "required" and not self.code

    @property
    def state_key(self) -> str:
        """The state by which time is counted: not_ready is told apart by reason."""
        return f"{self.state}:{self.reason}" if self.state == "not_ready" and self.reason else self.state


@dataclass(slots=True)
class ContactView:
    """One contact whose channel is not gone. Times in ms since the epoch; 0: not so far.

    stage: arrived, waiting, offered, connected, survey (the conversation is over), flow (left the queue).
    """

    started_ms: int
    announced: bool = True  # False: in a queue, but its ContactStarted has not come
    number: str = ""
    trunk: str = ""
    direct: bool = False
    caller: str = ""
    stage: str = "arrived"
    entry: int = 0  # 0: no agent asked for so far
    queue: str = ""
    needs: str = ""  # at this step
    prefer: list[str] = field(default_factory=list)  # at this step only these agents; []: anyone
    steps: list[dict[str, Any]] = field(default_factory=list)  # how it widens, see acd.core.plan
    step: int = 0  # how many of them have come
    max_wait_ms: int = 0  # from queued_ms on
    overflow: str = ""
    priority: int = 0
    language: str = ""
    queued_ms: int = 0
    wait_since_ms: int = 0
    line_rank: int = 0
    line_since_ms: int = 0
    offer: str = ""
    agent: str = ""
    rang_ms: int = 0
    answered_ms: int = 0
    connected_ms: int = 0
    held_since_ms: int = 0  # 0: not on hold
    hold_ms: int = 0  # holds of this segment that are over
    aims: str = ""  # agents it is meant for before it waits, see acd.core.aims
    recording: str = ""
    put_first: bool = False  # by a supervisor, in this entry
    taker: str = ""  # this agent joins the conversation and takes a part of it over, …
    taken_from: str = ""  # … this one
    legs: list[str] = field(default_factory=list)  # open offers; `offer` is the latest, or the one answered
    place_since_ms: int = 0  # whose place the contact has, if not that of its own wait
    return_within_ms: int = 0  # how long the place is kept if the caller leaves unserved
    recall_within_ms: int = 0
    rules: dict[str, Any] = field(default_factory=dict)  # of the queue at the entry, see acd.core.kept_rules
    # What was told of this wait last, and in which queue.
    promise: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class QueueView:
    """A queue that a supervisor has closed. Times in ms since the epoch."""

    closed_ms: int


@dataclass(slots=True)
class Entry:
    """A queue entry that is not over."""

    contact: str
    entry: int
    queue: str
    queued_ms: int
    contact_ms: int  # start of the contact
    wait_since_ms: int
    first: bool  # the contact's first
    answered_wait_ms: int = -1  # -1: not answered
    target_ms: int = 0
    short_ms: int = 5_000  # abandoned within it counts as short
    first_high_ms: int = 0  # the end of the first promise, ms since the epoch; 0: nothing was promised
    promise: dict[str, Any] = field(default_factory=dict)  # the newest WaitPromised


@dataclass(slots=True)
class Leg:
    """An agent's leg, from the offer to the end of the offer or of the conversation."""

    contact: str
    agent: str
    queue: str
    offered_ms: int
    connected_ms: int = 0
    rang_ms: int = 0
    held_since_ms: int = 0  # 0: not on hold
    hold_ms: int = 0  # holds that are over
    silent_ms: int = 0  # since when one side is known to hear nothing: a one-way call


@dataclass(slots=True)
class OutgoingView:
    """A call to an outside number that is not over. agent "": a queue's exit led the contact there."""

    contact: str
    agent: str
    phone: str
    started_ms: int
    callee: str = ""
    trunk: str = ""
    prefix: str = ""
    answered_ms: int = 0
