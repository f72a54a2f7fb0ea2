"""How long callers will wait: a range, by playing the floor forward many times.

Each replication starts from the floor as it is: who waits in which place with which needs, which agents may
serve, what they do and for how long they have done it. A busy agent is free after a talk drawn from the
talks that this queue has seen and that lasted longer than this one so far (the remaining time of a talk is
not the mean of talks), stretched by the agent's own pace; after-contact work ends when its deadline says.
Then the live rule is played: whoever becomes free takes the oldest waiting call he is eligible for, and
answers after a ring drawn from the rings that this queue has seen. A call's wait, its ring included, is
promised as the median and the 80 % quantile over the replications. Nobody gives up in here and
nobody arrives, so a caller with rivals of higher priority still to come may wait longer, one before whom
many give up shorter.

It must not know clocks, facts, chance (which comes in) or the distributor's tables.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heapreplace
from math import ceil

REPLICATIONS = 40
MOST_WAITING = 500
"""Calls behind so many others are not promised anything: the work would grow, the range say nothing."""

FIRST_GUESS_MS = 180_000
"""A talk with its after-contact work where a queue has seen none so far."""

FIRST_RING_MS = 5_000
"""From an offer to the talk where a queue has seen none so far."""

USUAL_FROM_TALKS = 10
"""Fewer say little: at first only short talks are over, so that those seen are shorter than talks are."""

MOST_MEDIANS = 5

Draw = Callable[[int, int], int]
"""Chance comes in as this: a whole number from the first up to, without, the second (Random.randrange)."""

_NEVER_MS = 1 << 60


class HandlingTimes:
    """The last talks of each queue, or the last rings, in ms; bounded.

    first_guess_ms: how long one lasts while few are known. It stands for those that are missing.
    """

    def __init__(self, kept: int = 200, first_guess_ms: int = FIRST_GUESS_MS) -> None:
        self._kept = kept
        self._first_guess_ms = first_guess_ms
        self._in_order: dict[str, deque[int]] = {}
        self._sorted: dict[str, list[int]] = {}

    def add(self, queue: str, handling_ms: int) -> None:
        """One more contact of this queue took so long."""
        in_order = self._in_order.setdefault(queue, deque())
        ascending = self._sorted.setdefault(queue, [])
        in_order.append(handling_ms)
        insort(ascending, handling_ms)
        if len(in_order) > self._kept:
            del ascending[bisect_right(ascending, in_order.popleft()) - 1]

    def usual_ms(self, queue: str) -> tuple[int, int]:
        """Mean of what is kept of this queue, and what a talk counts for in it at most; (0, 0): too few.

        At most: a line that somebody forgot to hang up would make the talks of all others look short.
        """
        seen = self._sorted.get(queue, [])
        if len(seen) < USUAL_FROM_TALKS:
            return 0, 0
        most_ms = MOST_MEDIANS * seen[len(seen) // 2]
        whole = bisect_right(seen, most_ms)
        return (sum(seen[:whole]) + most_ms * (len(seen) - whole)) // len(seen), most_ms

    def remaining_ms(self, queue: str, elapsed_ms: int, draw: Draw, pace: float = 1.0) -> int:
        """What is left of one that has lasted elapsed_ms: drawn from those that lasted longer.

        One that has lasted longer than all seen is expected to last half as long again. pace: of the agent
        (`acd.core.paces`), whose talks are as long as the drawn ones times it.
        """
        return round(pace * self._usually_remaining_ms(queue, round(elapsed_ms / pace), draw))

    def _usually_remaining_ms(self, queue: str, elapsed_ms: int, draw: Draw) -> int:
        seen = self._sorted.get(queue, [])
        longer = bisect_right(seen, elapsed_ms) if elapsed_ms else 0
        known = max(len(seen), USUAL_FROM_TALKS)
        if longer == known:
            return elapsed_ms // 2
        drawn = draw(longer, known)
        if drawn < len(seen):
            return seen[drawn] - elapsed_ms
        return max(self._first_guess_ms - elapsed_ms, self._first_guess_ms // 2)

    def to_dict(self) -> dict[str, list[int]]:
        """What is kept, in the order in which it came."""
        return {queue: list(times) for queue, times in self._in_order.items()}

    @classmethod
    def from_dict(
        cls, kept: Mapping[str, Sequence[int]], first_guess_ms: int = FIRST_GUESS_MS
    ) -> HandlingTimes:
        """What to_dict gave."""
        times = cls(first_guess_ms=first_guess_ms)
        for queue, some in kept.items():
            for handling_ms in some:
                times.add(queue, handling_ms)
        return times


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call that waits. eligible: (from ms on, agents as bits), the present needs first, then the steps."""

    contact: str
    queue: str
    eligible: tuple[tuple[int, int], ...]
    after_ms: int = 0  # after-contact work that follows the talk


@dataclass(frozen=True, slots=True)
class Server:
    """An agent who takes calls now or after what he does now.

    free_ms: when he is free (ms from now), if that is known; else he has been busy for busy_ms with a
    contact of `queue`, and after_ms of after-contact work follows. rings: he does not talk yet, busy_ms
    counts from the offer.
    """

    bit: int
    free_ms: int | None
    queue: str = ""
    busy_ms: int = 0
    after_ms: int = 0
    agent: str = ""
    rings: bool = False


