"""After a restart or a gap: what the journal remembers, and what Asterisk shows, brought together.

The journal knows intents, deadlines and places; the snapshot knows which channels live. Nothing is offered
until the snapshot has come and every waiting contact it shows has arrived again, or 1.5 s after it: else a
newcomer whose session came first would overtake those who waited longer.
"""

from __future__ import annotations

from dataclasses import replace

from acd.core import events, facts
from acd.core.agents import OWN_CALL, TOLD_BESIDE_STATE, VERIFYING, Agent
from acd.core.call_events import lose_call
from acd.core.calls import Call
from acd.core.events import JournalRestored, LiveLeg
from acd.core.floor import BUSY_STATES, Floor
from acd.core.house_rules import QueueRules
from acd.core.join_events import part_of
from acd.core.kept_rules import RULES_OF_A_QUEUE_THAT_IS_GONE, rules_from
from acd.core.needs import NeedsError, parse_needs
from acd.core.offer_events import end_callers_half, end_leg, see_answer, see_bridge, see_ringing
from acd.core.offers import LEASE_GRACE_MS, WHISPER_LIMIT_MS, Offer
from acd.core.own_calls import judge_phones
from acd.core.picture import Picture
from acd.core.plan import step_from
from acd.core.remembered import RestoredAgent, RestoredCall, RestoredLeg
from acd.core.take_overs import JOIN_MS, begin_take_over, finish_take_over
from acd.core.totals import AgentTotals
from acd.core.views import AgentView

COME_BACK_MS = 1_500
"""So long the waiting callers of a snapshot are waited for; the dialplan asks again every second."""


def asterisk_lost(floor: Floor, event: events.AsteriskLost) -> None:
    """The link is down: nothing is offered, and what is known stays until a snapshot judges it."""
    floor.linked = False
    floor.awaited.clear()
    if floor.lost_ms is None:
        floor.lost_ms = floor.now_ms


def hold_is_over(floor: Floor, name: str) -> None:
    """Those who have not come back by now are not waited for any more."""
    floor.awaited.clear()


# The journal


def restored_from(picture: Picture) -> JournalRestored:
    """What the live picture, folded from the journal's facts, says of agents and open calls."""
    agents = tuple(_agent_in(picture, number, view) for number, view in picture.agents.items())
    calls = tuple(
        RestoredCall(
            contact=contact,
            entry=view.entry,
            queue=view.queue,
            needs=view.needs,
            priority=view.priority,
            language=view.language,
            wait_since_ms=view.wait_since_ms,
            stage=view.stage,
            offer=view.offer,
            agent=view.agent,
            answered_ms=view.answered_ms,
            connected_ms=view.connected_ms if view.stage == "connected" else 0,
            rang_ms=view.rang_ms,
            held_since_ms=view.held_since_ms if view.stage == "connected" else 0,
            hold_ms=view.hold_ms if view.stage == "connected" else 0,
            aims=tuple(view.aims.split()),
            left_queue=contact not in picture.entries,
            line_rank=view.line_rank,
            line_since_ms=view.line_since_ms,
            steps=tuple(map(step_from, view.steps)),
            queued_ms=view.place_since_ms if view.rules.get("reach_ms") else view.queued_ms,
            max_wait_ms=view.max_wait_ms,
            overflow=view.overflow,
            step=view.step,
            prefer=tuple(view.prefer),
            rules=rules_from(view.queue, view.rules) if view.rules else None,
            put_first=view.put_first,
            taker=view.taker,
            taken_from=view.taken_from,
            beside=tuple(
                RestoredLeg(offer, picture.legs[offer].agent, picture.legs[offer].rang_ms)
                for offer in view.legs
                if offer != view.offer and offer in picture.legs
            ),
        )
        for contact, view in picture.contacts.items()
        if view.stage == "connected" or (view.stage in ("waiting", "offered") and contact in picture.entries)
    )
    return JournalRestored(agents, calls, picture.day_ms, tuple(picture.closed_queues))


