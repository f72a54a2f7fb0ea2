"""What the wall shows, computed from the live picture and the settings: sections of keyed rows.

Everything here is the same for all viewers, in both languages, and changes only when a fact or a setting
does; times are instants, so that pages let them pass by themselves. This module must not know how the board
reaches a page.

    house   name, timezone, target_rings, target_ms, service_level_s, day_ms
    queues  by name: title, order, waiting, since_ms, target_ms, offered, answered, abandoned,
            short_abandoned, timely
    agents  by number: name, state, reason, since_ms, until_ms, overdue, asks_help
    alarms  what is wrong (see wallboard.core.alarms), without notes
    day     today's figures of the house; contacts = blocked + closed + in_flow + asked
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from acd.core.formulas import FORMULAS, Limits
from acd.core.picture import Picture
from acd.core.totals import Totals
from hotline.core.alarms import Alarm
from hotline.core.settings import Queue, Settings, Text
from hotline.core.shown_text import shown_text
from wallboard.core.alarms import alarm_rows

Board = dict[str, dict[str, Any]]
NAME_CHARS = 40


def board(
    picture: Picture,
    settings: Settings,
    reasons: Mapping[str, Text],
    now_ms: int,
    alarms: Mapping[Alarm, int] = MappingProxyType({}),
) -> Board:
    """The whole board at now_ms (acd's clock). `reasons` are those beside the settings' own, by key."""
    picture.roll(now_ms)
    grave = {alarm: since_ms for alarm, since_ms in alarms.items() if not alarm.is_note}
    return {
        "house": _house(picture, settings),
        "alarms": alarm_rows(picture, grave),
        "queues": _queues(picture, settings, now_ms),
        "agents": _agents(picture, settings, reasons),
        "day": day_figures(picture.day, settings),
    }


def changes(old: Board, new: Board) -> Board:
    """What to tell a viewer of `old` so that `new` is seen: changed rows, and None for those gone."""
    told: Board = {}
    for section, rows in new.items():
        before = old.get(section, {})
        changed = {key: row for key, row in rows.items() if key not in before or before[key] != row}
        changed.update(dict.fromkeys(key for key in before if key not in rows))
        if changed:
            told[section] = changed
    return told


def day_figures(totals: Totals, settings: Settings) -> dict[str, Any]:
    """Today's figures; each share comes with the counts it was computed from (see acd.core.formulas)."""
    limits = limits_of(settings)
    answers, asked = FORMULAS["survey_response"].parts(totals, limits)
    return {
        "contacts": totals.contacts,
        "blocked": totals.blocked,
        "closed": totals.closed,
        "ended_in_flow": dict(totals.ended_in_flow),
        "open_in_flow": totals.open_in_flow,
        "in_flow": sum(totals.ended_in_flow.values()) + totals.open_in_flow,
        "asked": totals.asked,
        "offered": totals.offered,
        "answered": totals.answered,
        "abandoned": totals.abandoned,
        "short_abandoned": totals.short_abandoned,
        "waiting": totals.waiting,
        "out": totals.out,
        "lost": totals.lost,
        "answer_rate": _share("answer_rate", totals, limits),
        "abandon_rate": _share("abandon_rate", totals, limits),
        "timely_all": _share("timely_of_all", totals, limits),
        "timely_asked": _share("timely_of_asked", totals, limits),
        "sl1": _share("sl1", totals, limits),
        "wait": _mean("asa", totals, limits),
        "promises": _share("promise_rate", totals, limits),
        "talk": _mean("average_talk", totals, limits),
        "satisfaction": {**_share("csat", totals, limits), "answers": answers, "asked": asked},
    }


def limits_of(settings: Settings) -> Limits:
    """What the formulas take from the settings."""
    return Limits(settings.hotline.service_level_s * 1000)


def _share(formula: str, totals: Totals, limits: Limits) -> dict[str, Any]:
    part, of = FORMULAS[formula].parts(totals, limits)
    return {"part": part, "of": of, "share": part / of if of else None}


def _mean(formula: str, totals: Totals, limits: Limits) -> dict[str, Any]:
    total_ms, count = FORMULAS[formula].parts(totals, limits)
    return {"mean_ms": round(total_ms / count) if count else None, "count": count}


def _house(picture: Picture, settings: Settings) -> dict[str, Any]:
    hotline = settings.hotline
    return {
        "name": _both(hotline.name),
        "timezone": hotline.timezone,
        "target_rings": hotline.target_rings,
        "target_ms": hotline.target_rings * settings.ring_period_ms,
        "service_level_s": hotline.service_level_s,
        "day_ms": picture.day_ms,
    }


def _queues(picture: Picture, settings: Settings, now_ms: int) -> dict[str, Any]:
    waiting = picture.waiting(now_ms)
    totals = picture.day_by_queue
    # A queue taken out of the settings is shown until its last caller is gone.
    known = {queue.name: queue for queue in settings.queues}
    gone = [Queue(name, Text(name, name)) for name in sorted(waiting) if name not in known]
    rows: dict[str, Any] = {}
    for order, queue in enumerate([*settings.queues, *gone]):
        count, longest_ms = waiting.get(queue.name, (0, 0))
        today = totals.get(queue.name, Totals())
        rings = settings.hotline.target_rings if queue.target_rings is None else queue.target_rings
        rows[queue.name] = {
            "title": _both(queue.title),
            "order": order,
            "waiting": count,
            "since_ms": now_ms - longest_ms if count else None,
            "target_ms": rings * settings.ring_period_ms,
            "offered": today.offered,
            "answered": today.answered,
            "abandoned": today.abandoned,
            "short_abandoned": today.short_abandoned,
            "timely": _share("timely_of_asked", today, limits_of(settings)),
        }
    return rows


def _agents(picture: Picture, settings: Settings, reasons: Mapping[str, Text]) -> dict[str, Any]:
    names = {agent.number: agent.name for agent in settings.agents}
    rows: dict[str, Any] = {}
    for number in dict.fromkeys([*names, *picture.agents]):
        view = picture.agents.get(number)
        if view is None or view.state == "offline":
            if number in names:
                rows[number] = {"name": shown_text(names[number], NAME_CHARS), "state": "offline"}
            continue
        reason = view.reason if view.state == "not_ready" else ""
        text = settings.not_ready_reasons.get(reason) or reasons.get(reason)
        rows[number] = {
            "name": shown_text(names.get(number) or number, NAME_CHARS),
            "state": view.state,
            "reason": _both(text) if text else None,
            "since_ms": view.since_ms,
            "until_ms": view.until_ms,
            "overdue": view.overdue and view.state == "not_ready",
            "asks_help": view.help_ms > 0,
        }
    return rows


def _both(text: Text) -> dict[str, str]:
    return {"zh": shown_text(text.zh, NAME_CHARS), "en": shown_text(text.en, NAME_CHARS)}
