"""What a supervisor acts upon, from the live picture and the settings: agents, waiting calls, queues, today.

The same for all supervisors, in both languages; times are instants on acd's clock. Callers' numbers are not
in it. This module must not know how it reaches a page.

    agents      by number: name, role, state, reason, since_ms, until_ms, queue, contact,
                help_ms (since when a hand is raised), helped (hands lowered today), help_mean_ms (for how
                long they were raised, on average), talks
    calls       in the order of their wait: contact, queue, since_ms, stage, agent (whose phone rings), first,
                place (in the queue's line, from 1), step of steps (how far the needs are widened), needs,
                expected (what the caller was promised last: low_ms, high_ms, agents; None: nothing)
    queues      by name: title, order, waiting, closed, and its door (see wallboard.core.doors)
    day         today's figures (see wallboard.core.day_list)
    reasons     what "not ready" may be forced with: digit -> text
    supervisors numbers of agents who are logged in and may supervise, for "my phone"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.core.picture import Picture
from acd.core.totals import AgentTotals
from acd.core.views import AgentView, ContactView, Entry
from hotline.core.settings import Agent, Settings, Text
from hotline.core.shown_text import shown_text
from wallboard.core.day_list import day_list
from wallboard.core.doors import door

NAME_CHARS = 40
NEEDS_CHARS = 120
TALKING = ("on_contact", "on_hold")


def floor(picture: Picture, settings: Settings, reasons: Mapping[str, Text], now_ms: int) -> dict[str, Any]:
    """The whole floor at now_ms (acd's clock). `reasons` are those beside the settings' own, by key."""
    picture.roll(now_ms)
    waiting = {name: count for name, (count, _) in picture.waiting(now_ms).items()}
    agents = {agent.number: _agent(agent, picture, settings, reasons) for agent in settings.agents}
    return {
        "agents": agents,
        "calls": _calls(picture),
        "queues": {
            queue.name: {
                "title": _both(queue.title),
                "order": order,
                "waiting": waiting.get(queue.name, 0),
                "closed": queue.name in picture.closed_queues,
                **door(queue, waiting.get(queue.name, 0), picture, settings, now_ms),
            }
            for order, queue in enumerate(settings.queues)
        },
        "day": day_list(picture.day, settings),
        "reasons": {digit: _both(text) for digit, text in settings.not_ready_reasons.items()},
        "supervisors": [
            number
            for number, agent in agents.items()
            if agent["role"] == "supervisor" and agent["state"] != "offline"
        ],
    }


def _agent(agent: Agent, picture: Picture, settings: Settings, reasons: Mapping[str, Text]) -> dict[str, Any]:
    view = picture.agents.get(agent.number, AgentView())
    text = settings.not_ready_reasons.get(view.reason) or reasons.get(view.reason)
    call = picture.contacts.get(view.contact)
    day = picture.day_by_agent.get(agent.number, AgentTotals())
    helped = max(0, day.helps - (view.help_ms >= picture.day_ms > 0))
    return {
        "name": shown_text(agent.name, NAME_CHARS),
        "role": agent.role,
        "state": view.state,
        "reason": _both(text) if text and view.state == "not_ready" else None,
        "since_ms": view.since_ms,
        "until_ms": view.until_ms,
        "queue": view.queue,
        "contact": view.contact,
        "help_ms": view.help_ms,
        "helped": helped,
        "help_mean_ms": day.help_ms // helped if helped else 0,
        "talks": view.state in TALKING and call is not None and call.stage == "connected",
    }


def _calls(picture: Picture) -> list[dict[str, Any]]:
    """Callers whom nobody has answered, the longest wait first."""
    rows = []
    places: dict[str, int] = {}
    waiting = [
        (view, entry)
        for contact, entry in picture.entries.items()
        if (view := picture.contacts.get(contact)) is not None and entry.answered_wait_ms < 0
    ]
    for view, entry in sorted(waiting, key=_in_line):
        places[entry.queue] = places.get(entry.queue, 0) + 1
        row = {
            "contact": entry.contact,
            "queue": entry.queue,
            "since_ms": entry.wait_since_ms,
            "stage": view.stage,
            "agent": view.agent if view.stage == "offered" else "",
            "first": view.put_first,
            "place": places[entry.queue],
            "step": view.step,
            "steps": len(view.steps),
            "needs": shown_text(view.needs, NEEDS_CHARS),
            "expected": _expected(entry),
        }
        rows.append(row)
    return sorted(rows, key=lambda row: (row["since_ms"], row["contact"]))


def _in_line(one: tuple[ContactView, Entry]) -> tuple[bool, int, int, str]:
    """As acd.core.calls.line_key has it, those put first before all others."""
    view, entry = one
    return not view.put_first, view.line_rank, view.line_since_ms, entry.contact


def _expected(entry: Entry) -> dict[str, int] | None:
    told = entry.promise
    return {name: told[name] for name in ("low_ms", "high_ms", "agents")} if told else None


def _both(text: Text) -> dict[str, str]:
    return {"zh": shown_text(text.zh, NAME_CHARS), "en": shown_text(text.en, NAME_CHARS)}
