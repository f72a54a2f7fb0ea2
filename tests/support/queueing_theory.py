"""Queues whose figures are known exactly, computed without simulation: what `hotline simulate` is held to.

Rates are per second, times in seconds, loads in erlangs. Nothing here shares code with the simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from math import exp, factorial


def erlang_b(servers: int, load: float) -> float:
    """The share of arrivals that find all servers busy and go away."""
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = load * blocked / (busy + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The share of arrivals that wait, when nobody gives up; load < servers."""
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


@dataclass(frozen=True)
class Waits:
    """What becomes of arrivals. mean_wait: of all who are let in, those who give up too."""

    p_wait: float
    mean_wait: float
    abandoned: float = 0.0
    blocked: float = 0.0


def m_m_c(servers: int, load: float, handle: float) -> Waits:
    """Erlang's waiting system."""
    p_wait = erlang_c(servers, load)
    return Waits(p_wait, p_wait * handle / (servers - load))


def share_within(servers: int, load: float, handle: float, limit: float) -> float:
    """Of Erlang's waiting system: the share that waits at most so long."""
    return 1 - erlang_c(servers, load) * exp(-(servers - load) * limit / handle)


def birth_death(
    servers: int, rate: float, handle: float, patience: float | None = None, capacity: int | None = None
) -> Waits:
    """Poisson arrivals, exponential handling and patience, a finite house: by the number inside.

    Source: the stationary law of a birth-death process; arrivals see it (PASTA).
    """
    last = capacity if capacity is not None else servers + 2000
    weight, weights = 1.0, [1.0]
    for inside in range(1, last + 1):
        leaving = min(inside, servers) / handle + (max(0, inside - servers) / patience if patience else 0)
        weight *= rate / leaving
        weights.append(weight)
    whole = sum(weights)
    blocked = weights[-1] / whole if capacity is not None else 0.0
    let_in = rate * (1 - blocked)
    waiting = sum((inside - servers) * weights[inside] for inside in range(servers + 1, last + 1)) / whole
    must_wait = sum(weights[servers : last if capacity is not None else last + 1]) / whole
    abandoned = waiting / patience / rate if patience else 0.0
    return Waits(must_wait / (1 - blocked), waiting / let_in, abandoned, blocked)


def cobham(servers: int, loads: Sequence[float], handle: float) -> list[float]:
    """Mean waits by class, the first goes before all others, none is interrupted.

    Source: Cobham (1954), Priority assignment in waiting line problems; equal exponential handling.
    """
    basic = erlang_c(servers, sum(loads)) * handle / servers
    before, means = 0.0, []
    for load in loads:
        until = before + load / servers
        means.append(basic / ((1 - before) * (1 - until)))
        before = until
    return means


def one_server(rate: float, mean: float, second_moment: float) -> Waits:
    """One server, any handling time. Source: Pollaczek (1930) and Khinchine (1932)."""
    load = rate * mean
    return Waits(load, rate * second_moment / (2 * (1 - load)))


def hunt_in_order(servers: int, load: float) -> list[float]:
    """The share of time each server is busy when the first free one is taken and nobody waits.

    Source: the overflow of the first n servers is Erlang's loss of n.
    """
    carried = [load * (1 - erlang_b(count, load)) for count in range(servers + 1)]
    return [after - before for before, after in pairwise(carried)]


def polling_gap(interval: float, handle: float) -> float:
    """How long a server idles beside the one who waits and looks every so often, on the mean.

    What is left of an exponential handling time X when the clock begins is X again, and the next look after
    it is ceil(X / interval) intervals off: the mean of that, less the mean of X.
    """
    return interval / (1 - exp(-interval / handle)) - handle


def skill_based(
    rates: Mapping[str, float], servers: Sequence[frozenset[str]], handle: float
) -> dict[str, Waits]:
    """Servers with skills: the oldest contact first, the longest idle server first; by kind of contact.

    Source: Adan and Weiss (2014), A skill based parallel service system under FCFS-ALIS: the product form.
    A state is an order of the servers, the first of whom are busy, with numbers waiting behind each; the
    waiting behind the first n busy ones are of kinds that only those n serve.
    """
    total = 0.0
    waits = dict.fromkeys(rates, 0.0)  # probability of having to wait
    waiting = dict.fromkeys(rates, 0.0)  # mean number
    for order, count in _distinct_orders(servers):
        for busy in range(len(servers) + 1):
            weight, numbers = float(count), dict.fromkeys(rates, 0.0)
            for idle_from in range(busy, len(servers)):
                weight /= sum(rates[kind] for kind in _served_by(order[idle_from:], rates))
            for last in range(1, busy + 1):
                others = frozenset().union(*order[last:]) if last < len(order) else frozenset()
                only = [kind for kind in rates if kind not in others]
                speed, rate = last / handle, sum(rates[kind] for kind in only)
                weight /= speed - rate  # 1 / speed, times the geometric sum of rate / speed
                for kind in only:
                    numbers[kind] += rates[kind] / (speed - rate)
            total += weight
            free = _served_by(order[busy:], rates)
            for kind in rates:
                waiting[kind] += weight * numbers[kind]
                if kind not in free:
                    waits[kind] += weight
    return {kind: Waits(waits[kind] / total, waiting[kind] / total / rates[kind]) for kind in rates}


