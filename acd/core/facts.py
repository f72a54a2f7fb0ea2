"""What we stand by: facts that acd writes to its journal, the source of every number.

A fact is immutable; its wire name is the class name, its version the class attribute. Times are
milliseconds since the epoch on the process's steady clock. `fact_id` is deterministic, so that the same
fact written twice (after a crash) counts once.

One long module on purpose: a catalogue of values without behaviour, which readers look up in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of all facts. `at_ms` is when it happened, not when it was written."""

    version: ClassVar[int] = 1
    at_ms: int


@dataclass(frozen=True, slots=True)
class ContactStarted(Fact):
    """A caller's channel reached us. `caller` is a reference, never the number itself."""

    contact: str
    number: str  # the hotline number dialled
    trunk: str
    direct: bool
    caller: str


@dataclass(frozen=True, slots=True)
class CallQueued(Fact):
    """The contact asked for an agent. entry counts from 1: a second queueing is a second entry."""

    contact: str
    entry: int
    queue: str
    needs: str
    priority: int
    language: str
    wait_since_ms: int  # when the wait began (kept over restarts and returns)
    settings_version: int
    line_rank: int = 0  # the place in line is (line_rank, line_since_ms, contact), the least first
    line_since_ms: int = 0  # wait_since_ms (of a transfer the first) less the head start; 0: no head start
    aims: str = ""  # agents' numbers it is meant for before it waits (a transfer), joined by spaces
    prefer: list[str] = field(default_factory=list)  # only these agents for now; []: anyone with the skills
    steps: list[dict[str, Any]] = field(default_factory=list)  # how it will widen, see acd.core.plan
    place_since_ms: int = 0  # the place is that of a wait since then; 0: since wait_since_ms
    return_within_ms: int = 0  # left unserved, the caller has this place again so long; 0: not at all
    recall_within_ms: int = 0  # who does not return by then is to be called within; 0: is not
    max_wait_ms: int = 0  # after so long in the queue it is sent on to overflow; 0: never
    overflow: str = ""
    teams: list[str] = field(default_factory=list)  # that are preferred, also where nobody of them is here
    short_abandon_ms: int = 5_000  # who hangs up within it did not really wait
    rules: dict[str, Any] = field(default_factory=dict)  # that it keeps, see acd.core.kept_rules; {}: unknown


@dataclass(frozen=True, slots=True)
class AimsPassedOver(Fact):
    """Agents whom a call was meant for cannot take it now, and are not asked again. aims: those who are left.

    With "" it waits in the line. Those before an aim that is offered the call are passed over without this.
    """

    contact: str
    entry: int
    aims: str


@dataclass(frozen=True, slots=True)
class CallWidened(Fact):
    """A step of the plan has come: the waiting call asks for this from now on. step counts from 1."""

    contact: str
    entry: int
    step: int
    needs: str
    prefer: list[str]


@dataclass(frozen=True, slots=True)
class CallOverflowed(Fact):
    """The caller is sent elsewhere by the queue's limits, at the entry or while waiting. to: a go form.

    reason: closed, queue_full, callers_per_agent, nobody_logged_in, nobody_ready, max_wait, predicted_wait
    (predicted_ms was expected). Who was let in has left the queue only with CallLeftQueue, which follows.
    """

    contact: str
    entry: int
    queue: str
    reason: str
    to: str
    predicted_ms: int = 0


@dataclass(frozen=True, slots=True)
class CallOffered(Fact):
    """An agent's phone is asked to ring. proof: see acd.core.proof.

    dial: the first offer of those that ring at once, by one Dial; "" when this one rings alone.
    """

    contact: str
    entry: int
    offer: str
    agent: str
    phone: str
    queue: str
    expires_ms: int
    proof: dict[str, Any]
    dial: str = ""


@dataclass(frozen=True, slots=True)
class OfferRang(Fact):
    """DialBegin: from here on the offer counts against the agent."""

    contact: str
    offer: str
    agent: str


