"""What supervisors do: force an agent's state, take, send on or put first a call, close and open a queue.

Each deed ends in the fact `SupervisorActed`, also a refused one; `refused` is then one of REFUSALS. What
cannot be done at once because a phone rings for the call, or because the caller talks, is a wish: the offer
is withdrawn or the caller fetched, and `settle_wishes` does it as soon as the call waits. A wish that cannot
be met any more is dropped and the call waits on at its place: nobody is lost for a supervisor's sake.

This module must not know roles (whoever asks has been checked), phones' codes, pages, or Asterisk.
"""

from __future__ import annotations

from collections.abc import Callable

from acd.core import agent_events, events, facts, work_events
from acd.core.agents import AGENT_TABLE, Agent
from acd.core.calls import Call
from acd.core.commands import FetchCall, SendToOverflow
from acd.core.floor import Floor
from acd.core.offer_events import cancel_offer
from acd.core.offers import Offer
from acd.core.state_table import Ignored
from acd.core.take_overs import begin_take_over

WISH_MS = 5_000
"""So long a taken call is kept for its taker: our cancel, or a fetched caller, needs far less."""

LINE_STATES = ("waiting", "aimed")
"""A call in one of these can be offered, or sent away, at once."""

REFUSALS = (
    "unknown_agent",
    "unknown_call",
    "unknown_queue",
    "unknown_state",
    "logged_out",  # the agent has no phone
    "unreachable",  # the agent's phone is not registered
    "agent_busy",  # a leg holds the agent, or after-contact work
    "no_work",  # there is no after-contact work to end
    "code_owed",  # the queue requires a disposition code first
    "no_hand",  # the agent asks for no help
    "own_call",  # the call rings at the taker's phone, or the taker talks with the caller
    "being_answered",  # the agent's phone is answered, the caller not yet joined
    "not_waiting",  # the caller talks, or is on the way elsewhere
    "first_already",
    "closed_already",
    "open_already",
    "not_talking",  # there is no conversation to listen to
    "not_a_supervisor",  # the shell's: it knows the settings
)


def acted(
    at_ms: int,
    by: str,
    via: str,
    deed: str,
    *,
    agent: str = "",
    contact: str = "",
    queue: str = "",
    detail: str = "",
    refused: str = "",
    segment: str = "",
) -> facts.SupervisorActed:
    """The fact of a deed; fields that concern nobody stay empty."""
    return facts.SupervisorActed(at_ms, by, via, deed, agent, contact, queue, detail, refused, segment)


# Agents


def agent_forced(floor: Floor, event: events.AgentForced) -> None:
    """A supervisor sets what an agent intends, ends the after-contact work, or logs the agent out.

    An offer or conversation under way is no more touched than by the agent's own deed.
    """
    agent = floor.agents.get(event.agent)
    refused = _why_not_forced(floor, agent, event.to)
    if not refused:
        _FORCE[event.to](floor, event)
    detail = f"{event.to}:{event.reason}" if event.reason else event.to
    fact = acted(
        floor.now_ms, event.by, event.via, "force", agent=event.agent, detail=detail, refused=refused
    )
    _note(floor, fact)


def _why_not_forced(floor: Floor, agent: Agent | None, to: str) -> str:
    if agent is None or agent.removed:
        return "unknown_agent"
    if to not in _FORCE:
        return "unknown_state"
    if agent.state == "offline" or (to in ("ready", "not_ready") and not floor.has_seat(agent)):
        return "logged_out"
    if to == "work_over" and agent.state != "acw":
        return "no_work"
    return "code_owed" if to == "work_over" and agent.owes_code else ""


def _force_ready(floor: Floor, event: events.AgentForced) -> None:
    # Unlike the agent's own word it says nothing about the phone: one that is gone stays unreachable.
    floor.tell_agent(floor.agents[event.agent], "became_ready", intent=("ready", ""))


def _force_not_ready(floor: Floor, event: events.AgentForced) -> None:
    reason = event.reason or "forced"
    agent_events.agent_became_not_ready(floor, events.AgentBecameNotReady(event.agent, reason))


def _force_work_over(floor: Floor, event: events.AgentForced) -> None:
    floor.kept.pop(floor.agents[event.agent].contact, None)  # the caller will find another agent
    work_events.agent_finished_work(floor, events.AgentFinishedWork(event.agent))


_FORCE: dict[str, Callable[[Floor, events.AgentForced], None]] = {
    "ready": _force_ready,
    "not_ready": _force_not_ready,
    "work_over": _force_work_over,
    "logged_out": lambda floor, event: agent_events.agent_logged_out(
        floor, events.AgentLoggedOut(event.agent, "forced")
    ),
}


# Calls


def why_not_taken(floor: Floor, contact: str, number: str) -> str:
    """Why this agent cannot have this call at the own phone now; "" when that can be."""
    call, agent = floor.calls.get(contact), floor.agents.get(number)
    if agent is None or agent.removed:
        return "unknown_agent"
    if call is None:
        return "unknown_call"
    if any(leg.agent == number for leg in _legs_of(floor, call)):
        return "own_call"
    if agent.state == "offline":
        return "logged_out"
    if agent.unreachable:
        return "unreachable"
    if isinstance(AGENT_TABLE[agent.state, "took"], Ignored):
        return "agent_busy"
    if _is_being_answered(floor, call):
        return "being_answered"
    return "not_waiting" if call.state == "leaving" else ""


def _legs_of(floor: Floor, call: Call) -> list[Offer]:
    """The offers that ring for the call, or the one that led to the conversation."""
    if call.state == "connected":
        return [floor.offers[call.offer]] if call.offer in floor.offers else []
    return floor.legs_of(call)


