"""The ledger's side of PostgreSQL: facts, offsets, identities, projections and totals in one transaction.

A store is one connection that holds the ledger's lock, and what it remembers of the database: the last
position, the offsets, and the fold of all facts up to there. After any error but `FactsRefused` it is of no
use any more: what the database has kept is unknown until a new store has asked. Must not read journals.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from acd.core import fact_codec
from acd.core.fold import Fold
from hotline.database import CONNECT_LIMIT_S, load_queries
from hotline.journal import Envelope, Position
from hotline.ledger.quarters import Quarters
from hotline.words import say

COMMAND_LIMIT_S = 20.0
FOLD_EVERY = 2_000
"""After so many facts the state of the fold is kept: as many at most are folded again at a start."""

REBUILD_STEP = 20_000
PERSONAL_KIND = "CallerIdentified"
_REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,  # a text too long for an index
    # What reading and folding a fact can raise: one bad fact must not hold up all that come after it.
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

logger = logging.getLogger(__name__)

SQL = load_queries("hotline.ledger", "queries.sql")
PROJECTIONS = load_queries("hotline.ledger", "projections.sql") | load_queries(
    "hotline.ledger", "work_projections.sql"
)
KINDS = {name: frozenset(re.findall(r"'([A-Z][A-Za-z]+)'", sql)) for name, sql in PROJECTIONS.items()}
"""The kinds of facts from which each projection follows, as its SQL names them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FACT_COLUMNS = ("position", "writer", "epoch", "seq", "fact_id", "contact", "kind", "version", "at", "body")


class LedgerBusy(Exception):
    """Another ledger writes to this database."""


class FactsRefused(Exception):
    """PostgreSQL refused the contents of a batch; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Up to where a journal is in the database."""

    position: Position
    epoch: int
    seq: int


Entry = tuple[Position, Envelope]


