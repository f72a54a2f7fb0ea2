"""How long one decision takes with a full house: `python -m bench.distributor [--agents N]`.

Agents with 5 of 200 skills each, about as many waiting calls with needs of their own, proofs and garbage
collection on; answers, hang-ups and arrivals mixed. Prints median, p99 and the most, in ms.
"""

from __future__ import annotations

import argparse
import random
import time

from acd.core import events
from acd.core.commands import OfferCall
from acd.core.distributor import Distributor

SKILLS = 200
SKILLS_PER_AGENT = 5
START_MS = 1_700_000_000_000


class House:
    """A distributor full of agents and callers, and the time of each decision."""

    def __init__(self, agents: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._skills = [f"s{index}" for index in range(SKILLS)]
        self._now_ms = START_MS
        self._distributor = Distributor(1)
        self._ringing: list[str] = []
        self.took_ms: list[float] = []
        self._fill([str(10_000 + index) for index in range(agents)])

    def _fill(self, numbers: list[str]) -> None:
        profiles = tuple(
            events.AgentProfile(
                number,
                tuple(
                    (name, self._random.randint(1, 10))
                    for name in self._random.sample(self._skills, SKILLS_PER_AGENT)
                ),
            )
            for number in numbers
        )
        rules = events.QueueRules("service", "", 0, 0, 20_000, 15_000, max_waiting=100_000)
        self._distributor.handle(events.SettingsChanged(1, profiles, (rules,)), START_MS)
        self._distributor.handle(events.AsteriskSnapshot((), ()), START_MS)
        for number in numbers:
            self._tell(events.AgentLoggedIn(number, f"p{number}"))
        for index in range(len(numbers) * 5 // 4):
            self._arrive(index)
        for number in numbers:
            self._tell(events.AgentBecameReady(number))
        self.took_ms.clear()

    def _tell(self, event: events.Event) -> None:
        self._now_ms += 1
        began = time.perf_counter()
        decision = self._distributor.handle(event, self._now_ms)
        self.took_ms.append((time.perf_counter() - began) * 1000)
        self._ringing.extend(one.offer for one in decision.commands if isinstance(one, OfferCall))

    def _arrive(self, index: int) -> None:
        first, second = self._random.choice(self._skills), self._random.choice(self._skills)
        needs = f"{first} >= {self._random.randint(1, 10)} and {second}"
        self._tell(events.CallArrived(f"c{index:06}", "service", needs, 0, "zh", self._now_ms))

    def work(self, calls: int) -> None:
        """Answer, end and replace so many calls."""
        for index in range(1_000_000, 1_000_000 + calls):
            if self._ringing:
                offer = self._ringing.pop(0)
                self._tell(events.OfferConnected(offer))
                self._tell(events.LegEnded(offer, 16, "agent"))
            self._arrive(index)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=1500)
    arguments = parser.parse_args()
    house = House(arguments.agents)
    house.work(arguments.calls)
    took_ms = sorted(house.took_ms)
    print(
        f"{arguments.agents} agents, {len(took_ms)} decisions:"
        f" median {took_ms[len(took_ms) // 2]:.3f} ms,"
        f" p99 {took_ms[len(took_ms) * 99 // 100]:.3f} ms, most {took_ms[-1]:.3f} ms"
    )


if __name__ == "__main__":
    main()
