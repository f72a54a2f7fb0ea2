"""One replication: a house of simulated callers and agents around the live distributor, in virtual time.

The house is the world: it knows when callers come, how long they have patience, how long a talk takes. It
tells the distributor what happens and does what it commands; it decides nothing about who is offered whom.
What it sees goes to a `Watch`, which checks the promises and counts.

- An offer is dialled `decision_delay_ms` after it was commanded, rings for `ring_ms`, and is answered, or by
  chance not: then the caller waits on, and the agent goes ready again at once.
- With a polling interval a waiting contact has a session only in the moment of each look, on a clock of its
  own that begins at its entry; so that nothing is offered to it in between.
- After-contact work of a random length is modelled as work without an end that the agent finishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import Any

from acd.core import events
from acd.core.commands import CancelOffer, Command, OfferCall, RefuseCall
from acd.core.distributor import Distributor
from acd.simulation.chance import arrival_times_ms, draws_ms, stream
from acd.simulation.people import Contact, Desk, Ringing
from acd.simulation.rules import after_contact_rule_ms, agent_profiles, queue_rules
from acd.simulation.scenario import AgentGroup, QueuePlan, Scenario
from acd.simulation.tally import Tally
from acd.simulation.watch import Watch

START_MS = 1_000_000
"""Time zero of a replication on the distributor's clock, where 0 means "has not happened"."""

DAY_MS = 86_400_000

_NORMAL, _NO_ANSWER = 16, 19  # Q.850 causes of the agent's leg


class _Source:
    """The contacts of one queue: when they come and how long each thing takes."""

    def __init__(self, plan: QueuePlan, number: int, scenario: Scenario, replication: int) -> None:
        def chance(what: str) -> Random:
            return stream(scenario.seed, replication, f"{number}/{what}")

        self.plan = plan
        self.number = number
        self.times_ms: Iterator[int] = arrival_times_ms(plan.arrivals, scenario.end_ms, chance("arrivals"))
        self.patience_ms = draws_ms(plan.patience, chance("patience"))
        self._served_until_ms = _served_until_ms(plan, scenario.groups)
        self._handle_ms = draws_ms(plan.handle, chance("handle"))
        self._after_contact_ms = draws_ms(plan.after_contact, chance("after_contact"))

    def may_be_served(self, now_ms: int) -> bool:
        """Whether an agent who may serve this queue is on shift, or will be."""
        return self._served_until_ms is None or now_ms < self._served_until_ms

    def contact(self, number: int, now_ms: int) -> Contact:
        """A contact that comes now, with its times."""
        handle_ms = self._handle_ms() if self._handle_ms else 0
        after_contact_ms = self._after_contact_ms() if self._after_contact_ms else 0
        return Contact(f"c{number:09}", self.plan, self.number, now_ms, handle_ms, after_contact_ms)


