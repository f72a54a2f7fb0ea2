"""What acd's journal tells of the time before this start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from acd.core.fact_codec import FactUnknown, upgrade
from acd.core.picture import Picture
from hotline.journal import read_from_checkpoint
from hotline.journal_reader import last_envelope

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Past:
    """The picture as the journal left it, and the contacts it knows."""

    picture: Picture
    known: set[str]
    known_since_ms: int
    """Contacts begun since then and not in `known` were not seen; 0: there is no journal."""
    last_ms: int
    """When the journal had its last word; 0: there is no journal."""


def read_back(folder: Path, day_starts_ms: Callable[[int], int]) -> Past:
    """Read acd's journal from its last checkpoint; lines this program does not know are passed over."""
    checkpoint, envelopes = read_from_checkpoint(folder)
    picture = Picture.restore(checkpoint, day_starts_ms) if checkpoint else Picture(day_starts_ms)
    known = set(picture.contacts)
    last = last_envelope(folder)
    known_since_ms = last_ms = last.at_us // 1000 if last else 0
    count = 0
    for envelope in envelopes:
        known_since_ms = min(known_since_ms, envelope.at_us // 1000)
        if envelope.contact:
            known.add(envelope.contact)
        try:
            body = upgrade(envelope.kind, envelope.version, envelope.body)
        except FactUnknown as error:  # a JournalGap, or written by a newer program
            logger.warning("journal_line_passed_over", extra={"kind": envelope.kind, "why": str(error)})
            continue
        picture.apply(envelope.kind, envelope.at_us // 1000, body)
        count += 1
    logger.info("journal_read", extra={"facts": count, "open_contacts": len(picture.contacts)})
    return Past(picture, known, known_since_ms, last_ms)