@dataclass(frozen=True, slots=True)
class OfferEnded(Fact):
    """An offer ended without a conversation: every CallOffered is followed by this or by CallConnected.

    cause: no_answer, rejected, busy, unreachable, caller_gone, withdrawn, agent_gone (answered, then hung
    up before the bridge), unknown, lost, answered_elsewhere (another phone that rang at once won),
    picked_up (by a colleague), not_reached (the person of a callback; the agent was there).
    """

    contact: str
    offer: str
    agent: str
    cause: str
    ring_ms: int


@dataclass(frozen=True, slots=True)
class CallPickedUp(Fact):
    """A colleague wants a ringing call at the own phone: its offers are withdrawn (picked_up).

    The next offer is the colleague's, unless one of the phones was answered first. whose: the agent named;
    "" for the oldest call.
    """

    contact: str
    queue: str
    agent: str
    whose: str


@dataclass(frozen=True, slots=True)
class CallAnswered(Fact):
    """The agent's leg went up: the wait ends here.

    When the agent hangs up in the whisper the caller goes back to waiting (OfferEnded, agent_gone) and is
    answered a second time: so answered calls are counted by CallLeftQueue, not by this fact.
    """

    contact: str
    entry: int
    offer: str
    agent: str
    queue: str
    wait_ms: int
    ring_ms: int
    target_ms: int  # target_rings x ring period: in time if and only if wait_ms <= target_ms


@dataclass(frozen=True, slots=True)
class CallConnected(Fact):
    """Caller and agent are in one bridge: talk begins. segment = offer id."""

    contact: str
    segment: str
    agent: str
    queue: str
    recording: str  # path under the recordings folder, without suffix; "" when not recorded
    how: str = ""  # joined: no offer led there, but an attended transfer or a third party; "": an offer
    recording_skip_ms: int = (
        0  # joined: so much of the recording's beginning is a consultation without the caller
    )


@dataclass(frozen=True, slots=True)
class HoldChanged(Fact):
    contact: str
    segment: str
    agent: str
    held: bool


@dataclass(frozen=True, slots=True)
class SegmentEnded(Fact):
    """One agent's part of the contact is over. hung_up_by: agent, caller, transfer, lost."""

    contact: str
    segment: str
    agent: str
    queue: str
    talk_ms: int  # without hold
    hold_ms: int
    hung_up_by: str
    cause: int


@dataclass(frozen=True, slots=True)
class MediaMeasured(Fact):
    """What RTP and RTCP said of one leg at its end. side: agent or caller."""

    contact: str
    segment: str
    side: str
    codec: str
    rx_packets: int
    tx_packets: int
    rx_loss: int
    tx_loss: int
    rx_jitter_ms: float
    tx_jitter_ms: float
    rtt_ms: float


@dataclass(frozen=True, slots=True)
class MediaSilent(Fact):
    """A leg received no audio for 5 s while bridged: a one-way call. side: agent or caller."""

    contact: str
    segment: str
    side: str
    silent_ms: int


@dataclass(frozen=True, slots=True)
class RecallDue(Fact):
    """A caller who left a queue unserved did not return in time: to be called by deadline_ms."""

    contact: str
    caller: str
    queue: str
    left_ms: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class RecallSettled(Fact):
    """The caller of a recall needs none any more. by: whom.

    how: served (talked with an agent), done (called back by an agent), unreached (given up), dismissed.
    """

    contact: str
    how: str
    by: str