def _is_being_answered(floor: Floor, call: Call) -> bool:
    return call.state == "offered" and any(leg.answered_ms for leg in floor.legs_of(call))


def call_taken(floor: Floor, event: events.CallTaken) -> None:
    """An agent wants a call at the own phone: before all others, whatever its needs."""
    refused = why_not_taken(floor, event.contact, event.agent)
    call, segment = floor.calls.get(event.contact), ""
    if event.joins and not refused and (call is None or call.state != "connected"):
        refused = "not_talking"
    if not refused and call is not None:
        if call.state == "connected":
            for leg in _legs_of(floor, call):
                floor.lower_hand(floor.agents[leg.agent], event.agent)
        if event.joins:
            segment = event.segment or call.offer
            begin_take_over(floor, call.contact, event.agent, segment)
        else:
            _wish_for(floor, call, event.agent)
    queue = call.queue if call else ""
    fact = acted(
        floor.now_ms,
        event.by,
        event.via,
        "take",
        agent=event.agent,
        contact=event.contact,
        queue=queue,
        refused=refused,
        segment=segment,
    )
    _note(floor, fact)


def _wish_for(floor: Floor, call: Call, taker: str) -> None:
    """The call is kept for its taker, whose phone rings as soon as it waits."""
    floor.taken[call.contact] = taker
    floor.deadlines.set(("taken", call.contact), floor.now_ms + WISH_MS)
    if call.state == "connected":
        floor.commands.append(FetchCall(call.contact))
    else:
        _stop_ringing(floor, call)


def call_sent_on(floor: Floor, event: events.CallSentOn) -> None:
    """A waiting call goes to another queue, or is ended with a message."""
    call = floor.calls.get(event.contact)
    refused = _why_not_moved(floor, call)
    kind, _, name = event.to.partition(":")
    if not refused and kind == "queue" and name not in floor.queues:
        refused = "unknown_queue"
    if not refused and call is not None:
        floor.sent_on[event.contact] = event.to
        _stop_ringing(floor, call)
    fact = acted(
        floor.now_ms,
        event.by,
        event.via,
        "move" if kind == "queue" else "end",
        contact=event.contact,
        queue=call.queue if call else "",
        detail=event.to,
        refused=refused,
    )
    _note(floor, fact)


def call_put_first(floor: Floor, event: events.CallPutFirst) -> None:
    """A waiting call is offered before all others, except those put first that wait longer."""
    call = floor.calls.get(event.contact)
    refused = _why_not_moved(floor, call)
    if not refused and call is not None:
        if call.put_first:
            refused = "first_already"
        else:
            floor.put_first(call)
    queue = call.queue if call else ""
    fact = acted(
        floor.now_ms,
        event.by,
        event.via,
        "put_first",
        contact=event.contact,
        queue=queue,
        refused=refused,
    )
    _note(floor, fact)


def _why_not_moved(floor: Floor, call: Call | None) -> str:
    if call is None:
        return "unknown_call"
    if call.state in ("connected", "leaving"):
        return "not_waiting"
    return "being_answered" if _is_being_answered(floor, call) else ""


def _stop_ringing(floor: Floor, call: Call) -> None:
    for leg in floor.legs_of(call):
        cancel_offer(floor, leg)


def settle_wishes(floor: Floor, make_offer: Callable[[Call, Agent, str], None]) -> None:
    """Send on and offer to its taker whatever waits by now; make_offer offers a call to one agent."""
    for contact, to in list(floor.sent_on.items()):
        call = floor.calls.get(contact)
        if call is None or call.state in ("connected", "leaving"):
            del floor.sent_on[contact]
        elif call.state in LINE_STATES:
            del floor.sent_on[contact]
            floor.tell_call(call, "sent_on")
            floor.commands.append(SendToOverflow(contact, to))
            floor.expect(contact, to)
    if not floor.linked or floor.awaited:
        return
    for contact, number in list(floor.taken.items()):
        call, agent = floor.calls.get(contact), floor.agents.get(number)
        if call is None or call.state not in LINE_STATES:
            continue  # on its way here, or the deadline forgets it
        floor.forget_taker(contact)
        can_ring = agent is not None and not agent.unreachable
        if agent is not None and can_ring and AGENT_TABLE[agent.state, "took"] == "offered":
            make_offer(call, agent, "took")


# Queues


def queue_closed(floor: Floor, event: events.QueueClosed) -> None:
    """Newcomers go elsewhere from now on; those who wait stay, and are served."""
    refused = "unknown_queue" if event.queue not in floor.queues else ""
    if not refused and event.queue in floor.closed_queues:
        refused = "closed_already"
    if not refused:
        floor.closed_queues[event.queue] = None
        floor.facts.append(facts.QueueClosed(floor.now_ms, event.queue))
    _note(floor, acted(floor.now_ms, event.by, event.via, "close_queue", queue=event.queue, refused=refused))


def queue_opened(floor: Floor, event: events.QueueOpened) -> None:
    """Newcomers are taken again. A queue that the settings no longer name can be opened, too."""
    refused = ""
    if event.queue in floor.closed_queues:
        del floor.closed_queues[event.queue]
        floor.facts.append(facts.QueueOpened(floor.now_ms, event.queue))
    else:
        refused = "open_already" if event.queue in floor.queues else "unknown_queue"
    _note(floor, acted(floor.now_ms, event.by, event.via, "open_queue", queue=event.queue, refused=refused))


def _note(floor: Floor, fact: facts.SupervisorActed) -> None:
    floor.facts.append(fact)
    floor.ignored = fact.refused
