"""Scenarios whose figures are known exactly: what is simulated, and what must come out.

Used by `tests/acd/simulation/test_theory.py` (short runs in the gate, long ones with --all) and by
`python -m bench.theory`, which prints the table of docs/simulation.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import queueing_theory as theory

from acd.simulation.reading import read_scenario
from acd.simulation.run import simulate

HANDLE_S = 180
LIMIT_S = 20
REPLICATIONS = 10

WIDTH_OF_999 = 4.781 / 2.262
"""A 99.9 % confidence interval by the 95 % one. Source: Student's t for 9 degrees of freedom."""

Expected = Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """hours: simulated per replication in a short run; expected: figure by its path in the answer."""

    name: str
    source: str
    hours: float
    settings: str  # TOML before the tables, but for the duration
    tables: str
    expected: Callable[[], Expected]
    recorded: Callable[[float], str] | None = None  # hours -> the file of recorded arrivals

    def play(self, times: float = 1) -> dict[str, Any]:
        """The answer; times: so many times the short run."""
        hours = self.hours * times
        recorded = self.recorded(hours) if self.recorded else ""
        text = f"""
            seed = {crc32(self.name.encode())}
            replications = {REPLICATIONS}
            warmup_s = 7200
            duration_s = {hours * 3600}
            {self.settings}
            {self.tables}
        """
        scenario = read_scenario(tomllib.loads(text), f"{self.name}.toml", lambda _: recorded)
        return simulate(scenario)


def figure(found: Any, path: str) -> float:
    """The value at a path such as total.wait_mean_s or agents.0.each.2."""
    for word in path.split("."):
        found = found[int(word)] if isinstance(found, list) else found[word]
    return float(found)


def half_width(found: Any, path: str) -> float:
    """The half width of 95 % confidence that stands beside the value."""
    depth = {"total": 1, "idle_gap": 1}.get(path.split(".")[0], 2)
    words = path.split(".")
    return figure(found, ".".join((*words[:depth], "ci95", *words[depth:])))


def queue(name: str, per_hour: float, needs: str = "", more: str = "", handle: str = "") -> str:
    """One [[queue]]; handling is exponential unless it is given."""
    handle = handle or f'{{ kind = "exponential", mean = {HANDLE_S} }}'
    return (
        f'\n[[queue]]\nname = "{name}"\nneeds = "{needs}"\narrivals_per_hour = {per_hour!r}\n'
        f"handle = {handle}\n{more}\n"
    )


def agents(count: int, *skills: str) -> str:
    """One [[agents]] with these skills at level 5."""
    levels = ", ".join(f"{skill} = 5" for skill in skills)
    return f"\n[[agents]]\ncount = {count}\nskills = {{ {levels} }}\n"


def per_hour(load: float) -> float:
    """Arrivals that offer this load in erlangs."""
    return load * 3600 / HANDLE_S


def exponential(name: str, mean: float) -> str:
    """A line that gives a time its distribution."""
    return f'{name} = {{ kind = "exponential", mean = {mean} }}'


def _shown(waits: theory.Waits, place: str, *more: str) -> Expected:
    known = {"abandoned": "abandoned_share", "blocked": "blocked_share"}
    return {
        f"{place}.p_wait": waits.p_wait,
        f"{place}.wait_mean_s": waits.mean_wait,
        **{f"{place}.{known[name]}": getattr(waits, name) for name in more},
    }


def _erlang_c(load: float, hours: float) -> Case:
    def expected() -> Expected:
        return {
            **_shown(theory.m_m_c(10, load, HANDLE_S), "total"),
            f"total.service_level.{LIMIT_S}.SL-2": theory.share_within(10, load, HANDLE_S, LIMIT_S),
            "agents.0.occupancy": load / 10,
        }

    tables = queue("q", per_hour(load)) + agents(10)
    return Case(f"Erlang C, 10 agents, {load:g} erlangs", "Erlang", hours, "", tables, expected)