@dataclass(frozen=True, slots=True)
class WaitPromised(Fact):
    """A waiting caller was told between when and when an agent will answer (ms since the epoch).

    agents, position: how many agents could serve the call then, and its place; reason: why this is later
    than what was promised before (fewer_agents, overtaken, moved to another queue), "" if it is not.
    """

    contact: str
    entry: int
    queue: str
    low_ms: int
    high_ms: int
    agents: int
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class CallLeftQueue(Fact):
    """The entry is over, exactly once. how: answered, abandoned, out (left for another destination), lost.

    answered: written with CallConnected, wait_ms as in the entry's last CallAnswered. A caller who hangs up
    before the bridge (also in the whisper) abandoned.
    """

    contact: str
    entry: int
    queue: str
    how: str
    to: str
    wait_ms: int


@dataclass(frozen=True, slots=True)
class ContactEnded(Fact):
    """The caller's channel is gone; exactly one per contact.

    stage: arrived, flow, waiting, connected, survey, fallback. outcome (of the flow, "" if none): closed,
    blocked, voice_message, message, callback, refused, hung_up, queued. hung_up_by: caller, agent, us, lost.
    reason: "", or why it was not seen to end. satisfaction: 1..5, 0 when not asked or not answered; asked
    tells which.
    """

    contact: str
    stage: str
    outcome: str
    hung_up_by: str
    cause: int
    reason: str
    satisfaction: int
    survey_asked: bool


@dataclass(frozen=True, slots=True)
class AgentStateChanged(Fact):
    """A change of state, reason, intent or phone. state: see acd.core.agents.

    reason explains the state (not_ready, not_responding, communicating, offline); intent (offline, ready,
    not_ready) with intent_reason is what follows when the state ends; until_ms: end of acw or communicating
    (in offered: of the acw that the offer interrupts), else 0; idle_since_ms: since when the agent counts as
    idle (ready, offered, unknown, else 0; an offer that vanished before it rang leaves it as it was); offer:
    the leg that holds the agent, "" if none.
    break_until_ms: when the intended reason of not ready has lasted as long as it may, overdue: it has;
    gone_since_ms: since when the phone is gone. segment, disposition (optional, required) and code: the
    conversation that a code is asked for, and the one given. failed_in_a_row: offers that failed for
    failed_cause without a conversation between.
    """

    agent: str
    state: str
    reason: str
    intent: str
    phone: str
    contact: str
    queue: str
    until_ms: int
    offer: str = ""
    idle_since_ms: int = 0
    intent_reason: str = ""
    break_until_ms: int = 0
    overdue: bool = False
    gone_since_ms: int = 0
    segment: str = ""
    disposition: str = ""
    code: str = ""
    failed_cause: str = ""
    failed_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class DispositionGiven(Fact):
    """What the agent says a conversation was about; replaces: the code given before for the same one."""

    contact: str
    segment: str
    agent: str
    queue: str
    code: str
    replaces: str


@dataclass(frozen=True, slots=True)
class DispositionMissed(Fact):
    """After-contact work is over, and the code that the queue requires was not given."""

    contact: str
    segment: str
    agent: str
    queue: str


@dataclass(frozen=True, slots=True)
class HelpAsked(Fact):
    """The agent raised a hand; contact and queue are of the conversation or work under way, else ""."""

    agent: str
    contact: str
    queue: str


@dataclass(frozen=True, slots=True)
class HelpEnded(Fact):
    """The hand is lowered, waited_ms after it was raised.

    by: "agent", "log_out", or the number of whoever came to help.
    """

    agent: str
    by: str
    waited_ms: int


@dataclass(frozen=True, slots=True)
class OutgoingStarted(Fact):
    """An outside number is dialled. contact: what the agent works on; else whose recall this is; else "".

    agent "": a queue's exit leads the contact there. callee is a reference, never the number itself; prefix:
    the rule's that allowed it.
    """

    segment: str
    contact: str
    agent: str
    phone: str
    callee: str
    trunk: str
    prefix: str
    emergency: bool


@dataclass(frozen=True, slots=True)
class OutgoingAnswered(Fact):
    segment: str
    contact: str
    agent: str
    recording: str  # path under the recordings folder, without suffix


