"""A scenario from a document: every wrong value is noted with its place, and nothing runs while one is.

Must not know files: recorded arrivals are read through a function that is passed in.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from typing import Any

from acd.core.needs import MAX_LEVEL, Needs, NeedsError, may_widen, parse_needs, parse_written_needs
from acd.simulation.fields import SECONDS, Table, why_no_number
from acd.simulation.scenario import (
    AGENT_CHOICES,
    DISTRIBUTIONS,
    ORDERS,
    AgentGroup,
    Arrivals,
    Distribution,
    QueuePlan,
    Scenario,
    Step,
)
from hotline.core.phrases import phrase
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_fields import SKILL
from hotline.core.settings_references import listed

LONGEST_S = 100_000_000  # three years
MOST_AGENTS = 100_000
MOST_CONTACTS = 10_000_000  # in the house or waiting
MOST_PER_HOUR = 10_000_000
MOST_REPLICATIONS = 1_000
HOURS_A_DAY = 24
NAME_LENGTH = 64
_ANYONE = parse_needs("")

ReadText = Callable[[str], str]


def read_scenario(document: Mapping[str, Any], file: str, read_text: ReadText) -> Scenario:
    """The scenario in a parsed TOML document; read_text gives the text of a file named in it, or OSError.

    Raises SettingsRefused with all complaints together; `file` is named in each.
    """
    complaints = Complaints(file)
    scenario = _Reader(complaints, read_text).scenario(document)
    complaints.refuse_if_any()
    return scenario


class _Reader:
    def __init__(self, complaints: Complaints, read_text: ReadText) -> None:
        self._complaints = complaints
        self._read_text = read_text
        self._skills: dict[str, None] = {}  # that some agent has
        self._groups_read: tuple[AgentGroup, ...] = ()

    def scenario(self, document: Mapping[str, Any]) -> Scenario:
        top = Table(self._complaints, "", dict(document))
        groups = self._groups(top)  # first: needs are judged by the agents' skills
        scenario = Scenario(
            seed=top.number("seed", -(2**63), 2**63 - 1, 1, whole=True),
            replications=top.number("replications", 1, MOST_REPLICATIONS, 1, whole=True),
            warmup_ms=_ms(top.number("warmup_s", 0, LONGEST_S, 0, SECONDS)),
            duration_ms=_ms(top.number("duration_s", 1, LONGEST_S, unit=SECONDS)),
            max_contacts=_limit(top, "max_contacts", 1),
            agent_choice=top.choice("agent_choice", AGENT_CHOICES, "longest_idle"),
            service_levels_s=top.numbers("service_levels_s", 0, 86_400, (20,), SECONDS),
            ring_ms=_ms(top.number("ring_s", 0, 3_600, 0, SECONDS)),
            no_answer_share=top.number("no_answer_share", 0, 0.99, 0),
            decision_delay_ms=_whole_ms(top.number("decision_delay_ms", 0, 3_600_000, 0)),
            poll_interval_ms=_whole_ms(top.number("poll_interval_ms", 0, 3_600_000, 0)),
            queues=self._queues(top),
            groups=groups,
        )
        top.close()
        return scenario

    # Agents

    def _groups(self, top: Table) -> tuple[AgentGroup, ...]:
        tables = top.tables("agents")
        groups = tuple(self._group(table) for table in tables)
        if not tables:
            top.complain("agents", top.raw("agents"), phrase("scenario.one_group"))
        elif sum(group.count for group in groups) > MOST_AGENTS:
            top.complain("agents", len(groups), phrase("scenario.most_agents", most=MOST_AGENTS))
        self._groups_read = groups
        self._skills = dict.fromkeys(skill for group in groups for skill in group.skills)
        return groups

    def _group(self, table: Table) -> AgentGroup:
        skills: dict[str, int] = {}

        def skill(name: str, level: Any) -> None:
            if not SKILL.accepts(name):
                table.complain(f"skills.{name}", name, SKILL.allowed)
            elif why_no_number(level, 1, MAX_LEVEL, whole=True) is not None:
                table.complain(f"skills.{name}", level, phrase("allowed.level", most=MAX_LEVEL))
            else:
                skills[name] = level

        count = table.number("count", 0, MOST_AGENTS, 1, whole=True)
        table.each("skills", skill)
        shifts = _shifts(table)
        table.close()
        return AgentGroup(count, skills, shifts)

    # Queues

    def _queues(self, top: Table) -> tuple[QueuePlan, ...]:
        tables = top.tables("queue")
        if not tables:
            top.complain("queue", top.raw("queue"), phrase("scenario.one_queue"))
        queues: list[QueuePlan] = []
        for table in tables:
            queue = self._queue(table)
            if queue.name in [other.name for other in queues]:
                table.complain("name", queue.name, phrase("allowed.once_only"))
            queues.append(queue)
        return tuple(queues)

    def _queue(self, table: Table) -> QueuePlan:
        name = table.text("name")
        if not (0 < len(name) <= NAME_LENGTH and name.isprintable() and name.strip()):
            table.complain("name", name, phrase("allowed.one_line", most=NAME_LENGTH))
        text = table.text("needs", "")
        needs = self._needs(table, "needs", text)
        steps = self._steps(table, needs)
        if not any(map(self._is_met, (needs, *(step.needs for step in steps)))):
            table.complain("needs", text, phrase("allowed.met_needs"))
        queue = QueuePlan(
            name=name,
            needs=needs,
            arrivals=self._arrivals(table),
            handle=_distribution(table.table("handle")),
            after_contact=_distribution(table.table("after_contact", {"kind": "constant", "value": 0})),
            patience=_distribution(table.table("patience", {"kind": "infinite"}), may_be_infinite=True),
            priority=table.number("priority", -1000, 1000, 0, whole=True),
            order=table.choice("order", ORDERS, "oldest_first"),
            max_waiting=_limit(table, "max_waiting", 0),
            steps=steps,
        )
        table.close()
        return queue

    def _needs(self, table: Table, name: str, text: str) -> Needs:
        try:
            needs = parse_written_needs(text)
        except NeedsError as error:
            allowed = phrase(
                "allowed.needs_place", allowed=error.allowed, what=error.what, position=error.position + 1
            )
            table.complain(name, text, allowed)
            return _ANYONE
        for skill in sorted(needs.skills() - self._skills.keys()):
            table.complain(name, text, phrase("allowed.held_skills", names=listed(self._skills), skill=skill))
        return needs

    def _steps(self, table: Table, needs: Needs) -> tuple[Step, ...]:
        """In order of their times. One that asks the same again does nothing, so it is left out; one that
        only lets fewer serve is refused.
        """
        before, before_s = [needs], 0.0
        steps = []
        for step in table.tables("steps"):
            after_s = step.number("after_s", 0.001, LONGEST_S, unit=SECONDS)
            text = step.text("needs")
            widened = self._needs(step, "needs", text)
            step.close()
            if after_s <= before_s:
                step.complain("after_s", after_s, phrase("scenario.later_step", before=before_s))
            if not may_widen(widened, before) and may_widen(before[-1], [widened]):
                step.complain("needs", text, phrase("scenario.wider_step"))
            before_s = max(before_s, after_s)
            if str(widened) != str(before[-1]):
                steps.append(Step(_ms(after_s), widened))
            before.append(widened)
        return tuple(steps)

    def _is_met(self, needs: Needs) -> bool:
        return any(needs.met_by(group.skills) for group in self._groups_read)

    def _arrivals(self, table: Table) -> Arrivals:
        keys = ("arrivals_per_hour", "arrivals_profile_per_hour", "arrivals_csv")
        given = [key for key in keys if table.has(key)]
        if len(given) != 1:
            table.complain(keys[0], given, phrase("scenario.one_of_arrivals", names=", ".join(keys)))
            return Arrivals()
        if given == ["arrivals_per_hour"]:
            return Arrivals((table.number(keys[0], 0, MOST_PER_HOUR),))
        if given == ["arrivals_csv"]:
            return Arrivals(recorded_ms=self._recorded_ms(table, keys[2]))
        rates = table.numbers(keys[1], 0, MOST_PER_HOUR, ())
        if len(rates) != HOURS_A_DAY and table.key(keys[1]) not in self._complaints.found:
            table.complain(keys[1], len(rates), phrase("scenario.profile"))
        return Arrivals(rates)

    def _recorded_ms(self, table: Table, key: str) -> tuple[int, ...]:
        """Seconds from the start in the first column; a first row without a number there is a heading."""
        file = table.text(key)
        if table.key(key) in self._complaints.found:
            return ()
        try:
            rows = list(csv.reader(self._read_text(file).lstrip("\ufeff").splitlines()))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            table.complain(key, file, phrase("scenario.csv_unreadable", why=str(error)))
            return ()
        times_ms = []
        for line, row in enumerate(rows, 1):
            if not row or not row[0].strip() or (line == 1 and _second(row[0]) is None):
                continue
            second = _second(row[0])
            if second is None or not 0 <= second <= LONGEST_S:
                table.complain(key, row[0], phrase("scenario.csv_line", file=file, line=line, most=LONGEST_S))
                return ()
            times_ms.append(_ms(second))
        return tuple(sorted(times_ms))


def _distribution(table: Table, *, may_be_infinite: bool = False) -> Distribution:
    kinds = DISTRIBUTIONS if may_be_infinite else DISTRIBUTIONS[:-1]
    kind = table.choice("kind", kinds)
    mean_s = cv = 0.0
    if kind == "constant":
        mean_s = table.number("value", 0, LONGEST_S, unit=SECONDS)
    elif kind != "infinite":
        mean_s = table.number("mean", 0.001, LONGEST_S, unit=SECONDS)
    if kind == "lognormal":
        cv = table.number("cv", 0, 100)
    table.close()
    return Distribution(kind, mean_s, cv)


def _shifts(table: Table) -> tuple[tuple[int, int], ...]:
    """Spans of seconds, ascending; those that touch become one, so that an end is never a beginning."""
    spans = table.raw("shifts_s")
    if spans is None:
        return ()
    joined: list[tuple[int, int]] = []
    for span in spans if isinstance(spans, list) else [spans]:
        right = (
            isinstance(span, list)
            and len(span) == 2
            and all(why_no_number(second, 0, LONGEST_S, whole=False) is None for second in span)
        )
        begin_ms, end_ms = (_ms(span[0]), _ms(span[1])) if right else (0, 0)
        if begin_ms >= end_ms or (joined and begin_ms < joined[-1][1]):
            table.complain("shifts_s", spans, phrase("scenario.shifts", most=LONGEST_S))
            return ()
        if joined and begin_ms == joined[-1][1]:
            begin_ms = joined.pop()[0]
        joined.append((begin_ms, end_ms))
    return tuple(joined)


def _limit(table: Table, name: str, least: int) -> int | None:
    if not table.has(name):
        return None
    value: int = table.number(name, least, MOST_CONTACTS, whole=True)
    return value


def _second(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole_ms(value_ms: float) -> int:
    """To the nearest whole ms, the core's unit; what is more than nothing stays so."""
    return max(1, round(value_ms)) if value_ms else 0


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
