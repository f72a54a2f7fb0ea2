"""Events in any order, possible or not: a distributor told what Hypothesis likes, and its promises watched.

Where the simulated house knows what Asterisk would do, here nothing is kept in order: legs end before they
ring, verdicts come twice, callers come back out of nowhere, acd is killed between any two events. Only names
are real, or the events would all mean nothing. What must hold whatever comes is in `check_*`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from promise_broken import PromiseBrokenError

from acd.core import events, facts
from acd.core.calls import PUT_FIRST
from acd.core.commands import OfferCall
from acd.core.distributor import Distributor
from acd.core.fact_codec import from_body, to_body
from acd.core.needs import parse_needs
from acd.core.picture import Picture
from acd.core.recount import Scene, recount, recount_beside
from acd.core.recovery import restored_from
from acd.engine import fact_id

START_MS = 1_700_000_000_000
PAUSES_MS = (0, 0, 1, 40, 900, 6_000, 31_000)
CAUSES = ("no_answer", "rejected", "busy", "unreachable", "withdrawn", "agent_gone", "weather")
HELD = ("offered", "on_contact", "on_hold", "unknown")
FREED_EARLY = ("offline", "offered", "on_contact")  # logged out; recalled to the caller; a leg was found

Step = tuple[int, str, int, int]
"""Pause (index), what happens, and two numbers that say to whom and how."""


class AnyOrder:
    """One distributor after another over one journal, and what its facts have said so far."""

    def __init__(self, settings: Sequence[events.SettingsChanged]) -> None:
        self.now_ms = START_MS
        self.picture = Picture(lambda _: 0)
        self._rung: list[dict[str, Any]] = []  # by the last offer, at once
        self.ids: set[str] = set()
        self.offers: list[str] = []
        self.contacts: dict[str, events.CallArrived] = {}
        self.gone: set[str] = set()
        self.decisions = 0
        self._settings = settings
        self._versions: dict[int, events.SettingsChanged] = {}
        self._epoch = 0
        self._states: dict[str, tuple[str, int]] = {}  # agent -> state, end of after-contact work
        self._open: dict[str, str] = {}  # offer -> agent, from CallOffered to the offer's or the talk's end
        self._entries: dict[str, tuple[int, tuple[int, int, str]]] = {}  # open: contact -> entry, place
        self._first_places: dict[str, int] = {}  # contact -> since when its place is, whatever comes
        self._won: dict[tuple[str, int], str] = {}
        self._entry_of: dict[str, tuple[str, int]] = {}
        self._here: set[str] = set()  # contacts whose session is there and holds no Dial
        self._dials: dict[str, str] = {}  # offer that Dial was told of -> contact
        self._ended_work: set[str] = set()
        self.restart()

    # What happens

    def restart(self) -> None:
        """acd is killed and starts again from what its journal says."""
        snapshot = json.loads(json.dumps(self.picture.snapshot(), ensure_ascii=False))
        self.picture = Picture.restore(snapshot, lambda _: 0)
        self._epoch += 1
        self._distributor = Distributor(self._epoch)
        self._here.clear()
        self._dials.clear()
        self.change_settings(self._epoch)
        self.tell(restored_from(self.picture))

    def change_settings(self, number: int) -> None:
        """Another version of the settings takes effect."""
        version = len(self._versions) + 1
        drawn = self._settings[number % len(self._settings)]
        changed = events.SettingsChanged(version, drawn.agents, drawn.queues, choice_seed=version)
        self._versions[version] = changed
        self.tell(changed)

    def play(self, step: Step) -> None:
        """One step."""
        pause, what, one, other = step
        self.now_ms += PAUSES_MS[pause % len(PAUSES_MS)]
        if what == "restart":
            self.restart()
        elif what == "recover":
            self._recover(one)
        elif what == "settings":
            self.change_settings(one)
        elif (event := self._event(what, one, other)) is not None:
            self.tell(event)

    def _recover(self, one: int) -> None:
        """acd is killed, and all goes well: everybody comes back, in some order, and Asterisk tells all."""
        self.restart()
        callers = list(self.contacts.values())
        for call in callers[one % 7 :] + callers[: one % 7]:
            self.tell(call)
        self.tell(self._snapshot(1, one))

    def _event(self, what: str, one: int, other: int) -> events.Event | None:
        if what in _OF_AGENTS:
            return self._of_agent(what, str(1001 + one % 6), other)
        if what in _OF_OFFERS:
            return self._of_offer(what, one, other)
        if what in _OF_CALLS:
            return self._of_call(what, one, other)
        match what:
            case "link_lost":
                return events.AsteriskLost()
            case "snapshot":
                return self._snapshot(one, other)
        return events.DeadlinePassed()

    def _of_agent(self, what: str, number: str, other: int) -> events.Event:
        if what in ("finish", "log_out"):
            self._ended_work.add(number)
        match what:
            case "log_in":
                return events.AgentLoggedIn(number, f"phone{1001 + other % 6}")
            case "log_out":
                return events.AgentLoggedOut(number)
            case "ready":
                return events.AgentBecameReady(number)
            case "not_ready":
                return events.AgentBecameNotReady(number, "1")
            case "finish":
                return events.AgentFinishedWork(number)
            case "phone_lost":
                return events.PhoneBecameUnreachable(number)
        return events.PhoneBecameReachable(number)

    def _of_offer(self, what: str, one: int, other: int) -> events.Event:
        # Mostly of the latest; else of any that ever was, or of none.
        recent = self.offers[-4:] if one % 4 else [*self.offers, "9-9"]
        offer = recent[-1 - other % len(recent)] if recent else "9-9"
        match what:
            case "rang":
                return events.OfferRang(offer)
            case "answered":
                return events.OfferAnswered(offer)
            case "bridged":
                return events.OfferConnected(offer)
            case "failed":
                return events.OfferFailed(offer, CAUSES[one % len(CAUSES)])
            case "held":
                return events.HoldChanged(offer, bool(one % 2))
        return events.LegEnded(offer, 16, ("agent", "caller", "transfer", "")[one % 4])

    def _of_call(self, what: str, one: int, other: int) -> events.Event | None:
        if what == "arrive" or not self.contacts:
            return self._arrives(one, other)
        known = list(self.contacts.values())
        call = known[one % len(known)]
        match what:
            case "come_back":
                return call
            case "transferred":
                moved = events.CallArrived(
                    call.contact,
                    call.queue,
                    call.needs,
                    call.priority,
                    "zh",
                    self.now_ms,
                    call.entry + 1,
                    aims=((), ("1001",), ("1002", "1001"))[other % 3],
                    place_since_ms=call.place_since_ms or call.wait_since_ms,
                )
                self.contacts[call.contact] = moved
                return moved
            case "kept":
                return events.AgentKept(call.contact, str(1001 + other % 6), call.queue)
            case "hang_up":
                del self.contacts[call.contact]
                self.gone.add(call.contact)
                return events.CallerHungUp(call.contact)
            case "session_lost":
                return events.SessionLost(call.contact)
            case "predicted":
                return events.WaitPredicted(call.contact, call.entry, (None, 1_000, 99_000)[other % 3])
            case "put_first":
                return events.CallPutFirst(call.contact, "boss", "page")
        return events.CallWithdrawn(call.contact, "voicemail")

    def _arrives(self, one: int, other: int) -> events.CallArrived:
        rules = self._versions[len(self._versions)].queues
        queue = rules[one % len(rules)]
        contact = f"c{len(self.contacts) + len(self.gone)}"
        waited_ms = (0, 0, 700)[other % 3]
        since_ms = self.now_ms - waited_ms
        arrived = events.CallArrived(contact, queue.name, queue.needs, other % 4, "zh", since_ms)
        self.contacts[contact] = arrived
        return arrived

    def _snapshot(self, one: int, other: int) -> events.AsteriskSnapshot:
        """Asterisk's list: all that should be there, or with something missing, or from before it began."""
        missing = one % 5 == 0
        contacts = tuple(self.contacts)[1:] if missing else tuple(self.contacts)
        legs = [
            events.LiveLeg(offer, self._entry_of[offer][0], agent, ("ringing", "up", "bridged")[other % 3])
            for offer, agent in self._open.items()
        ]
        return events.AsteriskSnapshot(contacts, tuple(legs[1:] if missing else legs), waiting=contacts[:2])

    # What must hold

    def tell(self, event: events.Event) -> None:
        """Let the distributor decide, and look at what it says."""
        decision = self._distributor.handle(event, self.now_ms)
        self.decisions += 1
        self._note_session(event)
        self._expect(decision.wake_at_ms is None or decision.wake_at_ms > self.now_ms, "alarm in the past")
        for fact in decision.facts:
            self._take(fact)
        offered = {fact.offer for fact in decision.facts if isinstance(fact, facts.CallOffered)}
        for command in decision.commands:
            if isinstance(command, OfferCall):
                self._expect(command.offer in offered, f"{command} without its fact")
                self._dials[command.offer] = command.contact
        self._ended_work.clear()

    def _note_session(self, event: events.Event) -> None:
        match event:
            case events.CallArrived(contact=contact):
                self._here.add(contact)
                self._dials = {offer: one for offer, one in self._dials.items() if one != contact}
            case events.SessionLost(contact=contact) | events.CallerHungUp(contact=contact):
                self._here.discard(contact)
            case events.OfferFailed(offer=offer) if offer in self._dials:
                del self._dials[offer]

    def _take(self, fact: facts.Fact) -> None:
        kind, body = type(fact).__name__, to_body(fact)
        self._expect(from_body(kind, fact.version, json.loads(json.dumps(body))) == fact, f"{fact} in JSON")
        identity = fact_id(kind, body)
        # Whoever does the same twice within one millisecond is beyond any clock's telling.
        may_recur = isinstance(fact, facts.AgentStateChanged | facts.SupervisorActed)
        self._expect(may_recur or identity not in self.ids, f"{identity} a second time")
        self.ids.add(identity)
        check = _CHECKS.get(type(fact))
        if check is not None:
            check(self, fact, body)
        self.picture.apply(kind, fact.at_ms, body)

    def _expect(self, is_kept: bool, otherwise: str) -> None:
        if not is_kept:
            raise PromiseBrokenError(f"at {self.now_ms - START_MS}: {otherwise}")

    def check_queued(self, fact: facts.CallQueued, body: dict[str, Any]) -> None:
        """One request at a time; a place that goes with the contact is no worse than it was."""
        self._expect(fact.contact not in self._entries, f"{fact} while queued")
        since_ms = fact.place_since_ms or fact.wait_since_ms
        first_ms = self._first_places.setdefault(fact.contact, since_ms)
        self._expect(since_ms <= first_ms, f"{fact} loses the place of {first_ms - START_MS}")
        place = (fact.line_rank, fact.line_since_ms, fact.contact)
        self._entries[fact.contact] = fact.entry, place

    def check_left(self, fact: facts.CallLeftQueue, body: dict[str, Any]) -> None:
        """The end of a request that is open, once."""
        entry, _ = self._entries.pop(fact.contact, (0, None))
        self._expect(entry == fact.entry, f"{fact}, open is {entry}")
        known = self.contacts.get(fact.contact)
        if known is not None and fact.how == "lost":
            # A list without the channel means that it is gone: nobody comes back on it.
            del self.contacts[fact.contact]
            self.gone.add(fact.contact)
        elif known is not None and known.entry == fact.entry:
            # Whoever left the line and comes again makes a new request: the dialplan counts them.
            self.contacts[fact.contact] = replace(known, entry=fact.entry + 1)

    def check_offered(self, fact: facts.CallOffered, body: dict[str, Any]) -> None:
        """Nobody rings for two calls; who had a choice chose as anybody would from the facts."""
        entry, _ = self._entries.get(fact.contact, (0, None))
        self._expect(entry == fact.entry, f"{fact} of a request that is not open")
        self._expect(fact.agent not in self._open.values(), f"{fact}, but {self._open}")
        state, _ = self._states.get(fact.agent, ("offline", 0))
        self._expect(state not in HELD, f"{fact} in state {state}")
        if "best" in fact.proof:
            self._expect(state == "ready", f"{fact} in state {state}")
            self._check_choice(fact, body)
            self._check_line(fact)
        self._open[fact.offer] = fact.agent
        self._entry_of[fact.offer] = fact.contact, fact.entry
        self.offers.append(fact.offer)

    def _check_choice(self, fact: facts.CallOffered, body: dict[str, Any]) -> None:
        settings = self._versions[fact.proof["settings_version"]]
        skills = {profile.number: dict(profile.skills) for profile in settings.agents}
        met = fact.agent in skills and parse_needs(fact.proof["needs"]).met_by(skills[fact.agent])
        self._expect(met, f"{fact} to one who does not meet the needs")
        if fact.dial in ("", fact.offer):
            self._rung = [body]
            differences = recount(body, Scene(fact.at_ms, self.picture, settings))
        else:
            differences = recount_beside(body, self._rung[0], len(self._rung))
            self._rung.append(body)
        self._expect(not differences, f"{fact}: {', '.join(map(str, differences))}")

    def _check_line(self, fact: facts.CallOffered) -> None:
        """Nobody who has an earlier place, could be served by this agent, and waits ready, is overtaken."""
        skills = {p.number: dict(p.skills) for p in self._versions[fact.proof["settings_version"]].agents}
        held = {self._entry_of[offer][0] for offer in self._open} | set(self._dials.values())
        _, mine = self._entries[fact.contact]
        for contact, (_, place) in self._entries.items():
            view = self.picture.contacts[contact]
            waits = contact in self._here and contact not in held and not view.aims
            asks = view.prefer == [] or fact.agent in view.prefer
            if waits and asks and place < mine and parse_needs(view.needs).met_by(skills[fact.agent]):
                raise PromiseBrokenError(f"{fact} overtakes {contact} at {place}")

    def check_put_first(self, fact: facts.CallPutFirst, body: dict[str, Any]) -> None:
        """A supervisor's word goes before any wait."""
        entry, (rank, since_ms, contact) = self._entries[fact.contact]
        self._entries[fact.contact] = entry, (rank - PUT_FIRST, since_ms, contact)

    def check_ended(self, fact: facts.OfferEnded, body: dict[str, Any]) -> None:
        """The end of an offer that is open, and not of one that led to a conversation."""
        self._expect(self._open.pop(fact.offer, None) == fact.agent, f"{fact}, open are {self._open}")

    def check_connected(self, fact: facts.CallConnected, body: dict[str, Any]) -> None:
        """One winner."""
        self._expect(fact.segment in self._open, f"{fact} of an offer that is over")
        entry = self._entry_of[fact.segment]
        self._expect(entry not in self._won, f"{fact}, but {self._won.get(entry)} has won")
        self._won[entry] = fact.segment

    def check_segment(self, fact: facts.SegmentEnded, body: dict[str, Any]) -> None:
        """The end of a conversation that was, with times that can be."""
        self._expect(self._open.pop(fact.segment, None) == fact.agent, f"{fact} of no conversation")
        self._expect(fact.segment in self._won.values(), f"{fact} of no conversation")
        self._expect(fact.talk_ms >= 0 and fact.hold_ms >= 0, f"{fact}: negative times")

    def check_state(self, fact: facts.AgentStateChanged, body: dict[str, Any]) -> None:
        """After-contact work ends at its time, by the agent's deed, or for the caller; never just so."""
        before, until_ms = self._states.get(fact.agent, ("offline", 0))
        if before == "acw" and fact.state != "acw" and fact.state not in FREED_EARLY:
            in_time = fact.at_ms >= until_ms or fact.agent in self._ended_work
            self._expect(in_time, f"{fact} ends work that lasts until {until_ms - START_MS}")
        if fact.state == "ready":
            self._expect(fact.intent == "ready", f"{fact}: not what the agent intends")
        self._states[fact.agent] = fact.state, fact.until_ms


