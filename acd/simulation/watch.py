"""One who watches a simulated house: checks the distributor's promises, and counts.

It is told the truth by the house and reads the distributor's decisions. Promises, by the names under which
a broken one is told:
- one_call_one_agent: an offer brings together a contact that waits and an agent who is free;
- work_to_its_end: no offer during after-contact work;
- needs_met: the agent meets the contact's needs of the step it is in;
- step_in_time: needs widen when the plan says so;
- oldest_first: nobody with an earlier place waits whom this agent could serve;
- nobody_idle: after each event no free agent stands beside an eligible waiting contact;
- wait_from_entry: a wait counts from the entry to the answer or the end;
- one_end: every contact has exactly one end.
With a polling interval the two of the line, oldest_first and nobody_idle, are not promised: that is what a
polling engine gives up.
"""

from __future__ import annotations

from typing import Protocol

from acd.core import facts
from acd.core.distributor import Decision
from acd.core.events import Event
from acd.simulation.line import Line
from acd.simulation.people import Contact, Desk, Ringing
from acd.simulation.rules import numbered_agents
from acd.simulation.scenario import Scenario
from acd.simulation.tally import Counter, DeskTally, Tally


class Digest(Protocol):
    """What the log of decisions is written to, such as a SHA-256."""

    def update(self, data: bytes, /) -> None: ...


