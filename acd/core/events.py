"""What happens to the distributor: events in the past tense, values only.

An event that cannot be (an unknown offer, a state in which it means nothing) is ignored with a stated
reason; it never raises. Times are ms since the epoch on the steady clock of the process.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.house_rules import AGENT_RULES, AgentProfile, AgentRules, QueueRules
from acd.core.remembered import RestoredAgent, RestoredCall


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class CallArrived(Event):
    """A caller asks for an agent (or comes back after our restart: same contact and entry, place kept)."""

    contact: str
    queue: str
    needs: str  # expression over skills, already resolved with the queue's; "" = anyone
    priority: int
    language: str
    wait_since_ms: int
    entry: int = 1
    aims: tuple[str, ...] = ()  # agents it is meant for before it waits, see acd.core.aims
    place_since_ms: int = 0  # its place in line is that of a wait since then; 0: since wait_since_ms
    fallback: str = ""  # the queue that takes it if this one refuses, …
    fallback_agent: str = ""  # … after this agent has been asked
    chosen: str = ""  # the part of needs that every step of the queue keeps: what the caller chose
    last_agent: str = ""  # who served this caller last, "" when not known
    preferred: tuple[str, ...] = ()  # agents named for the caller's choice, number or flow, or the queue
    teams: tuple[str, ...] = ()  # those of them that are named as teams
    closed: bool = False  # the queue's opening hours are over
    put_first: bool = False  # a callback's line, if a supervisor has put the person's call first
    reach_ms: int = 0  # a callback: so long it takes at most to reach the person whose place it keeps; else 0


@dataclass(frozen=True, slots=True)
class CallerHungUp(Event):
    """The caller's channel is gone. at_ms: when, if it is told only now.

    by: who ended the conversation, if there was one: after the agent's hang-up, too, the caller's channel may
    be the first to go.
    """

    contact: str
    at_ms: int | None = None
    by: str = "caller"  # caller, agent


@dataclass(frozen=True, slots=True)
class CallWithdrawn(Event):
    """The caller left the queue alive for another destination (menu key, transfer, overflow)."""

    contact: str
    to: str
    entry: int = 0  # which was left; 0: the one that is here
    cause: str = (
        "withdrawn"  # what becomes of its offers; not_reached: the agent was there, the person was not
    )


@dataclass(frozen=True, slots=True)
class WaitPredicted(Event):
    """This waiting call is expected to wait for so long from now; None: no end of it can be foreseen."""

    contact: str
    entry: int
    wait_ms: int | None


@dataclass(frozen=True, slots=True)
class SessionLost(Event):
    """The call cannot be commanded now (its AGI session ended, the channel lives): not offerable until
    it arrives again; its place is kept. Sent only for the session in which the call last arrived."""

    contact: str


@dataclass(frozen=True, slots=True)
class AgentLoggedIn(Event):
    """Intent becomes not_ready with reason "login", at this phone."""

    agent: str
    phone: str


@dataclass(frozen=True, slots=True)
class AgentLoggedOut(Event):
    agent: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AgentBecameReady(Event):
    """The agent intends to take calls; during a contact or after-contact work it takes effect after it."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentBecameNotReady(Event):
    """Intent not ready with a reason; an offer or conversation under way is not touched."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class AgentFinishedWork(Event):
    """After-contact work ended early by the agent."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentProlongedWork(Event):
    """After-contact work shall last longer: by the house's step, up to its maximum."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentKept(Event):
    """The agent has sent the caller to enter digits, by a transfer, and gets the caller back.

    queue: of the conversation.
    """

    contact: str
    agent: str
    queue: str


@dataclass(frozen=True, slots=True)
class AgentGaveDisposition(Event):
    """The agent says what the conversation was about, by a code of the settings; a later code replaces it."""

    agent: str
    code: str


@dataclass(frozen=True, slots=True)
class AgentAskedHelp(Event):
    """The agent raises a hand (举手) for the shift leader."""

    agent: str


@dataclass(frozen=True, slots=True)
class AgentWasHelped(Event):
    """The hand is lowered. by: "agent", or the number of whoever came to help."""

    agent: str
    by: str = "agent"


@dataclass(frozen=True, slots=True)
class PhoneBecameUnreachable(Event):
    """The agent's phone lost its registration: not offerable until reachable; the intent stays."""

    agent: str


@dataclass(frozen=True, slots=True)
class PhoneBecameReachable(Event):
    agent: str


@dataclass(frozen=True, slots=True)
class PhoneInUse(Event):
    """The phone has a call that is no offer: its own, or a direct one; not offerable until PhoneFree."""

    phone: str


@dataclass(frozen=True, slots=True)
class PhoneFree(Event):
    """The last such call of the phone is over."""

    phone: str


@dataclass(frozen=True, slots=True)
class OfferRang(Event):
    """DialBegin of the leg: from now on the offer counts."""

    offer: str


