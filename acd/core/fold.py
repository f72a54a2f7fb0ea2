"""The reducer: folds acd's facts into what is open now and into totals. Every number comes from here.

The fold knows what is open (contacts, queue entries, agents' legs, agents' states) and counts each thing into
the books' page of the time at which it began (see `acd.core.totals`). What the pages are is the owner's
choice: today (`acd.core.picture`) or quarters of an hour (the ledger). Facts come once each, in the order of
their journal; a fact about something unknown or over changes nothing. It must not know where facts come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, Protocol

from acd.core.agents import TOLD_BESIDE_STATE
from acd.core.expected_wait import FIRST_RING_MS, HandlingTimes
from acd.core.paces import Paces
from acd.core.totals import AgentTotals, Totals
from acd.core.views import AgentView, ContactView, Entry, Leg, OutgoingView, QueueView

Body = Mapping[str, Any]


class Books(Protocol):
    """Where the fold counts. Each method gives the page for something that began at began_ms."""

    def house(self, began_ms: int) -> Totals: ...

    def queue(self, began_ms: int, queue: str) -> Totals: ...

    def agent(self, began_ms: int, agent: str) -> AgentTotals: ...

    def agent_time(self, agent: str, state: str, from_ms: int, to_ms: int) -> None:
        """Counts time in a state, split at the pages' edges."""


