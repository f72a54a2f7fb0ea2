"""What the distributor promises, checked after every decision by one who only reads events and facts.

What is known of the house is in `known_house`, what events add to it in `noted_events`, and what each fact
must agree with in `promises_of_calls`, `_of_offers` and `_of_agents`. Here it is put together, and what a
decision must not leave undone is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import promises_of_agents as of_agents
import promises_of_calls as of_calls
import promises_of_offers as of_offers
from known_house import HELD_STATES, Known
from noted_events import note_event, note_restart

from acd.core import events, facts
from acd.core.commands import CancelOffer, Command, OfferCall, SendToOverflow
from acd.core.distributor import Decision

_TALK = (facts.CallAnswered, facts.CallConnected, facts.SegmentEnded)


class Promises:
    """Fed with every event and the facts and commands that came of it."""

    def __init__(self) -> None:
        self.known = Known()

    def acd_restarted(self) -> None:
        """acd was killed and starts again."""
        note_restart(self.known)

    def check(self, event: events.Event, decision: Decision, now_ms: int, *, is_torn: bool = False) -> None:
        """Raise PromiseBrokenError if this decision, or what it left undone, breaks a promise.

        A torn decision is one in the midst of whose facts acd was killed: it may leave things undone.
        """
        known = self.known
        known.now_ms = now_ms
        note_event(known, event, decision, is_torn=is_torn)
        for command in decision.commands:
            if isinstance(command, SendToOverflow) and command.contact in known.entries:
                known.entries[command.contact].leaves = True  # before what is offered to others
        for fact in decision.facts:
            # Only a conversation can be told later, with its times.
            is_told_late = isinstance(fact, _TALK) and fact.at_ms < now_ms
            known.expect(fact.at_ms == now_ms or is_told_late, f"{fact} is not of now")
            _FACT_CHECKS[type(fact)](known, fact)
        for command in decision.commands:
            _check_command(known, command)
        is_ahead = decision.wake_at_ms is None or decision.wake_at_ms > now_ms
        known.expect(is_ahead, f"alarm in the past: {decision}")
        if known.linked and not known.is_held() and not is_torn:
            _check_nobody_idles(known)
            _check_nobody_waits_too_long(known)

    def check_all_is_over(self) -> None:
        """After the last caller has gone: every entry ended once, every offer came to an end."""
        known = self.known
        known.expect(not known.entries, f"still queued: {known.entries}")
        known.expect(known.queued.keys() == known.left.keys(), "an entry has no end, or an end no entry")
        open_ones = {name: offer for name, offer in known.offers.items() if not offer.over}
        known.expect(not open_ones, f"without an end: {open_ones}")
        held = {number: agent for number, agent in known.agents.items() if agent.state in HELD_STATES}
        known.expect(not held, f"held by nothing: {held}")


def _check_command(known: Known, command: Command) -> None:
    if isinstance(command, OfferCall):
        offer = known.offers.get(command.offer)
        is_told = offer is not None and (offer.contact, offer.agent) == (command.contact, command.agent)
        known.expect(is_told, f"{command} without its fact")
        for one in command.beside:
            known.expect(known.offers[one.offer].agent == one.agent, f"{command} without its fact")
        known.entries[command.contact].dial = command.offer
    elif isinstance(command, SendToOverflow) and command.contact in known.entries:
        entry = known.entries[command.contact]
        can = entry.has_session and not entry.offers and not entry.dial
        known.expect(can, f"{command} of {entry}")
        entry.leaves = True  # also one that has entered only now
    elif isinstance(command, CancelOffer):
        known.offers[command.offer].cancelled = True


def _check_nobody_idles(known: Known) -> None:
    free = [number for number, agent in known.agents.items() if agent.state == "ready"]
    if not free:
        return
    for contact, entry in known.entries.items():
        if known.is_in_line(contact):
            for number in free:
                known.expect(not known.serves(number, entry), f"{contact} waits while {number} is free")


def _check_nobody_waits_too_long(known: Known) -> None:
    for contact, entry in known.entries.items():
        rules = entry.rules
        over = rules.max_wait_ms and known.now_ms >= entry.queued_ms + rules.max_wait_ms
        if over and known.is_offerable(entry) and not rules.overflow.startswith("queue:"):
            known.expect(contact in known.wanted, f"{contact} waits on: {entry}")


def _nothing_promised(known: Known, fact: facts.Fact) -> None:
    """What it tells can be neither right nor wrong by the facts before it."""


_FACT_CHECKS: dict[type[facts.Fact], Callable[[Known, Any], None]] = {
    facts.CallPutFirst: of_calls.call_put_first,
    facts.QueueClosed: of_calls.queue_closed,
    facts.QueueOpened: of_calls.queue_opened,
    facts.SupervisorActed: _nothing_promised,
    facts.DispositionGiven: _nothing_promised,
    facts.DispositionMissed: of_agents.disposition_missed,
    facts.HelpAsked: of_agents.help_asked,
    facts.HelpEnded: of_agents.help_ended,
    facts.CallQueued: of_calls.call_queued,
    facts.AimsPassedOver: of_calls.aims_passed_over,
    facts.CallWidened: of_calls.call_widened,
    facts.CallOverflowed: of_calls.call_overflowed,
    facts.CallOffered: of_offers.call_offered,
    facts.OfferRang: of_offers.offer_rang,
    facts.CallPickedUp: of_offers.call_picked_up,
    facts.OfferEnded: of_offers.offer_ended,
    facts.CallAnswered: of_offers.call_answered,
    facts.CallConnected: of_offers.call_connected,
    facts.HoldChanged: of_offers.hold_changed,
    facts.SegmentEnded: of_offers.segment_ended,
    facts.CallLeftQueue: of_calls.call_left,
    facts.AgentStateChanged: of_agents.agent_changed,
}