@dataclass(frozen=True, slots=True)
class OfferAnswered(Event):
    """The leg is Up. at_ms: since when, if it is told only now."""

    offer: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OfferConnected(Event):
    """The leg entered the bridge with the caller. at_ms: when, if it is told only now."""

    offer: str
    recording: str = ""
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OfferFailed(Event):
    """Dial came back to the caller without a conversation: frees the caller only. Of several phones that rang
    at once the offer is the first, and the cause is Dial's for all of them.

    cause: no_answer, rejected, busy, unreachable, withdrawn, agent_gone, unknown.
    """

    offer: str
    cause: str


@dataclass(frozen=True, slots=True)
class LegEnded(Event):
    """The agent's leg is gone (Hangup): frees the agent only. cause: Q.850 code.

    at_ms: when, if it is told only now. heard: the phone was heard of, were it only that it rings.
    """

    offer: str
    cause: int
    by: str = ""  # agent, caller, transfer, lost
    at_ms: int | None = None
    heard: bool = True


@dataclass(frozen=True, slots=True)
class HoldChanged(Event):
    offer: str
    held: bool


@dataclass(frozen=True, slots=True)
class AgentJoined(Event):
    """A leg of the agent's phone is in one bridge with the caller, though no offer led there.

    segment: an id of the leg's own. queue: of the conversation. recording_skip_ms: how long the leg talked,
    and was recorded, before.
    """

    contact: str
    agent: str
    segment: str
    queue: str
    recording: str = ""
    recording_skip_ms: int = 0


@dataclass(frozen=True, slots=True)
class AgentForced(Event):
    """A supervisor puts an agent into a state. to: ready, not_ready, work_over, logged_out.

    In this and the next events `by` is who did it (an agent's number, a user's name) and `via` from where
    (phone, page): both go into the fact SupervisorActed.
    """

    agent: str
    to: str
    by: str
    via: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CallTaken(Event):
    """An agent (a supervisor) wants this call at the own phone: a waiting, ringing or talking one.

    joins: the phone has a line to us already, which joins the talk now, so nothing is to ring (AgentJoined
    follows, and the other agent's LegEnded). segment: the part that ends by it; "": the newest.
    """

    contact: str
    agent: str
    by: str
    via: str
    joins: bool = False
    segment: str = ""


@dataclass(frozen=True, slots=True)
class PickupAsked(Event):
    """An agent wants a ringing call at the own phone: the oldest, or the one that rings at whose phone."""

    agent: str
    whose: str = ""


@dataclass(frozen=True, slots=True)
class CallSentOn(Event):
    """A supervisor sends a waiting call elsewhere. to: a go form, "queue:NAME", "message:PROMPT", …"""

    contact: str
    to: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class CallPutFirst(Event):
    """A supervisor puts a waiting call before all that were not put first earlier."""

    contact: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class QueueClosed(Event):
    """A supervisor closes a queue: newcomers go where its `closed` says, those who wait stay."""

    queue: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class QueueOpened(Event):
    """A supervisor opens a queue again."""

    queue: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed(Event):
    """The time named in Decision.wake_at_ms has come."""


@dataclass(frozen=True, slots=True)
class AsteriskLost(Event):
    """The link to Asterisk is down: nothing is offered until a snapshot."""


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """An agent's leg found alive in a snapshot. state: ringing, up, bridged."""

    offer: str
    contact: str
    agent: str
    state: str


@dataclass(frozen=True, slots=True)
class AsteriskSnapshot(Event):
    """All of our channels as Asterisk lists them: contacts alive and agents' legs alive.

    waiting: those of the contacts whose stage variable says waiting; after a gap they are waited for.
    asked_ms: when the list was asked for; what began at that time or later is not judged by it. None: all is.
    phones_in_use: the phones that have calls which are no offers.
    """

    contacts: tuple[str, ...]
    legs: tuple[LiveLeg, ...]
    restarted: bool = False  # Asterisk itself is a new process: everything before is lost
    waiting: tuple[str, ...] = ()
    asked_ms: int | None = None
    phones_in_use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """A settings version takes effect: skills of agents and rules of queues are current from here on."""

    version: int
    agents: tuple[AgentProfile, ...]  # in the order of the settings
    queues: tuple[QueueRules, ...]
    choice_seed: int = 0  # of the agent choice "random"
    agent_rules: AgentRules = AGENT_RULES


@dataclass(frozen=True, slots=True)
class JournalRestored(Event):
    """First event after a restart, after SettingsChanged. No pairing until the snapshot has come and every
    waiting contact in it has arrived again, or 1.5 s after the snapshot."""

    agents: tuple[RestoredAgent, ...]
    calls: tuple[RestoredCall, ...]
    day_ms: int = 0  # the day of the agents' figures
    closed_queues: tuple[str, ...] = ()
