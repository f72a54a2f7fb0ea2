"""How long one decision takes with a full house: `python -m bench.distributor`.

2,000 agents with 5 of 200 skills each, no two alike; 100 queues with needs of their own; every second caller
with needs that hardly anybody meets, so that agents are ready beside callers whom they cannot serve; 2,000
callers always waiting. Mixed at random: arrivals, callers who hang up, answers, ends of talks, after-contact
work, agents not ready and ready again. Proofs and garbage collection on.

Prints, of one decision, milliseconds by the clock and of processor time (which other programs on the machine
do not disturb). `--compare 1000 10000` repeats it with so many agents and prints how the cost grows.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path

from acd.core import events, house_rules
from acd.core.commands import OfferCall
from acd.core.distributor import Distributor
from bench.report import circumstances, keep, percentile

SKILLS = 200
SKILLS_PER_AGENT = 5
QUEUES = 100
START_MS = 1_700_000_000_000
STEP_MS = 20  # between two events


class House:
    """A distributor full of agents and callers, and the time of each decision."""

    def __init__(self, agents: int, waiting: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._skills = [f"s{index}" for index in range(SKILLS)]
        self._now_ms = START_MS
        self._distributor = Distributor(1)
        self._waiting_wanted = waiting
        self._waiting: dict[str, None] = {}
        self._ringing: dict[str, OfferCall] = {}
        self._talking: dict[str, str] = {}  # offer -> agent
        self._away: list[str] = []
        self._arrived = 0
        self.wall_ms: list[float] = []
        self.processor_ms: list[float] = []
        self.kinds: Counter[str] = Counter()
        self._queues = [(f"q{index:02}", self._needs()) for index in range(QUEUES)]
        self._fill([str(100_000 + index) for index in range(agents)])

    def _needs(self) -> str:
        first, second = self._random.sample(self._skills, 2)
        return f"{first} >= {self._random.randint(2, 6)} or {second} >= {self._random.randint(5, 9)}"

    def _fill(self, numbers: list[str]) -> None:
        seen: set[tuple[tuple[str, int], ...]] = set()
        while len(seen) < len(numbers):
            chosen = self._random.sample(self._skills, SKILLS_PER_AGENT)
            seen.add(tuple(sorted((name, self._random.randint(1, 10)) for name in chosen)))
        profiles = tuple(map(house_rules.AgentProfile, numbers, sorted(seen)))
        rules = tuple(
            house_rules.QueueRules(name, needs, 0, 5_000, 20_000, 15_000, max_waiting=100_000)
            for name, needs in self._queues
        )
        self._distributor.handle(events.SettingsChanged(1, profiles, rules), START_MS)
        self._distributor.handle(events.AsteriskSnapshot((), ()), START_MS)
        for number in numbers:
            self._tell(events.AgentLoggedIn(number, f"p{number}"))
        for number in numbers:
            self._tell(events.AgentBecameReady(number))
        while len(self._waiting) < self._waiting_wanted:
            self._arrive()
            for offer in list(self._ringing):
                self._answer(offer)
        self.wall_ms.clear()
        self.processor_ms.clear()
        self.kinds.clear()

    def _tell(self, event: events.Event) -> None:
        self._now_ms += STEP_MS
        began, began_processor = time.perf_counter(), time.thread_time()
        decision = self._distributor.handle(event, self._now_ms)
        self.processor_ms.append((time.thread_time() - began_processor) * 1000)
        self.wall_ms.append((time.perf_counter() - began) * 1000)
        self.kinds[type(event).__name__] += 1
        for command in decision.commands:
            if isinstance(command, OfferCall):
                self._ringing[command.offer] = command
                del self._waiting[command.contact]

    def _arrive(self) -> None:
        self._arrived += 1
        name, needs = self._random.choice(self._queues)
        if self._arrived % 2:
            first, second = self._random.sample(self._skills, 2)
            needs = f"{first} >= {self._random.randint(1, 10)} and {second} >= {self._random.randint(1, 10)}"
        contact = f"c{self._arrived:07}"
        self._waiting[contact] = None
        self._tell(events.CallArrived(contact, name, needs, 0, "zh", self._now_ms))

    def _answer(self, offer: str) -> None:
        command = self._ringing.pop(offer)
        self._tell(events.OfferRang(offer))
        self._tell(events.OfferConnected(offer))
        self._talking[offer] = command.agent

    def _end_talk(self) -> None:
        offer = self._random.choice(list(self._talking))
        del self._talking[offer]
        self._tell(events.LegEnded(offer, 16, "agent"))

    def work(self, rounds: int) -> None:
        """So many rounds of everything; as many callers come as leave the line."""
        for _ in range(rounds):
            for offer in list(self._ringing):
                self._answer(offer)
            if self._talking:
                self._end_talk()
            if self._random.random() < 0.5:
                contact = self._random.choice(list(self._waiting))
                del self._waiting[contact]
                self._tell(events.CallerHungUp(contact))
            if self._random.random() < 0.3:
                self._take_a_break()
            while len(self._waiting) < self._waiting_wanted:
                self._arrive()

    def _take_a_break(self) -> None:
        if len(self._away) < 20 and self._talking:
            agent = self._random.choice(list(self._talking.values()))
            if agent not in self._away:
                self._away.append(agent)
                self._tell(events.AgentBecameNotReady(agent, "break"))
        else:
            self._tell(events.AgentBecameReady(self._away.pop(0)))


def figures(agents: int, waiting: int, rounds: int) -> dict[str, object]:
    """One run."""
    house = House(agents, waiting)
    house.work(rounds)
    return {
        "agents": agents,
        "waiting": waiting,
        "decisions": len(house.wall_ms),
        "kinds": dict(sorted(house.kinds.items())),
        "wall_ms": _summary(house.wall_ms),
        "processor_ms": _summary(house.processor_ms),
    }


def _summary(values: list[float]) -> dict[str, float]:
    return {
        "mean": round(sum(values) / len(values), 4),
        "median": round(percentile(values, 0.5), 4),
        "p99": round(percentile(values, 0.99), 4),
        "most": round(max(values), 4),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.distributor", description=__doc__)
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--waiting", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3000)
    parser.add_argument("--compare", type=int, nargs=2, metavar=("FEW", "MANY"))
    parser.add_argument("--out", type=Path, help="append the result to this file, one JSON line")
    arguments = parser.parse_args()
    result: dict[str, object] = {"what": "distributor", **circumstances()}
    if arguments.compare:
        few, many = (figures(agents, arguments.waiting, arguments.rounds) for agents in arguments.compare)
        growth = many["processor_ms"]["mean"] / few["processor_ms"]["mean"]  # type: ignore[index]
        result |= {"few": few, "many": many, "cost_per_event_grows": round(growth, 2)}
    else:
        result |= figures(arguments.agents, arguments.waiting, arguments.rounds)
    keep(result, arguments.out)


if __name__ == "__main__":
    main()
