"""The live picture: who waits, what agents do, and today's totals; one fold of acd's facts.

acd keeps one (for the stream's snapshot, and in journal checkpoints for its own recovery), every reader of
the stream another, and all of them agree. Today begins at local midnight. What began yesterday belongs to
yesterday: a caller who waits across midnight is shown as waiting, but counted in none of today's totals, so
that they add up at every moment. Yesterday's are the ledger's. This module must not know clocks or journals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

from acd.core.callbacks import CallbackBook
from acd.core.expected_wait import FIRST_RING_MS, HandlingTimes
from acd.core.fold import Body, Fold
from acd.core.last_agents import LastAgents
from acd.core.overflows import Overflows
from acd.core.paces import Paces
from acd.core.returns import Returns
from acd.core.totals import AgentTotals, Totals
from acd.core.views import AgentView, ContactView, Entry, Leg, OutgoingView, QueueView

SHORTEST_DAY_MS = 22 * 3_600_000
"""No day is shorter, not even when clocks go forward: before that, midnight need not be asked for."""


class Today:
    """Books with one page each: what began before today is counted on pages nobody reads."""

    def __init__(self, day_ms: int) -> None:
        self.begin(day_ms)

    def begin(self, day_ms: int) -> None:
        """A new day: empty pages."""
        self.day_ms = day_ms
        self.day = Totals()
        self.by_queue: dict[str, Totals] = {}
        self.by_agent: dict[str, AgentTotals] = {}

    def house(self, began_ms: int) -> Totals:
        return self.day if began_ms >= self.day_ms else Totals()

    def queue(self, began_ms: int, queue: str) -> Totals:
        return self.by_queue.setdefault(queue, Totals()) if began_ms >= self.day_ms else Totals()

    def agent(self, began_ms: int, agent: str) -> AgentTotals:
        return self.by_agent.setdefault(agent, AgentTotals()) if began_ms >= self.day_ms else AgentTotals()

    def agent_time(self, agent: str, state: str, from_ms: int, to_ms: int) -> None:
        spent_ms = to_ms - max(from_ms, self.day_ms)
        if spent_ms > 0:
            times = self.by_agent.setdefault(agent, AgentTotals()).states_ms
            times[state] = times.get(state, 0) + spent_ms


class Picture:
    """The state of the house after all facts so far. Times in ms since the epoch."""

    def __init__(self, day_starts_ms: Callable[[int], int]) -> None:
        """day_starts_ms gives the local midnight before an instant."""
        self._day_starts_ms = day_starts_ms
        self._today = Today(0)
        self._fold = Fold(self._today)
        self._last_agents = LastAgents()
        self.returns = Returns()
        self.overflows = Overflows()
        self.callbacks = CallbackBook()

    @property
    def agents(self) -> dict[str, AgentView]:
        """Agents by number, as far as a fact has told of them."""
        return self._fold.agents

    @property
    def contacts(self) -> dict[str, ContactView]:
        """Contacts by id that have not ended."""
        return self._fold.contacts

    @property
    def entries(self) -> dict[str, Entry]:
        """Queue entries by contact that are not over."""
        return self._fold.entries

    @property
    def handling(self) -> HandlingTimes:
        """The last talks with hold of each queue."""
        return self._fold.handling

    @property
    def rings(self) -> HandlingTimes:
        """The last times of each queue from an offer to its talk."""
        return self._fold.rings

    @property
    def paces(self) -> Paces:
        """How long each agent's talks last beside the usual ones."""
        return self._fold.paces

    @property
    def closed_queues(self) -> dict[str, QueueView]:
        """Queues by name that a supervisor has closed."""
        return self._fold.closed_queues

    @property
    def outgoing(self) -> dict[str, OutgoingView]:
        """Agents' calls to outside numbers that are not over, by segment."""
        return self._fold.outgoing

    @property
    def legs(self) -> dict[str, Leg]:
        """Agents' legs by offer, from the offer to its end or that of the conversation."""
        return self._fold.legs

    @property
    def day_ms(self) -> int:
        """When the day of these totals began."""
        return self._today.day_ms

    @property
    def day(self) -> Totals:
        """Today's totals of the whole house."""
        totals = self._today.day
        totals.waiting = sum(1 for entry in self._fold.entries.values() if entry.queued_ms >= self.day_ms)
        totals.open_in_flow = sum(
            1 for view in self.contacts.values() if view.entry == 0 and view.started_ms >= self.day_ms
        )
        return totals

    @property
    def day_by_queue(self) -> dict[str, Totals]:
        """Today's totals by queue; a queue without a call today is missing."""
        for totals in self._today.by_queue.values():
            totals.waiting = 0
        for entry in self._fold.entries.values():
            if entry.queued_ms >= self.day_ms:
                self._today.by_queue.setdefault(entry.queue, Totals()).waiting += 1
        return self._today.by_queue

    @property
    def day_by_agent(self) -> dict[str, AgentTotals]:
        """Today's totals by agent, time in the present state not yet among them (see `agent_day`)."""
        return self._today.by_agent

    def agent_day(self, number: str, now_ms: int) -> AgentTotals:
        """Today's totals of one agent with the time in the present state until now_ms."""
        totals = replace(self._today.by_agent.get(number, AgentTotals()))
        view = self.agents.get(number)
        if view is None or not view.counted_ms:
            return totals
        running = Today(self.day_ms)
        running.agent_time(number, view.state_key, view.counted_ms, now_ms)
        return totals + running.by_agent.get(number, AgentTotals())

    def waiting(self, now_ms: int) -> dict[str, tuple[int, int]]:
        """By queue: how many callers are not answered so far, and the longest wait in ms."""
        waits: dict[str, tuple[int, int]] = {}
        for entry in self._fold.entries.values():
            if entry.answered_wait_ms < 0 and entry.contact in self.contacts:
                count, longest_ms = waits.get(entry.queue, (0, 0))
                waits[entry.queue] = count + 1, max(longest_ms, now_ms - entry.wait_since_ms)
        return waits

    def apply(self, kind: str, at_ms: int, body: Body) -> None:
        """Takes one fact, of the current version; kinds that change no number are passed over."""
        self.roll(at_ms)
        self._fold.apply(kind, at_ms, body)
        if kind == "CallConnected" and (view := self.contacts.get(body["contact"])) is not None:
            self._last_agents.note(view.caller, body["agent"])
        self.overflows.apply(kind, at_ms, body)
        self.returns.apply(kind, at_ms, body, self.contacts.get(body.get("contact", "")))
        self.callbacks.apply(kind, at_ms, body)

    def last_agent(self, contact: str) -> str:
        """The agent who last talked with the caller of this open contact; "" when nobody is remembered."""
        view = self.contacts.get(contact)
        return self._last_agents.of(view.caller) if view is not None else ""

    def place_kept(self, contact: str, queue: str, now_ms: int) -> int:
        """Since when this caller counts as waiting who left the queue unserved before; 0: since now.

        Whoever has such a place already keeps it when asking again, after a transfer or in another queue.
        """
        view = self.contacts.get(contact)
        if view is None:
            return 0
        return view.place_since_ms or self.returns.place_since_ms(view.caller, queue, now_ms)

    def roll(self, now_ms: int) -> None:
        """Begins a new day when midnight has passed; to be called by whoever shows numbers."""
        if now_ms < self.day_ms + SHORTEST_DAY_MS:
            return
        day_ms = self._day_starts_ms(now_ms)
        if day_ms > self.day_ms:
            self._today.begin(day_ms)

    def snapshot(self) -> dict[str, Any]:
        """Everything, JSON-ready; `restore` makes an equal picture of it."""
        return {
            "day_ms": self.day_ms,
            "open": self._fold.to_dict(),
            "handling": self._fold.handling.to_dict(),
            "rings": self._fold.rings.to_dict(),
            "paces": self._fold.paces.to_dict(),
            "last_agents": self._last_agents.to_dict(),
            "returns": self.returns.to_dict(),
            "overflows": self.overflows.to_dict(),
            "callbacks": self.callbacks.to_dict(),
            "day": self.day.to_dict(),
            "day_by_queue": {name: totals.to_dict() for name, totals in self.day_by_queue.items()},
            "day_by_agent": {name: totals.to_dict() for name, totals in self.day_by_agent.items()},
        }

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any], day_starts_ms: Callable[[int], int]) -> Self:
        """The picture of a snapshot."""
        picture = cls(day_starts_ms)
        today = picture._today
        today.day_ms = snapshot["day_ms"]
        today.day = Totals.from_dict(snapshot["day"])
        today.by_queue = {name: Totals.from_dict(one) for name, one in snapshot["day_by_queue"].items()}
        today.by_agent = {name: AgentTotals.from_dict(one) for name, one in snapshot["day_by_agent"].items()}
        picture._fold.load(snapshot["open"])
        picture._fold.handling = HandlingTimes.from_dict(snapshot.get("handling", {}))
        picture._fold.rings = HandlingTimes.from_dict(snapshot.get("rings", {}), FIRST_RING_MS)
        picture._fold.paces.load(snapshot.get("paces", {}))
        picture._last_agents.load(snapshot.get("last_agents", {}))
        picture.returns.load(snapshot.get("returns", {}))
        picture.overflows.load(snapshot.get("overflows", {}))
        picture.callbacks.load(snapshot.get("callbacks", {}))
        return picture
