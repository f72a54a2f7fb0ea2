"""Who is offered whom: the one place where a waiting call and a ready agent are brought together.

Two orders, both total, so that the same floor always gives the same pairs:
- calls: by their keys (see `acd.core.calls`), across all queues;
- agents: by the queue's policy (see `acd.core.choice`), then the longest idle (idle counted from becoming
  ready), then the agent's number as text.
A call whose needs nobody ready meets does not hold up the next one. This module must not know offers' or
agents' states, nor what is done with a pair.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heapreplace, nsmallest
from itertools import islice

from acd.core.agents import Agent
from acd.core.calls import Key, NeedsGroup, WaitingLine
from acd.core.choice import Rank

BEST_KEPT = 20
"""So many of the best agents are named in the proof of an offer."""

_FEW_FRESH = 4  # up to so many agents, looking up each one's groups is quicker than masks of everybody

Candidate = tuple[int, int, str]  # the policy's number, idle since (ms), agent's number


class ReadyAgents:
    """Agents who can be offered a call now: as bits, and in order of idleness."""

    def __init__(self) -> None:
        self.bits = 0
        self._order: list[tuple[int, str, int]] = []  # idle since, number, place of the agent's bit
        self._by_place: dict[int, Agent] = {}
        self._fresh = 0
        self._places = 1  # so many places have been seen

    def __len__(self) -> int:
        return len(self._order)

    def add(self, agent: Agent) -> None:
        """The agent is ready from now on, idle since `agent.idle_since_ms`."""
        self.bits |= agent.bit
        self._fresh |= agent.bit
        place = agent.bit.bit_length() - 1
        self._by_place[place] = agent
        self._places = max(self._places, place + 1)
        insort(self._order, (agent.idle_since_ms, agent.number, place))

    def remove(self, agent: Agent) -> None:
        """The agent is not ready any more; `idle_since_ms` and `bit` must be as they were at `add`."""
        self.bits &= ~agent.bit
        place = agent.bit.bit_length() - 1
        del self._by_place[place]
        entry = (agent.idle_since_ms, agent.number, place)
        at = bisect_left(self._order, entry)
        assert self._order[at] == entry, "a ready agent stands in the line of the idle"
        del self._order[at]

    def take_fresh(self) -> int:
        """Those who have become ready since they were taken last and still are, as bits."""
        fresh, self._fresh = self._fresh & self.bits, 0
        return fresh

    def rebuild(self, agents: Iterable[Agent]) -> None:
        """Start again with these ready agents, whose bits have changed."""
        self.__init__()  # type: ignore[misc]
        for agent in agents:
            self.add(agent)

    def best(self, eligible: int, limit: int, rank: Rank | None = None) -> list[Candidate]:
        """Ready agents among the eligible bits, at most `limit`, the least rank first (None: idle since)."""
        candidates = eligible & self.bits
        # As text with the lowest place first: to ask for one place costs the same however many there are.
        digits = f"{candidates:0{self._places}b}"[::-1]
        if rank is not None:
            ranked = ((rank(one), one.idle_since_ms, one.number) for one in self._among(digits))
            return nsmallest(limit, ranked)
        # Picking them one by one takes as many steps as there are; walking the line of the idle until enough
        # are found takes about limit x ready / candidates, each a quarter of the time.
        if 4 * candidates.bit_count() ** 2 <= limit * len(self._order):
            found = [(one.idle_since_ms, one.idle_since_ms, one.number) for one in self._among(digits)]
            found.sort()
            return found[:limit]
        walk = (
            (since_ms, since_ms, number) for since_ms, number, place in self._order if digits[place] == "1"
        )
        return list(islice(walk, limit))

    def _among(self, digits: str) -> Iterator[Agent]:
        place = digits.find("1")
        while place >= 0:
            yield self._by_place[place]
            place = digits.find("1", place + 1)


def pair(
    line: WaitingLine,
    ready: ReadyAgents,
    rank_for: Callable[[Key, NeedsGroup], Rank | None],
    make_offer: Callable[[Key, NeedsGroup, list[Candidate]], None],
) -> None:
    """Offer calls to agents until no ready agent meets the needs of a waiting call.

    Since that is how the last time ended, only those matter who became ready, or came to the line, after it.

    rank_for gives the policy for a call, None for the longest idle. make_offer takes the call's key, its
    group and the best candidates, of whom the first is chosen; it must remove the call from the line and the
    agent from the ready ones.
    """
    heads = [(group.keys[0], group) for group in _groups_to_look_at(line, ready)]
    heapify(heads)
    while heads and ready.bits:
        key, group = heads[0]
        if not group.eligible & ready.bits:
            heappop(heads)
            continue
        best = ready.best(group.eligible, BEST_KEPT, rank_for(key, group))
        make_offer(key, group, best)
        if group.keys:
            heapreplace(heads, (group.keys[0], group))
        else:
            heappop(heads)


def _groups_to_look_at(line: WaitingLine, ready: ReadyAgents) -> list[NeedsGroup]:
    """Every group that a ready agent may serve, found among what is new since the last time."""
    groups = line.take_fresh()
    fresh = ready.take_fresh()
    if not ready.bits:
        return []
    if fresh.bit_count() > _FEW_FRESH:
        return [group for group in line.groups().values() if group.eligible & ready.bits]
    while fresh:
        bit = fresh & -fresh
        groups |= line.groups_for(bit)
        fresh ^= bit
    return [group for group in groups.values() if group.eligible & ready.bits]