class ForwardPlay:
    """The floor, to be played forward any number of times.

    Calls that ask for the same agents at all times stand together, in order; and by whom each agent may be
    asked for is looked up once. So one play costs little even where hundreds wait and most agents cannot
    serve them.
    """

    def __init__(
        self,
        waiting: Sequence[WaitingCall],
        servers: Sequence[Server],
        pace_of: Callable[[str], float] = lambda agent: 1.0,
    ) -> None:
        """waiting is in the order in which calls are served; pace_of an agent: see `acd.core.paces`."""
        self._waiting = waiting
        groups: dict[tuple[tuple[int, int], ...], list[int]] = {}
        for place, call in enumerate(waiting):
            groups.setdefault(call.eligible, []).append(place)
        self._groups = list(groups.items())
        self._ever = [_ever(eligible) for eligible in groups]
        ever = _ever((0, bits) for bits in self._ever)
        self._servers = [server for server in servers if server.bit & ever]
        self._paces = {server.bit: pace_of(server.agent) for server in self._servers}
        self._groups_of: dict[int, list[int]] = {}  # by an agent's bit

    def once(self, times: HandlingTimes, rings: HandlingTimes, draw: Draw) -> dict[str, int]:
        """One replication: contact -> ms from now until an agent talks with the caller; missing: never.

        times: of talks; rings: from an offer to the talk.
        """
        free = [(self._free_ms(server, times, rings, draw), server.bit) for server in self._servers]
        heapify(free)
        gone = [0] * len(self._groups)  # how many of each group have been taken
        taken: dict[str, int] = {}
        while free and len(taken) < len(self._waiting):
            at_ms, bit = free[0]
            group, widens_ms = self._first_for(bit, at_ms, gone)
            if group is not None:
                call = self._waiting[self._groups[group][1][gone[group]]]
                gone[group] += 1
                talks_ms = at_ms + rings.remaining_ms(call.queue, 0, draw)
                taken[call.contact] = talks_ms
                talk_ms = times.remaining_ms(call.queue, 0, draw, self._paces[bit])
                heapreplace(free, (talks_ms + talk_ms + call.after_ms, bit))
            elif widens_ms is not None:
                heapreplace(free, (widens_ms, bit))
            else:
                heappop(free)
        return taken

    def _free_ms(self, server: Server, times: HandlingTimes, rings: HandlingTimes, draw: Draw) -> int:
        if server.free_ms is not None:
            return server.free_ms
        pace = self._paces[server.bit]
        if server.rings:
            rings_ms = rings.remaining_ms(server.queue, server.busy_ms, draw)
            return rings_ms + times.remaining_ms(server.queue, 0, draw, pace) + server.after_ms
        return times.remaining_ms(server.queue, server.busy_ms, draw, pace) + server.after_ms

    def _first_for(self, bit: int, at_ms: int, gone: Sequence[int]) -> tuple[int | None, int | None]:
        """The group of the first call that the agent may serve now, else when one widens for the agent."""
        best: int | None = None
        widens_ms: int | None = None
        best_place = len(self._waiting)
        for group in self._may_ask(bit):
            eligible, places = self._groups[group]
            if gone[group] == len(places):
                continue
            agents, next_ms = 0, None
            for from_ms, bits in eligible:
                if from_ms > at_ms:
                    next_ms = from_ms
                    break
                agents = bits
            if agents & bit:
                if places[gone[group]] < best_place:
                    best, best_place = group, places[gone[group]]
            elif next_ms is not None and (widens_ms is None or next_ms < widens_ms):
                widens_ms = next_ms
        return best, widens_ms

    def _may_ask(self, bit: int) -> list[int]:
        """The groups that ask for this agent at some time."""
        groups = self._groups_of.get(bit)
        if groups is None:
            groups = [group for group, agents in enumerate(self._ever) if agents & bit]
            self._groups_of[bit] = groups
        return groups


def _ever(eligible: Iterable[tuple[int, int]]) -> int:
    """All agents who are asked for at some time."""
    agents = 0
    for _, bits in eligible:
        agents |= bits
    return agents


def wait_range(taken: Sequence[Mapping[str, int]], contact: str) -> tuple[int, int] | None:
    """Median and 80 % quantile (ms from now) over the replications; None if too many never end."""
    waits = sorted(one.get(contact, _NEVER_MS) for one in taken)
    if not waits:
        return None
    half, most = (waits[ceil(share * len(waits)) - 1] for share in (0.5, 0.8))
    return None if most == _NEVER_MS else (half, most)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a caller has been told. Times in ms since the epoch; agents, position: as they were then."""

    low_ms: int
    high_ms: int
    agents: int
    position: int
    reason: str = ""  # why it is later than the one before: fewer_agents, overtaken, moved


def next_promise(
    before: Promise | None, fresh: Promise, now_ms: int, *, moved: bool = False
) -> Promise | None:
    """What to tell now: never a later end than before, unless a reason can be given with it.

    moved: the one before was of another queue, whose agents and places say nothing here.
    None: there is nothing true to say (the end that was promised has come, and there is no reason).
    """
    if before is None or fresh.high_ms <= before.high_ms:
        return fresh
    if moved:
        return replace(fresh, reason="moved")
    if fresh.agents < before.agents:
        return replace(fresh, reason="fewer_agents")
    if fresh.position > before.position:
        return replace(fresh, reason="overtaken")
    if before.high_ms <= now_ms:
        return None
    return Promise(min(fresh.low_ms, before.high_ms), before.high_ms, fresh.agents, fresh.position)
