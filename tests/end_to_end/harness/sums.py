"""The day's counts under common names, as told by PostgreSQL, by the page's figures and by /metrics.

Names: contacts, blocked, closed, flow:OUTCOME, asked, offered, answered, abandoned, out, lost, waiting.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from acd.core.totals import Totals
from harness.stack import HotlineStack
from harness.wall import board

_CONTACTS = """
SELECT CASE WHEN e.contact IS NOT NULL THEN 'asked' WHEN c.ended_at IS NULL THEN 'open'
            WHEN c.outcome IN ('blocked', 'closed') THEN c.outcome
            WHEN c.outcome <> '' THEN 'flow:' || c.outcome
            WHEN c.hung_up_by = 'lost' THEN 'flow:lost' ELSE 'flow:hung_up' END AS name,
       count(*) AS number
FROM contact c LEFT JOIN (SELECT DISTINCT contact FROM queue_entry) e USING (contact) GROUP BY name
"""
_ENTRIES = "SELECT coalesce(how, 'waiting') AS name, count(*) AS number FROM queue_entry GROUP BY name"
_QUARTERS = "SELECT totals::text AS totals FROM quarter_total WHERE queue = ''"
_FACTS = """
SELECT count(*) FILTER (WHERE kind = 'ContactStarted') AS contacts,
       count(*) FILTER (WHERE kind = 'CallQueued') AS offered
FROM fact WHERE writer = 'acd'
"""


async def in_database(stack: HotlineStack) -> Counter[str]:
    """From the tables of contacts and queue entries, and from the facts themselves."""
    rows = await stack.sql(_CONTACTS) + await stack.sql(_ENTRIES)
    (facts,) = await stack.sql(_FACTS)
    return _cleaned({row["name"]: row["number"] for row in rows} | facts)


async def in_quarters(stack: HotlineStack) -> Totals:
    """From the totals of 15 minutes, added up."""
    rows = await stack.sql(_QUARTERS)
    return sum((Totals.from_dict(json.loads(row["totals"])) for row in rows), Totals())


async def on_tiles(stack: HotlineStack) -> Counter[str]:
    """From /api/picture, signed in with the token of a wall screen."""
    day = (await board(stack))["day"]
    names = (
        "contacts",
        "blocked",
        "closed",
        "asked",
        "offered",
        "answered",
        "abandoned",
        "out",
        "lost",
        "waiting",
    )
    flow = {f"flow:{outcome}": number for outcome, number in day["ended_in_flow"].items()}
    return _cleaned({name: day[name] for name in names} | flow | {"open": day["open_in_flow"]})


async def in_metrics(stack: HotlineStack) -> Counter[str]:
    """From /metrics, summed over queues."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.pages}/metrics") as answer:
        answer.raise_for_status()
        text = await answer.text()
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            number = int(sample.value)
            match sample.name:
                case "hotline_contacts_total":
                    outcome = sample.labels["outcome"]
                    own = {"blocked": "blocked", "closed": "closed", "asked_agent": "asked"}
                    found[own.get(outcome, f"flow:{outcome}")] += number
                    found["contacts"] += number
                case "hotline_queue_offered_total":
                    found["offered"] += number
                case "hotline_queue_entries_total":
                    found[sample.labels["how"]] += number
                case "hotline_queue_waiting":
                    found["waiting"] += number
    return _cleaned(found)


def _cleaned(counts: Mapping[str, int]) -> Counter[str]:
    return Counter({name: number for name, number in counts.items() if number})
