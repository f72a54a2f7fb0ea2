"""What the distributor promises, checked after every decision by one who only reads events and facts.

It rebuilds agents' states, waiting calls and idle times from facts alone, and judges needs with the naive
evaluator; so it shares no bit mask, index or state table with the code it judges.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from simulated_asterisk import PromiseBrokenError

from acd.core import events, facts, house_rules
from acd.core.choice import chance
from acd.core.commands import CancelOffer, OfferCall, SendToOverflow
from acd.core.distributor import Decision
from acd.core.needs import Needs, parse_needs

COME_BACK_MS = 1_500
PAUSE_MS = 5_000
PUT_FIRST = 1_000_000
WORK_STATES = ("on_contact", "on_hold", "acw")
HELD_STATES = ("offered", "on_contact", "on_hold", "unknown")
_NO_MARK = ("caller_gone", "withdrawn", "lost")
_NO_OFFENCE = ("answered_elsewhere", "picked_up")  # the idle time goes on, though the phone rang


@dataclass
class _Agent:
    state: str = "offline"
    intent: str = "offline"
    idle_since_ms: int = 0  # 0: not ready when the agent was last free
    acw_until_ms: int = 0
    last_offer: str = ""
    mark: str = ""  # why the agent must not be offered anything until a sign of life
    marked_ms: int = 0
    help_ms: int = 0  # since when a hand is raised
    awaits_code: bool = False  # after-contact work is past its time
    must_work: bool = False  # after-contact work follows the conversation that has just ended
    offered_ms: int = 0
    told_ms: int = 0  # of the last change
    free_ms: int = 0
    busy_ms: int = 0
    contacts: int = 0
    is_idle_unsure: bool = False  # acd died after the offer's end, before it wrote what became of the agent


@dataclass
class _Entry:
    entry: int
    key: tuple[int, int, str]
    wait_since_ms: int
    needs: Needs
    rules: house_rules.QueueRules
    queue: str
    prefer: list[str]
    queued_ms: int
    widens: list[tuple[int, str]]  # when, and to which needs; the last part of its plan comes last
    has_session: bool = True
    dial: str = ""  # the offer whose Dial may run on the caller's channel
    leaves: bool = False  # its session has been told to send the caller elsewhere
    offers: list[str] = field(default_factory=list)  # open: those of one Dial
    answered_wait_ms: int = -1


@dataclass
class _Offer:
    contact: str
    entry: int
    agent: str
    dial: str
    rang: bool = False
    answered: bool = False
    cancelled: bool = False
    after_contact_ms: int = 0
    connected_ms: int = 0
    held_since_ms: int = 0
    hold_ms: int = 0
    over: str = ""  # cause or "segment"


_TALK = (facts.CallAnswered, facts.CallConnected, facts.SegmentEnded)


class Promises:
    """Fed with every event and the facts and commands that came of it."""

    def __init__(self) -> None:
        self.agents: dict[str, _Agent] = {}
        self.skills: dict[str, dict[str, int]] = {}
        self.entries: dict[str, _Entry] = {}  # open, by contact
        self.offers: dict[str, _Offer] = {}
        self.queued = Counter[tuple[str, int]]()
        self.left: dict[tuple[str, int], str] = {}
        self.winners: dict[tuple[str, int], str] = {}  # by entry: the offer that led to the conversation
        self._needs: dict[str, Needs] = {}
        self._linked = False
        self._hold_until_ms = 0
        self._awaited: set[str] = set()
        self._gone: set[str] = set()  # callers who hung up
        self._places: dict[str, int] = {}
        self._rules: dict[str, house_rules.QueueRules] = {}
        self._finished_work: set[str] = set()
        self._in_use: set[str] = set()  # phones with a call of their own
        self._closed: set[str] = set()  # queues
        self._wanted: dict[str, tuple[str, int]] = {}  # contact -> who took it, and when
        self._picked_up: set[str] = set()  # those of them that rang; who answers before has them
        self._now_ms = 0

    def acd_restarted(self) -> None:
        """No session of the old process is left, and no Dial that it could command."""
        self._linked = False
        self._wanted.clear()
        self._picked_up.clear()
        for entry in self.entries.values():
            entry.has_session, entry.dial = False, ""
        for agent in self.agents.values():
            agent.must_work = False
            last = self.offers.get(agent.last_offer)
            agent.is_idle_unsure = (
                agent.state in ("offered", "unknown") and last is not None and bool(last.over)
            )
            if agent.is_idle_unsure or agent.mark != "no_answer":
                # A mark is remembered by the state it led to: not_responding; a pause may be forgotten.
                agent.mark = ""

    def check(self, event: events.Event, decision: Decision, now_ms: int, *, is_torn: bool = False) -> None:
        """Raise PromiseBrokenError if this decision, or what it left undone, breaks a promise.

        A torn decision is one in the midst of whose facts acd was killed: it may leave things undone.
        """
        self._now_ms = now_ms
        self._note(event, decision)
        for command in decision.commands:
            if isinstance(command, SendToOverflow) and command.contact in self.entries:
                self.entries[command.contact].leaves = True  # before what is offered to others
        for fact in decision.facts:
            # Only a conversation can be told later, with its times.
            is_told_late = isinstance(fact, _TALK) and fact.at_ms < now_ms
            self._expect(fact.at_ms == now_ms or is_told_late, f"{fact} is not of now")
            _FACT_CHECKS[type(fact)](self, fact)
        for command in decision.commands:
            if isinstance(command, OfferCall):
                offer = self.offers.get(command.offer)
                self._expect(
                    offer is not None and (offer.contact, offer.agent) == (command.contact, command.agent),
                    f"{command} without its fact",
                )
                for one in command.beside:
                    self._expect(self.offers[one.offer].agent == one.agent, f"{command} without its fact")
                self.entries[command.contact].dial = command.offer
            elif isinstance(command, SendToOverflow) and command.contact in self.entries:
                self._check_departure(command)
                self.entries[command.contact].leaves = True  # also one that has entered only now
            elif isinstance(command, CancelOffer):
                self.offers[command.offer].cancelled = True
        self._expect(
            decision.wake_at_ms is None or decision.wake_at_ms > now_ms, f"alarm in the past: {decision}"
        )
        if self._linked and not self._is_held() and not is_torn:
            self._check_nobody_idles()
            self._check_nobody_waits_too_long()

    def _check_departure(self, command: SendToOverflow) -> None:
        entry = self.entries[command.contact]
        can = entry.has_session and not entry.offers and not entry.dial
        self._expect(can, f"{command} of {entry}")

    def _expect(self, is_kept: bool, otherwise: str) -> None:
        if not is_kept:
            raise PromiseBrokenError(f"at {self._now_ms}: {otherwise}")

    def _is_held(self) -> bool:
        """Whether callers of the last snapshot are waited for."""
        return bool(self._awaited) and self._now_ms < self._hold_until_ms

    def _note(self, event: events.Event, decision: Decision) -> None:
        self._finished_work.clear()
        if isinstance(event, events.AsteriskSnapshot):
            self._in_use = set(event.phones_in_use)
        match event:
            case events.CallArrived(contact=contact):
                self._awaited.discard(contact)
                if contact in self.entries:
                    self.entries[contact].has_session, self.entries[contact].dial = True, ""
                    self.entries[contact].leaves = False
            case events.CallerHungUp(contact=contact):
                self._awaited.discard(contact)
                self._gone.add(contact)
            case events.CallWithdrawn(contact=contact):
                self._awaited.discard(contact)  # though a list may show it as waiting yet
            case events.SessionLost(contact=contact) if contact in self.entries:
                self.entries[contact].has_session = self.entries[contact].leaves = False
            case events.OfferFailed(offer=offer):
                for entry in self.entries.values():
                    if entry.dial == offer:
                        entry.dial = ""
            case events.OfferRang(offer=offer) if offer in self.offers and not decision.ignored:
                self.offers[offer].rang = True
            case events.CallTaken(contact=contact, agent=agent) if not decision.ignored:
                self._wanted[contact] = agent, self._now_ms
            case events.PhoneInUse(phone=phone):
                self._in_use.add(phone)
            case events.PhoneFree(phone=phone):
                self._in_use.discard(phone)
            case events.AsteriskLost():
                self._linked = False
            case events.AsteriskSnapshot() if not self._linked:
                self._linked, self._hold_until_ms = True, self._now_ms + COME_BACK_MS
                self._wait_for_callers(event, decision)
            case events.SettingsChanged(agents=agents, queues=queues):
                self.skills = {profile.number: dict(profile.skills) for profile in agents}
                self._rules = {rules.name: rules for rules in queues}
                self._places = {profile.number: place for place, profile in enumerate(agents)}
            case _:
                self._note_agent(event, decision)

    def _wait_for_callers(self, event: events.AsteriskSnapshot, decision: Decision) -> None:
        """Open entries that live without a session or a Dial, and those the journal does not know."""
        lost = {fact.contact for fact in decision.facts if isinstance(fact, facts.CallLeftQueue)}
        ended = {fact.offer for fact in decision.facts if isinstance(fact, facts.OfferEnded)}
        known = {
            contact
            for contact, entry in self.entries.items()
            if contact in event.contacts and not entry.has_session and ended.issuperset(entry.offers)
        }
        unknown = {one for one in event.waiting if one not in self.entries and one not in self._gone}
        self._awaited = (known | unknown) - lost

    def _note_agent(self, event: events.Event, decision: Decision) -> None:
        number = getattr(event, "agent", "")
        if number not in self.agents or decision.ignored:
            return
        agent = self.agents[number]
        match event:
            case events.AgentForced(to="ready"):
                agent.mark = "" if agent.mark != "unreachable" else agent.mark
            case events.AgentForced(to="work_over" | "logged_out"):
                self._finished_work.add(number)
            case events.AgentBecameReady():
                agent.mark = ""
            case events.AgentLoggedIn() | events.PhoneBecameReachable():
                agent.mark = "" if agent.mark == "unreachable" else agent.mark
            case events.PhoneBecameUnreachable():
                agent.mark = "unreachable"
            case events.AgentFinishedWork() | events.AgentLoggedOut():
                self._finished_work.add(number)
            case events.AgentGaveDisposition() if agent.awaits_code:
                self._finished_work.add(number)
            case _:
                pass

    # Facts

    def _call_queued(self, fact: facts.CallQueued) -> None:
        self._expect(fact.contact not in self.entries, f"{fact} while queued")
        to_agents = bool(fact.aims) or fact.contact in self._wanted  # they are not for the line
        self._expect(to_agents or fact.queue not in self._closed, f"{fact} in a closed queue")
        self.queued[fact.contact, fact.entry] += 1
        self._expect(self.queued[fact.contact, fact.entry] == 1, f"{fact} a second time")
        needs = self._needs_of(fact.needs)
        rules = self._rules[fact.queue]
        key = (-fact.priority, fact.wait_since_ms, fact.contact)
        if rules.order == "oldest_first":
            key = (0, fact.wait_since_ms - fact.priority * rules.head_start_ms, fact.contact)
        widens = [(self._now_ms + step["after_ms"], step["needs"]) for step in fact.steps]
        self.entries[fact.contact] = _Entry(
            fact.entry, key, fact.wait_since_ms, needs, rules, fact.queue, fact.prefer, self._now_ms, widens
        )

    def _needs_of(self, text: str) -> Needs:
        needs = self._needs.get(text)
        if needs is None:
            needs = self._needs[text] = parse_needs(text)
        return needs

    def _call_widened(self, fact: facts.CallWidened) -> None:
        entry = self.entries.get(fact.contact)
        self._expect(entry is not None and entry.entry == fact.entry, f"{fact}, but the call has {entry}")
        assert entry is not None
        self._expect(bool(entry.widens), f"{fact}: the plan was at its end")
        at_ms, needs = entry.widens.pop(0)
        self._expect(self._now_ms >= at_ms and fact.needs == needs, f"{fact}: planned for {at_ms}: {needs}")
        self._expect(not fact.prefer or set(fact.prefer) <= set(entry.prefer), f"{fact} prefers others")
        entry.needs, entry.prefer = self._needs_of(needs), fact.prefer

    def _call_overflowed(self, fact: facts.CallOverflowed) -> None:
        """By a limit of the queue that is there."""
        entry = self.entries.get(fact.contact)
        if entry is None or entry.entry != fact.entry:
            is_full = fact.reason in ("closed", "queue_full", "callers_per_agent")
            self._expect(is_full or fact.reason.startswith("nobody"), f"{fact} of one who does not wait")
        elif fact.reason == "max_wait":
            over_ms = entry.queued_ms + entry.rules.max_wait_ms
            self._expect(self._now_ms >= over_ms and fact.to == entry.rules.overflow, f"{fact} of {entry}")
        else:
            able = [one for number, one in self.agents.items() if self._could_serve(number, entry)]
            here = [one for one in able if one.state != "offline"]
            self._expect(not any(one.state in ("ready", "offered", "on_contact") for one in here), f"{fact}")
            self._expect((fact.reason == "nobody_logged_in") == (not here), f"{fact}, but {here}")

    def _could_serve(self, number: str, entry: _Entry) -> bool:
        """Now or when the call has widened."""
        later = [self._needs_of(needs) for _, needs in entry.widens]
        skills = self.skills.get(number)
        return skills is not None and any(needs.met_by(skills) for needs in (entry.needs, *later))

    def _call_offered(self, fact: facts.CallOffered) -> None:
        entry, agent = self.entries.get(fact.contact), self.agents[fact.agent]
        self._expect(entry is not None, f"{fact} of a call that does not wait")
        assert entry is not None
        beside = [one for one in entry.offers if self.offers[one].dial == fact.dial]
        self._expect(not entry.offers or bool(beside), f"{fact} while {entry.offers} are open")
        self._expect(len(beside) < entry.rules.ring, f"{fact} beside {beside}")
        self._expect(not entry.dial, f"{fact} while the Dial of {entry.dial} may run")
        self._expect(entry.has_session, f"{fact} without a session")
        self._expect(self._linked and not self._is_held(), f"{fact} before {self._awaited} came back")
        self._expect(not entry.leaves, f"{fact}, but the caller leaves")
        open_ones = [one for one in self.offers.values() if one.agent == fact.agent and not one.over]
        self._expect(not open_ones, f"{fact} while {open_ones} is open")
        if fact.proof.get("aimed") == "took":
            self._check_taker(fact, agent)
        else:
            self._check_order(fact, entry, agent, len(beside))
        agent.mark = ""
        agent.offered_ms = self._now_ms
        self._expect(fact.offer not in self.offers, f"{fact}: the id was given before")
        agent.last_offer = fact.offer
        entry.offers.append(fact.offer)
        self.offers[fact.offer] = _Offer(
            fact.contact, fact.entry, fact.agent, fact.dial, after_contact_ms=entry.rules.after_contact_ms
        )

    def _call_picked_up(self, fact: facts.CallPickedUp) -> None:
        """It rings at somebody else's phone, and nobody else may have an older one."""
        entry = self.entries.get(fact.contact)
        self._expect(entry is not None and fact.contact in self._open_to(fact.agent), f"{fact} of {entry}")
        assert entry is not None
        for contact in self._open_to(fact.agent):
            other = self.entries[contact]
            older = (other.wait_since_ms, contact) < (entry.wait_since_ms, fact.contact)
            self._expect(bool(fact.whose) or not older, f"{fact}, but {contact} is older")
        rings_at = [self.offers[one].agent for one in entry.offers]
        self._expect(not fact.whose or fact.whose in rings_at, f"{fact}, but it rings at {rings_at}")
        self._wanted[fact.contact] = (fact.agent, self._now_ms)
        self._picked_up.add(fact.contact)

    def _open_to(self, agent: str) -> list[str]:
        """Contacts that ring, not at this agent's phone, and that the agent may pick up."""
        found = []
        for contact, entry in self.entries.items():
            ringing = [self.offers[one] for one in entry.offers]
            who = self._rules.get(entry.queue, entry.rules).pickup
            has_skills = agent in self.skills and entry.needs.met_by(self.skills[agent])
            may = who == "anyone" or (who == "skilled" and has_skills)
            wanted_ms = self._wanted.get(contact, ("", -PAUSE_MS))[1]
            is_free = self._now_ms - wanted_ms >= PAUSE_MS
            if ringing and may and is_free and not any(one.answered or one.agent == agent for one in ringing):
                found.append(contact)
        return found

    def _check_taker(self, fact: facts.CallOffered, agent: _Agent) -> None:
        """The agent asked for this call a moment ago, and is not held by anything."""
        taker, at_ms = self._wanted.pop(fact.contact, ("", 0))
        self._picked_up.discard(fact.contact)
        self._expect(taker == fact.agent and self._now_ms - at_ms <= PAUSE_MS, f"{fact}: {taker} wants it")
        can = agent.state in ("ready", "not_ready", "not_responding", "communicating")
        self._expect(can and agent.mark != "unreachable", f"{fact} to {agent}")

    def _check_order(self, fact: facts.CallOffered, entry: _Entry, agent: _Agent, place: int) -> None:
        """The agent is ready and the best for this call, and nobody is overtaken."""
        is_paused = agent.mark in ("busy", "unknown") and self._now_ms >= agent.marked_ms + PAUSE_MS
        self._expect(not agent.mark or is_paused, f"{fact} to {agent}")
        self._expect((agent.state, agent.intent) == ("ready", "ready"), f"{fact} to {agent}")
        self._expect(fact.phone not in self._in_use, f"{fact} to a phone in use")
        self._expect(self._serves(fact.agent, entry), f"{fact} to one who does not meet the needs")
        late = [at_ms for at_ms, _ in entry.widens if at_ms <= self._now_ms]
        self._expect(not late, f"{fact}, though a step was due at {late}")
        for contact, other in self.entries.items():
            overtaken = other.key < entry.key and self._is_offerable(other)
            self._expect(not (overtaken and self._serves(fact.agent, other)), f"{fact} overtakes {contact}")
        self._check_choice(fact, entry, place)

    def _check_choice(self, fact: facts.CallOffered, entry: _Entry, place: int) -> None:
        """The agent is the best of those who could be offered the call, by the queue's policy of now.

        place: so many were offered it before this one, to ring at once.
        """
        ready = [
            (number, one)
            for number, one in self.agents.items()
            if one.state == "ready" and self._serves(number, entry)
        ]
        policy = self._rules.get(fact.queue, entry.rules).agent_choice
        best = min(
            (self._rank(policy, number, fact, entry.needs), one.idle_since_ms, number)
            for number, one in ready
        )[2]
        self._expect(best == fact.agent, f"{fact}, but {best} is better by {policy}")
        self._expect(fact.proof["best"][place]["agent"] == fact.agent, f"{fact} proves another")
        self._expect(fact.proof["policy"] == policy, f"{fact} proves another policy than {policy}")

    def _rank(self, policy: str, number: str, fact: facts.CallOffered, needs: Needs) -> int:
        """By what a policy chooses, the least first, from what the facts have told."""
        agent, skills = self.agents[number], self.skills[number]
        match policy:
            case "least_occupied":
                worked_ms = agent.busy_ms + agent.free_ms + self._now_ms - agent.told_ms
                return agent.busy_ms * 1_000_000 // worked_ms if worked_ms else 0
            case "fewest_contacts":
                return agent.contacts
            case "highest_level":
                return -sum(skills.get(skill, 0) for skill in needs.skills())
            case "least_versatile":
                return len(skills)
            case "round_robin":
                return agent.offered_ms
            case "fixed_order":
                return self._places[number]
            case "random":
                return chance(fact.proof["seed"], number)
        return agent.idle_since_ms

    def _call_put_first(self, fact: facts.CallPutFirst) -> None:
        entry = self.entries[fact.contact]
        self._expect(entry.key[0] > -PUT_FIRST // 2, f"{fact} a second time")
        entry.key = (entry.key[0] - PUT_FIRST, *entry.key[1:])

    def _queue_closed(self, fact: facts.QueueClosed) -> None:
        self._closed.add(fact.queue)

    def _queue_opened(self, fact: facts.QueueOpened) -> None:
        self._closed.remove(fact.queue)

    def _offer_rang(self, fact: facts.OfferRang) -> None:
        offer = self.offers[fact.offer]
        self._expect(not offer.over and not offer.answered, f"{fact} of {offer}")
        offer.rang = True

    def _offer_ended(self, fact: facts.OfferEnded) -> None:
        offer = self.offers[fact.offer]
        self._expect(not offer.over and not offer.connected_ms, f"{fact} of {offer}")
        self._expect(fact.ring_ms >= 0, f"{fact}: negative time")
        offer.over = fact.cause
        entry = self.entries.get(fact.contact)
        self._expect(entry is not None and fact.offer in entry.offers, f"{fact}, but the call has {entry}")
        assert entry is not None
        entry.offers.remove(fact.offer)
        entry.answered_wait_ms = -1
        self._expect(
            not offer.cancelled or offer.answered or fact.cause != "unreachable", f"{fact} after our cancel"
        )
        agent = self.agents[fact.agent]
        if fact.cause in ("no_answer", "busy", "unknown", "unreachable") and not agent.mark:
            agent.mark, agent.marked_ms = fact.cause, self._now_ms

    def _call_answered(self, fact: facts.CallAnswered) -> None:
        offer, entry = self.offers[fact.offer], self.entries[fact.contact]
        self._expect(not offer.over and not offer.answered, f"{fact} of {offer}")
        self._expect(entry.offers == [fact.offer], f"{fact}, but {entry.offers} are open: who wins?")
        offer.answered = True
        if fact.contact in self._picked_up:
            self._picked_up.discard(fact.contact)
            self._wanted.pop(fact.contact, None)
        entry.answered_wait_ms = fact.wait_ms
        waited_ms = fact.at_ms - entry.wait_since_ms
        self._expect(fact.wait_ms == waited_ms, f"{fact}: wait counts from {entry.wait_since_ms}")

    def _call_connected(self, fact: facts.CallConnected) -> None:
        offer = self.offers[fact.segment]
        self._expect(offer.answered and not offer.connected_ms and not offer.over, f"{fact} of {offer}")
        winner = self.winners.setdefault((fact.contact, offer.entry), fact.segment)
        self._expect(winner == fact.segment, f"{fact}, but {winner} has won")
        offer.connected_ms = fact.at_ms

    def _hold_changed(self, fact: facts.HoldChanged) -> None:
        offer = self.offers[fact.segment]
        self._expect(offer.connected_ms > 0 and not offer.over, f"{fact} of {offer}")
        if fact.held:
            offer.held_since_ms = self._now_ms
        else:
            offer.hold_ms += self._now_ms - offer.held_since_ms
            offer.held_since_ms = 0

    def _segment_ended(self, fact: facts.SegmentEnded) -> None:
        offer = self.offers[fact.segment]
        self._expect(offer.connected_ms and not offer.over, f"{fact} of {offer}")
        self._expect(fact.at_ms >= max(offer.connected_ms, offer.held_since_ms), f"{fact} before {offer}")
        held_ms = offer.hold_ms + (fact.at_ms - offer.held_since_ms if offer.held_since_ms else 0)
        self._expect(fact.hold_ms == held_ms, f"{fact}: on hold for {held_ms}")
        self._expect(fact.talk_ms == fact.at_ms - offer.connected_ms - held_ms, f"{fact}: since {offer}")
        offer.over = "segment"
        self.agents[fact.agent].must_work = offer.after_contact_ms > 0
        self.agents[fact.agent].contacts += 1

    def _call_left(self, fact: facts.CallLeftQueue) -> None:
        entry = self.entries.pop(fact.contact, None)
        self._expect(entry is not None and entry.entry == fact.entry, f"{fact}, but the call has {entry}")
        assert entry is not None
        if fact.how == "answered":
            self._expect(fact.wait_ms == entry.answered_wait_ms, f"{fact}: answered after {entry}")
        else:
            self._expect(not entry.offers, f"{fact} with an open offer")
        self.left[fact.contact, fact.entry] = fact.how

    def _agent_changed(self, fact: facts.AgentStateChanged) -> None:
        agent = self.agents.setdefault(fact.agent, _Agent())
        if agent.state == "acw" and fact.state != "acw":
            in_time = self._now_ms >= agent.acw_until_ms or fact.agent in self._finished_work
            self._expect(in_time or fact.state in ("offline", "on_contact"), f"{fact} ends work too early")
        if fact.state not in HELD_STATES:
            self._expect(fact.state == "acw" or not agent.must_work, f"{fact} instead of after-contact work")
            agent.must_work = False
        if fact.state == "acw":
            ahead = agent.state == "acw" or fact.until_ms >= self._now_ms
            self._expect(ahead and fact.until_ms > 0, f"{fact} without a deadline")
            agent.acw_until_ms = fact.until_ms
            agent.awaits_code = fact.reason == "disposition"
        if fact.state == "ready":
            self._expect(fact.intent == "ready", f"{fact}: not what the agent intends")
            if agent.state != "ready":
                self._count_idle(agent, fact)
            self._expect(fact.idle_since_ms == agent.idle_since_ms, f"{fact}: idle since {agent}")
        if agent.state == "ready":
            agent.free_ms += self._now_ms - agent.told_ms
        elif agent.state in WORK_STATES:
            agent.busy_ms += self._now_ms - agent.told_ms
        agent.told_ms = self._now_ms
        if fact.state not in ("ready", *HELD_STATES):
            agent.idle_since_ms = 0  # who takes a call from here has no idle time that could go on
        agent.state, agent.intent = fact.state, fact.intent

    def _disposition_missed(self, fact: facts.DispositionMissed) -> None:
        agent = self.agents[fact.agent]
        self._expect(agent.state in ("acw", *HELD_STATES), f"{fact} by {agent}")

    def _help_asked(self, fact: facts.HelpAsked) -> None:
        agent = self.agents[fact.agent]
        self._expect(not agent.help_ms and agent.state != "offline", f"{fact} by {agent}")
        agent.help_ms = fact.at_ms

    def _help_ended(self, fact: facts.HelpEnded) -> None:
        agent = self.agents[fact.agent]
        self._expect(fact.waited_ms == fact.at_ms - agent.help_ms, f"{fact} by {agent}")
        agent.help_ms = 0

    def _count_idle(self, agent: _Agent, fact: facts.AgentStateChanged) -> None:
        offer = self.offers.get(agent.last_offer)
        unheard = offer is not None and not offer.rang and not offer.answered and offer.over in _NO_MARK
        unheard = unheard or (offer is not None and offer.over in _NO_OFFENCE)
        if agent.is_idle_unsure and fact.idle_since_ms == agent.idle_since_ms:
            return
        if agent.state in ("offered", "unknown") and unheard and agent.idle_since_ms:
            return
        agent.idle_since_ms = self._now_ms

    # What must not be left undone

    def _serves(self, agent: str, entry: _Entry) -> bool:
        """Whether the agent may be offered the call as it asks now."""
        if entry.prefer and agent not in entry.prefer:
            return False
        return agent in self.skills and entry.needs.met_by(self.skills[agent])

    def _is_offerable(self, entry: _Entry) -> bool:
        return entry.has_session and not entry.offers and not entry.dial and not entry.leaves

    def _check_nobody_idles(self) -> None:
        free = [number for number, agent in self.agents.items() if agent.state == "ready"]
        if not free:
            return
        for contact, entry in self.entries.items():
            if self._is_offerable(entry):
                for number in free:
                    self._expect(not self._serves(number, entry), f"{contact} waits while {number} is free")

    def _check_nobody_waits_too_long(self) -> None:
        for contact, entry in self.entries.items():
            rules = entry.rules
            over = rules.max_wait_ms and self._now_ms >= entry.queued_ms + rules.max_wait_ms
            if over and self._is_offerable(entry) and not rules.overflow.startswith("queue:"):
                self._expect(contact in self._wanted, f"{contact} waits on: {entry}")

    def check_all_is_over(self) -> None:
        """After the last caller has gone: every entry ended once, every offer came to an end."""
        self._expect(not self.entries, f"still queued: {self.entries}")
        self._expect(self.queued.keys() == self.left.keys(), "an entry has no end, or an end no entry")
        open_ones = {name: offer for name, offer in self.offers.items() if not offer.over}
        self._expect(not open_ones, f"without an end: {open_ones}")
        held = {number: agent for number, agent in self.agents.items() if agent.state in HELD_STATES}
        self._expect(not held, f"held by nothing: {held}")


_FACT_CHECKS = {
    facts.CallPutFirst: Promises._call_put_first,
    facts.QueueClosed: Promises._queue_closed,
    facts.QueueOpened: Promises._queue_opened,
    facts.SupervisorActed: lambda promises, fact: None,
    facts.DispositionGiven: lambda promises, fact: None,
    facts.DispositionMissed: Promises._disposition_missed,
    facts.HelpAsked: Promises._help_asked,
    facts.HelpEnded: Promises._help_ended,
    facts.CallQueued: Promises._call_queued,
    facts.CallWidened: Promises._call_widened,
    facts.CallOverflowed: Promises._call_overflowed,
    facts.CallOffered: Promises._call_offered,
    facts.OfferRang: Promises._offer_rang,
    facts.CallPickedUp: Promises._call_picked_up,
    facts.OfferEnded: Promises._offer_ended,
    facts.CallAnswered: Promises._call_answered,
    facts.CallConnected: Promises._call_connected,
    facts.HoldChanged: Promises._hold_changed,
    facts.SegmentEnded: Promises._segment_ended,
    facts.CallLeftQueue: Promises._call_left,
    facts.AgentStateChanged: Promises._agent_changed,
}
