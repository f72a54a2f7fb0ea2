"""What each caller and each agent of a soak will do, drawn from a seed: the same seed, the same plans.

Hang-ups come at random moments of ringing, greeting, menu, queue, talk and survey. Must not know SIPp.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

MAIN, DIRECT, CLOSED, MENU = "4001", "4002", "4003", "4004"
NUMBERS = {MAIN: 50, DIRECT: 25, CLOSED: 10, MENU: 15}
"""The hotline's numbers and how often, of a hundred, each is dialled."""

FIRST_CALLER = 13_000_000_000
ENDLESS_MS = 90_000  # before the answer: as long as it takes
PATIENT_MS = 8_000  # after it: longer than most calls, shorter than a survey that nobody answers
IMPATIENT = 0.4
GIVES_UP_BEFORE_ANSWER = 0.1
AGENT_PLANS = 5_000


@dataclass(frozen=True, slots=True)
class CallerPlan:
    """One call: from which number, to which, and the patience before the answer and after it, in ms."""

    caller: str
    number: str
    before_ms: int
    after_ms: int


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """One offer at any agent's phone, in ms. deed, after the talk: hang_up, wait, transfer (to `target`)."""

    ring_ms: int
    talk_ms: int
    deed: str
    target: str


def caller_plans(calls: int, seed: int) -> list[CallerPlan]:
    """So many calls, each from a number of its own."""
    chance = random.Random(f"callers {seed}")
    return [_caller_plan(chance, str(FIRST_CALLER + index)) for index in range(calls)]


def _caller_plan(chance: random.Random, caller: str) -> CallerPlan:
    number = chance.choices(list(NUMBERS), weights=list(NUMBERS.values()))[0]
    before_ms, after_ms = ENDLESS_MS, PATIENT_MS
    if chance.random() < IMPATIENT:
        after_ms = chance.randrange(20, 5_000)
        if number == DIRECT and chance.random() < 0.5:
            before_ms = chance.randrange(20, 800)
    elif chance.random() < GIVES_UP_BEFORE_ANSWER:
        before_ms = chance.randrange(1, 400)
    return CallerPlan(caller, number, before_ms, after_ms)


def agent_plans(seed: int) -> list[AgentPlan]:
    """AGENT_PLANS offers; whoever needs more begins again."""
    chance = random.Random(f"agents {seed}")
    return [
        AgentPlan(
            ring_ms=chance.randrange(20, 600),
            talk_ms=chance.randrange(700, 1_800),
            deed=chance.choices(("hang_up", "wait", "transfer"), weights=(65, 20, 15))[0],
            target=chance.choice((DIRECT, DIRECT, MAIN)),
        )
        for _ in range(AGENT_PLANS)
    ]
