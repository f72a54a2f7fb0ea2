"""What became of one contact's requests for an agent, and why: every offer and its proof, told from facts.

The explainer is given all facts in the order of their journal and folds them; when an offer of the contact
comes, it makes the choice once more from what it knows by then (`recount`) and asks why a certain agent was
not chosen (`why_not`). So nothing that came later can colour the answer. This module must not know where
facts come from, nor languages; it says phrases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.core.events import SettingsChanged
from acd.core.picture import Picture
from acd.core.recount import Clock, Scene, recount, recount_beside, ring_of
from acd.core.views import ContactView
from acd.core.why_not import WhyNot
from hotline.core.phrases import Phrase, phrase
from hotline.core.settings import Text

Body = Mapping[str, Any]
WAITING = ("waiting", "offered")
NEEDS_ALL_BEFORE = ("CallOffered", "CallLeftQueue", "ContactEnded")
"""A contact's facts after the last of these can be told by themselves: they ask for nothing about others.
Some come a day later (a recall settled, a call to the caller), when all facts between would be many."""


@dataclass
class OfferAccount:
    """One offer, of one phone or several at once, and what came of it. Times in ms; 0: has not happened."""

    body: Body
    agents: list[str]
    mismatches: tuple[Phrase, ...] | None  # None: the settings of that time are not at hand
    why_not: Phrase | None = None  # of the agent that was asked about
    rang_ms: int = 0
    answered_by: str = ""
    ended_ms: int = 0
    cause: str = ""  # why it came to no conversation; "connected" when it did

    @property
    def at_ms(self) -> int:
        """When the offer was made."""
        return int(self.body["at_ms"])


@dataclass
class EntryAccount:
    """One request for an agent: CallQueued, its steps, supervisors' deeds, its offers and its end."""

    body: Body
    widened: list[Body] = field(default_factory=list)
    deeds: list[Body] = field(default_factory=list)  # that were done, not those refused
    offers: list[OfferAccount] = field(default_factory=list)
    sent_on: list[Body] = field(default_factory=list)  # by the queue's limits: CallOverflowed
    left: Body | None = None
    why_not: Phrase | None = None  # of the agent asked about: at the entry's end without an answer, or now


