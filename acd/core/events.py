"""What happens to the distributor: events in the past tense, values only.

An event that cannot be (an unknown offer, a state in which it means nothing) is ignored with a stated
reason; it never raises. Times are ms since the epoch on the steady clock of the process.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.plan import PlanStep


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
    preferred: tuple[str, ...] = ()  # agents named for this caller's number or choice
    closed: bool = False  # the queue's opening hours are over


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

    segment: an id of the leg's own. queue: of the conversation.
    """

    contact: str
    agent: str
    segment: str
    queue: str
    recording: str = ""


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
    """An agent (a supervisor) wants this call at the own phone: a waiting, ringing or talking one."""

    contact: str
    agent: str
    by: str
    via: str


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
class AgentProfile:
    """What settings say of an agent."""

    number: str
    skills: tuple[tuple[str, int], ...]
    also: tuple[str, ...] = ()  # phones that ring with the one where the agent sits


@dataclass(frozen=True, slots=True)
class StepRules:
    """From after_ms on, counted from the entry into the queue, a waiting call asks for this instead."""

    after_ms: int
    needs: str


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What settings say of a queue, as values in ms."""

    name: str
    needs: str
    priority: int
    after_contact_ms: int
    offer_ring_ms: int  # offer_rings x ring period
    target_ms: int  # target_rings x ring period
    max_waiting: int = 1000
    order: str = "oldest_first"  # or "strict": a higher priority goes before any wait
    head_start_ms: int = 60_000  # oldest_first: what one point of priority counts as waited
    agent_choice: str = "longest_idle"  # see acd.core.choice
    steps: tuple[StepRules, ...] = ()  # in order of their times
    prefer_last_ms: int = 0  # how long the last agent of this caller is waited for; 0: not at all
    prefer_named_ms: int = 0  # how long agents named for the caller's number or choice are waited for
    return_within_ms: int = 0  # how long the place of a caller who left unserved is kept
    recall_within_ms: int = 0  # how long one who did not return may be called; 0: not at all
    max_wait_ms: int = 0  # after so long in the queue a call is sent on to overflow; 0: never
    overflow: str = ""  # go form: where those go for whom there is no room, and who waited for too long
    callers_per_1000_agents: int = 0  # more than so many in the queue per 1000 logged in; 0: no limit
    nobody_logged_in: tuple[str, str] = ("", "")  # go form of newcomers, of those who wait; "": they wait
    nobody_ready: tuple[str, str] = ("", "")  # likewise, while somebody is logged in
    disposition: str = ""  # the code after a conversation: "" not asked for, optional, required
    closed: str = "voicemail"  # go form: where newcomers go while a supervisor has closed the queue
    ring: int = 1  # so many phones at once
    pickup: str = "skilled"  # who may pick up its ringing calls, see acd.core.pickup

    @property
    def judges_staff(self) -> bool:
        """Whether callers who wait are sent on when agents are away."""
        return bool(self.nobody_logged_in[1] or self.nobody_ready[1])


@dataclass(frozen=True, slots=True)
class FailedOfferRule:
    """What an agent becomes after so many failed offers of one cause in a row; before that, a pause.

    becomes: not_responding, not_ready, paused, logged_out.
    """

    becomes: str
    after: int = 1


@dataclass(frozen=True, slots=True)
class AgentRules:
    """What settings say of all agents alike, as values in ms."""

    prolong_ms: int = 60_000  # one prolonging of after-contact work
    longest_work_ms: int = 900_000  # prolonged work ends so long after it began
    code_wait_ms: int = 300_000  # so long after work began a required code is waited for
    codes: tuple[str, ...] = ()  # of dispositions
    break_ms: tuple[tuple[str, int], ...] = ()  # reason of not ready -> how long it may last
    phone_gone_ms: int = 0  # logged out when the phone is gone for so long; 0: never
    pause_ms: int = 5_000  # how long an agent is left alone after a failed offer
    failed_offers: tuple[tuple[str, FailedOfferRule], ...] = (
        ("no_answer", FailedOfferRule("not_responding")),
        ("rejected", FailedOfferRule("not_ready")),
        ("busy", FailedOfferRule("paused")),
        ("unreachable", FailedOfferRule("not_ready")),
    )


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """A settings version takes effect: skills of agents and rules of queues are current from here on."""

    version: int
    agents: tuple[AgentProfile, ...]  # in the order of the settings
    queues: tuple[QueueRules, ...]
    choice_seed: int = 0  # of the agent choice "random"
    agent_rules: AgentRules = AgentRules()


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


@dataclass(frozen=True, slots=True)
class JournalRestored(Event):
    """First event after a restart, after SettingsChanged. No pairing until the snapshot has come and every
    waiting contact in it has arrived again, or 1.5 s after the snapshot."""

    agents: tuple[RestoredAgent, ...]
    calls: tuple[RestoredCall, ...]
    day_ms: int = 0  # the day of the agents' figures
    closed_queues: tuple[str, ...] = ()