_CHECKS: dict[type[facts.Fact], Any] = {
    facts.CallQueued: AnyOrder.check_queued,
    facts.CallLeftQueue: AnyOrder.check_left,
    facts.CallOffered: AnyOrder.check_offered,
    facts.CallPutFirst: AnyOrder.check_put_first,
    facts.OfferEnded: AnyOrder.check_ended,
    facts.CallConnected: AnyOrder.check_connected,
    facts.SegmentEnded: AnyOrder.check_segment,
    facts.AgentStateChanged: AnyOrder.check_state,
}

_OF_AGENTS = ("ready", "log_in", "log_out", "not_ready", "finish", "phone_lost", "phone_back")
_OF_OFFERS = ("rang", "answered", "bridged", "failed", "held", "leg_ended")
_OF_CALLS = (
    *("arrive", "come_back", "transferred", "kept", "hang_up"),
    *("session_lost", "put_first", "predicted", "withdraw"),
)
_OF_HOUSE = ("link_lost", "snapshot", "alarm", "settings", "restart", "recover")
STEPS = (*_OF_AGENTS, *_OF_OFFERS, *_OF_CALLS, *_OF_HOUSE)
OFTEN = (
    *("ready", "arrive", "arrive", "rang", "answered", "bridged", "leg_ended", "failed"),
    *("alarm", "snapshot", "recover"),
)
