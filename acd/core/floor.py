"""The floor: everything the distributor remembers, and the few moves by which it changes.

Handlers of events (`agent_events`, `call_events`, `offer_events`, `recovery`) change the floor through these
moves only, so that a change of an agent's state, its fact, its deadline and its place among the ready can
never come apart. This module decides nothing about events; it must not know Asterisk.
"""

from __future__ import annotations

from collections.abc import Callable

from acd.core.agents import AGENT_TABLE, BY_INTENT, STATES, STAY, TOLD_BESIDE_STATE, Agent, settled_state
from acd.core.calls import CALL_TABLE, Call, WaitingLine
from acd.core.commands import Command
from acd.core.deadlines import Deadlines
from acd.core.facts import (
    AgentStateChanged,
    CallLeftQueue,
    CallPutFirst,
    CallWidened,
    DispositionMissed,
    Fact,
    HelpEnded,
)
from acd.core.house_rules import AgentRules, QueueRules
from acd.core.needs import SkillIndex, parse_needs
from acd.core.offers import LEASE_GRACE_MS, OFFER_TABLE, Offer
from acd.core.pairing import ReadyAgents
from acd.core.picture import SHORTEST_DAY_MS
from acd.core.state_table import Ignored

DEAD_MS = 60_000
"""A channel that has hung up stays dead for so long against late sessions and stale snapshots."""

COMING_MS = 5_000
"""So long a place is kept in the queue to which a caller was sent; the dialplan needs far less."""

BUSY_STATES = ("on_contact", "on_hold", "acw")  # what counts as work of the day
AT_WORK = ("ready", "offered", "on_contact", "on_hold", "acw", "communicating", "unknown")
"""States of agents who take calls, now or after what they do."""

_HELD_STATES = ("offered", "on_contact", "on_hold", "acw", "unknown")  # states about a contact


