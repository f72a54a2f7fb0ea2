"""What happens to offers: ringing, answer, bridge, hold, failure, the leg's end, and silence.

`OfferFailed` frees only the caller and `LegEnded` only the agent, in either order. What a failure makes
of the agent, `failed_offers` says.
"""

from __future__ import annotations

from acd.core import events, facts
from acd.core.agents import VERIFYING
from acd.core.calls import Call
from acd.core.commands import CancelOffer, TakeSnapshot
from acd.core.failed_offers import UNREACHABLE, agent_after_failure
from acd.core.floor import Floor
from acd.core.join_events import next_part
from acd.core.offers import (
    ASK_AGAIN_MS,
    LEASE_GRACE_MS,
    OTHER_HALF_MS,
    WHISPER_LIMIT_MS,
    Offer,
    cause_of_leg,
)
from acd.core.take_overs import is_taken_over

_UNKNOWN_OFFER = "the offer is over, or never was ours"
_CALLER_FREE = "the caller is free of this offer already"


def offer_rang(floor: Floor, event: events.OfferRang) -> None:
    """DialBegin: from here on the offer counts, and the lease runs from here."""
    offer = floor.offers.get(event.offer)
    if offer is None:
        floor.ignore(_UNKNOWN_OFFER)
    else:
        see_ringing(floor, offer)


def see_ringing(floor: Floor, offer: Offer) -> None:
    """The phone rings, as DialBegin or a snapshot says."""
    if offer.cancelled and not offer.answered_ms:
        # Our cancel came before this leg was, or was lost: there was nothing that it could end.
        floor.commands.append(CancelOffer(offer.contact, offer.id))
    if not floor.tell_offer(offer, "rang"):
        return
    offer.rang_ms = floor.now_ms
    if not offer.cause:
        floor.facts.append(facts.OfferRang(floor.now_ms, offer.contact, offer.id, offer.agent))
        floor.set_lease(offer, floor.now_ms + offer.ring_limit_ms + LEASE_GRACE_MS)
    else:
        floor.set_lease(offer, floor.now_ms + LEASE_GRACE_MS)


def offer_answered(floor: Floor, event: events.OfferAnswered) -> None:
    """The leg is up: the wait ends here, unless the caller is gone already."""
    offer = floor.offers.get(event.offer)
    if offer is None:
        floor.ignore(_UNKNOWN_OFFER)
    else:
        see_answer(floor, offer, event.at_ms)


def see_answer(floor: Floor, offer: Offer, since_ms: int | None = None) -> None:
    """The leg is up, as Newstate, the bridge or a snapshot says; since_ms: if not only now."""
    if not floor.tell_offer(offer, "answered"):
        return
    offer.answered_ms = floor.past_ms(since_ms, offer.rang_ms)
    agent = floor.agents[offer.agent]
    floor.tell_agent(
        agent, "answered", until_ms=agent.until_ms
    )  # one recalled may have to go on with the work
    if offer.cause:
        floor.ignore(_CALLER_FREE)
        return
    floor.set_lease(offer, floor.now_ms + WHISPER_LIMIT_MS + offer.reach_ms)
    call = floor.calls[offer.contact]
    for other in floor.legs_of(call):
        if other is not offer:
            end_callers_half(floor, other, "answered_elsewhere")
    if offer.cancelled and offer.cancel_cause == "picked_up":
        floor.forget_taker(call.contact)  # this phone was quicker than the colleague
    floor.facts.append(
        facts.CallAnswered(
            at_ms=offer.answered_ms,
            contact=call.contact,
            entry=call.entry,
            offer=offer.id,
            agent=offer.agent,
            queue=call.queue,
            wait_ms=max(0, offer.answered_ms - call.wait_since_ms),
            ring_ms=offer.rung_ms(offer.answered_ms),
            target_ms=call.rules.target_ms,
        )
    )


def offer_connected(floor: Floor, event: events.OfferConnected) -> None:
    """The leg is in the bridge with the caller: the entry is over as answered."""
    offer = floor.offers.get(event.offer)
    if offer is None:
        floor.ignore(_UNKNOWN_OFFER)
    else:
        see_bridge(floor, offer, event.recording, event.at_ms)


