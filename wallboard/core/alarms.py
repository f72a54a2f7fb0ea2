"""The house's alarms as rows for pages: what is wrong, about what, since when; few, the gravest first.

    by key: order, kind, about, since_ms; one-way calls (kind one_way, about: the agent) are of the picture

This module must not know how the rows reach a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.core.picture import Picture
from hotline.core.alarms import Alarm
from hotline.core.shown_text import shown_text

MOST = 20
"""So many rows; of more, the least grave are left out."""

ABOUT_CHARS = 40


def alarm_rows(picture: Picture, alarms: Mapping[Alarm, int]) -> dict[str, dict[str, Any]]:
    """Rows by key: `alarms` (with since when, ms on acd's clock), then conversations with a silent side."""
    one_way = {
        Alarm("one_way", leg.agent): leg.silent_ms
        for leg in picture.legs.values()
        if leg.silent_ms and leg.connected_ms
    }
    rows: dict[str, dict[str, Any]] = {}
    for alarm, since_ms in [*alarms.items(), *sorted(one_way.items())][:MOST]:
        rows[f"{alarm.kind}:{alarm.about}"] = {
            "order": len(rows),
            "kind": alarm.kind,
            "about": shown_text(alarm.about, ABOUT_CHARS),
            "since_ms": since_ms,
        }
    return rows