class Floor:
    """Agents, calls, offers, deadlines; and what has come of the event under way."""

    def __init__(self, epoch: int, day_starts_ms: Callable[[int], int] = lambda _: 0) -> None:
        self.epoch = epoch
        self.now_ms = 0
        self.day_ms = 0  # when today began
        self.settings_version = 0
        self.choice_seed = 0
        self.queues: dict[str, QueueRules] = {}
        self.agent_rules = AgentRules()
        self.break_ms: dict[str, int] = {}  # reason of not ready -> how long it may last
        self.agents: dict[str, Agent] = {}
        self._former: dict[str, Agent] = {}  # no longer in the settings, and offline
        self.phones: dict[str, str] = {}  # phone -> the agent logged in there
        self.phones_in_use: dict[str, None] = {}  # by calls that are no offers
        self.calls: dict[str, Call] = {}
        self.aimed: dict[str, None] = {}  # calls that are meant for certain agents, see acd.core.aims
        self.joined: dict[str, list[str]] = {}  # contact -> its parts, where agents joined (join_events)
        self.kept: dict[str, str] = {}  # contact that comes back -> its agent, see acd.core.keeping
        self.in_queue: dict[str, int] = {}  # queue -> calls that are not yet connected
        self.coming: dict[str, str] = {}  # contact -> the queue it was sent to and has not come to so far
        self.offers: dict[str, Offer] = {}
        self.line = WaitingLine()
        self.ready = ReadyAgents()
        self.everyone = 0
        self.bits_by_state = dict.fromkeys(STATES, 0)
        self.deadlines = Deadlines()
        self.linked = False  # a snapshot has come since the link to Asterisk was up
        self.lost_ms: int | None = None  # since when the link is down, if it was up
        self.closed_queues: dict[str, None] = {}  # by supervisors
        self.taken: dict[str, str] = {}  # contact -> the agent who wants this call and no other
        self.taking: dict[str, tuple[str, str]] = {}  # contact -> who takes over which part (take_overs)
        self.overdue: dict[str, tuple[str, str]] = {}  # contact -> where it is to go, and why
        self.staff_changed = False  # agents came to work or left it
        self.has_staff_rules = False  # some call is sent on when nobody is there
        self.sent_on: dict[str, str] = {}  # contact -> where it goes as soon as no phone rings for it
        self.awaited: dict[str, None] = {}  # contacts that must come back before anything is offered
        self.facts: list[Fact] = []
        self.commands: list[Command] = []
        self.ignored = ""
        self._day_starts_ms = day_starts_ms
        self._dead: dict[str, int] = {}  # channel or offer -> dead until (ms), oldest first
        self._offers_made = 0

    # What has come of the event

    def begin(self, now_ms: int) -> None:
        """A new event at this time: nothing has come of it yet."""
        self.now_ms = now_ms
        self.facts, self.commands, self.ignored = [], [], ""
        if now_ms >= self.day_ms + SHORTEST_DAY_MS:
            self._roll()

    def _roll(self) -> None:
        """Agents' figures begin again at local midnight."""
        day_ms = self._day_starts_ms(self.now_ms)
        if day_ms > self.day_ms:
            self.day_ms = day_ms
            for agent in (*self.agents.values(), *self._former.values()):
                agent.busy_ms = agent.free_ms = agent.contacts = 0

    def ignore(self, because: str) -> None:
        """The event means nothing here, because …"""
        self.ignored = because

    # Channels that are gone

    def bury(self, name: str) -> None:
        """A contact or an offer has ended: a late message about it means nothing."""
        self._dead.pop(name, None)
        self._dead[name] = self.now_ms + DEAD_MS
        while (oldest := next(iter(self._dead))) and self._dead[oldest] <= self.now_ms:
            del self._dead[oldest]

    def is_dead(self, name: str) -> bool:
        """Whether the contact or offer has ended less than a minute ago."""
        return self._dead.get(name, 0) > self.now_ms

    # Agents

    def tell_agent(
        self,
        agent: Agent,
        what: str,
        *,
        intent: tuple[str, str] | None = None,
        phone: str | None = None,
        reason: str = "",
        until_ms: int = 0,
        unreachable: bool | None = None,
        code: str | None = None,
        overdue: bool = False,
        keep_idle: bool = False,
    ) -> bool:
        """Apply one input of the agents' state table; False when it is ignored.

        intent: (intent, reason) that the input brings; phone: where the agent sits from now on; reason and
        until_ms go with a state that has them; code: of the last conversation; overdue: the break is over;
        keep_idle: a return to ready begins no new idle time.
        """
        outcome = AGENT_TABLE[agent.state, what]
        if isinstance(outcome, Ignored):
            self.ignore(outcome.because)
            return False
        before = _told_of(agent)
        if intent is not None and intent != (agent.intent, agent.intent_reason):
            agent.intent, agent.intent_reason = intent
            agent.break_until_ms, agent.overdue = 0, False
        if code is not None:
            agent.code = code
        if overdue:
            agent.overdue = True
        if phone is not None:
            self.seat(agent, phone)
        if unreachable is not None:
            agent.unreachable = unreachable
            agent.gone_since_ms = (agent.gone_since_ms or self.now_ms) if unreachable else 0
        if outcome == BY_INTENT:
            state, agent.reason = settled_state(agent)
        elif outcome == STAY:
            state = agent.state
        else:
            state, agent.reason = outcome, reason
        if outcome != STAY:
            self._set_until(agent, until_ms)
        self._move_agent(agent, state, keep_idle=keep_idle)
        self.watch_agent(agent)
        self._state_fact(agent, before)
        if agent.removed and state == "offline":
            self.dismiss(agent)
        return True

    def drop_work(self, agent: Agent) -> None:
        """The work that was left for a call will not go on after it: they talk again."""
        before = _told_of(agent)
        self._set_until(agent, 0)
        self._state_fact(agent, before)

    def dismiss(self, agent: Agent) -> None:
        """One whom the settings no longer name is free: gone, but for the day's figures."""
        self.agents.pop(agent.number, None)
        self._former[agent.number] = agent

    def engage(self, number: str) -> Agent:
        """The agent of this number, whom the settings name; one who was here before has kept the figures."""
        return self.agents.get(number) or self._former.pop(number, None) or Agent(number, {})

    def seat(self, agent: Agent, phone: str) -> None:
        """The agent sits at this phone from now on."""
        if self.phones.get(agent.phone) == agent.number:
            del self.phones[agent.phone]
        agent.phone = phone
        agent.own_call = self.uses_phone(agent)
        if phone:
            self.phones[phone] = agent.number

    def has_seat(self, agent: Agent) -> bool:
        """Whether nobody else has logged in at the agent's phone since."""
        return self.phones.get(agent.phone) == agent.number

    def further_phones(self, agent: Agent) -> tuple[str, ...]:
        """The phones that ring with the one where the agent sits; not those where somebody else does."""
        if not agent.phone:
            return ()
        return tuple(one for one in agent.also if one != agent.phone and one not in self.phones)

    def uses_phone(self, agent: Agent) -> bool:
        """Whether one of the agent's phones has a call of its own."""
        if not self.phones_in_use:
            return False
        return any(one in self.phones_in_use for one in (agent.phone, *self.further_phones(agent)))

    def place_agent(self, agent: Agent, state: str, *, until_ms: int = 0) -> None:
        """Put an agent into a state without a fact: the journal has it already."""
        self._set_until(agent, until_ms)
        self._move_agent(agent, state, keep_idle=True)

    def watch_agent(self, agent: Agent) -> None:
        """Keep the times at which the agent's break is over, and the phone has been gone for too long.

        A break begins when the agent is not ready in fact, and goes on until something else is intended.
        """
        resting = agent.intent == "not_ready" and not agent.overdue
        if resting and agent.state == "not_ready" and not agent.break_until_ms:
            longest_ms = self.break_ms.get(agent.intent_reason, 0)
            agent.break_until_ms = self.now_ms + longest_ms if longest_ms else 0
        self._set_deadline(("break", agent.number), agent.break_until_ms if resting else 0)
        limit_ms = self.agent_rules.phone_gone_ms if agent.gone_since_ms and agent.intent != "offline" else 0
        self._set_deadline(("gone", agent.number), limit_ms and agent.gone_since_ms + limit_ms)

    def _set_deadline(self, name: tuple[str, str], at_ms: int) -> None:
        """The deadline of this name is then; 0: there is none."""
        if not at_ms:
            self.deadlines.clear(name)
        elif self.deadlines.time_ms(name) != at_ms:
            self.deadlines.set(name, at_ms)

    def _set_until(self, agent: Agent, until_ms: int) -> None:
        agent.until_ms = until_ms
        self._set_deadline(("agent", agent.number), until_ms)

    def _move_agent(self, agent: Agent, state: str, *, keep_idle: bool) -> None:
        if state != agent.state:
            self._count_time(agent)
            self.staff_changed |= state not in AT_WORK or agent.state not in AT_WORK
            if agent.state == "ready":
                self.ready.remove(agent)
            self.bits_by_state[agent.state] &= ~agent.bit
            self.bits_by_state[state] |= agent.bit
            agent.state, agent.since_ms = state, self.now_ms
            if state == "ready":
                if not (keep_idle and agent.idle_since_ms):
                    agent.idle_since_ms = self.now_ms
                self.ready.add(agent)
            elif state != "offered" and not agent.offer:
                agent.idle_since_ms = 0
        if state not in _HELD_STATES:
            self.miss_code(agent)
            agent.contact = agent.queue = agent.segment = agent.disposition = agent.code = ""
        if state == "offline":
            self.seat(agent, "")
            self.lower_hand(agent, "log_out")
            agent.unreachable, agent.gone_since_ms = False, 0

    def miss_code(self, agent: Agent) -> None:
        """The last conversation is done with: a code that it required has not come, and will not."""
        if agent.owes_code:
            about = (agent.contact, agent.segment, agent.number, agent.queue)
            self.facts.append(DispositionMissed(self.now_ms, *about))

    def lower_hand(self, agent: Agent, by: str) -> None:
        """The agent needs no help any more, if it was so; by: see HelpEnded."""
        if agent.help_ms:
            self.facts.append(HelpEnded(self.now_ms, agent.number, by, self.now_ms - agent.help_ms))
            agent.help_ms = 0

    def _count_time(self, agent: Agent) -> None:
        spent_ms = self.now_ms - max(agent.counted_ms, self.day_ms)
        if agent.state == "ready":
            agent.free_ms += spent_ms
        elif agent.state in BUSY_STATES:
            agent.busy_ms += spent_ms
        agent.counted_ms = self.now_ms

    def _state_fact(self, agent: Agent, before: tuple[object, ...]) -> None:
        if _told_of(agent) == before:
            return
        self.facts.append(
            AgentStateChanged(
                at_ms=self.now_ms,
                agent=agent.number,
                state=agent.state,
                reason=agent.reason,
                intent=agent.intent,
                phone=agent.phone,
                contact=agent.contact,
                queue=agent.queue,
                until_ms=agent.until_ms,
                offer=agent.offer,
                idle_since_ms=agent.idle_since_ms if agent.state in ("ready", "offered", "unknown") else 0,
                intent_reason=agent.intent_reason,
                **{name: getattr(agent, name) for name in TOLD_BESIDE_STATE},
            )
        )

    def index_agents(self) -> None:
        """Give every agent of the settings a bit, and turn skills and states into bit masks again."""
        known = [agent for agent in self.agents.values() if not agent.removed]
        index = SkillIndex([agent.skills for agent in known])
        self.bits_by_state = dict.fromkeys(STATES, 0)
        for agent in self.agents.values():
            agent.bit = 0
        for slot, agent in enumerate(known):
            agent.bit = 1 << slot
            self.bits_by_state[agent.state] |= agent.bit
        self.everyone = index.everyone
        self.ready.rebuild(agent for agent in known if agent.state == "ready")
        self.line.reindex(index, {agent.number: agent.bit for agent in known})
        self.staff_changed = True

    def past_ms(self, told_ms: int | None, began_ms: int) -> int:
        """When something happened that is told only now: between its beginning and now. None: now."""
        return self.now_ms if told_ms is None else min(self.now_ms, max(told_ms, began_ms))

    # Calls

    def add_call(self, call: Call) -> None:
        """A call enters; it is in the waiting line if its state says so."""
        self.calls[call.contact] = call
        if call.state != "connected":
            self.in_queue[call.queue] = self.in_queue.get(call.queue, 0) + 1
        if call.state == "waiting":
            self.line.add(call)
        if call.aims:
            self.aimed[call.contact] = None
        if call.state != "connected":
            self._set_step(call)
            self.staff_changed |= call.rules.judges_staff
            self.has_staff_rules |= call.rules.judges_staff
            if call.max_wait_ms:
                self.deadlines.set(("max_wait", call.contact), call.queued_ms + call.max_wait_ms)

    def _set_step(self, call: Call) -> None:
        if call.step < len(call.steps):
            self.deadlines.set(("step", call.contact), call.queued_ms + call.steps[call.step].after_ms)

    def widen(self, call: Call) -> None:
        """The next step of the call's plan has come."""
        step = call.steps[call.step]
        needs = parse_needs(step.needs)
        if call.state == "waiting":
            self.line.remove(call)
        call.step += 1
        self.staff_changed |= call.rules.judges_staff  # others can serve it now
        call.needs, call.needs_text, call.prefer = needs, step.needs, step.prefer
        if call.state == "waiting":
            self.line.add(call)
        self.facts.append(
            CallWidened(self.now_ms, call.contact, call.entry, call.step, step.needs, list(step.prefer))
        )
        self._set_step(call)

    def put_first(self, call: Call) -> None:
        """The call stands before all that are not put first; its fact is written."""
        if call.state == "waiting":
            self.line.remove(call)
        call.put_before_all()
        if call.state == "waiting":
            self.line.add(call)
        self.facts.append(CallPutFirst(self.now_ms, call.contact, call.entry))

    def tell_call(self, call: Call, what: str) -> bool:
        """Apply one input of the calls' state table; False when it is ignored."""
        outcome = CALL_TABLE[call.state, what]
        if isinstance(outcome, Ignored):
            self.ignore(outcome.because)
            return False
        state = call.state if outcome == STAY else outcome
        if what == "offer_ended" and not call.session:
            state = "away"
        if state == "waiting" and call.aims:
            state = "aimed"
        if call.state == "waiting" != state:
            self.line.remove(call)
        if state == "waiting" != call.state:
            self.line.add(call)
        if call.state != "connected" and state in ("connected", "gone"):
            self.in_queue[call.queue] -= 1
            self.deadlines.clear(("step", call.contact))
            self.deadlines.clear(("max_wait", call.contact))
            self.overdue.pop(call.contact, None)
        call.state = state
        if state == "gone":
            del self.calls[call.contact]
            self.joined.pop(call.contact, None)
        if state in ("gone", "waiting", "aimed"):
            self.awaited.pop(call.contact, None)
        return True

    def left_queue(self, call: Call, how: str, to: str = "", *, at_ms: int | None = None) -> None:
        """Write the end of the entry. at_ms: when the wait ended, if not now."""
        wait_ms = (self.now_ms if at_ms is None else at_ms) - call.wait_since_ms
        self.facts.append(
            CallLeftQueue(self.now_ms, call.contact, call.entry, call.queue, how, to, max(0, wait_ms))
        )

    def places_taken(self, queue: str) -> int:
        """How many calls the queue has that are not yet connected, with those that were sent there."""
        sent_there = sum(1 for name in self.coming.values() if name == queue) if self.coming else 0
        return self.in_queue.get(queue, 0) + sent_there

    def expect(self, contact: str, to: str) -> None:
        """The caller was sent to this destination: a queue keeps a place for who is on the way."""
        kind, _, queue = to.partition(":")
        if kind == "queue":
            self.coming[contact] = queue
            self.deadlines.set(("coming", contact), self.now_ms + COMING_MS)

    def forget_coming(self, contact: str) -> None:
        """The caller has come, or is not on the way any more."""
        self.coming.pop(contact, None)
        self.deadlines.clear(("coming", contact))

    def forget_taker(self, contact: str) -> None:
        """Whoever wanted this call at the own phone: it is for anybody again."""
        self.taken.pop(contact, None)
        self.deadlines.clear(("taken", contact))

    # Offers

    def next_offer_id(self) -> str:
        """An id that no acd before or beside this one has given."""
        self._offers_made += 1
        return f"{self.epoch}-{self._offers_made}"

    def add_offer(self, offer: Offer) -> None:
        """The offer holds its agent and its call from now on."""
        self.offers[offer.id] = offer
        self.set_lease(offer, self.now_ms + offer.ring_limit_ms + offer.reach_ms + LEASE_GRACE_MS)

    def legs_of(self, call: Call) -> list[Offer]:
        """The call's open offers, in the order in which they were made."""
        return [self.offers[one] for one in call.legs]

    def set_lease(self, offer: Offer, at_ms: int) -> None:
        """When the offer is looked at again if nothing is heard of it."""
        self.deadlines.set(("lease", offer.id), at_ms)

    def tell_offer(self, offer: Offer, what: str) -> bool:
        """Apply one input of the offers' state table; False when it is ignored."""
        outcome = OFFER_TABLE[offer.stage, what]
        if isinstance(outcome, Ignored):
            self.ignore(outcome.because)
            return False
        offer.seen_ms = self.now_ms
        if outcome != STAY:
            offer.stage = outcome
        return True

    def drop_offer(self, offer: Offer) -> None:
        """Both halves are over."""
        del self.offers[offer.id]
        self.deadlines.clear(("lease", offer.id))
        self.bury(offer.id)


def _told_of(agent: Agent) -> tuple[object, ...]:
    return (
        agent.state,
        agent.reason,
        agent.intent,
        agent.intent_reason,
        agent.phone,
        agent.until_ms,
        agent.offer,
        agent.contact,
        agent.code,
        agent.break_until_ms,
        agent.overdue,
        agent.gone_since_ms,
    )