class Watch:
    """Of one replication. digest takes one line per decision."""

    def __init__(self, scenario: Scenario, digest: Digest) -> None:
        self.open_contacts: dict[str, Contact] = {}  # that wait or are offered
        self.desks = {
            number: Desk(number, group, 1 << slot)
            for slot, (number, group) in enumerate(numbered_agents(scenario))
        }
        self._digest = digest
        self._counter = Counter(scenario)
        self._line = Line(scenario.queues, self.desks.values())
        self._polls = scenario.poll_interval_ms > 0
        self._may_idle = self._polls or scenario.decision_delay_ms > 0
        self._free = 0  # agents who wait for a contact, as bits; also those whose phone does not ring yet
        self._called = 0  # of these, the agents for whom an offer is on its way
        self._idle_beside: dict[int, int] = {}  # bit of a free agent -> beside a waiting contact since (ms)

    # Contacts

    def arrived(self, contact: Contact) -> None:
        """A contact asks for an agent."""
        self.open_contacts[contact.id] = contact

    def blocked(self, contact: Contact) -> None:
        """The contact is not let in, or refused: that is its end."""
        self.open_contacts.pop(contact.id, None)
        contact.is_blocked = True
        self._counter.blocked(contact)

    def waits_again(self, contact: Contact) -> None:
        """An offer came to nothing."""
        self._line.add(contact)

    # Agents

    def there(self, desk: Desk, now_ms: int) -> None:
        """The agent's shift begins."""
        if desk.there_since_ms is None:
            desk.there_since_ms = now_ms

    def free(self, desk: Desk, now_ms: int) -> None:
        """Nothing holds the agent any more; who is off shift leaves."""
        if desk.busy_since_ms is not None:
            desk.busy_ms += self._counter.overlap_ms(desk.busy_since_ms, now_ms)
            desk.busy_since_ms = None
        desk.work_until_ms = None
        if desk.on_shift:
            self._free |= desk.bit
        else:
            self._free &= ~desk.bit
            if desk.there_since_ms is not None:
                desk.there_ms += self._counter.overlap_ms(desk.there_since_ms, now_ms)
                desk.there_since_ms = None

    # Offers

    def offered(self, offer: Ringing, now_ms: int) -> None:
        """The distributor commands this offer; contact and desk are as before it."""
        contact, desk = offer.contact, offer.desk
        if desk.work_until_ms == now_ms:  # the distributor's deadline came before the house's own
            self.free(desk, now_ms)
        was_waiting = self._line.remove(contact)
        is_free = bool(self._free & desk.bit & ~self._called)
        self._expect("work_to_its_end", desk.work_until_ms is None)
        self._expect("one_call_one_agent", was_waiting and is_free)
        self._expect("needs_met", bool(self._line.place(contact).eligible & desk.bit))
        waited_ms = now_ms - contact.arrived_ms
        due = sum(step.after_ms <= waited_ms for step in contact.queue.steps)
        self._expect("step_in_time", contact.step == due)
        self._expect("oldest_first", self._polls or not self._line.is_overtaken(contact, desk))
        self._called |= desk.bit
        self._line.count_offered(contact, +1)

    def rings(self, offer: Ringing) -> None:
        """The offer has reached the agent's phone."""
        self._arrive_at_phone(offer)
        self._free &= ~offer.desk.bit

    def _arrive_at_phone(self, offer: Ringing) -> None:
        if not offer.rang:
            offer.rang = True
            self._called &= ~offer.desk.bit
            self._line.count_offered(offer.contact, -1)

    def offer_over(self, offer: Ringing) -> None:
        """The offer came to nothing, before or after the phone rang."""
        self._arrive_at_phone(offer)
        self._free &= ~offer.desk.bit

    def answered(self, offer: Ringing, now_ms: int) -> None:
        """The agent talks from now on."""
        offer.desk.busy_since_ms = offer.contact.answered_ms = now_ms
        self._counter.answered_by(offer.desk, offer.contact)

    # Decisions

    def decided(self, event: Event, decision: Decision, now_ms: int) -> None:
        """Read what the distributor has decided; its commands are not carried out yet."""
        kinds = [type(fact).__name__ for fact in decision.facts]
        line = f"{now_ms} {type(event).__name__} {kinds} {decision.commands} {decision.ignored}\n"
        self._digest.update(line.encode())
        for fact in decision.facts:
            if isinstance(fact, facts.CallQueued):
                self._line.add(self.open_contacts[fact.contact])
            elif isinstance(fact, facts.CallWidened):
                self._widened(fact, now_ms)
            elif isinstance(fact, facts.CallLeftQueue):
                self._left(fact, now_ms)

    def _widened(self, fact: facts.CallWidened, now_ms: int) -> None:
        contact = self.open_contacts[fact.contact]
        step = contact.queue.steps[fact.step - 1]
        in_time = now_ms == contact.arrived_ms + step.after_ms and fact.step == contact.step + 1
        self._expect("step_in_time", in_time)
        was_waiting = self._line.remove(contact)
        is_called = contact.offer is not None and not contact.offer.rang
        if is_called:
            self._line.count_offered(contact, -1)
        contact.step = fact.step
        if was_waiting:
            self._line.add(contact)
        if is_called:
            self._line.count_offered(contact, +1)

    def _left(self, fact: facts.CallLeftQueue, now_ms: int) -> None:
        contact = self.open_contacts.pop(fact.contact, None)
        self._expect("one_end", contact is not None)
        if contact is None:
            return
        if fact.how != "answered":
            self._line.remove(contact)
        until_ms = contact.answered_ms if fact.how == "answered" else now_ms
        self._expect("wait_from_entry", fact.wait_ms == until_ms - contact.arrived_ms)
        if contact.is_blocked:
            self._counter.blocked(contact)
        else:
            self._counter.left(contact, fact.how, fact.wait_ms)

    def settled(self, now_ms: int) -> None:
        """The event and all that was commanded is over."""
        if not self._polls:
            idle = self._line.wanted() & self._free & ~self._called
            self._expect("nobody_idle", not idle)
        if self._may_idle:
            self._meter_idleness(self._line.wanted_or_offered() & self._free, now_ms)

    def _meter_idleness(self, idle: int, now_ms: int) -> None:
        since = self._idle_beside
        for bit in [bit for bit in since if not bit & idle]:
            self._counter.gap(since.pop(bit), now_ms)
        while idle:
            bit = idle & -idle
            since.setdefault(bit, now_ms)
            idle ^= bit

    def close(self, now_ms: int) -> Tally:
        """The replication is over; returns what was counted."""
        self._expect("one_end", not self.open_contacts)
        tally = self._counter.tally
        for desk in self.desks.values():
            if desk.there_since_ms is not None:
                # An agent without shifts is there until arrivals stop, however early the last contact left.
                desk.there_ms += self._counter.overlap_ms(desk.there_since_ms, self._counter.to_ms)
            tally.desks.append(DeskTally(desk.busy_ms, desk.there_ms, desk.contacts))
        return tally

    def broke(self, promise: str) -> None:
        """This promise was broken."""
        self._counter.tally.broken[promise] = None

    def _expect(self, promise: str, is_kept: bool) -> None:
        if not is_kept:
            self.broke(promise)
