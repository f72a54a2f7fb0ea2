"""The distributor: an event and the time go in; commands, facts and the next alarm come out.

Synchronous, total and deterministic: any sequence of events is accepted, nothing is raised for a strange one
(it is ignored with a reason), and the same sequence always gives the same decisions. It must not know the
clock, chance, sockets, Asterisk or the journal; that is why the same object runs live, in the simulator and
in a replay. Read on in `floor` (what is remembered), `*_events` (what happens), `pairing` (who gets whom).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acd.core import (
    agent_events,
    call_events,
    events,
    facts,
    forecast,
    help_events,
    join_events,
    keeping,
    limits,
    offer_events,
    own_calls,
    pickup,
    recovery,
    supervision,
    take_overs,
    work_events,
)
from acd.core.agents import Agent
from acd.core.aims import aim_over, offer_aimed
from acd.core.calls import Call, Key, NeedsGroup, agent_choice
from acd.core.choice import LONGEST_IDLE, Rank, rank_of
from acd.core.commands import Command, OfferCall, RungBeside
from acd.core.events import Event
from acd.core.expected_wait import Server, WaitingCall
from acd.core.facts import Fact
from acd.core.floor import Floor
from acd.core.offers import Offer
from acd.core.pairing import Candidate, pair
from acd.core.proof import aimed_proof, offer_proof

_HANDLERS: dict[type[Event], Callable[[Floor, Any], None]] = {
    events.CallArrived: call_events.call_arrived,
    events.CallerHungUp: call_events.caller_hung_up,
    events.CallWithdrawn: call_events.call_withdrawn,
    events.WaitPredicted: limits.wait_predicted,
    events.SessionLost: call_events.session_lost,
    events.AgentLoggedIn: agent_events.agent_logged_in,
    events.AgentLoggedOut: agent_events.agent_logged_out,
    events.AgentBecameReady: agent_events.agent_became_ready,
    events.AgentBecameNotReady: agent_events.agent_became_not_ready,
    events.AgentFinishedWork: work_events.agent_finished_work,
    events.AgentProlongedWork: work_events.agent_prolonged_work,
    events.AgentKept: keeping.agent_kept,
    events.AgentGaveDisposition: work_events.agent_gave_disposition,
    events.PhoneBecameUnreachable: agent_events.phone_became_unreachable,
    events.PhoneBecameReachable: agent_events.phone_became_reachable,
    events.AgentAskedHelp: help_events.agent_asked_help,
    events.AgentWasHelped: help_events.agent_was_helped,
    events.PhoneInUse: own_calls.phone_in_use,
    events.PhoneFree: own_calls.phone_free,
    events.OfferRang: offer_events.offer_rang,
    events.OfferAnswered: offer_events.offer_answered,
    events.OfferConnected: offer_events.offer_connected,
    events.OfferFailed: offer_events.offer_failed,
    events.LegEnded: offer_events.leg_ended,
    events.HoldChanged: offer_events.hold_changed,
    events.AgentJoined: join_events.agent_joined,
    events.AgentForced: supervision.agent_forced,
    events.CallTaken: supervision.call_taken,
    events.PickupAsked: pickup.pickup_asked,
    events.CallSentOn: supervision.call_sent_on,
    events.CallPutFirst: supervision.call_put_first,
    events.QueueClosed: supervision.queue_closed,
    events.QueueOpened: supervision.queue_opened,
    events.AsteriskLost: recovery.asterisk_lost,
    events.AsteriskSnapshot: recovery.asterisk_snapshot,
    events.SettingsChanged: agent_events.settings_changed,
    events.JournalRestored: recovery.journal_restored,
}

_DEADLINES: dict[str, Callable[[Floor, str], None]] = {
    "agent": work_events.work_time_up,
    "aim": aim_over,
    "coming": Floor.forget_coming,
    "break": agent_events.break_over,
    "gone": agent_events.phone_gone_too_long,
    "lease": offer_events.lease_expired,
    "hold": recovery.hold_is_over,
    "step": call_events.step_has_come,
    "max_wait": limits.wait_is_over,
    "taken": Floor.forget_taker,
    "taking": take_overs.take_over_is_due,
    "kept": keeping.kept_too_long,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of one event. Facts are to be journalled before the commands leave.

    wake_at_ms: send DeadlinePassed at this time (None: nothing is due); ignored: why the event, or a part
    of it, meant nothing; "" when all of it did.
    """

    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
    wake_at_ms: int | None
    ignored: str = ""