def see_bridge(floor: Floor, offer: Offer, recording: str, since_ms: int | None = None) -> None:
    """Caller and agent are in one bridge, as BridgeEnter or a snapshot says; since_ms: if not only now."""
    if offer.stage in ("dialled", "ringing"):
        see_answer(floor, offer, since_ms)
    if not floor.tell_offer(offer, "connected"):
        return
    if offer.cause:
        floor.ignore(_CALLER_FREE)
        return
    offer.connected_ms = floor.past_ms(since_ms, offer.answered_ms)
    floor.deadlines.clear(("lease", offer.id))
    call, agent = floor.calls[offer.contact], floor.agents[offer.agent]
    if agent.state == "unknown":
        floor.tell_agent(agent, "answered", until_ms=agent.until_ms)  # the whisper's lease had expired
    floor.miss_code(agent)
    agent.segment, agent.disposition, agent.code = offer.id, call.rules.disposition, ""
    agent.forget_failures()
    floor.drop_work(agent)
    floor.facts.append(
        facts.CallConnected(offer.connected_ms, call.contact, offer.id, offer.agent, call.queue, recording)
    )
    floor.left_queue(call, "answered", at_ms=offer.answered_ms)
    call.offer, call.legs = offer.id, []
    floor.tell_call(call, "connected")


def hold_changed(floor: Floor, event: events.HoldChanged) -> None:
    """The agent put the caller on hold, or took the caller back."""
    offer = floor.offers.get(event.offer)
    if offer is None:
        floor.ignore(_UNKNOWN_OFFER)
        return
    if bool(offer.held_since_ms) == event.held or not floor.tell_offer(offer, "held"):
        floor.ignore(floor.ignored or "the leg is in that state already")
        return
    if event.held:
        offer.held_since_ms = floor.now_ms
    else:
        offer.hold_ms += floor.now_ms - offer.held_since_ms
        offer.held_since_ms = 0
    if not offer.told:
        floor.facts.append(
            facts.HoldChanged(floor.now_ms, offer.contact, offer.id, offer.agent, held=event.held)
        )
    floor.tell_agent(floor.agents[offer.agent], "held" if event.held else "resumed")


def offer_failed(floor: Floor, event: events.OfferFailed) -> None:
    """Dial came back to the caller without a conversation: the caller waits again, at the same place."""
    offer = floor.offers.get(event.offer)
    call = _call_of_dial(floor, event.offer) if offer is None else floor.calls.get(offer.contact)
    if call is not None and call.offer == event.offer and call.state == "offered":
        _end_legs(floor, floor.legs_of(call), event.cause)
        floor.tell_call(call, "offer_ended")
    elif offer is None and call is not None and call.state == "away" and call.session:
        floor.tell_call(call, "offer_ended")
    elif offer is None:
        floor.ignore(_UNKNOWN_OFFER)
    else:
        floor.ignore("caller and agent have talked" if offer.connected_ms else _CALLER_FREE)


def _call_of_dial(floor: Floor, offer_id: str) -> Call | None:
    """Whose Dial this is although its offer is over: of several phones the first may be out long ago."""
    return next((call for call in floor.calls.values() if call.offer == offer_id), None)


def _end_legs(floor: Floor, legs: list[Offer], dial_cause: str) -> None:
    """Dial is over, and with it every leg; of several each has a verdict of its own."""
    others_seen = any(leg.stage != "dialled" for leg in legs)
    for leg in legs:
        if leg.beside:
            cause = leg.cause_among(dial_cause, others_seen=others_seen)
        else:
            cause = leg.settle_cause(dial_cause)
        end_callers_half(floor, leg, cause)


def leg_ended(floor: Floor, event: events.LegEnded) -> None:
    """The agent's leg has hung up: the agent is free, as soon as it is known why."""
    offer = floor.offers.get(event.offer)
    if offer is None:
        floor.ignore(_UNKNOWN_OFFER)
    else:
        offer.heard = event.heard
        end_leg(floor, offer, event.cause, event.by or "agent", event.at_ms)


def end_leg(floor: Floor, offer: Offer, leg_cause: int, by: str, ended_ms: int | None = None) -> None:
    """The agent's half is over; by: agent, caller, transfer, lost; ended_ms: when, if not now."""
    if not floor.tell_offer(offer, "leg_ended"):
        return
    offer.leg_cause = leg_cause
    offer.leg_ended_ms = floor.past_ms(ended_ms, offer.connected_ms)
    if offer.connected_ms:
        if by == "caller" and is_taken_over(floor, offer.contact, offer.id):
            by = "transfer"  # it is told only now, and Asterisk does not know whose hang-up it was
        end_segment(floor, offer, by, ended_ms)
        call = floor.calls.get(offer.contact)
        if call is not None and call.offer == offer.id:
            call.offer = next_part(floor, call.contact, offer.id) or offer.id
            if call.offer == offer.id:
                floor.tell_call(call, "leg_ended")
    elif offer.cause:
        _free_agent(floor, offer)
    elif len(floor.calls[offer.contact].legs) > 1 and (cause := offer.own_cause()):
        end_callers_half(floor, offer, cause)  # the others ring on
    else:
        floor.set_lease(offer, floor.now_ms + OTHER_HALF_MS)