@dataclass(frozen=True, slots=True)
class OutgoingEnded(Fact):
    """how: answered, no_answer, busy, failed, lost (not seen to end). cause: Q.850."""

    segment: str
    contact: str
    agent: str
    how: str
    talk_ms: int
    cause: int


@dataclass(frozen=True, slots=True)
class OutgoingRefused(Fact):
    """why: prefix, calls or minutes (too many today), nobody (no agent there), trunk_full.

    trunk_full: of transfers, and of queues' exits, for which agent is "".
    """

    agent: str
    phone: str
    why: str
    prefix: str


@dataclass(frozen=True, slots=True)
class CallerVerified(Fact):
    """The agent had the caller enter digits; this is all that is known of them."""

    contact: str
    segment: str
    agent: str
    verified: bool


@dataclass(frozen=True, slots=True)
class LoginRefused(Fact):
    """Wrong number or PIN at a phone. agent is the number as given, digits only."""

    agent: str
    phone: str
    attempts: int


@dataclass(frozen=True, slots=True)
class CallPutFirst(Fact):
    """A supervisor put this waiting entry before all that were not put first."""

    contact: str
    entry: int


@dataclass(frozen=True, slots=True)
class QueueClosed(Fact):
    """From now on newcomers to this queue go where its setting `closed` says; those who wait stay."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueOpened(Fact):
    """The queue takes newcomers again."""

    queue: str


@dataclass(frozen=True, slots=True)
class SupervisorActed(Fact):
    """What a supervisor did, or tried: who, what, to whom.

    by: the agent's number (via phone) or the user's name (via page). deed: listen, whisper, barge, take,
    force, move, end, put_first, close_queue, open_queue, …; agent, contact, queue: whom it concerns, "" if
    none; detail: a state, a reason, a destination. refused: "" when it was done, else why not, as a code of
    acd.core.supervision. segment: of take, when the taker's phone joins the conversation: the part of it that
    ends once the phone is there.
    """

    by: str
    via: str
    deed: str
    agent: str
    contact: str
    queue: str
    detail: str
    refused: str
    segment: str = ""


@dataclass(frozen=True, slots=True)
class TakeOverGivenUp(Fact):
    """The phone of the agent who wanted to take a conversation over did not join it: nothing has changed."""

    contact: str
    agent: str


@dataclass(frozen=True, slots=True)
class CallbackAsked(Fact):
    """A caller asked to be called back instead of waiting; the callback bears this contact's id.

    caller: a reference to the number to be called; number: the hotline number dialled; needs, prefer (agents,
    joined by spaces): chosen besides the queue's own; priority: "" for that of the queue; place_since_ms: the
    place in line is that of a wait since then; expires_ms: not called any more from then on; put_first: by a
    supervisor, before all others.
    """

    contact: str
    caller: str
    number: str
    queue: str
    needs: str
    prefer: str
    priority: str
    language: str
    place_since_ms: int
    expires_ms: int
    put_first: bool = False


@dataclass(frozen=True, slots=True)
class CallbackTried(Fact):
    """The person was called. line: the contact that waited in that place; agent: "" before there is one.

    how: answered, no_answer, busy, failed, hung_up (before an agent was there), agent_gone (the agent hung
    up first: not counted as an attempt). next_ms: not called again before, 0 if at once.
    """

    contact: str
    line: str
    agent: str
    how: str
    next_ms: int


@dataclass(frozen=True, slots=True)
class CallbackSettled(Fact):
    """A callback is over, exactly once; by: whom, "" if nobody's deed.

    how: served (the person talks with an agent, also after calling in), unreached (tried often enough),
    gave_up (answered, and hung up before an agent was there), expired, cancelled, number_lost.
    """

    contact: str
    how: str
    by: str


@dataclass(frozen=True, slots=True)
class CallerIdentified(Fact):
    """Who a caller reference stands for. Personal: the ledger keeps it apart, in `identity` alone."""

    caller: str
    number: str
    name: str