def _distinct_orders(servers: Sequence[frozenset[str]]) -> Iterable[tuple[tuple[frozenset[str], ...], int]]:
    """Every order of the servers; those alike are told apart once only, with the number of such orders."""
    kinds = sorted({tuple(sorted(skills)) for skills in servers})
    numbers = [kinds.index(tuple(sorted(skills))) for skills in servers]
    alike = 1
    for kind in range(len(kinds)):
        alike *= factorial(numbers.count(kind))
    for order in sorted(set(permutations(sorted(numbers)))):
        yield tuple(frozenset(kinds[number]) for number in order), alike


def _served_by(servers: Iterable[frozenset[str]], kinds: Mapping[str, float]) -> list[str]:
    skills = frozenset().union(*servers)
    return [kind for kind in kinds if kind in skills]


State = Hashable
Moves = Callable[[State], Iterable[tuple[State, float]]]


def stationary(start: State, moves: Moves, precision: float = 1e-12) -> dict[State, float]:
    """The stationary law of a chain given by its moves (next state, rate), iterated by Gauss and Seidel."""
    into: dict[State, list[tuple[int, float]]] = {start: []}
    states, leaving = [start], []
    for state in states:  # grows while it is walked
        number, out = len(leaving), 0.0
        for target, rate in moves(state):
            if target not in into:
                into[target] = []
                states.append(target)
            into[target].append((number, rate))
            out += rate
        leaving.append(out)
    shares = [1.0 / len(states)] * len(states)
    change = 1.0
    while change > precision:
        change = 0.0
        for number, state in enumerate(states):
            share = sum(shares[source] * rate for source, rate in into[state]) / leaving[number]
            change = max(change, abs(share - shares[number]))
            shares[number] = share
        whole = sum(shares)
        shares = [share / whole for share in shares]
    return dict(zip(states, shares, strict=True))


def n_design(
    specialists: int, generalists: int, rates: tuple[float, float], handle: float, patience: float, most: int
) -> tuple[Waits, Waits]:
    """Plain contacts are served by both groups, specialists first; skilled ones by generalists only, to whom
    they go before any plain one. Exponential patience; at most so many of a kind wait.

    By the stationary law of (specialists busy, generalists busy, plain waiting, skilled waiting).
    """
    speed, hurry = 1 / handle, 1 / patience

    def moves(state: State) -> Iterable[tuple[State, float]]:
        ours, theirs, plain, skilled = state  # type: ignore[misc]
        if ours < specialists:
            yield (ours + 1, theirs, plain, skilled), rates[0]
        elif theirs < generalists:
            yield (ours, theirs + 1, plain, skilled), rates[0]
        elif plain < most:
            yield (ours, theirs, plain + 1, skilled), rates[0]
        if theirs < generalists:
            yield (ours, theirs + 1, plain, skilled), rates[1]
        elif skilled < most:
            yield (ours, theirs, plain, skilled + 1), rates[1]
        if ours:
            yield (
                (ours, theirs, plain - 1, skilled) if plain else (ours - 1, theirs, 0, skilled),
                ours * speed,
            )
        if theirs:
            freed = (ours, theirs, plain, skilled - 1) if skilled else (ours, theirs, plain - 1, 0)
            yield freed if skilled or plain else (ours, theirs - 1, 0, 0), theirs * speed
        if plain:
            yield (ours, theirs, plain - 1, skilled), plain * hurry
        if skilled:
            yield (ours, theirs, plain, skilled - 1), skilled * hurry

    shares = stationary((0, 0, 0, 0), moves)
    plain = sum(share * state[2] for state, share in shares.items())  # type: ignore[index]
    skilled = sum(share * state[3] for state, share in shares.items())  # type: ignore[index]
    full = sum(s for state, s in shares.items() if state[:2] == (specialists, generalists))  # type: ignore[index]
    busy = sum(s for state, s in shares.items() if state[1] == generalists)  # type: ignore[index]
    return (
        Waits(full, plain / rates[0], plain * hurry / rates[0]),
        Waits(busy, skilled / rates[1], skilled * hurry / rates[1]),
    )