def end_callers_half(floor: Floor, offer: Offer, cause: str) -> None:
    """The caller is free of an offer that led to no conversation; the leg may be there still."""
    offer.cause = cause
    offer.told = True
    floor.calls[offer.contact].legs.remove(offer.id)
    floor.facts.append(
        facts.OfferEnded(
            floor.now_ms, offer.contact, offer.id, offer.agent, cause, offer.rung_ms(floor.now_ms)
        )
    )
    if offer.stage == "ended":
        _free_agent(floor, offer)
    elif offer.stage == "dialled":
        floor.set_lease(offer, floor.now_ms + OTHER_HALF_MS)
    else:
        floor.set_lease(offer, floor.now_ms + LEASE_GRACE_MS)


def end_segment(floor: Floor, offer: Offer, by: str, ended_ms: int | None = None) -> None:
    """The conversation is over (at ended_ms, if not now); the agent is free once the leg has hung up."""
    if not offer.told:
        offer.told = True
        offer.cause = "served"
        if offer.connected_ms >= floor.day_ms:
            floor.agents[offer.agent].contacts += 1
        at_ms = floor.past_ms(ended_ms, max(offer.connected_ms, offer.held_since_ms))
        talk_ms, hold_ms = offer.talk_and_hold_ms(at_ms)
        floor.facts.append(
            facts.SegmentEnded(
                at_ms=at_ms,
                contact=offer.contact,
                segment=offer.id,
                agent=offer.agent,
                queue=offer.queue,
                talk_ms=talk_ms,
                hold_ms=hold_ms,
                hung_up_by=by,
                cause=offer.leg_cause,
            )
        )
    if offer.stage == "ended":
        _free_agent(floor, offer)
    else:
        floor.set_lease(offer, floor.now_ms + LEASE_GRACE_MS)


def cancel_offer(floor: Floor, offer: Offer, cause: str = "withdrawn") -> None:
    """Ask for a ringing offer to be withdrawn; one that is answered is never cancelled."""
    if not offer.answered_ms and not offer.cancelled and offer.stage != "ended":
        offer.cancelled, offer.cancel_cause = True, cause
        floor.commands.append(CancelOffer(offer.contact, offer.id))


def lease_expired(floor: Floor, offer_id: str) -> None:
    """Nothing was heard of an offer for as long as it could take."""
    offer = floor.offers[offer_id]
    if offer.stage == "ended":
        # The leg is over and Dial silent: judge by the leg. Nothing is offered to the caller until Dial or
        # a new session shows that the caller's session is free.
        call = floor.calls[offer.contact]
        end_callers_half(floor, offer, cause_of_leg(offer, floor.now_ms))
        if not call.legs:
            floor.tell_call(call, "dial_silent")
    elif offer.stage == "dialled" and offer.cause:
        # Dial has come back, and it does not before all its legs are gone: there never was one.
        offer.stage = "ended"
        _free_agent(floor, offer)
    else:
        agent = floor.agents[offer.agent]
        floor.tell_agent(agent, "lease_expired", reason="lease_expired", until_ms=agent.until_ms)
        floor.commands.append(TakeSnapshot(offer.id))
        floor.set_lease(offer, floor.now_ms + ASK_AGAIN_MS)


_UNWILLING = {"rejected": "rejected", "agent_gone": "rejected", "no_answer": "no_answer"}


def _free_agent(floor: Floor, offer: Offer) -> None:
    floor.drop_offer(offer)
    agent = floor.agents[offer.agent]
    agent.offer = ""
    if offer.connected_ms and floor.kept.get(offer.contact) == agent.number:
        until_ms = floor.deadlines.time_ms(("kept", offer.contact)) or floor.now_ms
        floor.tell_agent(agent, "work_began", reason=VERIFYING, until_ms=until_ms)
    elif offer.connected_ms and (offer.after_contact_ms or agent.owes_code):
        until_ms = max(floor.now_ms, offer.leg_ended_ms + offer.after_contact_ms)
        floor.tell_agent(agent, "work_began", until_ms=until_ms)
    elif offer.connected_ms:
        floor.tell_agent(agent, "leg_over")
    elif agent.until_ms > floor.now_ms or agent.owes_code:
        # Who did not want the call back is not asked for it again as soon as the work is over.
        unwilling = agent.intent == "ready" and _UNWILLING.get(offer.cause, "")
        intent = ("not_ready", unwilling) if unwilling else None
        until_ms = max(floor.now_ms, agent.until_ms)
        gone = True if offer.cause == UNREACHABLE else None
        floor.tell_agent(agent, "work_goes_on", intent=intent, until_ms=until_ms, unreachable=gone)
    else:
        has_rung = bool(offer.rang_ms or offer.answered_ms)
        keep_idle = not has_rung or offer.cause in ("answered_elsewhere", "picked_up", "not_reached")
        agent_after_failure(floor, agent, offer.cause, keep_idle=keep_idle)
