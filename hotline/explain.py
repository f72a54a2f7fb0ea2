"""Where an explanation's facts come from: PostgreSQL's facts, else acd's own journal when it is away.

Of PostgreSQL only as much is read as the answer needs: the agents' last states before the contact came, and
all facts from there to its end, then its own later ones; from local midnight on where a policy chose by the
day's figures. The journal is read from the last checkpoint before the contact. Settings are those of the
version that a proof names; without PostgreSQL only the version in force is at hand. Must not know what is
right (`acd.core.explain`).

    ExplainError
    └── ContactUnknown   no fact tells of this contact
"""

from __future__ import annotations

import asyncio
import json
import logging
import mmap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from acd.core import fact_codec
from acd.core.events import SettingsChanged
from acd.core.explain import NEEDS_ALL_BEFORE, Explainer
from acd.core.picture import Picture
from acd.core.recount import Clock
from acd.settings_view import settings_changed
from hotline import settings_snapshot
from hotline.core.settings import Settings, Text
from hotline.core.settings_check import SettingsRefused, check_settings
from hotline.database import CONNECT_LIMIT_S, load_queries
from hotline.deployment import Deployment
from hotline.journal_reader import Position, file_numbers, file_path, last_checkpoint, read_journal
from hotline.words import say, told

MOST_CHARACTERS = 100
QUERY_LIMIT_S = 30.0
STEP = 2_000
"""So many facts at a time: the pages' process does nothing else while it goes through them."""

DAYS_FIGURES = ("least_occupied", "fewest_contacts")
"""Policies that choose by what was counted since midnight."""

DATABASE_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

_SQL = load_queries("hotline", "explain_queries.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

logger = logging.getLogger(__name__)


class ExplainError(Exception):
    """A contact cannot be explained; the text is for the user."""


class ContactUnknown(ExplainError):
    """No fact tells of this contact."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A contact's explainer, the clock in which it speaks, and why PostgreSQL was not asked ("": it was)."""

    explainer: Explainer
    clock: Clock
    without_database: str = ""


async def explain(deployment: Deployment, contact: str, agent: str = "") -> Explained:
    """Explain one contact, and why an agent did not ring.

    Raises ExplainError; OSError or SettingsRefused when neither journal nor settings can be read.
    """
    if not 0 < len(contact) <= MOST_CHARACTERS or len(agent) > MOST_CHARACTERS:
        raise ExplainError(say("explain.too_long", most=MOST_CHARACTERS))
    if not (contact + agent).isprintable():
        raise ContactUnknown(say("explain.unknown", contact=repr(contact)))
    now = settings_snapshot.read(deployment.settings_file)
    why = ""
    try:
        found = await _from_database(deployment.database_url, contact, agent, now)
    except DATABASE_ERRORS as error:
        logger.warning("explain_without_database", extra={"why": told(error)})
        found, why = None, told(error) or type(error).__name__
    if found is None:
        # The ledger may be behind: what has just happened stands in the journal alone.
        found = await asyncio.to_thread(_from_journal, deployment.journal("acd"), contact, agent, now)
    if found is None:
        raise ContactUnknown(say("explain.unknown", contact=repr(contact)))
    found.finish()
    return Explained(found, clock_of(now), why)


def clock_of(settings: Settings) -> Clock:
    """Instants as the house's clock shows them: the time of day, before midnight of today with the date."""
    zone = ZoneInfo(settings.hotline.timezone)

    def clock(at_ms: int) -> str:
        at = datetime.fromtimestamp(at_ms / 1000, zone)
        today = datetime.now(zone).date()
        return f"{at:%H:%M:%S}" if at.date() == today else f"{at:%Y-%m-%d %H:%M:%S}"

    return clock


def _explainer(
    contact: str,
    agent: str,
    now: Settings,
    versions: dict[int, SettingsChanged],
    reasons: dict[str, Text],
    picture: Picture | None = None,
) -> Explainer:
    starts = partial(_day_starts_ms, ZoneInfo(now.hotline.timezone))
    return Explainer(contact, agent, starts, versions.get, clock_of(now), reasons, picture)


def _day_starts_ms(zone: ZoneInfo, at_ms: int) -> int:
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


# PostgreSQL


async def _from_database(url: str, contact: str, agent: str, now: Settings) -> Explainer | None:
    connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S, command_timeout=QUERY_LIMIT_S)
    try:
        # One picture of the database for all questions: the ledger goes on writing meanwhile.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _ask(connection, contact, agent, now)
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)


