"""What happens to calls: arrival and return, hang-up, leaving for elsewhere, loss of the session."""

from __future__ import annotations

from dataclasses import replace

from acd.core import events, facts
from acd.core.calls import Call
from acd.core.commands import RefuseCall, SendToOverflow
from acd.core.floor import Floor
from acd.core.house_rules import QueueRules, rules_of_callback
from acd.core.keeping import caller_is_back, caller_is_gone
from acd.core.kept_rules import kept_rules
from acd.core.limits import NO_WAY, way_past
from acd.core.needs import Needs, can_be_kept, join_needs, parse_needs
from acd.core.offer_events import cancel_offer, end_callers_half, end_segment
from acd.core.offers import OTHER_HALF_MS
from acd.core.plan import PlanStep, resolve_plan


def call_arrived(floor: Floor, event: events.CallArrived) -> None:
    """A caller asks for an agent, or comes back with place kept.

    A higher entry than the known one means that the earlier entry was left for this one.
    """
    floor.awaited.pop(event.contact, None)
    floor.forget_coming(event.contact)
    if floor.is_dead(event.contact):
        floor.ignore("the caller has hung up")
        return
    caller_is_back(floor, event.contact)
    call = floor.calls.get(event.contact)
    if call is not None and event.entry < call.entry:
        floor.ignore("a later entry of this contact is here already")
    elif call is not None and event.entry == call.entry:
        _come_back(floor, call)
    else:
        if call is not None:
            leave(floor, call, to=event.queue)
        _enter(floor, event)


def _come_back(floor: Floor, call: Call) -> None:
    if call.state == "connected":
        # The dialplan does not come from there; if it did, the caller must not hang in silence.
        floor.ignore("the call has been connected")
        floor.commands.append(RefuseCall(call.contact, "already_served"))
        return
    call.session = True
    call.arrived_ms = floor.now_ms
    if call.state == "offered":
        for leg in floor.legs_of(call):
            end_callers_half(floor, leg, "lost")
    floor.tell_call(call, "arrived")


def _enter(floor: Floor, event: events.CallArrived) -> None:
    rules = floor.queues.get(event.queue)
    needs = None if rules is None else _needs_or_none(event, rules)
    if rules is None:
        _refuse(floor, event, "unknown_queue")
    elif needs is None:
        _refuse(floor, event, "bad_needs")
    elif event.aims or event.contact in floor.taken:
        _queue(floor, event, rules, needs)  # it comes to certain agents, not to the line
    elif event.reach_ms:
        _queue(floor, event, rules_of_callback(rules, event.reach_ms), needs)  # it was let in long ago
    elif (way := way_past(floor, event, rules)) != NO_WAY:
        if event.fallback in floor.queues:
            _refuse(floor, event, way[1])  # a transfer that fails: no caller is lost by it
        else:
            _turn_away(floor, event, *way)
    elif floor.places_taken(event.queue) >= rules.max_waiting:
        _refuse(floor, event, "queue_full")
    else:
        _queue(floor, event, rules, needs)


def _refuse(floor: Floor, event: events.CallArrived, reason: str) -> None:
    """No way into this queue; a call that was transferred goes back to where it came from."""
    rules = floor.queues.get(event.fallback)
    if rules is None:
        floor.commands.append(RefuseCall(event.contact, reason))
        return
    aims = (event.fallback_agent,) if event.fallback_agent else ()
    back = replace(
        event, queue=rules.name, needs=rules.needs, aims=event.aims or aims, fallback="", chosen=""
    )
    _enter(floor, back)


def _turn_away(floor: Floor, event: events.CallArrived, to: str, reason: str) -> None:
    """The queue's limits let no newcomer in."""
    outcome = "closed" if reason == "closed" else "refused"
    floor.commands.append(SendToOverflow(event.contact, to, outcome))
    floor.expect(event.contact, to)
    floor.facts.append(
        facts.CallOverflowed(floor.now_ms, event.contact, event.entry, event.queue, reason, to)
    )


def _plan(floor: Floor, event: events.CallArrived, rules: QueueRules, needs: Needs) -> tuple[PlanStep, ...]:
    """How the call asks and widens; agents who are not logged in, or cannot serve it, are not waited for."""
    preferred = [(event.last_agent, rules.prefer_last_ms)]
    preferred += [(number, rules.prefer_named_ms) for number in event.preferred]
    here = [(number, until_ms) for number, until_ms in preferred if _may_serve(floor, number, needs)]
    if not rules.steps and not here:
        return (PlanStep(0, str(needs)),)
    steps = [(step.after_ms, step.needs) for step in rules.steps]
    return resolve_plan(event.needs, event.chosen, steps, here)


def _may_serve(floor: Floor, number: str, needs: Needs) -> bool:
    agent = floor.agents.get(number)
    if agent is None or agent.removed or agent.state == "offline":
        return False
    return needs.met_by(agent.skills)