def _agent_in(picture: Picture, number: str, view: AgentView) -> RestoredAgent:
    day = picture.day_by_agent.get(number, AgentTotals())
    leg = picture.legs.get(view.offer)
    is_over = view.offer != "" and view.offer == view.talked_on and leg is None
    return RestoredAgent(
        number=number,
        phone=view.phone,
        intent=view.intent,
        reason=view.reason,
        state=view.state,
        idle_since_ms=view.idle_since_ms,
        until_ms=view.until_ms,
        contact=view.contact,
        offer=view.offer,
        queue=view.queue,
        intent_reason=view.intent_reason,
        connected_ms=leg.connected_ms if leg is not None else 0,
        held_since_ms=leg.held_since_ms if leg is not None else 0,
        hold_ms=leg.hold_ms if leg is not None else 0,
        talked_ms=view.segment_ms if is_over else 0,
        since_ms=view.since_ms,
        help_ms=view.help_ms,
        **{name: getattr(view, name) for name in TOLD_BESIDE_STATE},
        offered_ms=view.offered_ms,
        counted_ms=view.counted_ms,
        busy_ms=sum(day.states_ms.get(state, 0) for state in BUSY_STATES),
        free_ms=day.states_ms.get("ready", 0),
        contacts=day.handled,
    )


def journal_restored(floor: Floor, event: events.JournalRestored) -> None:
    """Take up agents and calls as they were; their channels are judged by the snapshot that follows."""
    floor.closed_queues = dict.fromkeys(event.closed_queues)
    for remembered in event.agents:
        _restore_agent(floor, remembered, is_today=event.day_ms == floor.day_ms)
    for call in event.calls:
        _restore_call(floor, call)
    for remembered in event.agents:
        _restore_other_leg(floor, remembered)
    for agent in list(floor.agents.values()):
        if agent.removed:
            floor.tell_agent(agent, "logged_out", intent=("offline", "removed"))


def _restore_agent(floor: Floor, remembered: RestoredAgent, *, is_today: bool) -> None:
    agent = floor.agents.get(remembered.number)
    if agent is None:
        agent = Agent(remembered.number, {}, removed=True)
        if remembered.state == "offline":
            floor.dismiss(agent)
        else:
            floor.agents[remembered.number] = agent
    agent.intent, agent.intent_reason = remembered.intent, remembered.intent_reason
    agent.reason = remembered.reason
    agent.unreachable = remembered.reason == "unreachable" or remembered.gone_since_ms > 0
    for name in TOLD_BESIDE_STATE:
        setattr(agent, name, getattr(remembered, name))
    if agent.gone_since_ms:
        agent.gone_since_ms = floor.now_ms  # counted anew: the phone may have come back while nobody looked
    agent.idle_since_ms = remembered.idle_since_ms
    agent.offer, agent.contact, agent.queue = remembered.offer, remembered.contact, remembered.queue
    if remembered.phone:
        if remembered.reason == OWN_CALL:
            floor.phones_in_use[remembered.phone] = None
        if remembered.intent == "offline" and remembered.phone in floor.phones:
            agent.phone = remembered.phone  # somebody else sits there already
        else:
            floor.seat(agent, remembered.phone)
    # One whom the settings no longer name has no bit, so can never stand among the ready.
    state = "not_ready" if agent.removed and remembered.state == "ready" else remembered.state
    floor.place_agent(agent, state, until_ms=remembered.until_ms)
    agent.since_ms = remembered.since_ms or floor.now_ms
    if agent.state == "acw" and agent.reason == VERIFYING:
        floor.kept[agent.contact] = agent.number
        floor.deadlines.set(("kept", agent.contact), remembered.until_ms)
    agent.help_ms = remembered.help_ms
    floor.watch_agent(agent)
    agent.offered_ms = remembered.offered_ms
    agent.counted_ms = remembered.counted_ms or floor.now_ms
    if is_today:
        agent.busy_ms, agent.free_ms = remembered.busy_ms, remembered.free_ms
        agent.contacts = remembered.contacts
    if state != remembered.state:
        agent.free_ms += floor.now_ms - max(agent.counted_ms, floor.day_ms)
        agent.counted_ms = floor.now_ms