class House:
    """One replication from the first log-in until the last contact has left."""

    def __init__(self, scenario: Scenario, replication: int, watch: Watch) -> None:
        self._scenario = scenario
        self._replication = replication
        self._watch = watch
        self._now_ms = 0
        self._happened_ms = 0  # when something last happened by itself, not by a deadline
        self._wake_ms: int | None = None
        self._heap: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._scheduled = 0
        self._todo: list[Command] = []
        steps = [step for plan in scenario.queues for step in plan.steps]
        self._longest_step_ms = max((step.after_ms for step in steps), default=0)
        self._contacts = 0
        self._inside = 0  # contacts waiting or served
        self._offers: dict[str, Ringing] = {}
        self._no_answer = stream(scenario.seed, replication, "no_answer")
        self._distributor = Distributor(replication + 1, _day_starts_ms)
        self._sources = [
            _Source(plan, number, scenario, replication) for number, plan in enumerate(scenario.queues)
        ]

    def run(self) -> Tally:
        """Run until nothing can happen any more; who waits then for agents that never come is sent away."""
        self._open()
        heap = self._heap
        while heap or self._still_widens():
            wake_ms = self._wake_ms
            if wake_ms is not None and self._watch.open_contacts and (not heap or wake_ms < heap[0][0]):
                self._now_ms = wake_ms
                self._tell(events.DeadlinePassed())
            else:
                self._now_ms, _, happen, to = heappop(heap)
                self._happened_ms = self._now_ms
                happen(to)
        for contact in list(self._watch.open_contacts.values()):
            self._leave(contact)
            self._tell(events.CallWithdrawn(contact.id, "closed"))
        return self._watch.close(self._now_ms)

    def _still_widens(self) -> bool:
        """Whether a contact that waits may come to its next step, though nothing else happens any more."""
        wake_ms = self._wake_ms
        if wake_ms is None or not self._watch.open_contacts:
            return False
        return wake_ms <= self._happened_ms + self._longest_step_ms

    def _open(self) -> None:
        scenario = self._scenario
        settings = events.SettingsChanged(
            1, agent_profiles(scenario), queue_rules(scenario), scenario.seed + self._replication
        )
        self._tell(settings)
        self._tell(events.AsteriskSnapshot((), ()))
        for desk in self._watch.desks.values():
            for begin_ms, end_ms in desk.group.shifts_ms:
                self._at(begin_ms, self._begin_shift, desk)
                self._at(end_ms, self._end_shift, desk)
            if not desk.group.shifts_ms:
                self._begin_shift(desk)
        for source in self._sources:
            self._expect_next(source)

    def _at(self, at_ms: int, happen: Callable[[Any], None], to: object) -> None:
        self._scheduled += 1
        heappush(self._heap, (at_ms, self._scheduled, happen, to))

    def _tell(self, event: events.Event) -> None:
        """Tell the distributor, and do what it commands, until it has nothing more to say."""
        decision = self._distributor.handle(event, START_MS + self._now_ms)
        wake_ms = decision.wake_at_ms
        self._wake_ms = None if wake_ms is None else wake_ms - START_MS
        self._watch.decided(event, decision, self._now_ms)
        todo = self._todo
        todo.extend(decision.commands)
        while todo:
            command = todo.pop(0)
            if isinstance(command, OfferCall):
                self._offer(command)
            elif isinstance(command, CancelOffer):
                self._cancel(command)
            elif isinstance(command, RefuseCall):
                contact = self._watch.open_contacts[command.contact]
                self._leave(contact)
                self._watch.blocked(contact)
        self._watch.settled(self._now_ms)

    # Agents

    def _begin_shift(self, desk: Desk) -> None:
        desk.on_shift = True
        self._watch.there(desk, self._now_ms)
        self._tell(events.AgentLoggedIn(desk.number, f"p{desk.number}"))
        if desk.offer is None and desk.work_until_ms is None:
            self._watch.free(desk, self._now_ms)
        self._tell(events.AgentBecameReady(desk.number))

    def _end_shift(self, desk: Desk) -> None:
        """A free agent leaves, one at after-contact work too; a talk is finished, a ringing phone let be."""
        desk.on_shift = False
        if desk.offer is None:
            self._watch.free(desk, self._now_ms)
        self._tell(events.AgentLoggedOut(desk.number))

    # Callers

    def _expect_next(self, source: _Source) -> None:
        at_ms = next(source.times_ms, None)
        if at_ms is not None:
            self._at(at_ms, self._arrive, source)

    def _arrive(self, source: _Source) -> None:
        self._expect_next(source)
        self._contacts += 1
        contact = source.contact(self._contacts, self._now_ms)
        patience_ms = source.patience_ms() if source.patience_ms else None
        if self._inside == self._scenario.max_contacts:
            self._watch.blocked(contact)
            return
        self._inside += 1
        self._watch.arrived(contact)
        self._look(contact)
        if contact.phase == "waiting" and source.plan.max_waiting == 0:
            self._leave(contact)
            contact.is_blocked = True
            self._tell(events.CallWithdrawn(contact.id, "blocked"))
        elif contact.phase in ("waiting", "offered") and patience_ms is not None:
            self._at(self._now_ms + patience_ms, self._lose_patience, contact)

    def _look(self, contact: Contact) -> None:
        """The contact asks for an agent; with a polling interval it is away again until the next look."""
        plan = contact.queue
        if contact.phase == "waiting":
            needs, since_ms = str(plan.needs), START_MS + contact.arrived_ms
            self._tell(events.CallArrived(contact.id, plan.name, needs, plan.priority, "zh", since_ms))
        interval_ms = self._scenario.poll_interval_ms
        if interval_ms and contact.phase in ("waiting", "offered"):
            self._tell(events.SessionLost(contact.id))
            if self._sources[contact.number].may_be_served(self._now_ms):
                self._at(self._now_ms + interval_ms, self._look, contact)

    def _leave(self, contact: Contact) -> None:
        self._inside -= 1
        contact.phase = "over"

    def _lose_patience(self, contact: Contact) -> None:
        if contact.phase not in ("waiting", "offered"):
            return
        offer = contact.offer
        self._leave(contact)
        self._tell(events.CallerHungUp(contact.id))
        if offer is not None:
            self._end_leg(offer, _NORMAL)

    # Offers

    def _offer(self, command: OfferCall) -> None:
        contact = self._watch.open_contacts.get(command.contact)
        if contact is None or contact.offer is not None:
            self._watch.broke("one_call_one_agent")
            return
        offer = Ringing(command.offer, contact, self._watch.desks[command.agent])
        self._watch.offered(offer, self._now_ms)
        offer.contact.phase, offer.contact.offer = "offered", offer
        offer.desk.offer = offer
        self._offers[offer.id] = offer
        if self._scenario.decision_delay_ms:
            self._at(self._now_ms + self._scenario.decision_delay_ms, self._dial, offer)
        else:
            self._dial(offer)

    def _dial(self, offer: Ringing) -> None:
        if offer.is_over:
            return
        self._watch.rings(offer)
        share, ring_ms = self._scenario.no_answer_share, self._scenario.ring_ms
        is_answered = not share or self._no_answer.random() >= share
        if ring_ms:
            self._tell(events.OfferRang(offer.id))
        if is_answered and not ring_ms:
            self._answer(offer)
        else:
            self._at(self._now_ms + ring_ms, self._answer if is_answered else self._ring_out, offer)

    def _answer(self, offer: Ringing) -> None:
        if offer.is_over:
            return
        offer.contact.phase = "served"
        self._watch.answered(offer, self._now_ms)
        self._tell(events.OfferConnected(offer.id))
        self._at(self._now_ms + offer.contact.handle_ms, self._hang_up, offer)

    def _ring_out(self, offer: Ringing) -> None:
        if not offer.is_over:
            self._call_off(offer, "no_answer", _NO_ANSWER)

    def _cancel(self, command: CancelOffer) -> None:
        offer = self._offers.get(command.offer)
        if offer is not None and offer.contact.phase == "offered":
            self._call_off(offer, "withdrawn", _NORMAL)

    def _call_off(self, offer: Ringing, cause: str, leg_cause: int) -> None:
        """The caller waits on, the agent is free again; one who did not answer goes ready at once."""
        contact, desk = offer.contact, offer.desk
        contact.phase, contact.offer = "waiting", None
        self._watch.waits_again(contact)
        self._watch.offer_over(offer)
        self._tell(events.OfferFailed(offer.id, cause))
        self._end_leg(offer, leg_cause)
        if cause == "no_answer":
            self._tell(events.AgentBecameReady(desk.number))

    def _end_leg(self, offer: Ringing, leg_cause: int) -> None:
        """A leg without a conversation is over."""
        offer.is_over = True
        del self._offers[offer.id]
        offer.desk.offer = None
        self._watch.offer_over(offer)
        if leg_cause != _NO_ANSWER:
            self._watch.free(offer.desk, self._now_ms)
        self._tell(events.LegEnded(offer.id, leg_cause, "agent"))
        if leg_cause == _NO_ANSWER:
            self._watch.free(offer.desk, self._now_ms)

    def _hang_up(self, offer: Ringing) -> None:
        contact, desk = offer.contact, offer.desk
        self._leave(contact)
        offer.is_over = True
        del self._offers[offer.id]
        desk.offer = None
        if after_contact_rule_ms(contact.queue):
            desk.work_until_ms = self._now_ms + contact.after_contact_ms
            is_fixed = contact.queue.after_contact.kind == "constant"
            self._at(desk.work_until_ms, self._end_fixed_work if is_fixed else self._finish_work, desk)
        else:
            self._watch.free(desk, self._now_ms)
        self._tell(events.LegEnded(offer.id, _NORMAL, "agent"))

    def _end_fixed_work(self, desk: Desk) -> None:
        """Work of a fixed length ends by the distributor's own deadline, which is due now."""
        if (
            desk.work_until_ms == self._now_ms
        ):  # else the shift ended before, or the deadline was seen already
            self._watch.free(desk, self._now_ms)
            self._tell(events.DeadlinePassed())

    def _finish_work(self, desk: Desk) -> None:
        if desk.work_until_ms == self._now_ms:
            self._watch.free(desk, self._now_ms)
            self._tell(events.AgentFinishedWork(desk.number))


def _served_until_ms(plan: QueuePlan, groups: tuple[AgentGroup, ...]) -> int | None:
    """When the last shift of agents who may serve the queue ends; None: never."""
    wanted = (plan.needs, *(step.needs for step in plan.steps))
    eligible = [
        group for group in groups if group.count and any(needs.met_by(group.skills) for needs in wanted)
    ]
    if not all(group.shifts_ms for group in eligible):
        return None
    return max((group.shifts_ms[-1][1] for group in eligible), default=0)


def _day_starts_ms(at_ms: int) -> int:
    return at_ms - (at_ms - START_MS) % DAY_MS