def _queue(floor: Floor, event: events.CallArrived, rules: QueueRules, needs: Needs) -> None:
    first, *later = _plan(floor, event, rules, needs)
    is_meant = bool(event.aims) or event.contact in floor.taken  # for certain agents: no newcomer to the line
    call = Call(
        contact=event.contact,
        entry=event.entry,
        queue=event.queue,
        needs=needs,
        needs_text=first.needs,
        priority=event.priority,
        language=event.language,
        wait_since_ms=event.wait_since_ms,
        rules=rules,
        settings_version=floor.settings_version,
        arrived_ms=floor.now_ms,
        state="aimed" if event.aims else "waiting",
        aims=list(event.aims),
        # A place kept from another time is never worse than that of this wait.
        place_since_ms=event.place_since_ms if event.place_since_ms < event.wait_since_ms else 0,
        queued_ms=event.place_since_ms if event.reach_ms else floor.now_ms,
        max_wait_ms=rules.max_wait_ms,
        overflow=rules.overflow,
        steps=tuple(later),
        prefer=first.prefer,
        predicted_ms=0 if is_meant else -1,
    )
    floor.add_call(call)
    floor.facts.append(
        facts.CallQueued(
            at_ms=floor.now_ms,
            contact=call.contact,
            entry=call.entry,
            queue=call.queue,
            needs=call.needs_text,
            priority=call.priority,
            language=call.language,
            wait_since_ms=call.wait_since_ms,
            settings_version=call.settings_version,
            line_rank=call.key[0],
            line_since_ms=call.key[1],
            aims=" ".join(call.aims),
            prefer=list(call.prefer),
            steps=[step.to_dict() for step in call.steps],
            place_since_ms=call.place_since_ms,
            return_within_ms=rules.return_within_ms,
            recall_within_ms=rules.recall_within_ms,
            max_wait_ms=call.max_wait_ms,
            overflow=call.overflow,
            teams=list(event.teams),
            short_abandon_ms=rules.short_abandon_ms,
            rules=kept_rules(rules),
        )
    )
    if event.put_first:
        floor.put_first(call)


def _needs_or_none(event: events.CallArrived, rules: QueueRules) -> Needs | None:
    """The needs of the entry; None when these cannot be read, or those of a step to come."""
    asked = (event.needs, *(join_needs(step.needs, event.chosen) for step in rules.steps))
    return parse_needs(event.needs) if all(map(can_be_kept, asked)) else None


def caller_hung_up(floor: Floor, event: events.CallerHungUp) -> None:
    """The caller's channel is gone: abandoned, or the end of the conversation."""
    floor.bury(event.contact)
    floor.awaited.pop(event.contact, None)
    floor.forget_coming(event.contact)
    caller_is_gone(floor, event.contact)
    call = floor.calls.get(event.contact)
    if call is None:
        floor.ignore("the call is not here")
        return
    ended_ms = floor.past_ms(event.at_ms, call.wait_since_ms)
    _end(floor, call, "hung_up", how="abandoned", offer_cause="caller_gone", by=event.by, ended_ms=ended_ms)


def call_withdrawn(floor: Floor, event: events.CallWithdrawn) -> None:
    """The caller left the queue alive for another destination."""
    floor.awaited.pop(event.contact, None)  # though the list was asked for before and shows it as waiting
    call = floor.calls.get(event.contact)
    if call is None:
        floor.ignore("the call is not here")
        return
    if event.entry and event.entry != call.entry:
        floor.ignore("a later entry of this contact is here already")
        return
    leave(floor, call, event.to, event.cause)


def leave(floor: Floor, call: Call, to: str, cause: str = "withdrawn") -> None:
    """The entry is over because the caller goes elsewhere; a conversation under way was transferred."""
    for leg in floor.legs_of(call):
        cancel_offer(floor, leg)
    _end(floor, call, "withdrawn", how="out", offer_cause=cause, by="transfer", to=to)


def lose_call(floor: Floor, call: Call) -> None:
    """A snapshot does not show the caller's channel: it went when the link did, if that was lost."""
    floor.bury(call.contact)
    floor.forget_coming(call.contact)
    ended_ms = floor.past_ms(floor.lost_ms, call.wait_since_ms)
    _end(floor, call, "not_found", how="lost", offer_cause="lost", by="lost", ended_ms=ended_ms)


def _end(
    floor: Floor,
    call: Call,
    what: str,
    *,
    how: str,
    offer_cause: str,
    by: str,
    to: str = "",
    ended_ms: int | None = None,
) -> None:
    if call.state == "connected":
        offer = floor.offers.get(call.offer)
        if offer is not None:
            end_segment(floor, offer, by, ended_ms)
    else:
        for leg in floor.legs_of(call):
            end_callers_half(floor, leg, offer_cause)
        floor.left_queue(call, how, to, at_ms=ended_ms)
    floor.tell_call(call, what)


def session_lost(floor: Floor, event: events.SessionLost) -> None:
    """The call cannot be commanded; what runs inside Asterisk (a Dial, a conversation) goes on."""
    call = floor.calls.get(event.contact)
    if call is None:
        floor.ignore("the call is not here")
        return
    call.session = False
    floor.forget_coming(call.contact)  # the session that was to send it; one that has done so is not told of
    if floor.tell_call(call, "session_lost") and call.state == "offered":
        for leg in floor.legs_of(call):
            if leg.stage == "dialled":
                # Perhaps the command never reached Asterisk: soon ask, instead of holding the agent for long.
                floor.set_lease(leg, floor.now_ms + OTHER_HALF_MS)


def step_has_come(floor: Floor, contact: str) -> None:
    """The call widens now, whether it waits or its agent's phone rings."""
    floor.widen(floor.calls[contact])
