"""What lives in the model of Asterisk: callers' and agents' channels, Dials, sessions."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulated_wires import Wire

from acd.core import events


def person_of(contact: str) -> str:
    """Who calls in this contact; a return has the name of the first contact and a number."""
    return contact.partition("+")[0]


@dataclass(eq=False)
class Leg:
    """An agent's channel. state: ringing, up, bridged, gone."""

    offer: str
    contact: str
    agent: str
    phone: str
    state: str = "ringing"
    is_ending: bool = False  # its end has been decided, the phone is being told


@dataclass(eq=False)
class Dial:
    """What EXEC Dial does on a caller's channel. legs: those not over; winner: the one that answered."""

    offer: str
    legs: list[Leg] = field(default_factory=list)
    winner: Leg | None = None
    ringing: int = 1  # phones that may still answer, also those that got no leg


@dataclass(eq=False)
class Session:
    """A FastAGI session of a waiting caller."""

    caller: Caller
    wire: Wire
    is_open: bool = True


@dataclass(eq=False)
class Caller:
    """A caller's channel. place: waiting (the dialplan asks acd), talking, after (survey or elsewhere)."""

    contact: str
    queue: str
    needs: str
    priority: int
    wait_since_ms: int
    patience_ms: int | None
    chosen: str = ""
    last_agent: str = ""
    preferred: tuple[str, ...] = ()
    entry: int = 1
    first_wait_ms: int = 0  # transferred or gone elsewhere: when the contact's first wait began
    place_since_ms: int = 0  # what acd was told of the place in line, for a callback that is to keep it
    reach_ms: int = 0  # a callback's line: so long it takes at most to reach the person
    aim: str = ""  # transferred to this agent
    back: str = ""  # by this one
    fallback: str = ""  # transferred to a queue, from this one
    is_alive: bool = True
    place: str = "waiting"
    session: Session | None = None
    dial: Dial | None = None
    known_entry: int = 0  # the latest entry that acd has been told of
    ends: list[str] = field(default_factory=list)  # how each entry ended in truth

    def arrival(self) -> events.CallArrived:
        """What a session tells when it opens."""
        return events.CallArrived(
            contact=self.contact,
            queue=self.queue,
            needs=self.needs,
            priority=self.priority,
            language="zh",
            wait_since_ms=self.wait_since_ms,
            entry=self.entry,
            chosen=self.chosen,
            last_agent=self.last_agent,
            preferred=self.preferred,
            place_since_ms=self.first_wait_ms,
            reach_ms=self.reach_ms,
            aims=tuple(dict.fromkeys((self.aim, self.back))) if self.aim else (),
            fallback=self.fallback,
            fallback_agent=self.back if self.fallback else "",
        )

    @property
    def person(self) -> str:
        """Who calls: the same in every contact of theirs."""
        return person_of(self.contact)
