"""A ledger at work on journals in a folder, and what its projections hold: for tests on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from hotline.journal import JournalWriter
from hotline.ledger.service import Ledger

PROJECTIONS = (
    "contact",
    "queue_entry",
    "offer",
    "segment",
    "recording",
    "media",
    "media_silence",
    "agent_state",
    "supervisor_act",
    "voice_message",
    "outgoing_call",
    "outgoing_refusal",
    "disposition",
    "help",
    "wait_promise",
    "entry_step",
    "overflow",
    "pickup",
    "verification",
    "recall",
    "queue_door",
    "callback",
    "callback_attempt",
    "login_refusal",
    "quarter_total",
    "agent_quarter_total",
)


def fact_id(fact: Fact, number: int) -> str:
    body = to_body(fact)
    about = body.get("offer") or body.get("segment") or body.get("contact") or body.get("agent")
    once = type(fact).__name__ in ("ContactStarted", "ContactEnded")
    return f"{about}/{type(fact).__name__}" if once else f"{about}/{type(fact).__name__}/{number}"


def write(journal: JournalWriter, facts: Iterable[Fact]) -> None:
    for number, fact in enumerate(facts):
        body = to_body(fact)
        journal.append(
            type(fact).__name__,
            fact.version,
            body,
            fact_id=fact_id(fact, number),
            contact=body.get("contact") or None,
            at_us=fact.at_ms * 1000,
        )


class Running:
    """A ledger at work on the journals of a folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.registry = CollectorRegistry()
        self.health: list[str] = []
        self.ledger = Ledger(
            lambda writer: folder / writer,
            url,
            self.registry,
            ready=lambda: self.health.append("ready"),
            not_ready=self.health.append,
        )

    async def __aenter__(self) -> Running:
        self.task = asyncio.create_task(self.ledger.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ledger.stop()
        await asyncio.wait_for(self.task, 30)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"hotline_ledger_{name}", labels) or 0.0


async def run_once(folder: Path, url: str) -> Running:
    """Let a ledger write what is there, then stop it."""
    async with Running(folder, url) as running:
        await until(lambda: true("ready" in running.health))
    return running


async def projections(database: Any) -> dict[str, list[str]]:
    return {
        table: [row[0] for row in await database.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")]
        for table in PROJECTIONS
    }


async def until(condition: Any, limit_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not await condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def true(value: object) -> bool:
    """What `until` awaits of a plain value."""
    return bool(value)