async def _ask(connection: Any, contact: str, agent: str, now: Settings) -> Explainer | None:
    rows = await connection.fetch(_SQL["of_contact"], contact)
    if not rows:
        return None
    bodies = [json.loads(row["body"]) for row in rows]
    first = rows[0]["position"]
    if any(row["kind"] == "ContactEnded" for row in rows):
        last = max(row["position"] for row in rows if row["kind"] in NEEDS_ALL_BEFORE)
    else:
        last = await connection.fetchval(_SQL["last_position"])
    if any(body.get("proof", {}).get("policy") in DAYS_FIGURES for body in bodies):
        midnight_ms = _day_starts_ms(ZoneInfo(now.hotline.timezone), rows[0]["at_ms"])
        first = min(first, await connection.fetchval(_SQL["first_since"], _at(midnight_ms), first))
    # Also those that only other contacts' facts name: they were in force while this one waited.
    named = {row["version"] for row in await connection.fetch(_SQL["named_versions"], first, last)}
    versions, reasons = await _versions(connection, sorted(named.union(_named_versions(bodies))), now)
    explainer = _explainer(contact, agent, now, versions, reasons)
    numbers = sorted({profile.number for known in versions.values() for profile in known.agents} | {agent})
    before = await connection.fetch(_SQL["states_before"], first, numbers)
    before += await connection.fetch(_SQL["offers_before"], first, numbers)
    for row in sorted(before, key=lambda row: row["position"]):
        explainer.apply(row["kind"], row["at_ms"], json.loads(row["body"]))
    for start in range(first - 1, last, STEP):
        for row in await connection.fetch(_SQL["between"], start, min(last, start + STEP)):
            explainer.apply(row["kind"], row["at_ms"], json.loads(row["body"]))
    for row, body in zip(rows, bodies, strict=True):
        if row["position"] > last:
            explainer.apply(row["kind"], row["at_ms"], body)
    return explainer


def _named_versions(bodies: Collection[dict[str, Any]]) -> list[int]:
    """The versions of the settings by which a contact was queued and offered."""
    named = [body.get("proof", body).get("settings_version") for body in bodies]
    return sorted({version for version in named if isinstance(version, int)})


async def _versions(
    connection: Any, numbers: list[int], now: Settings
) -> tuple[dict[int, SettingsChanged], dict[str, Text]]:
    """The settings of these versions as acd had them, and the newest texts of reasons for not ready."""
    found: dict[int, SettingsChanged] = {now.version: settings_changed(now)}
    reasons: dict[str, Text] = {}
    for row in await connection.fetch(_SQL["settings"], numbers):
        version = row["version"]
        try:
            name = say("settings.stored_version", version=version)
            settings = check_settings(json.loads(row["document"]), file=name, version=version, stored=True)
        except SettingsRefused as error:
            # A version of another program's rules: told as not at hand.
            logger.warning("explain_settings_refused", extra={"version": version, "why": told(error)})
            continue
        found[version] = settings_changed(settings)
        reasons |= settings.not_ready_reasons
    return found, reasons or dict(now.not_ready_reasons)


def _at(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)


# The journal


def _from_journal(folder: Path, contact: str, agent: str, now: Settings) -> Explainer | None:
    numbers = [number for number in file_numbers(folder) if _mentions(file_path(folder, number), contact)]
    if not numbers:
        return None
    versions = {now.version: settings_changed(now)}
    explainer = _explainer(contact, agent, now, versions, dict(now.not_ready_reasons))
    checkpoint, began = last_checkpoint(folder, upto=numbers[0])
    if checkpoint is not None:
        picture = Picture.restore(checkpoint, explainer.day_starts_ms)
        explainer = _explainer(contact, agent, now, versions, dict(now.not_ready_reasons), picture)
    is_known = is_over = False
    for kind, at_ms, body in _facts(folder, began, upto=numbers[-1]):
        if is_over:
            break
        explainer.apply(kind, at_ms, body)
        is_known = is_known or body.get("contact") == contact
        is_over = kind == "ContactEnded" and body["contact"] == contact
    return explainer if is_known else None


def _facts(folder: Path, began: int, *, upto: int) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """acd's facts from the beginning of one file to the end of another, read up to the current version."""
    start = Position(began, 0) if began else None
    for position, envelope in read_journal(folder, start):
        if position.file > upto:
            return
        if envelope.kind not in fact_codec.FACTS:
            continue
        try:
            body = fact_codec.to_body(fact_codec.from_body(envelope.kind, envelope.version, envelope.body))
        except fact_codec.FactUnreadable as error:
            logger.warning("explain_fact_unreadable", extra={"seq": envelope.seq, "why": str(error)})
            continue
        yield envelope.kind, envelope.at_us // 1000, body


def _mentions(path: Path, contact: str) -> bool:
    """Whether a file of the journal has the contact's id as a JSON text somewhere."""
    wanted = json.dumps(contact, ensure_ascii=False).encode()
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            return whole.find(wanted) >= 0
