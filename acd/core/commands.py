"""What the distributor asks the world to do: commands, verb first, values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Base of all commands."""


@dataclass(frozen=True, slots=True)
class RungBeside:
    """One more agent whose phone rings for the same call, by an offer of its own."""

    offer: str
    agent: str
    phone: str
    also: tuple[str, ...] = ()  # further phones of this agent


@dataclass(frozen=True, slots=True)
class OfferCall(Command):
    """Ring this agent's phone for this waiting call, and those of others beside it, all by one Dial.

    The offers' ids travel through Asterisk and back; Dial's verdict is told by the first, `offer`.
    """

    contact: str
    offer: str
    agent: str
    phone: str
    queue: str
    ring_ms: int
    beside: tuple[RungBeside, ...] = ()
    also: tuple[str, ...] = ()  # further phones of this agent, by the same offer


@dataclass(frozen=True, slots=True)
class CancelOffer(Command):
    """Withdraw a ringing offer (agent forced out, call withdrawn). Never overrules a leg that is up."""

    contact: str
    offer: str


@dataclass(frozen=True, slots=True)
class RefuseCall(Command):
    """The call cannot be queued. reason: queue_full, unknown_queue, bad_needs, already_served."""

    contact: str
    reason: str


@dataclass(frozen=True, slots=True)
class SendToOverflow(Command):
    """The waiting caller leaves for elsewhere; the session says so by CallWithdrawn when it is settled.

    to: a go form ("queue:NAME", "message:PROMPT", "voicemail", "hangup"); outcome: of the contact, if it ends
    there without having been queued; "" leaves what was said before.
    """

    contact: str
    to: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class FetchCall(Command):
    """Bring a talking caller back to the queue, as a new entry; the agent's leg ends by it."""

    contact: str


@dataclass(frozen=True, slots=True)
class DropLeg(Command):
    """End this part of a conversation, which another agent has taken over; the others go on."""

    contact: str
    segment: str


@dataclass(frozen=True, slots=True)
class TakeSnapshot(Command):
    """List Asterisk's channels and report them as AsteriskSnapshot: an agent's leg has not told its end.

    Sent again every 10 s while it stays so.
    """

    offer: str