class Store:
    """One connection of the ledger. Not for several tasks at once."""

    def __init__(self, connection: Any) -> None:
        self.offsets: dict[str, Offset] = {}
        self.position = 0
        self._connection = connection
        self._quarters = Quarters()
        self._fold = Fold(self._quarters)
        self._fold_kept = 0  # position up to which the fold is kept in the database

    @classmethod
    async def open(cls, url: str, *, command_limit_s: float = COMMAND_LIMIT_S) -> Store:
        """Connect, take the lock, and load what is there. Raises LedgerBusy, asyncpg's errors, OSError."""
        connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S, command_timeout=command_limit_s)
        store = cls(connection)
        try:
            if not await connection.fetchval(SQL["lock"]):
                raise LedgerBusy(say("ledger.busy"))
            await store.load()
        except BaseException:
            connection.terminate()
            raise
        return store

    async def close(self) -> None:
        """Keep the fold and close; a connection that is gone is only dropped."""
        try:
            if self.position > self._fold_kept:
                await self._keep_fold()
            await self._connection.close(timeout=CONNECT_LIMIT_S)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection.terminate()

    def drop(self) -> None:
        """Close without a word: the connection is of no use any more."""
        self._connection.terminate()

    async def load(self) -> None:
        """Remember what the database has: the last position, the offsets, and what is open after it."""
        rows = await self._connection.fetch(SQL["offsets"])
        self.offsets = {
            row["writer"]: Offset(Position(row["file"], row["bytes"]), row["epoch"], row["seq"])
            for row in rows
        }
        self.position = await self._connection.fetchval(SQL["last_position"])
        self._fold, self._fold_kept = Fold(self._quarters), 0
        kept = await self._connection.fetchrow(SQL["fold_state"])
        if kept is not None:
            self._fold_kept = kept["position"]
            self._fold.load(json.loads(kept["state"]))
        await self._fold_up(self._fold_kept, self.position)
        self._quarters.forget()  # all of it is in the stored totals already

    async def write(self, entries: Sequence[Entry]) -> int:
        """Write facts and move the offsets behind them, once each; returns how many were new.

        Raises FactsRefused when the contents of one or more cannot be kept: then `write_one_by_one`.
        """
        try:
            async with self._connection.transaction():
                new = await self._write(entries)
        except _REFUSALS as error:
            await self.load()
            raise FactsRefused(str(error)) from error
        for position, envelope in entries:
            self.offsets[envelope.writer] = Offset(position, envelope.epoch, envelope.seq)
        return new

    async def write_one_by_one(self, entries: Sequence[Entry]) -> int:
        """Write facts each in its own transaction; those that cannot be kept are put aside and counted."""
        refused = 0
        for entry in entries:
            try:
                await self.write([entry])
            except FactsRefused as error:
                await self._put_aside(entry, str(error))
                refused += 1
        return refused

    async def _put_aside(self, entry: Entry, why: str) -> None:
        try:
            async with self._connection.transaction():
                await self._refuse(entry[1], why)
        except _REFUSALS:
            # Not even its outside can be kept: the journal's file and this line are all there is.
            place = {"writer": entry[1].writer, "epoch": entry[1].epoch, "seq": entry[1].seq}
            logger.exception("ledger_fact_unkeepable", extra=place)
        async with self._connection.transaction():
            await self._move_offsets([entry])
        self.offsets[entry[1].writer] = Offset(entry[0], entry[1].epoch, entry[1].seq)

    async def _write(self, entries: Sequence[Entry]) -> int:
        envelopes = await self._only_new([envelope for _, envelope in entries])
        before = self.position
        records = []
        kinds = set()
        for envelope in envelopes:
            try:
                current = read_up(envelope)
            except fact_codec.FactUnreadable as error:
                await self._refuse(envelope, str(error))
                continue
            self.position += 1
            records.append(_record(self.position, current))
            kinds.add(current.kind)
            self._fold.apply(current.kind, current.at_us // 1000, current.body)
        await self._identify(envelope for _, envelope in entries)
        if records:
            await self._connection.copy_records_to_table("fact", records=records, columns=_FACT_COLUMNS)
            await self._project(before, self.position, projections_of(kinds))
            await self._connection.execute(SQL["notify"], str(self.position))
        await self._move_offsets(entries)
        return len(records)

    async def _only_new(self, envelopes: Sequence[Envelope]) -> list[Envelope]:
        known = {row["fact_id"] for row in await self._connection.fetch(SQL["known"], _ids(envelopes))}
        first: dict[str, Envelope] = {}
        for envelope in envelopes:
            if _clean(envelope.fact_id) not in known:
                first.setdefault(envelope.fact_id, envelope)
        return list(first.values())

    async def _project(self, after: int, upto: int, queries: Iterable[str]) -> None:
        for query in queries:
            await self._connection.execute(query, after, upto)
        await self._quarters.save(self._connection)
        if upto - self._fold_kept >= FOLD_EVERY:
            await self._keep_fold()

    async def _keep_fold(self) -> None:
        state = json.dumps(self._fold.to_dict(), ensure_ascii=False)
        await self._connection.execute(SQL["set_fold_state"], self.position, state)
        self._fold_kept = self.position

    async def _identify(self, envelopes: Iterable[Envelope]) -> None:
        known = []
        for envelope in envelopes:
            if envelope.kind == PERSONAL_KIND and isinstance(envelope.body.get("caller"), str):
                words = (str(envelope.body.get(name, "")) for name in ("caller", "number", "name"))
                known.append((*map(_clean, words), _at(envelope)))
        if known:
            await self._connection.executemany(SQL["identify"], known)

    async def _move_offsets(self, entries: Sequence[Entry]) -> None:
        last = {envelope.writer: (position, envelope) for position, envelope in entries}
        rows = [(w, p.file, p.offset, envelope.epoch, envelope.seq) for w, (p, envelope) in last.items()]
        await self._connection.executemany(SQL["set_offset"], rows)

    async def _refuse(self, envelope: Envelope, why: str) -> None:
        if envelope.kind == PERSONAL_KIND:
            envelope, why = replace(envelope, body={}), "unreadable"
        _, writer, epoch, seq, fact_id, _, kind, version, at, body = _record(0, envelope)
        await self._connection.execute(
            SQL["refuse"], writer, epoch, seq, fact_id, kind, version, at, body, _clean(why)
        )

    async def _fold_up(self, after: int, upto: int) -> None:
        for start in range(after, upto, REBUILD_STEP):
            stop = min(upto, start + REBUILD_STEP)
            for row in await self._connection.fetch(SQL["facts_between"], start, stop):
                self._fold.apply(row["kind"], row["at_ms"], json.loads(row["body"]))

    async def rebuild(self) -> int:
        """Empty all projections and build them from the facts again; returns how many facts there are.

        A ledger at work waits meanwhile; readers see the old projections until all is done.
        """
        async with self._connection.transaction():
            await self._connection.execute(SQL["hold_facts"])
            upto: int = await self._connection.fetchval(SQL["last_position"])
            await self._connection.execute(SQL["empty_projections"])
            self._fold, self._fold_kept = Fold(self._quarters), 0
            self._quarters.forget()
            for start in range(0, upto, REBUILD_STEP):
                self.position = min(upto, start + REBUILD_STEP)
                await self._fold_up(start, self.position)
                await self._project(start, self.position, PROJECTIONS.values())
            await self._keep_fold()
        return upto


async def rebuild_projections(url: str) -> int:
    """Rebuild all projections of a database, also beside a ledger at work; how many facts there are.

    Raises asyncpg's errors and OSError; then nothing has changed.
    """
    connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S)
    try:
        return await Store(connection).rebuild()
    finally:
        await connection.close(timeout=CONNECT_LIMIT_S)


