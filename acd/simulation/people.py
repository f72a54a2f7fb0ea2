"""Who is in a simulated house: contacts, agents at their desks, and the offers between them.

Values that change, kept by the house as it knows the truth; must not know the distributor. Times in ms from
the start of the replication.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.simulation.scenario import AgentGroup, QueuePlan

HEAD_START_MS = 60_000
"""What one point of priority counts as waited, unless the order is strict."""


@dataclass(slots=True, eq=False)
class Contact:
    """One caller. phase: waiting, offered, served, over."""

    id: str
    queue: QueuePlan
    number: int  # of the queue, from 0
    arrived_ms: int
    handle_ms: int
    after_contact_ms: int
    phase: str = "waiting"
    step: int = 0
    answered_ms: int = 0
    is_blocked: bool = False
    offer: Ringing | None = None
    key: tuple[int, int, str] = field(init=False)  # the place in line, smaller is earlier

    def __post_init__(self) -> None:
        if self.queue.order == "strict":
            self.key = (-self.queue.priority, self.arrived_ms, self.id)
        else:
            self.key = (0, self.arrived_ms - self.queue.priority * HEAD_START_MS, self.id)


@dataclass(slots=True, eq=False)
class Desk:
    """One agent. At work on a contact (talk and after-contact work) since busy_since_ms."""

    number: str
    group: AgentGroup
    bit: int
    on_shift: bool = False
    there_since_ms: int | None = None  # on shift, or finishing what the shift left
    busy_since_ms: int | None = None
    work_until_ms: int | None = None  # end of after-contact work
    offer: Ringing | None = None
    contacts: int = 0
    busy_ms: int = 0
    there_ms: int = 0


@dataclass(slots=True, eq=False)
class Ringing:
    """One offer, from the command until the leg is over."""

    id: str
    contact: Contact
    desk: Desk
    rang: bool = False  # it has reached the phone
    is_over: bool = False