class Explainer:
    """Follows acd's facts and explains one contact.

    settings_of gives the settings of a version, None when they are not at hand; asked: an agent's number, or
    ""; reasons: the settings' texts for not ready.
    """

    def __init__(
        self,
        contact: str,
        asked: str,
        day_starts_ms: Callable[[int], int],
        settings_of: Callable[[int], SettingsChanged | None],
        clock: Clock,
        reasons: Mapping[str, Text],
        picture: Picture | None = None,
    ) -> None:
        self.contact = contact
        self.asked = asked
        self.entries: list[EntryAccount] = []
        self.turned_away: list[Body] = []  # CallOverflowed of entries that a queue's limits did not let in
        self.day_starts_ms = day_starts_ms
        self._picture = picture or Picture(day_starts_ms)
        self._settings_of = settings_of
        self._clock = clock
        self._reasons = reasons
        self._offers: dict[str, OfferAccount] = {}  # by offer; those of one Dial share one account
        self._last_ms = 0
        self._version = 0  # of the settings, as the last fact that names one says

    @property
    def mismatched(self) -> bool:
        """Whether a proof says otherwise than its facts: an alarm."""
        return any(offer.mismatches for entry in self.entries for offer in entry.offers)

    def apply(self, kind: str, at_ms: int, body: Body) -> None:
        """Take the next fact, of the current version."""
        named = body.get("proof", body)
        self._version = named.get("settings_version", self._version)
        if body.get("contact") == self.contact and kind in _TOLD:
            _TOLD[kind](self, at_ms, body)
        self._picture.apply(kind, at_ms, body)
        self._last_ms = max(self._last_ms, at_ms)

    def finish(self) -> None:
        """No further fact has happened so far: what still waits is explained as it is now."""
        view = self._picture.contacts.get(self.contact)
        if view is None or view.stage != "waiting" or not self.entries:
            return
        self._explain_waiting(self.entries[-1], self._last_ms)

    # The facts

    def _queued(self, at_ms: int, body: Body) -> None:
        known = self.entries[-1].body["entry"] if self.entries else 0
        if body["entry"] > known:
            self.entries.append(EntryAccount(body))

    def _widened(self, at_ms: int, body: Body) -> None:
        if self.entries:
            self.entries[-1].widened.append(body)

    def _overflowed(self, at_ms: int, body: Body) -> None:
        if self.entries and self.entries[-1].body["entry"] == body["entry"]:
            self.entries[-1].sent_on.append(body)
        else:
            self.turned_away.append(body)

    def _acted(self, at_ms: int, body: Body) -> None:
        if self.entries and not body["refused"]:
            self.entries[-1].deeds.append(body)

    def _offered(self, at_ms: int, body: Body) -> None:
        dial = body.get("dial", "")
        first = self._offers.get(dial) if dial else None
        if first is not None:
            if first.mismatches is not None:
                first.mismatches += recount_beside(body, first.body, len(first.agents))
            first.agents.append(body["agent"])
            self._offers[body["offer"]] = first
            if self.asked == body["agent"]:
                first.why_not = phrase("explain.rang_here", agent=self.asked)
            return
        if not self.entries:
            return  # the request itself was before all that is known
        scene = self._scene(body["proof"].get("settings_version", 0), at_ms)
        account = OfferAccount(body, [body["agent"]], self._recount(body, scene))
        if self.asked:
            account.why_not = self._why_not_rung(scene, body)
        self.entries[-1].offers.append(account)
        self._offers[body["offer"]] = account

    def _why_not_rung(self, scene: Scene | None, body: Body) -> Phrase:
        if "best" in body["proof"] or self.asked == body["agent"]:
            return self._why_not(scene, body["proof"], proof_rings(body))
        return phrase("explain.meant_for", agent=body["agent"])

    def _recount(self, body: Body, scene: Scene | None) -> tuple[Phrase, ...] | None:
        if scene is None:
            return None
        return recount(body, scene) if "best" in body["proof"] else ()

    def _rang(self, at_ms: int, body: Body) -> None:
        if (account := self._offers.get(body["offer"])) is not None:
            account.rang_ms = account.rang_ms or at_ms

    def _answered(self, at_ms: int, body: Body) -> None:
        if (account := self._offers.get(body["offer"])) is not None:
            account.answered_by = body["agent"]

    def _ended(self, at_ms: int, body: Body) -> None:
        account = self._offers.get(body["offer"])
        if account is not None and account.cause != "connected" and body["cause"] != "answered_elsewhere":
            account.ended_ms, account.cause = at_ms, body["cause"]

    def _connected(self, at_ms: int, body: Body) -> None:
        if (account := self._offers.get(body["segment"])) is not None:
            account.ended_ms, account.cause = at_ms, "connected"
            account.answered_by = body["agent"]

    def _left(self, at_ms: int, body: Body) -> None:
        entry = next((one for one in self.entries if one.body["entry"] == body["entry"]), None)
        if entry is None:
            return
        entry.left = body
        view = self._picture.contacts.get(self.contact)
        if body["how"] != "answered" and view is not None and view.stage in WAITING:
            self._explain_waiting(entry, at_ms)

    # Why another agent did not ring

    def _explain_waiting(self, entry: EntryAccount, at_ms: int) -> None:
        """Why the agent asked about had not been offered the call by then."""
        if not self.asked:
            return
        view = self._picture.contacts.get(self.contact, ContactView(0))
        asks = {"needs": view.needs, "preferred": view.prefer, "settings_version": self._version}
        scene = self._scene(self._version, at_ms)
        entry.why_not = self._why_not(scene, asks, ())

    def _why_not(self, scene: Scene | None, proof: Body, ringing: tuple[str, ...]) -> Phrase:
        if scene is None:
            return phrase("explain.no_settings", version=proof.get("settings_version", 0))
        tell = WhyNot(scene, self._clock, self._reasons)
        return tell(self.asked, proof, ringing, self._steps_to_come())

    def _steps_to_come(self) -> list[Body]:
        entry = self.entries[-1]
        steps = entry.body.get("steps", [])
        began_ms = entry.body["at_ms"]
        return [
            {**step, "step": number, "at_ms": began_ms + step["after_ms"]}
            for number, step in enumerate(steps, 1)
            if number > len(entry.widened)
        ]

    def _scene(self, version: int, at_ms: int) -> Scene | None:
        settings = self._settings_of(version)
        self._picture.roll(at_ms)
        return None if settings is None else Scene(at_ms, self._picture, settings)


def proof_rings(body: Body) -> tuple[str, ...]:
    """The agents whose phones this offer and those beside it ring."""
    proof = body["proof"]
    count = ring_of(proof)
    if count == 1 or "best" not in proof:
        return (body["agent"],)
    return tuple(one["agent"] for one in proof["best"][:count])


_TOLD: dict[str, Callable[[Explainer, int, Body], None]] = {
    "CallQueued": Explainer._queued,
    "CallWidened": Explainer._widened,
    "CallOverflowed": Explainer._overflowed,
    "SupervisorActed": Explainer._acted,
    "CallOffered": Explainer._offered,
    "OfferRang": Explainer._rang,
    "CallAnswered": Explainer._answered,
    "OfferEnded": Explainer._ended,
    "CallConnected": Explainer._connected,
    "CallLeftQueue": Explainer._left,
}