def _restore_call(floor: Floor, remembered: RestoredCall) -> None:
    try:
        needs = parse_needs(remembered.needs)
    except NeedsError:
        needs = None
    call = Call(
        contact=remembered.contact,
        entry=remembered.entry,
        queue=remembered.queue,
        needs=needs or parse_needs(""),
        needs_text=remembered.needs,
        priority=remembered.priority,
        language=remembered.language,
        wait_since_ms=remembered.wait_since_ms,
        rules=remembered.rules or _rules_of(floor, remembered.queue),
        settings_version=floor.settings_version,
        arrived_ms=floor.now_ms,
        queued_ms=remembered.queued_ms,
        max_wait_ms=remembered.max_wait_ms,
        overflow=remembered.overflow,
        steps=remembered.steps,
        step=remembered.step,
        prefer=remembered.prefer,
        state="away",
        session=False,
        predicted_ms=0,  # it has been judged at its entry, or waits on
        aims=list(remembered.aims),
    )
    if needs is None:
        floor.left_queue(call, "lost")
        return
    call.needs_text = str(needs)
    call.key = (remembered.line_rank, remembered.line_since_ms or call.wait_since_ms, call.contact)
    if remembered.put_first:
        call.put_before_all()
    held: list[RestoredCall] = []
    for leg in _legs_of(remembered):
        agent = floor.agents.get(leg.agent)
        if agent is not None and not agent.offer and leg.stage == "connected":
            _make_joining_good(floor, agent, leg)
        if agent is not None and agent.offer == leg.offer:
            held.append(leg)
        elif remembered.stage == "offered":
            # The journal ends between the offer and the agent's change of state: the command never left.
            floor.facts.append(facts.OfferEnded(floor.now_ms, call.contact, leg.offer, leg.agent, "lost", 0))
    if held:
        call.state, call.offer = remembered.stage, held[0].offer
    if call.state == "connected" and not remembered.left_queue:
        floor.left_queue(call, "answered", at_ms=remembered.answered_ms)
    floor.add_call(call)
    for leg in held:
        _restore_offer(floor, call, floor.agents[leg.agent], leg, beside=bool(remembered.beside))
    if remembered.taker and call.state == "connected":
        begin_take_over(floor, call.contact, remembered.taker, remembered.taken_from)
    for leg in held:
        _make_answer_good(floor, floor.agents[leg.agent], floor.offers[leg.offer])


def _make_joining_good(floor: Floor, agent: Agent, leg: RestoredCall) -> None:
    """The journal ends between the words that an agent has joined a talk and the agent's change of state."""
    agent.offer, agent.contact, agent.queue = leg.offer, leg.contact, leg.queue
    if not floor.tell_agent(agent, "joined"):
        agent.offer = agent.contact = agent.queue = ""


def _make_answer_good(floor: Floor, agent: Agent, offer: Offer) -> None:
    """The journal ends between the agent's change of state and the answer: the phone was answered then."""
    if agent.state == "on_contact" and not offer.answered_ms and not offer.connected_ms:
        see_answer(floor, offer, agent.since_ms)
        floor.ignored = ""  # that the agent's state is known already


def _rules_of(floor: Floor, queue: str) -> QueueRules:
    return floor.queues.get(queue, RULES_OF_A_QUEUE_THAT_IS_GONE)


def _legs_of(remembered: RestoredCall) -> list[RestoredCall]:
    """The call as each of the phones that rang sees it; only the first can have been answered."""
    if not remembered.offer:
        return []
    return [remembered] + [
        replace(remembered, offer=leg.offer, agent=leg.agent, rang_ms=leg.rang_ms, answered_ms=0)
        for leg in remembered.beside
    ]