class Distributor:
    """One per acd process; epoch makes its offer ids different from those of every other one."""

    def __init__(self, epoch: int, day_starts_ms: Callable[[int], int] = lambda _: 0) -> None:
        """day_starts_ms gives the local midnight before an instant: agents' figures of today begin there."""
        self._floor = Floor(epoch, day_starts_ms)

    def handle(self, event: Event, now_ms: int) -> Decision:
        """Decide on one event at this time (ms since the epoch; a step back counts as no step).

        The event comes before deadlines that are due by now: what has happened is stronger than an alarm
        that says it has not.
        """
        floor = self._floor
        floor.begin(max(now_ms, floor.now_ms))
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(floor, event)
        ignored = floor.ignored  # of what comes now nothing is an answer to the event
        while (due := floor.deadlines.take_due(floor.now_ms)) is not None:
            self._pass_deadline(*due)
        if floor.linked and not floor.awaited and (floor.overdue or floor.staff_changed):
            limits.send_overdue_on(floor)
        if floor.sent_on or floor.taken:
            supervision.settle_wishes(floor, self._offer_as_aimed)
        if floor.linked and not floor.awaited:
            if floor.aimed:
                offer_aimed(floor, self._offer_as_aimed)
            pair(floor.line, floor.ready, self._rank_for, self._make_offer)
        return Decision(tuple(floor.commands), tuple(floor.facts), floor.deadlines.earliest_ms(), ignored)

    def _pass_deadline(self, kind: str, name: str) -> None:
        _DEADLINES[kind](self._floor, name)

    def _rank_for(self, key: Key, group: NeedsGroup) -> Rank | None:
        call = self._floor.calls[key[2]]
        floor = self._floor
        policy = agent_choice(call, floor.queues)
        if policy == LONGEST_IDLE:
            return None
        return rank_of(policy, group.needs.skills(), self._seed(call), floor.now_ms, floor.day_ms)

    def _seed(self, call: Call) -> str:
        return f"{self._floor.choice_seed}/{call.contact}/{self._floor.now_ms}"

    def _make_offer(self, key: Key, group: NeedsGroup, best: list[Candidate]) -> None:
        floor = self._floor
        call = floor.calls[key[2]]
        proof = offer_proof(
            call,
            group,
            floor.everyone,
            floor.bits_by_state,
            best,
            floor.settings_version,
            agent_choice(call, floor.queues),
            self._seed(call),
        )
        self._offer(
            call, [floor.agents[number] for _, _, number in best[: call.rules.ring]], "offered", proof
        )

    def _offer_as_aimed(self, call: Call, agent: Agent, how: str) -> None:
        self._offer(call, [agent], how, aimed_proof(call, how, self._floor.settings_version))

    def _offer(self, call: Call, agents: list[Agent], how: str, proof: dict[str, Any]) -> None:
        """Ring these agents at once; how: the input that the agents' state table is told."""
        floor = self._floor
        beside = len(agents) > 1
        if beside:
            proof["ring"] = len(agents)
        floor.tell_call(call, "offered")
        first, *others = [self._lease(call, agent, how, proof, beside=beside) for agent in agents]
        also = {agent.number: floor.further_phones(agent) for agent in agents}
        rung = tuple(RungBeside(one.id, one.agent, one.phone, also[one.agent]) for one in others)
        told = (call.contact, first.id, first.agent, first.phone, call.queue, first.ring_limit_ms)
        floor.commands.append(OfferCall(*told, rung, also[first.agent]))

    def _lease(self, call: Call, agent: Agent, how: str, proof: dict[str, Any], *, beside: bool) -> Offer:
        """One agent's offer of this call. The first of several gives Dial its id."""
        floor = self._floor
        offer = Offer(
            id=floor.next_offer_id(),
            contact=call.contact,
            entry=call.entry,
            agent=agent.number,
            phone=agent.phone,
            queue=call.queue,
            made_ms=floor.now_ms,
            ring_limit_ms=call.rules.offer_ring_ms,
            after_contact_ms=call.rules.after_contact_ms,
            beside=beside,
            reach_ms=call.rules.reach_ms,
        )
        floor.add_offer(offer)
        if not call.legs:
            call.offer = offer.id
        call.legs.append(offer.id)
        agent.offer, agent.contact, agent.queue = offer.id, call.contact, call.queue
        agent.offered_ms = floor.now_ms
        floor.facts.append(
            facts.CallOffered(
                at_ms=floor.now_ms,
                contact=call.contact,
                entry=call.entry,
                offer=offer.id,
                agent=agent.number,
                phone=agent.phone,
                queue=call.queue,
                expires_ms=floor.deadlines.time_ms(("lease", offer.id)) or 0,
                proof=proof,
                dial=call.offer if beside else "",
            )
        )
        floor.tell_agent(agent, how, until_ms=agent.until_ms if how == "recalled" else 0)
        return offer

    def position(self, contact: str) -> int | None:
        """The call's place among those waiting in its queue, from 1; None when it does not wait."""
        call = self._floor.calls.get(contact)
        if call is None or call.state not in ("waiting", "aimed", "away"):
            return None
        return 1 + sum(
            1
            for other in self._floor.calls.values()
            if other.queue == call.queue
            and other.key < call.key
            and other.state in ("waiting", "aimed", "away")
        )

    def forecast(self, now_ms: int) -> tuple[list[WaitingCall], list[Server]]:
        """Who waits and who may serve them, as `expected_wait.ForwardPlay` wants it."""
        return forecast.waiting_calls(self._floor, now_ms), forecast.servers(self._floor, now_ms)

    def to_predict(self) -> tuple[list[str], list[str]]:
        """Contacts whose expected wait counts: those not judged so far, and those to be judged again."""
        return limits.to_predict(self._floor)

    def who_can_serve(self, contact: str) -> int:
        """How many agents take calls now or later and meet the needs of this waiting call."""
        return forecast.who_can_serve(self._floor, contact)

    def why_not_taken(self, contact: str, agent: str) -> str:
        """Why this agent cannot have this call at the own phone now, as a code; "" when that can be."""
        return supervision.why_not_taken(self._floor, contact, agent)

    def call_to_pick_up(self, agent: str, whose: str = "") -> str:
        """The contact that this agent would get by asking for a ringing call now; "" when none."""
        return pickup.call_to_pick_up(self._floor, agent, whose)

    def agent_at(self, phone: str) -> str | None:
        """The number of the agent logged in at this phone, or None."""
        return self._floor.phones.get(phone)

    def agent_using(self, phone: str) -> str | None:
        """The number of the agent logged in at this phone, or whose further phone it is, or None."""
        floor = self._floor
        there = floor.phones.get(phone)
        if there is None:
            owners = (one.number for one in floor.agents.values() if phone in floor.further_phones(one))
            there = next(owners, None)
        return there
