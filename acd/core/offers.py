"""An offer: a lease on one agent for one waiting call, whose id travels through Asterisk and back.

A call may be offered to several agents at once, each by an offer of its own, all legs of the same Dial. Dial
names the winner: the one leg that is answered. The others end as answered_elsewhere, without a mark.

An offer has two halves that end apart and in either order:
- the caller's half ends when Dial has come back, or the caller is gone, left or came again (`cause` is set);
- the agent's half ends when the leg has hung up, or a snapshot shows that it is not there (`stage` ended).
The caller is offered to the next as soon as the first half is over, the agent is free when both are. If one
is known for long enough that the other cannot be missing by mere delay, see the limits below.

This module must not know agents' states or queues of calls; it keeps no time by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.state_table import read_state_table

LEASE_GRACE_MS = 5_000
"""The lease outlasts Dial's own timeout by this, and an ended half waits so long for a leg's hang-up."""

OTHER_HALF_MS = 1_000
"""After the leg ended without a verdict of Dial, or Dial came back before any leg was seen: two sockets
(AMI and AGI) tell of one moment, and neither is a second behind the other."""

ASK_AGAIN_MS = 10_000
"""How often a snapshot is asked for while a leg has not told its end."""

WHISPER_LIMIT_MS = 60_000
"""A leg that is up so long without being bridged is asked after."""

STAY = "stay"

OFFER_TABLE = read_state_table(
    """
           dialled   ringing   answered  connected ended
rang       ringing   -known    -known    -known    -over
answered   answered  answered  -known    -known    -over
connected  connected connected connected -known    -over
held       -quiet    -quiet    -quiet    stay      -over
leg_ended  ended     ended     ended     ended     -over
""",
    words=(STAY,),
    ignored={
        "known": "the leg has come that far already",
        "quiet": "nobody talks on this leg",
        "over": "the leg has ended",
    },
)


@dataclass(slots=True)
class Offer:
    """One offer until both halves are over. Times in ms; 0: has not happened."""

    id: str
    contact: str
    entry: int
    agent: str
    phone: str
    queue: str
    made_ms: int
    ring_limit_ms: int
    after_contact_ms: int
    beside: bool = False  # others were offered the same call by the same Dial
    reach_ms: int = 0  # of a callback: the person is called before the phone rings, or after it is answered
    stage: str = "dialled"
    cause: str = ""  # why the caller's half is over; "" while it is open
    told: bool = False  # OfferEnded or SegmentEnded has been written
    cancelled: bool = False
    cancel_cause: str = "withdrawn"  # or picked_up
    lost: bool = False  # a snapshot did not show the leg
    restored: bool = False  # from the journal, not yet judged by a snapshot
    rang_ms: int = 0
    answered_ms: int = 0
    connected_ms: int = 0
    held_since_ms: int = 0
    hold_ms: int = 0
    leg_cause: int = 0
    heard: bool = True  # False: the leg ended, and nothing had ever been heard of the phone
    leg_ended_ms: int = 0
    seen_ms: int = 0  # last sign of life; a snapshot asked for earlier does not judge it

    def __post_init__(self) -> None:
        self.seen_ms = self.made_ms

    def rung_ms(self, now_ms: int) -> int:
        """How long the phone rang, up to the answer or until now."""
        return (self.answered_ms or now_ms) - self.rang_ms if self.rang_ms else 0

    def talk_and_hold_ms(self, now_ms: int) -> tuple[int, int]:
        """Talk without hold, and hold, from the bridge until now."""
        hold_ms = self.hold_ms + (now_ms - self.held_since_ms if self.held_since_ms else 0)
        return now_ms - self.connected_ms - hold_ms, hold_ms

    def settle_cause(self, cause: str) -> str:
        """Dial's verdict as it counts: our own cancel comes back in several guises.

        Source: measured; a cancelled Dial shows as CHANUNAVAIL in AGI and NOANSWER in AMI.
        """
        if self.cancelled and not self.answered_ms and cause in ("unreachable", "no_answer", "unknown"):
            return self.cancel_cause
        return cause if cause in FAILED_CAUSES else "unknown"

    def own_cause(self) -> str:
        """Why this one of several phones is out, as far as its leg's end tells; "" when it does not."""
        if self.stage != "ended" or self.lost or self.answered_ms:
            return ""
        return self.cancel_cause if self.cancelled else _CAUSE_BY_Q850.get(self.leg_cause, "")

    def cause_among(self, dial_cause: str, *, others_seen: bool) -> str:
        """Dial's verdict on several phones as it counts for this one, which may have had an end of its own.

        others_seen: AMI has told of one of the legs at least; then one it has not told of never was.
        """
        if self.answered_ms:
            return "agent_gone"
        if own := self.own_cause():
            return own
        never_was = self.stage == "dialled" and others_seen
        is_silent = dial_cause == "no_answer" and (never_was or not self.heard)
        return self.settle_cause("unreachable" if is_silent else dial_cause)


FAILED_CAUSES = ("no_answer", "rejected", "busy", "unreachable", "withdrawn", "agent_gone", "lost", "unknown")

_CAUSE_BY_Q850 = {17: "busy", 18: "no_answer", 19: "no_answer", 20: "unreachable", 21: "rejected"}
"""Source: ITU-T Q.850, table 1."""


def cause_of_leg(offer: Offer, now_ms: int) -> str:
    """Why an unconnected leg ended, judged from the leg alone because Dial's verdict never came."""
    if offer.lost:
        return "lost"
    if offer.cancelled:
        return offer.cancel_cause
    if offer.answered_ms:
        return "agent_gone"
    if offer.rang_ms and now_ms - offer.rang_ms >= offer.ring_limit_ms:
        return "no_answer" if offer.heard else "unreachable"
    return _CAUSE_BY_Q850.get(offer.leg_cause, "unknown")