def _restore_offer(floor: Floor, call: Call, agent: Agent, remembered: RestoredCall, *, beside: bool) -> None:
    offer = Offer(
        id=remembered.offer,
        contact=call.contact,
        entry=call.entry,
        agent=agent.number,
        phone=agent.phone,
        queue=call.queue,
        made_ms=floor.now_ms,
        ring_limit_ms=call.rules.offer_ring_ms,
        after_contact_ms=call.rules.after_contact_ms,
        rang_ms=remembered.rang_ms,
        answered_ms=remembered.answered_ms,
        connected_ms=remembered.connected_ms,
        held_since_ms=remembered.held_since_ms,
        hold_ms=remembered.hold_ms,
        restored=True,
        beside=beside,
        reach_ms=call.rules.reach_ms,
    )
    if remembered.connected_ms:
        offer.stage = "connected"
        agent.segment, agent.disposition = offer.id, call.rules.disposition
        agent.forget_failures()
    elif remembered.answered_ms:
        offer.stage = "answered"
    elif remembered.rang_ms:
        offer.stage = "ringing"
    floor.add_offer(offer)
    if offer.stage == "connected":
        floor.deadlines.clear(("lease", offer.id))
        return
    if offer.stage == "answered":
        floor.set_lease(offer, floor.now_ms + WHISPER_LIMIT_MS + offer.reach_ms)
    call.legs.append(offer.id)


def _restore_other_leg(floor: Floor, remembered: RestoredAgent) -> None:
    """A leg whose caller's half was over: only the agent is held by it."""
    agent = floor.agents.get(remembered.number)
    if agent is None or not agent.offer or agent.offer in floor.offers:
        return
    if agent.state not in ("offered", "on_contact", "on_hold", "unknown"):
        agent.offer = ""
        return
    if remembered.connected_ms:
        # One of several parts of a conversation, of which the contact shows the newest.
        _restore_part(floor, agent, remembered)
        return
    if remembered.talked_ms and agent.state != "offered":
        _restore_leg_after_talk(floor, agent, remembered.talked_ms)
        return
    _add_agents_half(floor, agent, agent.offer, up=agent.state in ("on_contact", "on_hold"))


def _restore_part(floor: Floor, agent: Agent, remembered: RestoredAgent) -> None:
    call = floor.calls.get(agent.contact)
    has_its_rules = call is not None and call.queue == agent.queue
    rules = call.rules if call is not None and has_its_rules else _rules_of(floor, agent.queue)
    part = part_of(floor, agent, rules, remembered.connected_ms)
    part.held_since_ms, part.hold_ms, part.restored = remembered.held_since_ms, remembered.hold_ms, True
    if call is not None and call.state == "connected":
        floor.joined.setdefault(call.contact, [call.offer]).insert(0, part.id)


def _restore_leg_after_talk(floor: Floor, agent: Agent, talked_ms: int) -> None:
    """The conversation is over and told, the agent has not hung up yet: the work after it comes then."""
    rules = _rules_of(floor, agent.queue)
    part = part_of(floor, agent, rules, talked_ms)
    part.cause, part.told, part.restored = "served", True, True
    agent.segment, agent.disposition = part.id, rules.disposition
    floor.set_lease(part, floor.now_ms + LEASE_GRACE_MS)


def _add_agents_half(floor: Floor, agent: Agent, offer_id: str, *, up: bool) -> None:
    offer = Offer(
        id=offer_id,
        contact=agent.contact,
        entry=0,
        agent=agent.number,
        phone=agent.phone,
        queue=agent.queue,
        made_ms=floor.now_ms,
        ring_limit_ms=RULES_OF_A_QUEUE_THAT_IS_GONE.offer_ring_ms,
        after_contact_ms=0,
        stage="answered" if up else "ringing",
        cause="withdrawn",
        told=True,
        rang_ms=floor.now_ms if up else 0,  # not known: in doubt the idle time goes on
        restored=True,
    )
    floor.add_offer(offer)


