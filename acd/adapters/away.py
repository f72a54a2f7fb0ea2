"""What happened while we were away: killed, or without the link to Asterisk. Told to the engine afterwards.

Asterisk's own log (`acd.adapters.cel`) says how contacts and agents' legs ended meanwhile, also those that we
never saw; what neither the log nor the snapshot knows went down with Asterisk. Must not read AMI.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

from acd.adapters.cel import NEVER, EndedContact, Ends, Talk
from acd.core.events import CallerHungUp, CallWithdrawn, LegEnded, OfferAnswered, OfferConnected
from acd.core.facts import ContactEnded, ContactStarted
from acd.engine import Engine

logger = logging.getLogger(__name__)

LOG_DELAY_S = 0.5  # the log may be this late about an end that the snapshot shows already
OVERLAP_MS = 2_000  # so much before the gap is looked at again: its last messages may not have reached us
FALLBACK = "fallback"
TOLD_AT_ONCE = 100  # so many contacts that were not seen are written down before others have their turn


class Away:
    """One per observer. known: contacts that the journal has since `blind_since_ms` (ms since the epoch).

    log_since_ms: from then on the log is to be read; not before the journal's last word.
    """

    def __init__(
        self,
        engine: Engine,
        ends: Callable[[int | None], Ends],
        recording_path: Callable[[str, int], str],
        known: Collection[str],
        blind_since_ms: int,
        log_since_ms: int,
    ) -> None:
        self._engine = engine
        self._ends = ends
        self._recording_path = recording_path
        self._known = known
        self._blind_since_ms: int | None = blind_since_ms
        self._log_since_ms: int | None = log_since_ms - OVERLAP_MS
        self._unseen: deque[tuple[str, EndedContact]] = deque()  # came and went, not written down so far

    def begin(self) -> None:
        """The link is down: from now on nothing is seen."""
        if self._blind_since_ms is None:
            self._blind_since_ms = self._log_since_ms = self._engine.clock.now_ms() - OVERLAP_MS

    async def ends(self, missing: Iterable[str]) -> Ends:
        """What the log says, if there is anything to ask: after a gap, or of contacts that are missing."""
        missing = [one for one in missing if one in self._engine.picture.contacts]
        if self._blind_since_ms is None and not missing:
            return Ends()
        since_ms = self._log_since_ms if self._blind_since_ms is not None else None
        ends = await asyncio.to_thread(self._ends, since_ms)
        if any(one not in ends.contacts for one in missing):
            await asyncio.sleep(LOG_DELAY_S)
            ends = await asyncio.to_thread(self._ends, since_ms)
        return ends

    def tell_before_snapshot(
        self, ends: Ends, gone: Iterable[str], in_fallback: Iterable[str], alive: Mapping[str, str]
    ) -> None:
        """What legs and callers did, each at its time; callers whom the fallback served left the queue.

        in_fallback: contacts alive there. alive: unique ids of the legs that live, by offer.
        """
        engine = self._engine
        open_offers = [view.offer for view in engine.picture.agents.values() if view.offer]
        for offer in open_offers:
            if offer in ends.legs:
                leg = ends.legs[offer]
                self._tell_talk(offer, leg.talk)
                engine.handle(LegEnded(offer, leg.cause, leg.by, at_ms=leg.ended_ms))
            elif offer in alive:
                self._tell_talk(offer, ends.talks.get(alive[offer], NEVER))
        for contact in in_fallback:
            self.leave_for_fallback(contact)
        for contact in gone:
            told = ends.contacts.get(contact)
            if told is None:
                continue
            if told.stage == FALLBACK:
                self.leave_for_fallback(contact)
            engine.handle(CallerHungUp(contact, at_ms=told.ended_ms))

    def _tell_talk(self, offer: str, talk: Talk) -> None:
        """A conversation that began meanwhile; one that is known already changes nothing."""
        if talk.answered_ms:
            self._engine.handle(OfferAnswered(offer, at_ms=talk.answered_ms))
        if talk.connected_ms:
            recording = self._recording_path(offer, talk.connected_ms)
            self._engine.handle(OfferConnected(offer, recording, at_ms=talk.connected_ms))

    def leave_for_fallback(self, contact: str) -> None:
        """The fallback serves this caller, who waits no longer."""
        if contact in self._engine.picture.entries:
            self._engine.handle(CallWithdrawn(contact, FALLBACK))

    def tell_after_snapshot(self, ends: Ends, gone: Iterable[str], seen: Collection[str]) -> None:
        """Ends of contacts; whole contacts that came and went unseen are for `tell_unseen`.

        seen: those the observer knows.
        """
        for contact in gone:
            self._end(contact, ends.contacts.get(contact))
        since_ms, self._blind_since_ms = self._blind_since_ms, None
        if since_ms is None:
            return
        unseen = [
            (contact, told)
            for contact, told in ends.contacts.items()
            if told.started_ms >= since_ms and contact not in self._known and contact not in seen
        ]
        self._unseen += unseen
        self._known = ()
        if unseen:
            logger.warning("contacts_unseen", extra={"count": len(unseen)})

    async def tell_unseen(self) -> None:
        """Write down whoever came and went unseen; after a long absence they are many, and calls go on."""
        while self._unseen:
            for _ in range(min(TOLD_AT_ONCE, len(self._unseen))):
                contact, told = self._unseen.popleft()
                self._start(contact, told.started_ms, told)
                self._end(contact, told)
            await asyncio.sleep(0)

    def _start(self, contact: str, at_ms: int, told: EndedContact | None) -> None:
        number, trunk, direct = (told.number, told.trunk, told.direct) if told else ("", "", False)
        self._engine.record(ContactStarted(at_ms, contact, number, trunk, direct, caller=""))

    def _end(self, contact: str, told: EndedContact | None) -> None:
        view = self._engine.picture.contacts.get(contact)
        if view is not None and not view.announced:
            self._start(contact, view.started_ms, told)
        self._engine.record(
            ContactEnded(
                at_ms=told.ended_ms if told else self._engine.clock.now_ms(),
                contact=contact,
                stage=told.stage if told else view.stage if view else "arrived",
                outcome=told.outcome if told else "",
                hung_up_by=told.by if told else "lost",
                cause=told.cause if told else 0,
                reason="ended while acd was away" if told else "lost with Asterisk",
                satisfaction=told.satisfaction if told else 0,
                survey_asked=told.survey_asked if told else False,
            )
        )
