"""The rules of its queue that a call keeps from its entry, as they stand in the fact of the entry.

Settings may change while a call waits, and acd may be killed: by these it has the same rules before and
after. What is decided at the entry alone, or stands in the fact by itself (the plan, limits on the wait), is
left out, and so is what has its default value, for facts should be short. This module must not know floors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from acd.core.house_rules import QueueRules

RULES_OF_A_QUEUE_THAT_IS_GONE = QueueRules("", "", 0, 0, 20_000, 15_000)

OF_THE_ENTRY = (
    "name",
    "needs",
    "priority",
    "short_abandon_ms",
    "max_waiting",
    "order",
    "head_start_ms",
    "steps",
    "prefer_last_ms",
    "prefer_named_ms",
    "return_within_ms",
    "recall_within_ms",
    "max_wait_ms",
    "overflow",
    "callers_per_1000_agents",
    "closed",
)
"""Rules that are no longer asked for once a call has entered; `CallQueued` says what came of them."""


def kept_rules(rules: QueueRules) -> dict[str, Any]:
    """JSON values by name."""
    told = {}
    for field in fields(QueueRules):
        value = getattr(rules, field.name)
        if field.name not in OF_THE_ENTRY and value != field.default:
            told[field.name] = list(value) if isinstance(value, tuple) else value
    return told


def rules_from(queue: str, told: Mapping[str, Any]) -> QueueRules:
    """What kept_rules gave, with a name; rules that this program does not know are passed over."""
    known = {field.name: getattr(RULES_OF_A_QUEUE_THAT_IS_GONE, field.name) for field in fields(QueueRules)}
    for name, value in told.items():
        if name in known and name not in OF_THE_ENTRY:
            known[name] = tuple(value) if isinstance(value, list) else value
    return QueueRules(**{**known, "name": queue})