# The snapshot


def asterisk_snapshot(floor: Floor, event: events.AsteriskSnapshot) -> None:
    """Judge every leg and every contact by what Asterisk shows; then wait for those who must come back."""
    judge_phones(floor, event.phones_in_use)
    shown = {leg.offer: leg for leg in event.legs if not floor.is_dead(leg.offer)}
    contacts = dict.fromkeys(contact for contact in event.contacts if not floor.is_dead(contact))
    # The living first: of several phones that rang, the others are gone because one was answered.
    missing = []
    for offer in list(floor.offers.values()):
        leg = shown.pop(offer.id, None)
        if leg is not None:
            _see_leg(floor, offer, leg)
        elif _is_judged(offer.seen_ms, event) and _should_be_seen(floor, offer, event):
            missing.append(offer)
    for offer in missing:
        _miss_leg(floor, offer)
    for leg in shown.values():
        _adopt_leg(floor, leg)
    for call in list(floor.calls.values()):
        if call.contact not in contacts and _is_judged(call.arrived_ms, event):
            lose_call(floor, call)
    for contact in floor.taking:
        if not floor.linked:
            floor.deadlines.set(("taking", contact), floor.now_ms + JOIN_MS)
        finish_take_over(floor, contact)
    floor.ignored = ""  # what it shows and is known already is no reason to ignore the list
    floor.lost_ms = None
    if not floor.linked:
        floor.linked = True
        _await_callers(floor, event, contacts)


def _is_judged(began_ms: int, event: events.AsteriskSnapshot) -> bool:
    """What began after the list was asked for may be missing in it."""
    return event.asked_ms is None or began_ms < event.asked_ms


def _should_be_seen(floor: Floor, offer: Offer, event: events.AsteriskSnapshot) -> bool:
    """A leg that was seen, or should have been by now; else Dial may be about to make it."""
    expired = floor.agents[offer.agent].state == "unknown"
    return offer.stage != "dialled" or offer.restored or expired or event.restarted


def _see_leg(floor: Floor, offer: Offer, leg: LiveLeg) -> None:
    offer.restored = False
    if leg.state == "ringing":
        see_ringing(floor, offer)
    elif leg.state == "up":
        see_answer(floor, offer)
    else:
        see_bridge(floor, offer, "")


def _miss_leg(floor: Floor, offer: Offer) -> None:
    if offer.stage == "ended":
        return
    offer.lost = True
    end_leg(floor, offer, 0, "lost", floor.lost_ms)
    call = floor.calls.get(offer.contact)
    if not offer.told and call is not None and not call.session:
        # No session of ours waits for Dial: nobody else will tell.
        end_callers_half(floor, offer, "lost")
        if not call.legs:
            floor.tell_call(call, "offer_ended")


def _adopt_leg(floor: Floor, leg: LiveLeg) -> None:
    """A leg of an offer that we do not remember: the agent is not free, whatever else is true."""
    agent = floor.agents.get(leg.agent)
    if agent is None or agent.offer or agent.state == "offline":
        return
    up = leg.state != "ringing"
    agent.offer, agent.contact = leg.offer, leg.contact
    floor.tell_agent(agent, "open_leg_found" if up else "ringing_leg_found")
    _add_agents_half(floor, agent, leg.offer, up=up)


def _await_callers(floor: Floor, event: events.AsteriskSnapshot, contacts: dict[str, None]) -> None:
    floor.awaited = {
        call.contact: None
        for call in floor.calls.values()
        if call.state == "away" and call.contact in contacts
    }
    for contact in event.waiting:
        if contact in contacts and contact not in floor.calls:
            floor.awaited[contact] = None
    if floor.awaited:
        floor.deadlines.set(("hold", ""), floor.now_ms + COME_BACK_MS)
