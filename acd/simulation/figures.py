"""The answer of a simulation: what was counted, as the figures of docs/simulation.md.

Counts and shares are of all replications together; half widths of 95 % confidence are over replications, by
Student's t. Waits are in seconds here. Must not know how the figures are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import ceil, sqrt
from statistics import NormalDist, fmean, pstdev, stdev
from typing import Any

from acd.core.formulas import FORMULAS, Limits
from acd.core.totals import Totals, Waits
from acd.simulation.scenario import Scenario
from acd.simulation.tally import DeskTally, QueueTally, Tally

Figures = dict[str, Any]

PERCENTILES = (50, 80, 90, 95, 99)
SHORT_ABANDON_MS = 5_000
"""s of SL-5, as the settings' default."""

SERVICE_LEVELS = {"SL-1": "sl1", "SL-2": "sl2", "SL-3": "sl3", "SL-4": "sl4", "SL-5": "sl5"}
_COUNTS = ("offered", "answered", "abandoned", "blocked", "unserved", "count")


def answer(scenario: Scenario, tallies: Sequence[Tally]) -> Figures:
    """All figures but those of the run itself (speed, log of decisions)."""
    queues = range(len(scenario.queues))
    return {
        "total": _with_ci95([_joined(tally.queues) for tally in tallies], scenario),
        "queues": {
            scenario.queues[number].name: _with_ci95([tally.queues[number] for tally in tallies], scenario)
            for number in queues
        },
        "agents": _agents(scenario, tallies),
        "idle_gap": _idle_gap(tallies),
        "promises_broken": sorted({name for tally in tallies for name in tally.broken}) or 0,
    }


def _with_ci95(tallies: Sequence[QueueTally], scenario: Scenario) -> Figures:
    alone = [_queue_figures(tally, scenario) for tally in tallies]
    return {**_queue_figures(_joined(tallies), scenario), "ci95": half_widths(alone)}


def _joined(tallies: Sequence[QueueTally]) -> QueueTally:
    whole = QueueTally()
    for tally in tallies:
        whole.blocked += tally.blocked
        whole.answered_ms.extend(tally.answered_ms)
        whole.abandoned_ms.extend(tally.abandoned_ms)
        whole.unserved_ms.extend(tally.unserved_ms)
    return whole


def _queue_figures(tally: QueueTally, scenario: Scenario) -> Figures:
    waits = sorted(chain(tally.answered_ms, tally.abandoned_ms, tally.unserved_ms))
    offered = len(waits) + tally.blocked
    return {
        "offered": offered,
        "answered": len(tally.answered_ms),
        "abandoned": len(tally.abandoned_ms),
        "blocked": tally.blocked,
        "unserved": len(tally.unserved_ms),
        "p_wait": _share(sum(wait > 0 for wait in waits), len(waits)),
        "wait_mean_s": _mean_s(waits),
        "wait_answered_mean_s": _mean_s(tally.answered_ms),
        **{f"wait_p{percent}_s": _percentile_s(waits, percent) for percent in PERCENTILES},
        "abandoned_share": _share(len(tally.abandoned_ms), offered),
        "blocked_share": _share(tally.blocked, offered),
        "service_level": _service_levels(tally, scenario.service_levels_s),
    }


def _service_levels(tally: QueueTally, thresholds_s: Iterable[float]) -> Figures:
    abandoned = Waits(tally.abandoned_ms)
    totals = Totals(
        answered_waits=Waits(tally.answered_ms),
        abandoned_waits=abandoned,
        short_abandoned=abandoned.within(SHORT_ABANDON_MS),
    )
    return {
        f"{threshold_s:g}": {
            name: FORMULAS[key].value(totals, Limits(round(threshold_s * 1000)))
            for name, key in SERVICE_LEVELS.items()
        }
        for threshold_s in thresholds_s
    }


def _agents(scenario: Scenario, tallies: Sequence[Tally]) -> list[Figures]:
    groups, first = [], 0
    for group in scenario.groups:
        alone = [_group_figures(tally.desks[first : first + group.count]) for tally in tallies]
        each = [_mean(values) for values in zip(*(one.pop("each") for one in alone), strict=True)]
        groups.append(
            {
                "count": group.count,
                "skills": group.skills,
                "occupancy": _mean([one["occupancy"] for one in alone]),
                "contacts_cv": _mean([one["contacts_cv"] for one in alone]),
                "each": each,
                "ci95": half_widths(alone),
            }
        )
        first += group.count
    return groups


def _group_figures(desks: Sequence[DeskTally]) -> Figures:
    contacts = [desk.contacts for desk in desks]
    return {
        "occupancy": _share(sum(desk.busy_ms for desk in desks), sum(desk.there_ms for desk in desks)),
        "contacts_cv": pstdev(contacts) / fmean(contacts) if any(contacts) else None,
        "each": [_share(desk.busy_ms, desk.there_ms) for desk in desks],
    }


def _idle_gap(tallies: Sequence[Tally]) -> Figures:
    gaps = [gap for tally in tallies for gap in tally.gaps_ms]
    return {
        "mean_s": _mean_s(gaps) or 0.0,
        "max_s": max(gaps, default=0) / 1000,
        "count": len(gaps),
        "ci95": half_widths([{"mean_s": _mean_s(tally.gaps_ms)} for tally in tallies]),
    }


def half_widths(alone: Sequence[Figures]) -> Figures:
    """The half width of the 95 % confidence interval of each mean, from its value in each replication.

    None where fewer than two replications have a value. Counts have none.
    """
    widths: Figures = {}
    for name, example in alone[0].items():
        values = [one[name] for one in alone]
        if isinstance(example, dict):
            widths[name] = half_widths(values)
        elif name not in _COUNTS:
            known = [value for value in values if value is not None]
            widths[name] = _half_width(known) if len(known) > 1 else None
    return widths


def _half_width(values: Sequence[float]) -> float:
    return student_t_975(len(values) - 1) * stdev(values) / sqrt(len(values))


_T_975 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)
"""Source: tables of Student's t distribution, 1 to 10 degrees of freedom."""


def student_t_975(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, to three decimals.

    Source: Abramowitz and Stegun, 26.7.5, the expansion by the normal quantile.
    """
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    z = NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def _percentile_s(ascending_ms: Sequence[int], percent: int) -> float | None:
    """The shortest wait that so many per cent of all do not exceed (nearest rank)."""
    if not ascending_ms:
        return None
    return ascending_ms[max(1, ceil(percent * len(ascending_ms) / 100)) - 1] / 1000


def _mean_s(values_ms: Sequence[int]) -> float | None:
    return sum(values_ms) / len(values_ms) / 1000 if values_ms else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