def _erlang_a(load: float) -> Case:
    tables = queue("q", per_hour(load), more=exponential("patience", 120)) + agents(10)
    return Case(
        f"Erlang A, 10 agents, {load:g} erlangs, patience 120 s",
        "birth-death sum",
        5,
        "",
        tables,
        lambda: _shown(theory.birth_death(10, load / HANDLE_S, HANDLE_S, patience=120), "total", "abandoned"),
    )


def _finite(name: str, settings: str, more: str, capacity: int) -> Case:
    return Case(
        name,
        "birth-death sum",
        5,
        settings,
        queue("q", per_hour(11), more=more) + agents(10),
        lambda: _shown(
            theory.birth_death(10, 11 / HANDLE_S, HANDLE_S, capacity=capacity), "total", "blocked"
        ),
    )


def _priorities() -> Case:
    def expected() -> Expected:
        first, second = theory.cobham(5, (1.5, 2.0), HANDLE_S)
        return {"queues.first.wait_mean_s": first, "queues.second.wait_mean_s": second}

    tables = (
        queue("first", per_hour(1.5), more='priority = 1\norder = "strict"')
        + queue("second", per_hour(2.0), more='priority = 0\norder = "strict"')
        + agents(5)
    )
    return Case("two strict priorities, 5 agents", "Cobham", 16, "", tables, expected)


N_RATES = (per_hour(3.0), per_hour(2.0))


def _n_design_strict() -> Case:
    def expected() -> Expected:
        rates = (N_RATES[0] / 3600, N_RATES[1] / 3600)
        plain, skilled = theory.n_design(3, 3, rates, HANDLE_S, 120, 40)
        return {
            **_shown(plain, "queues.plain", "abandoned"),
            **_shown(skilled, "queues.skilled", "abandoned"),
        }

    more = exponential("patience", 120) + '\norder = "strict"\npriority = '
    tables = (
        queue("plain", N_RATES[0], "plain", more + "0")
        + queue("skilled", N_RATES[1], "skilled", more + "1")
        + agents(3, "plain")
        + agents(3, "plain", "skilled")
    )
    return Case(
        "N-design, strict priority, least versatile first, patience 120 s",
        "chain solved",
        11,
        'agent_choice = "least_versatile"',
        tables,
        expected,
    )


def _n_design_oldest() -> Case:
    def expected() -> Expected:
        servers = [frozenset({"plain"})] * 3 + [frozenset({"plain", "skilled"})] * 3
        found = theory.skill_based({"plain": 2.5 / HANDLE_S, "skilled": 1.5 / HANDLE_S}, servers, HANDLE_S)
        return {**_shown(found["plain"], "queues.plain"), **_shown(found["skilled"], "queues.skilled")}

    tables = (
        queue("plain", per_hour(2.5), "plain")
        + queue("skilled", per_hour(1.5), "skilled")
        + agents(3, "plain")
        + agents(3, "plain", "skilled")
    )
    return Case("N-design, oldest first, longest idle", "product form", 14, "", tables, expected)


SIX = tuple(f"s{number}" for number in range(6))


def _six_skills(each: int) -> Case:
    held = [[SIX[(agent + step) % 6] for step in range(each)] for agent in range(6)]

    def expected() -> Expected:
        rates = dict.fromkeys(SIX, 0.7 / HANDLE_S)
        found = theory.skill_based(rates, [frozenset(skills) for skills in held], HANDLE_S)
        return _shown(found["s0"], "total")

    tables = "".join(queue(skill, per_hour(0.7), skill) for skill in SIX)
    tables += "".join(agents(1, *skills) for skills in held)
    return Case(f"6 agents with {each} of 6 skills each", "product form", 12, "", tables, expected)


def _wrap_up(name: str, more: str, work_mean: float, work_second_moment: float) -> Case:
    talk = 100.0
    second_moment = 2 * talk**2 + 2 * talk * work_mean + work_second_moment
    rate = 0.7 / (talk + work_mean)

    def expected() -> Expected:
        waits = theory.one_server(rate, talk + work_mean, second_moment)
        return {**_shown(waits, "total"), "agents.0.occupancy": 0.7}

    tables = queue("q", rate * 3600, handle=f'{{ kind = "exponential", mean = {talk} }}', more=more)
    return Case(name, "Pollaczek, Khinchine", 50, "", tables + agents(1), expected)


