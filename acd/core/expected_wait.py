"""How long callers will wait: a range, by playing the floor forward many times.

Each replication starts from the floor as it is: who waits in which place with which needs, which agents may
serve, what they do and for how long they have done it. A busy agent is free after a talk drawn from the
talks that this queue has seen and that lasted longer than this one so far (the remaining time of a talk is
not the mean of talks); after-contact work ends when its deadline says. Then the live rule is played: whoever
becomes free takes the oldest waiting call he is eligible for. A call's wait is promised as the median and
the 80 % quantile over the replications. Nobody gives up in here and nobody arrives, so a caller with rivals
of higher priority still to come may wait longer, one before whom many give up shorter.

It must not know clocks, facts, chance (which comes in) or the distributor's tables.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from math import ceil

REPLICATIONS = 40
MOST_WAITING = 500
"""Calls behind so many others are not promised anything: the work would grow, the range say nothing."""

FIRST_GUESS_MS = 180_000
"""A talk with its after-contact work where a queue has seen none so far."""

Draw = Callable[[int, int], int]
"""Chance comes in as this: a whole number from the first up to, without, the second (Random.randrange)."""

_NEVER_MS = 1 << 60


class HandlingTimes:
    """The last talks of each queue with their after-contact work, in ms; bounded."""

    def __init__(self, kept: int = 200) -> None:
        self._kept = kept
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

    def remaining_ms(self, queue: str, elapsed_ms: int, draw: Draw) -> int:
        """What is left of one that has lasted elapsed_ms: drawn from those that lasted longer.

        One that has lasted longer than all seen is expected to last half as long again.
        """
        seen = self._sorted.get(queue)
        if not seen:
            return max(FIRST_GUESS_MS - elapsed_ms, FIRST_GUESS_MS // 2)
        longer = bisect_right(seen, elapsed_ms) if elapsed_ms else 0
        if longer == len(seen):
            return elapsed_ms // 2
        return seen[draw(longer, len(seen))] - elapsed_ms

    def to_dict(self) -> dict[str, list[int]]:
        """What is kept, in the order in which it came."""
        return {queue: list(times) for queue, times in self._in_order.items()}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Sequence[int]]) -> HandlingTimes:
        """What to_dict gave."""
        times = cls()
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

    def may_be_served_by(self, bit: int, at_ms: int) -> bool:
        """Whether this agent meets what the call asks for at a time (ms from now)."""
        agents = 0
        for from_ms, bits in self.eligible:
            if from_ms > at_ms:
                break
            agents = bits
        return bool(agents & bit)


@dataclass(frozen=True, slots=True)
class Server:
    """An agent who takes calls now or after what he does now.

    free_ms: when he is free (ms from now), if that is known; else he has been busy for busy_ms with a
    contact of `queue`, and after_ms of after-contact work follows.
    """

    bit: int
    free_ms: int | None
    queue: str = ""
    busy_ms: int = 0
    after_ms: int = 0


def play_forward(
    waiting: Sequence[WaitingCall], servers: Sequence[Server], times: HandlingTimes, draw: Draw
) -> dict[str, int]:
    """One replication: contact -> ms from now until an agent takes the call; missing: nobody ever does.

    waiting is in the order in which calls are served.
    """
    free = [
        (
            times.remaining_ms(server.queue, server.busy_ms, draw) + server.after_ms
            if server.free_ms is None
            else server.free_ms,
            server.bit,
        )
        for server in servers
    ]
    heapify(free)
    left = list(waiting)
    taken: dict[str, int] = {}
    while free and left:
        at_ms, bit = free[0]
        place = next((i for i, call in enumerate(left) if call.may_be_served_by(bit, at_ms)), None)
        if place is not None:
            call = left.pop(place)
            taken[call.contact] = at_ms
            heapreplace(free, (at_ms + times.remaining_ms(call.queue, 0, draw) + call.after_ms, bit))
            continue
        widens_ms = _next_widening(left, at_ms)
        if widens_ms is None:
            heappop(free)
        else:
            heapreplace(free, (widens_ms, bit))
    return taken


def _next_widening(left: Sequence[WaitingCall], at_ms: int) -> int | None:
    later = [from_ms for call in left for from_ms, _ in call.eligible if from_ms > at_ms]
    return min(later, default=None)


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
    reason: str = ""  # why it is later than the one before: fewer_agents, overtaken


def next_promise(before: Promise | None, fresh: Promise, now_ms: int) -> Promise | None:
    """What to tell now: never a later end than before, unless a reason can be given with it.

    None: there is nothing true to say (the end that was promised has come, and there is no reason).
    """
    if before is None or fresh.high_ms <= before.high_ms:
        return fresh
    if fresh.agents < before.agents:
        return Promise(fresh.low_ms, fresh.high_ms, fresh.agents, fresh.position, "fewer_agents")
    if fresh.position > before.position:
        return Promise(fresh.low_ms, fresh.high_ms, fresh.agents, fresh.position, "overtaken")
    if before.high_ms <= now_ms:
        return None
    return Promise(min(fresh.low_ms, before.high_ms), before.high_ms, fresh.agents, fresh.position)