class Fold:
    """What is open after all facts so far. One per reader of facts."""

    def __init__(self, books: Books) -> None:
        self.agents: dict[str, AgentView] = {}
        self.contacts: dict[str, ContactView] = {}
        self.entries: dict[str, Entry] = {}  # by contact
        self.legs: dict[str, Leg] = {}  # by offer
        self.handling = HandlingTimes()  # talk and hold
        self.rings = HandlingTimes(first_guess_ms=FIRST_RING_MS)  # from an offer to its talk
        self.paces = Paces()  # of agents, in the same
        self.closed_queues: dict[str, QueueView] = {}
        self.outgoing: dict[str, OutgoingView] = {}  # by segment
        self._books = books

    def apply(self, kind: str, at_ms: int, body: Body) -> None:
        """Takes one fact; kinds that change no number are passed over."""
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, at_ms, body)

    def to_dict(self) -> dict[str, Any]:
        """What is open, JSON-ready."""
        return {
            name: {key: asdict(view) for key, view in getattr(self, name).items()} for name in _OPEN_THINGS
        }

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Takes over what to_dict gave, also that of another version of this program as far as it goes."""
        for name, kind in _OPEN_THINGS.items():
            known = {field.name for field in fields(kind)}
            views = {
                key: kind(**{field: value for field, value in values.items() if field in known})
                for key, values in snapshot.get(name, {}).items()
            }
            setattr(self, name, views)

    def _contact_started(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is None:
            view = self._start(body["contact"], at_ms)
        view.announced = True
        view.number, view.trunk, view.direct = body["number"], body["trunk"], body["direct"]
        view.caller = body["caller"]

    def _start(self, contact: str, at_ms: int, *, announced: bool = True) -> ContactView:
        self._books.house(at_ms).contacts += 1
        self.contacts[contact] = view = ContactView(at_ms, announced)
        return view

    def _call_queued(self, at_ms: int, body: Body) -> None:
        contact, number, queue = body["contact"], body["entry"], body["queue"]
        view = self.contacts.get(contact) or self._start(contact, at_ms, announced=False)
        if number <= view.entry:
            return  # came back after a restart: the same entry
        first = view.entry == 0
        if first:
            self._books.house(view.started_ms).asked += 1
            page = self._books.queue(at_ms, queue)
            page.contacts += 1
            page.asked += 1
        view.stage, view.entry, view.queue, view.needs = "waiting", number, queue, body["needs"]
        view.priority, view.language = body["priority"], body["language"]
        view.queued_ms, view.wait_since_ms = at_ms, body["wait_since_ms"]
        view.prefer, view.steps, view.step = body.get("prefer", []), body.get("steps", []), 0
        view.max_wait_ms, view.overflow = body.get("max_wait_ms", 0), body.get("overflow", "")
        view.rules = body.get("rules", {})
        view.line_rank = body.get("line_rank", 0)
        view.line_since_ms = body.get("line_since_ms", 0) or view.wait_since_ms
        view.aims = body.get("aims", "")
        view.offer = view.agent = view.taker = view.taken_from = ""
        view.put_first = False
        view.place_since_ms = body.get("place_since_ms", 0)
        view.return_within_ms = body.get("return_within_ms", 0)
        view.recall_within_ms = body.get("recall_within_ms", 0)
        view.rang_ms = view.answered_ms = view.connected_ms = 0
        self.entries[contact] = entry = Entry(
            contact, number, queue, at_ms, view.started_ms, view.wait_since_ms, first
        )
        entry.short_ms = body.get("short_abandon_ms", entry.short_ms)
        for page in self._pages(at_ms, queue):
            page.offered += 1

    def _aims_passed_over(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is not None and view.entry == body["entry"]:
            view.aims = body["aims"]

    def _call_widened(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is not None and view.entry == body["entry"]:
            view.step, view.needs, view.prefer = body["step"], body["needs"], body["prefer"]

    def _call_offered(self, at_ms: int, body: Body) -> None:
        contact, agent, offer, queue = body["contact"], body["agent"], body["offer"], body["queue"]
        self.legs[offer] = Leg(contact, agent, queue, at_ms)
        self._agent(agent).offered_ms = at_ms
        for page in (*self._pages(at_ms, queue), self._books.agent(at_ms, agent)):
            page.offers += 1
        view = self.contacts.get(contact)
        if view is not None:
            view.stage, view.offer, view.agent = "offered", offer, agent
            if view.aims and body["proof"].get("aimed") != "took":  # an agent's wish leaves them as they are
                _, _, view.aims = f" {view.aims} ".partition(f" {agent} ")
                view.aims = view.aims.strip()
            view.rang_ms = view.answered_ms = 0
            view.legs.append(offer)

    def _offer_rang(self, at_ms: int, body: Body) -> None:
        leg = self.legs.get(body["offer"])
        if leg is not None:
            leg.rang_ms = at_ms
        view = self.contacts.get(body["contact"])
        if view is not None and view.offer == body["offer"]:
            view.rang_ms = at_ms

    def _offer_ended(self, at_ms: int, body: Body) -> None:
        leg = self.legs.pop(body["offer"], None)
        if leg is None:
            return
        pages = (*self._pages(leg.offered_ms, leg.queue), self._books.agent(leg.offered_ms, leg.agent))
        for page in pages:
            _count(page.offers_failed, body["cause"])
        view = self.contacts.get(leg.contact)
        if view is None:
            return
        if body["offer"] in view.legs:
            view.legs.remove(body["offer"])
        if view.offer == body["offer"]:
            self._take_next_leg(view)
            entry = self.entries.get(leg.contact)
            if entry is not None:
                entry.answered_wait_ms = -1  # answered, but nobody talked: the wait goes on

    def _take_next_leg(self, view: ContactView) -> None:
        """The contact's offer is over: another of those that ring at once stands for it, or it waits."""
        open_legs = [one for one in view.legs if one in self.legs]
        view.answered_ms = 0
        if open_legs:
            leg = self.legs[open_legs[-1]]
            view.offer, view.agent, view.rang_ms = open_legs[-1], leg.agent, leg.rang_ms
        else:
            view.stage, view.offer, view.agent, view.rang_ms = "waiting", "", "", 0

    def _call_answered(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is not None:
            view.answered_ms = at_ms
            view.offer, view.agent = body["offer"], body["agent"]
        entry = self.entries.get(body["contact"])
        if entry is not None and entry.entry == body["entry"]:
            entry.answered_wait_ms, entry.target_ms = body["wait_ms"], body["target_ms"]

    def _count_ring(self, segment: str, at_ms: int) -> None:
        leg = self.legs.get(segment)
        if leg is None or leg.connected_ms:
            return
        view = self.contacts.get(leg.contact)
        # Who is called back is reached while the agent's phone rings, or after: that says nothing of rings.
        if view is not None and not view.rules.get("reach_ms"):
            self.rings.add(leg.queue, at_ms - leg.offered_ms)

    def _call_connected(self, at_ms: int, body: Body) -> None:
        segment = body["segment"]
        self._count_ring(segment, at_ms)
        leg = self.legs.setdefault(segment, Leg(body["contact"], body["agent"], body["queue"], at_ms))
        leg.connected_ms = at_ms
        agent = self._agent(leg.agent)
        agent.talked_on, agent.segment_ms = segment, at_ms
        view = self.contacts.get(body["contact"])
        if view is not None:
            view.stage, view.offer, view.agent = "connected", segment, leg.agent
            view.connected_ms, view.recording = at_ms, body["recording"]
            view.held_since_ms = view.hold_ms = 0
            view.promise = {}
            view.legs.clear()

    def _hold_changed(self, at_ms: int, body: Body) -> None:
        leg = self.legs.get(body["segment"])
        view = self.contacts.get(body["contact"])
        for one in (leg, view if view is not None and view.offer == body["segment"] else None):
            if one is not None:
                one.hold_ms += at_ms - one.held_since_ms if one.held_since_ms else 0
                one.held_since_ms = at_ms if body["held"] else 0

    def _segment_ended(self, at_ms: int, body: Body) -> None:
        leg = self.legs.pop(body["segment"], None)
        if leg is None:
            return
        began_ms = leg.connected_ms or leg.offered_ms
        handling_ms = body["talk_ms"] + body["hold_ms"]
        self.paces.add(leg.agent, handling_ms, *self.handling.usual_ms(leg.queue))
        self.handling.add(leg.queue, handling_ms)
        for page in (*self._pages(began_ms, leg.queue), self._books.agent(began_ms, leg.agent)):
            page.handled += 1
            page.talk_ms += body["talk_ms"]
            page.hold_ms += body["hold_ms"]
            page.transferred += body["hung_up_by"] == "transfer"
        view = self.contacts.get(leg.contact)
        if view is not None and view.taken_from == body["segment"]:
            view.taker = view.taken_from = ""
        if view is not None and view.offer == body["segment"]:
            view.stage, view.offer, view.held_since_ms = "survey", "", 0
            others = ((name, one) for name, one in self.legs.items() if one.contact == leg.contact)
            if parts := [(one.connected_ms, name) for name, one in others if one.connected_ms]:
                # Of three parties one agent has left: the newest of those who talk on.
                view.connected_ms, view.offer = max(parts)
                newest = self.legs[view.offer]
                view.stage, view.agent = "connected", newest.agent
                view.held_since_ms, view.hold_ms = newest.held_since_ms, newest.hold_ms

    def _media_silent(self, at_ms: int, body: Body) -> None:
        leg = self.legs.get(body["segment"])
        if leg is not None:
            leg.silent_ms = at_ms
            for page in self._pages(leg.connected_ms or leg.offered_ms, leg.queue):
                page.one_way += 1

    def _wait_promised(self, at_ms: int, body: Body) -> None:
        entry = self.entries.get(body["contact"])
        if entry is not None and entry.entry == body["entry"]:
            entry.first_high_ms = entry.first_high_ms or body["high_ms"]
            entry.promise = {name: body[name] for name in ("low_ms", "high_ms", "agents", "position")}
            if (view := self.contacts.get(body["contact"])) is not None:
                view.promise = {"queue": body["queue"], **entry.promise}

    def _call_left_queue(self, at_ms: int, body: Body) -> None:
        entry = self.entries.get(body["contact"])
        if entry is None or entry.entry != body["entry"]:
            return
        del self.entries[body["contact"]]
        how, wait_ms = body["how"], body["wait_ms"]
        if how == "answered" and entry.answered_wait_ms >= 0:
            wait_ms = entry.answered_wait_ms
        for page in self._pages(entry.queued_ms, entry.queue):
            match how:
                case "answered":
                    page.answered_waits.add(wait_ms)
                    if entry.first_high_ms:
                        page.promised += 1
                        page.promises_kept += entry.wait_since_ms + wait_ms <= entry.first_high_ms
                case "abandoned":
                    page.abandoned_waits.add(wait_ms)
                    page.short_abandoned += wait_ms <= entry.short_ms
                case "out":
                    page.out += 1
                case _:
                    page.lost += 1
        if how == "answered" and entry.first and wait_ms <= entry.target_ms:
            self._books.house(entry.contact_ms).timely += 1
            self._books.queue(entry.queued_ms, entry.queue).timely += 1
        view = self.contacts.get(body["contact"])
        if view is not None and how != "answered":
            view.stage, view.offer = "flow", ""

    def _call_put_first(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is not None and view.entry == body["entry"]:
            view.put_first = True

    def _supervisor_acted(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is not None and body.get("segment") and not body["refused"]:
            view.taker, view.taken_from = body["agent"], body["segment"]

    def _take_over_given_up(self, at_ms: int, body: Body) -> None:
        view = self.contacts.get(body["contact"])
        if view is not None:
            view.taker = view.taken_from = ""

    def _queue_closed(self, at_ms: int, body: Body) -> None:
        self.closed_queues.setdefault(body["queue"], QueueView(at_ms))

    def _queue_opened(self, at_ms: int, body: Body) -> None:
        self.closed_queues.pop(body["queue"], None)

    def _contact_ended(self, at_ms: int, body: Body) -> None:
        view = self.contacts.pop(body["contact"], None)
        if view is None:
            return
        house = self._books.house(view.started_ms)
        if view.entry == 0:
            outcome = flow_outcome(body)
            if outcome == "blocked":
                house.blocked += 1
            elif outcome == "closed":
                house.closed += 1
            else:
                _count(house.ended_in_flow, outcome)
        self._count_survey(view, house, body)

    def _count_survey(self, view: ContactView, house: Totals, body: Body) -> None:
        if not body["survey_asked"]:
            return
        pages: list[Totals | AgentTotals] = [house]
        if view.entry:
            pages.append(self._books.queue(view.queued_ms, view.queue))
        if view.agent:
            pages.append(self._books.agent(view.connected_ms or view.queued_ms, view.agent))
        for page in pages:
            page.survey_asked += 1
            if body["satisfaction"]:
                _count(page.satisfaction, str(body["satisfaction"]))

    def _agent_state_changed(self, at_ms: int, body: Body) -> None:
        number, state, reason = body["agent"], body["state"], body["reason"]
        view = self._agent(number)
        if view.counted_ms and at_ms > view.counted_ms:
            self._count_time(number, view, at_ms)
        view.counted_ms = at_ms
        if (state, reason) != (view.state, view.reason) or not view.since_ms:
            view.state, view.reason, view.since_ms = state, reason, at_ms
        view.intent, view.intent_reason = body["intent"], body.get("intent_reason", "")
        view.phone, view.contact, view.queue = body["phone"], body["contact"], body["queue"]
        view.until_ms, view.idle_since_ms = body["until_ms"], body.get("idle_since_ms", 0)
        view.offer = body.get("offer", "")
        for name, unset in TOLD_BESIDE_STATE.items():
            setattr(view, name, body.get(name, unset))

    def _disposition_given(self, at_ms: int, body: Body) -> None:
        for page in self._pages(self._agent(body["agent"]).segment_ms, body["queue"]):
            _count(page.dispositions, body["code"])
            if body["replaces"]:
                _count(page.dispositions, body["replaces"], -1)

    def _disposition_missed(self, at_ms: int, body: Body) -> None:
        for page in self._pages(self._agent(body["agent"]).segment_ms, body["queue"]):
            page.codes_missed += 1

    def _help_asked(self, at_ms: int, body: Body) -> None:
        self._agent(body["agent"]).help_ms = at_ms
        self._books.agent(at_ms, body["agent"]).helps += 1

    def _help_ended(self, at_ms: int, body: Body) -> None:
        view = self._agent(body["agent"])
        if view.help_ms:
            self._books.agent(view.help_ms, body["agent"]).help_ms += body["waited_ms"]
            view.help_ms = 0

    def _count_time(self, number: str, view: AgentView, until_ms: int) -> None:
        self._books.agent_time(number, view.state_key, view.counted_ms, until_ms)
        if view.state == "acw" and view.segment_ms:
            worked_ms = until_ms - view.counted_ms
            self._books.agent(view.segment_ms, number).acw_ms += worked_ms
            if view.queue:
                for page in self._pages(view.segment_ms, view.queue):
                    page.acw_ms += worked_ms

    def _outgoing_started(self, at_ms: int, body: Body) -> None:
        if body["segment"] not in self.outgoing:
            about = (body[name] for name in ("callee", "trunk", "prefix"))
            view = OutgoingView(body["contact"], body["agent"], body["phone"], at_ms, *about)
            self.outgoing[body["segment"]] = view
            if view.agent:  # a queue's exit leads outside on nobody's account
                self._books.agent(at_ms, view.agent).outgoing += 1

    def _outgoing_answered(self, at_ms: int, body: Body) -> None:
        view = self.outgoing.get(body["segment"])
        if view is not None:
            view.answered_ms = at_ms

    def _outgoing_ended(self, at_ms: int, body: Body) -> None:
        view = self.outgoing.pop(body["segment"], None)
        if view is not None and view.agent:
            self._books.agent(view.started_ms, view.agent).outgoing_ms += body["talk_ms"]

    def _agent(self, number: str) -> AgentView:
        return self.agents.setdefault(number, AgentView())

    def _pages(self, began_ms: int, queue: str) -> tuple[Totals, Totals]:
        return self._books.house(began_ms), self._books.queue(began_ms, queue)


def flow_outcome(body: Body) -> str:
    """How a contact ended that never asked for an agent, from its ContactEnded: the outcome of the flow, or
    fallback, lost or hung_up when there is none."""
    if body["outcome"] not in ("", "queued"):
        return str(body["outcome"])
    if body["stage"] == "fallback":
        return "fallback"
    return "lost" if body["hung_up_by"] == "lost" else "hung_up"


def _count(counts: dict[str, int], name: str, by: int = 1) -> None:
    counts[name] = counts.get(name, 0) + by


_OPEN_THINGS: dict[str, type[Any]] = {
    "agents": AgentView,
    "contacts": ContactView,
    "entries": Entry,
    "legs": Leg,
    "closed_queues": QueueView,
    "outgoing": OutgoingView,
}

_HANDLERS: dict[str, Callable[[Fold, int, Body], None]] = {
    "ContactStarted": Fold._contact_started,
    "CallQueued": Fold._call_queued,
    "AimsPassedOver": Fold._aims_passed_over,
    "CallWidened": Fold._call_widened,
    "OutgoingStarted": Fold._outgoing_started,
    "OutgoingAnswered": Fold._outgoing_answered,
    "OutgoingEnded": Fold._outgoing_ended,
    "CallOffered": Fold._call_offered,
    "OfferRang": Fold._offer_rang,
    "OfferEnded": Fold._offer_ended,
    "CallAnswered": Fold._call_answered,
    "CallConnected": Fold._call_connected,
    "HoldChanged": Fold._hold_changed,
    "SegmentEnded": Fold._segment_ended,
    "MediaSilent": Fold._media_silent,
    "WaitPromised": Fold._wait_promised,
    "CallLeftQueue": Fold._call_left_queue,
    "CallPutFirst": Fold._call_put_first,
    "SupervisorActed": Fold._supervisor_acted,
    "TakeOverGivenUp": Fold._take_over_given_up,
    "QueueClosed": Fold._queue_closed,
    "QueueOpened": Fold._queue_opened,
    "ContactEnded": Fold._contact_ended,
    "DispositionGiven": Fold._disposition_given,
    "DispositionMissed": Fold._disposition_missed,
    "HelpAsked": Fold._help_asked,
    "HelpEnded": Fold._help_ended,
    "AgentStateChanged": Fold._agent_state_changed,
}