def _lognormal() -> Case:
    rate = 0.6 / HANDLE_S
    second_moment = HANDLE_S**2 * (1 + 1.5**2)
    tables = queue("q", rate * 3600, handle=f'{{ kind = "lognormal", mean = {HANDLE_S}, cv = 1.5 }}')
    return Case(
        "lognormal handling (cv 1.5), 1 agent",
        "Pollaczek, Khinchine",
        80,
        "",
        tables + agents(1),
        lambda: _shown(theory.one_server(rate, HANDLE_S, second_moment), "total"),
    )


def _in_order() -> Case:
    def expected() -> Expected:
        busy = theory.hunt_in_order(5, 3)
        return {
            "total.blocked_share": theory.erlang_b(5, 3),
            **{f"agents.{number}.occupancy": share for number, share in enumerate(busy)},
        }

    tables = queue("q", per_hour(3), more="max_waiting = 0") + agents(1) * 5
    return Case(
        "Erlang B, 5 agents in fixed order", "Erlang", 12, 'agent_choice = "fixed_order"', tables, expected
    )


def _equal_shares() -> Case:
    def expected() -> Expected:
        carried = 3 * (1 - theory.erlang_b(5, 3))
        return {f"agents.{number}.occupancy": carried / 5 for number in range(5)}

    tables = queue("q", per_hour(3), more="max_waiting = 0") + agents(1) * 5
    return Case("Erlang B, longest idle: all carry the same", "symmetry", 12, "", tables, expected)


PAIR_S = 3600


def pairs(hours: float) -> str:
    """Recorded arrivals: each hour two contacts, the second a second after the first."""
    starts = range(0, int(hours * 3600) + 7200, PAIR_S)
    return "second\n" + "".join(f"{start}\n{start + 1}\n" for start in starts)


def _polling() -> Case:
    tables = f"""
        [[queue]]
        name = "q"
        arrivals_csv = "pairs.csv"
        handle = {{ kind = "exponential", mean = {HANDLE_S} }}
    """
    return Case(
        "polling every second, one waits",
        "see polling_gap",
        60,
        "poll_interval_ms = 1000",
        tables + agents(1),
        lambda: {"idle_gap.mean_s": theory.polling_gap(1, HANDLE_S)},
        pairs,
    )


CASES = (
    _erlang_c(6, 4),
    _erlang_c(7.5, 6),
    _erlang_c(8.5, 9),
    _erlang_a(8),
    _erlang_a(10),
    _erlang_a(13),
    _finite("finite house: 10 agents, 14 inside, 11 erlangs", "max_contacts = 14", "", 14),
    _finite("finite queue: 10 agents, 4 wait, 11 erlangs", "", "max_waiting = 4", 14),
    _in_order(),
    _equal_shares(),
    _priorities(),
    _n_design_strict(),
    _n_design_oldest(),
    _six_skills(1),
    _six_skills(2),
    _six_skills(6),
    _wrap_up(
        "after-contact work of 50 s is service",
        'after_contact = { kind = "constant", value = 50 }',
        50,
        50**2,
    ),
    _wrap_up("after-contact work, exponential, is service", exponential("after_contact", 50), 50, 2 * 50**2),
    _lognormal(),
    _polling(),
)


def rows(case: Case, found: Mapping[str, Any]) -> list[tuple[str, float, float, float]]:
    """(path, exact, simulated, half width of 95 %) of every figure of a case."""
    return [
        (path, exact, figure(found, path), half_width(found, path)) for path, exact in case.expected().items()
    ]


def is_within(exact: float, simulated: float, width: float) -> bool:
    """Whether the exact value lies in the 99.9 % confidence interval around the simulated one."""
    return abs(simulated - exact) <= WIDTH_OF_999 * width
