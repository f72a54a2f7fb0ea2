"""A queue's limits: who is not let in, and who is sent on while waiting, each with the reason and where to.

A caller is sent on as soon as no phone rings for the call and its session can be told; until then, and while
the other queue is full or closed, the call waits on at its place and may be answered. Whoever is on the way
to a queue has a place in it already. Times count from the entry into the queue. Nobody logged in means: no
agent who could ever serve the call as it widens; nobody ready: none of those is at work (ready, ringing,
talking, in after-contact work, or on a call of their own).
How long a wait is expected to be comes as an event, soon after the entry and then every few seconds; a call
of which no end can be foreseen waits.
This module must not know what a destination is, but for a queue's name, and a callback: whoever is asked for
a number and would rather wait waits on, and is not asked twice.
"""

from __future__ import annotations

from acd.core import events, facts
from acd.core.calls import Call
from acd.core.commands import SendToOverflow
from acd.core.floor import AT_WORK, Floor
from acd.core.house_rules import QueueRules
from acd.core.needs import join_needs, parse_needs

CALLBACK = "callback"
"""The destination of who is called back instead of waiting."""

WAITING_STATES = ("waiting", "aimed")
Way = tuple[str, str]  # where to, and the reason

NO_WAY: Way = ("", "")
PREDICTED = "predicted_wait"


def way_past(floor: Floor, event: events.CallArrived, rules: QueueRules) -> Way:
    """Where a newcomer goes who is not let in, and why; "" for one who may wait."""
    if event.closed or event.queue in floor.closed_queues:
        return rules.closed, "closed"
    in_queue = floor.places_taken(event.queue)
    if rules.overflow and in_queue >= rules.max_waiting:
        return rules.overflow, "queue_full"
    able = _able(floor, event.needs, *(join_needs(step.needs, event.chosen) for step in rules.steps))
    to, reason = _staff_way(floor, able, rules.nobody_logged_in[0], rules.nobody_ready[0])
    if to:
        return to, reason
    if rules.callers_per_1000_agents:
        here = (able & ~floor.bits_by_state["offline"]).bit_count()
        if in_queue * 1000 >= here * rules.callers_per_1000_agents:
            return rules.overflow, "callers_per_agent"
    return NO_WAY


def _able(floor: Floor, *asked: str) -> int:
    """The agents who meet one of these needs: those of now, and those of the steps to come."""
    able = 0
    for needs in dict.fromkeys(asked):
        able |= floor.line.agents(parse_needs(needs))
    return able


def _staff_way(floor: Floor, able: int, nobody_logged_in: str, nobody_ready: str) -> Way:
    """What the rules say of a call that these agents could serve; "" where it waits."""
    if not (nobody_logged_in or nobody_ready):
        return NO_WAY
    if not able & ~floor.bits_by_state["offline"]:
        return nobody_logged_in, "nobody_logged_in"
    if not any(able & floor.bits_by_state[state] for state in AT_WORK):
        return nobody_ready, "nobody_ready"
    return NO_WAY


def wait_is_over(floor: Floor, contact: str) -> None:
    """The call has waited for as long as its queue allows."""
    floor.overdue[contact] = (floor.calls[contact].overflow, "max_wait")


def wait_predicted(floor: Floor, event: events.WaitPredicted) -> None:
    """Judge a waiting call by its expected wait: the first time as a newcomer, then as one who waits."""
    call = floor.calls.get(event.contact)
    if call is None or call.state != "waiting" or call.entry != event.entry:
        floor.ignore("the call does not wait in this entry")
        return
    entering, waiting = call.rules.predicted
    to = entering if call.predicted_ms < 0 else waiting
    call.predicted_ms = event.wait_ms or 0
    limit_ms = call.rules.max_predicted_ms
    if to and limit_ms and event.wait_ms is not None and event.wait_ms > limit_ms:
        floor.overdue.setdefault(call.contact, (to, PREDICTED))
    elif floor.overdue.get(call.contact, NO_WAY)[1] == PREDICTED:
        del floor.overdue[call.contact]


def to_predict(floor: Floor) -> tuple[list[str], list[str]]:
    """Waiting calls whose expected wait counts: those not judged so far, and those to be judged again."""
    waiting = [
        call for call in floor.calls.values() if call.state == "waiting" and call.rules.max_predicted_ms
    ]
    fresh = [call.contact for call in waiting if call.predicted_ms < 0]
    return fresh, [call.contact for call in waiting if call.predicted_ms >= 0 and call.rules.predicted[1]]


def send_overdue_on(floor: Floor) -> None:
    """Send on whoever may wait no longer; called after each event."""
    if floor.staff_changed:
        floor.staff_changed = False
        _judge_staff(floor)
    for contact, (to, reason) in list(floor.overdue.items()):
        call = floor.calls[contact]
        if call.state in WAITING_STATES and contact not in floor.taken and _has_room(floor, to):
            if to == CALLBACK:
                del floor.overdue[contact]
                if call.asked_callback:
                    continue
                call.asked_callback = True
            floor.tell_call(call, "sent_on")
            floor.commands.append(SendToOverflow(contact, to))
            floor.expect(contact, to)
            predicted_ms = call.predicted_ms if reason == PREDICTED else 0
            about = (contact, call.entry, call.queue, reason, to, predicted_ms)
            floor.facts.append(facts.CallOverflowed(floor.now_ms, *about))


def _judge_staff(floor: Floor) -> None:
    """Agents came or went: those who wait where nobody is left go, those for whom somebody came may stay."""
    if not floor.has_staff_rules:
        return
    ways: dict[tuple[tuple[str, ...], Way], Way] = {}
    for call in floor.calls.values():
        rules = call.rules
        if call.state == "connected" or not rules.judges_staff:
            continue
        needs = (call.needs_text, *(step.needs for step in call.steps[call.step :]))
        asked = (needs, (rules.nobody_logged_in[1], rules.nobody_ready[1]))
        way = ways.get(asked)
        if way is None:
            way = ways[asked] = _staff_way(floor, _able(floor, *needs), *asked[1])
        _note_way(floor, call, way)


def _note_way(floor: Floor, call: Call, way: Way) -> None:
    """The newest judgement counts, for who finds no room elsewhere still waits; max_wait stays."""
    noted = floor.overdue.get(call.contact, NO_WAY)
    if noted == NO_WAY or noted[1].startswith("nobody"):
        if way[0]:
            floor.overdue[call.contact] = way
        else:
            floor.overdue.pop(call.contact, None)


def _has_room(floor: Floor, to: str) -> bool:
    """Whether the destination takes the caller; a queue that is full or closed does not."""
    kind, _, name = to.partition(":")
    if kind != "queue":
        return True
    rules = floor.queues.get(name)
    if rules is None or name in floor.closed_queues:
        return False
    return floor.places_taken(name) < rules.max_waiting
