"""The house's alarms as rows for pages: what is wrong, about what, since when; few, the gravest first.

    by key: order, kind, about, since_ms, calm; one-way calls (kind one_way, about: the agent) are of the
    picture; calm: a note, not an alarm

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
    """Rows by key: `alarms` (since when, ms on acd's clock), then one-way calls, then notes."""
    one_way = {
        Alarm("one_way", leg.agent): leg.silent_ms
        for leg in picture.legs.values()
        if leg.silent_ms and leg.connected_ms
    }
    rows: dict[str, dict[str, Any]] = {}
    graver = [one for one in alarms.items() if not one[0].is_note]
    notes = [one for one in alarms.items() if one[0].is_note]
    for alarm, since_ms in [*graver, *sorted(one_way.items()), *notes][:MOST]:
        rows[f"{alarm.kind}:{alarm.about}"] = {
            "order": len(rows),
            "kind": alarm.kind,
            "about": shown_text(alarm.about, ABOUT_CHARS),
            "since_ms": since_ms,
            "calm": alarm.is_note,
        }
    return rows