def projections_of(kinds: Collection[str]) -> list[str]:
    """The queries that have something to do for facts of these kinds, in order.

    Most batches hold a few facts, for which nearly all queries would find nothing to do.
    """
    return [query for name, query in PROJECTIONS.items() if not KINDS[name].isdisjoint(kinds)]


def read_up(envelope: Envelope) -> Envelope:
    """The envelope with its body as the current version of its kind. Raises FactUnreadable for acd's kinds.

    Facts of other rooms are kept as they are; what is personal is not kept in the fact.
    """
    if envelope.kind not in fact_codec.FACTS:
        return envelope
    fact = fact_codec.from_body(envelope.kind, envelope.version, envelope.body)
    body = fact_codec.to_body(fact)
    if envelope.kind == PERSONAL_KIND:
        body = {"at_ms": body["at_ms"], "caller": body["caller"]}
    return replace(envelope, version=fact.version, body=body)


def _record(position: int, envelope: Envelope) -> tuple[Any, ...]:
    return (
        position,
        envelope.writer,
        envelope.epoch,
        envelope.seq,
        _clean(envelope.fact_id),
        None if envelope.contact is None else _clean(envelope.contact),
        _clean(envelope.kind),
        envelope.version,
        _at(envelope),
        _json(envelope.body),
    )


def _ids(envelopes: Sequence[Envelope]) -> list[str]:
    return [_clean(envelope.fact_id) for envelope in envelopes]


def _at(envelope: Envelope) -> datetime:
    return _EPOCH + timedelta(microseconds=envelope.at_us)


def _json(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False)
    if "\\u0000" in text:
        text = json.dumps(_without_nul(body), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def _without_nul(value: Any) -> Any:
    if isinstance(value, dict):
        return {_clean(name): _without_nul(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    return _clean(value) if isinstance(value, str) else value


def _clean(text: str) -> str:
    """The text as PostgreSQL can keep it: it has no NUL. Source: manual, section 8.3."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
