"""Pairing: the order of calls, the order of agents, and that nobody holds up others."""

from __future__ import annotations

import random

from acd.core.agents import Agent
from acd.core.calls import Call, Key, NeedsGroup, WaitingLine
from acd.core.house_rules import QueueRules
from acd.core.needs import SkillIndex, parse_needs
from acd.core.pairing import BEST_KEPT, Candidate, ReadyAgents, pair

RULES = QueueRules("service", "", 0, 0, 20_000, 15_000)


class Room:
    """Agents and calls, paired into a list of (contact, agent)."""

    def __init__(self, agents: list[tuple[str, int, dict[str, int]]]) -> None:
        self.agents = {
            number: Agent(number, skills, bit=1 << slot, idle_since_ms=idle_since_ms)
            for slot, (number, idle_since_ms, skills) in enumerate(agents)
        }
        self.line = WaitingLine()
        self.line.reindex(SkillIndex([agent.skills for agent in self.agents.values()]), {})
        self.ready = ReadyAgents()
        self.calls: dict[str, Call] = {}
        self.pairs: list[tuple[str, str]] = []
        self.proofs: list[list[Candidate]] = []
        for agent in self.agents.values():
            self.ready.add(agent)

    def wait(self, contact: str, needs: str = "", priority: int = 0, since_ms: int = 0) -> None:
        parsed = parse_needs(needs)
        call = Call(contact, 1, "service", parsed, str(parsed), priority, "zh", since_ms, RULES, 1, since_ms)
        self.calls[contact] = call
        self.line.add(call)

    def make_offer(self, key: Key, group: NeedsGroup, best: list[Candidate]) -> None:
        self.pairs.append((key[2], best[0][2]))
        self.proofs.append(best)
        self.line.remove(self.calls[key[2]])
        self.ready.remove(self.agents[best[0][2]])

    def pair(self) -> list[tuple[str, str]]:
        pair(self.line, self.ready, lambda key, group: None, self.make_offer)
        return self.pairs


def test_the_longest_idle_goes_first_then_the_agents_number() -> None:
    room = Room([("1003", 50, {}), ("1002", 10, {}), ("1001", 10, {})])
    for contact in ("c1", "c2", "c3"):
        room.wait(contact)
    assert room.pair() == [("c1", "1001"), ("c2", "1002"), ("c3", "1003")]


def test_the_oldest_eligible_caller_goes_first_across_needs() -> None:
    room = Room([("1001", 0, {"sales": 1, "vip": 1})])
    room.wait("young", "sales", since_ms=20)
    room.wait("old", "vip", since_ms=10)
    assert room.pair() == [("old", "1001")]


def test_a_point_of_priority_is_a_head_start() -> None:
    room = Room([("1001", 0, {"sales": 1})])
    room.wait("old", since_ms=10)
    room.wait("urgent", "sales", priority=1, since_ms=20)
    assert room.pair() == [("urgent", "1001")]


def test_a_call_that_nobody_meets_holds_up_no_other() -> None:
    room = Room([("1001", 0, {}), ("1002", 1, {"sales": 1})])
    room.wait("impossible", "flying", priority=9)
    room.wait("c1", "sales", since_ms=1)
    room.wait("c2", since_ms=2)
    room.wait("c3", since_ms=3)
    assert room.pair() == [("c1", "1002"), ("c2", "1001")]


def test_the_best_are_kept_in_order_and_no_more_than_twenty() -> None:
    room = Room([(f"{1000 + index}", 1000 - index, {}) for index in range(30)])
    room.wait("c1")
    room.pair()
    assert len(room.proofs[0]) == BEST_KEPT
    assert room.proofs[0][:2] == [(971, 971, "1029"), (972, 972, "1028")]


def test_many_candidates_are_ranked_as_few_are() -> None:
    """The two ways of finding the best agree: bit by bit, and along the line of the idle."""
    rng = random.Random(5)
    room = Room([(f"{index:04}", rng.randrange(50), {}) for index in range(700)])
    everyone = (1 << 700) - 1
    idle = ((agent.idle_since_ms, number) for number, agent in room.agents.items())
    ranked = sorted((idle_since_ms, idle_since_ms, number) for idle_since_ms, number in idle)
    assert room.ready.best(everyone, 20) == ranked[:20]
    few = sum(1 << slot for slot in rng.sample(range(700), 100))
    chosen = {number for number, agent in room.agents.items() if agent.bit & few}
    assert room.ready.best(few, 20) == [one for one in ranked if one[2] in chosen][:20]


def test_one_who_is_not_ready_is_no_candidate() -> None:
    room = Room([("1001", 0, {}), ("1002", 1, {})])
    room.ready.remove(room.agents["1001"])
    room.wait("c1")
    assert room.pair() == [("c1", "1002")]
    assert len(room.ready) == 0
    room.ready.rebuild([room.agents["1001"]])
    assert room.ready.best(0b11, 20) == [(0, 0, "1001")]


def test_only_what_is_new_is_looked_at_and_nothing_is_missed() -> None:
    """Agents and calls come and go one at a time; each time the outcome is that of looking at everything."""
    chance = random.Random(1)
    skills = [f"s{number}" for number in range(6)]
    room = Room([(f"1{n:03}", 0, {s: 1 for s in chance.sample(skills, 2)}) for n in range(40)])
    away = dict(room.agents)
    for agent in away.values():
        room.ready.remove(agent)
    for now_ms in range(1, 3_000):
        match chance.randrange(8):
            case 0 if away:
                agent = away.pop(chance.choice(sorted(away)))
                agent.idle_since_ms = now_ms
                room.ready.add(agent)
            case 1 if room.ready.bits:
                agent = room.agents[room.ready.best(room.ready.bits, 1)[0][2]]
                room.ready.remove(agent)
                away[agent.number] = agent
            case 2 if len(room.calls) > 5:
                gone = room.calls.pop(chance.choice(sorted(room.calls)))
                room.line.remove(gone)
            case 3:
                room.line.reindex(SkillIndex([agent.skills for agent in room.agents.values()]), {})
                room.ready.rebuild([agent for agent in room.agents.values() if agent.number not in away])
            case 4:
                needs = " and ".join(chance.sample(skills, chance.randint(1, 3)))
                room.wait(f"c{now_ms}", needs, since_ms=now_ms)
        room.pairs.clear()
        for contact, number in room.pair():
            del room.calls[contact]
            away[number] = room.agents[number]
        left = [text for text, group in room.line.groups().items() if group.eligible & room.ready.bits]
        assert left == [], "no ready agent stands beside a call that it could serve"
        assert sum(len(group.keys) for group in room.line.groups().values()) == len(room.calls)


def test_one_agents_groups_are_those_whose_needs_it_meets() -> None:
    room = Room([(f"1{n:03}", 0, {"odd": 1} if n % 2 else {"even": 1}) for n in range(20)])
    for contact, needs in (("c1", "odd"), ("c2", "even"), ("c3", "")):
        room.wait(contact, needs)
    for number, agent in room.agents.items():
        served = {"odd >= 1" if int(number) % 2 else "even >= 1", ""}
        assert set(room.line.groups_for(agent.bit)) == served
