"""What SIPp saw of its calls against what the hotline's facts say of them, call by call.

Reads logs and facts as given; must not know where they come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hotline.core.phrases import Phrase, phrase
from hotline.journal import Envelope

BY_CALLER = frozenset({"gave_up", "hung_up"})
BY_HOTLINE = frozenset({"far", "refused"})
EITHER = frozenset({"crossed"})
SEEN_ENDS = frozenset({"caller", "agent", "us"})
"""hung_up_by of an end that acd saw itself; else it was away, and who hung up first is not known."""


@dataclass(slots=True)
class Facts:
    """What acd's facts say. Contacts by id, callers by number.

    transfers, torn: conversations of a contact that ended by a transfer, or so that nobody knows how.
    """

    started: Counter[str] = field(default_factory=Counter)
    started_ms: dict[str, int] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)
    hung_up_by: dict[str, str] = field(default_factory=dict)
    contact_of: dict[str, str] = field(default_factory=dict)
    queued: Counter[tuple[str, int]] = field(default_factory=Counter)
    left: Counter[tuple[str, int]] = field(default_factory=Counter)
    how_left: Counter[str] = field(default_factory=Counter)
    offered: Counter[str] = field(default_factory=Counter)
    offers_over: Counter[str] = field(default_factory=Counter)
    connected: Counter[str] = field(default_factory=Counter)
    segments_over: Counter[str] = field(default_factory=Counter)
    segment_ends: Counter[str] = field(default_factory=Counter)
    transfers: Counter[str] = field(default_factory=Counter)
    torn: Counter[str] = field(default_factory=Counter)
    lengths_ms: dict[str, int] = field(default_factory=dict)
    facts: int = 0

    @property
    def unseen(self) -> int:
        """Contacts that ended while acd was away."""
        return sum(by not in SEEN_ENDS for by in self.hung_up_by.values())

    def started_since(self, since_ms: int) -> int:
        """How many contacts began at this instant or later (ms since 1970)."""
        return sum(at_ms >= since_ms for at_ms in self.started_ms.values())


def read_facts(envelopes: Iterable[Envelope]) -> Facts:
    """Count acd's facts."""
    facts = Facts()
    caller_of_reference: dict[str, str] = {}
    reference_of: dict[str, str] = {}
    for envelope in envelopes:
        body = envelope.body
        facts.facts += 1
        match envelope.kind:
            case "ContactStarted":
                facts.started[body["contact"]] += 1
                facts.started_ms.setdefault(body["contact"], envelope.at_us // 1000)
                reference_of[body["contact"]] = body["caller"]
            case "CallerIdentified":
                caller_of_reference[body["caller"]] = body["number"]
            case "ContactEnded":
                facts.ended[body["contact"]] += 1
                facts.hung_up_by[body["contact"]] = body["hung_up_by"]
            case "CallQueued":
                facts.queued[body["contact"], body["entry"]] += 1
            case "CallLeftQueue":
                facts.left[body["contact"], body["entry"]] += 1
                facts.how_left[body["how"]] += 1
            case "CallOffered":
                facts.offered[body["offer"]] += 1
            case "OfferEnded":
                facts.offers_over[body["offer"]] += 1
            case "CallConnected":
                facts.connected[body["segment"]] += 1
                facts.offers_over[body["segment"]] += 1
            case "SegmentEnded":
                facts.segments_over[body["segment"]] += 1
                facts.segment_ends[body["hung_up_by"]] += 1
                facts.transfers[body["contact"]] += body["hung_up_by"] == "transfer"
                facts.torn[body["contact"]] += body["hung_up_by"] == "lost"
                facts.lengths_ms[body["segment"]] = body["talk_ms"] + body["hold_ms"]
    for contact, reference in reference_of.items():
        if reference in caller_of_reference:
            facts.contact_of[caller_of_reference[reference]] = contact
    return facts


def with_crossings(log: Iterable[str], phones_log: Iterable[str], facts: Facts) -> list[str]:
    """SIPp's lines; who hung up in the moment in which the agent had, and Asterisk was about to, has crossed.

    A caller sees no more of it than a BYE of its own that is answered. log: caller's number and outcome;
    phones_log: outcome and caller's number.
    """
    phones = (line.partition(" ") for line in phones_log)
    left_alone = {
        facts.contact_of.get(caller, caller) for outcome, _, caller in phones if outcome == "hung_up"
    }

    def seen(line: str) -> str:
        caller, _, outcome = line.partition(" ")
        contact = facts.contact_of.get(caller, "")
        both = outcome == "hung_up" and contact in left_alone and facts.hung_up_by.get(contact) == "agent"
        return f"{caller} crossed" if both else line

    return [seen(line) for line in log]


def disagreements(log: Iterable[str], facts: Facts) -> list[Phrase]:
    """Calls whose end SIPp and the facts tell differently.

    log: SIPp's lines, caller's number and outcome. Passed over are contacts whose caller or end acd could not
    see because it was away; how many these may be is for the owner to judge.
    """
    wrong: list[Phrase] = []
    for line in log:
        caller, _, outcome = line.partition(" ")
        contact = facts.contact_of.get(caller, "")
        by = facts.hung_up_by.get(contact, "")
        if outcome == "silent":
            wrong.append(phrase("soak.wrong_unanswered", caller=caller))
        elif not contact or by not in SEEN_ENDS or outcome in EITHER:
            continue
        elif (outcome in BY_CALLER) != (by == "caller"):
            wrong.append(phrase("soak.wrong_end", caller=caller, contact=contact, outcome=outcome, by=by))
    return wrong


def transfers_otherwise(log: Iterable[str], facts: Facts) -> list[Phrase]:
    """Callers whom the phones transferred more often, or less, than the facts say.

    log: the phones' lines, outcome and caller's number. A transfer that was accepted as the caller hung up
    may be either; of a conversation whose end nobody saw, nobody knows.
    """
    seen, unclear = Counter[str](), Counter[str]()
    for line in log:
        outcome, _, caller = line.partition(" ")
        contact = facts.contact_of.get(caller, caller)
        seen[contact] += outcome == "transferred"
        unclear[contact] += outcome == "accepted"
    return [
        phrase("soak.wrong_transfers", contact=contact, seen=seen[contact], told=facts.transfers[contact])
        for contact in sorted(seen.keys() | facts.transfers.keys())
        if not seen[contact] - facts.torn[contact]
        <= facts.transfers[contact]
        <= seen[contact] + unclear[contact]
    ]


def not_once(began: Counter[str], over: Counter[str]) -> list[Phrase]:
    """Names that did not begin once and end once."""
    return [
        phrase("soak.wrong_count", name=name, began=began[name], over=over[name])
        for name in sorted(began.keys() | over.keys())
        if not _once(name, began, over)
    ]


def _once(name: str, began: Counter[str], over: Counter[str]) -> bool:
    return began[name] == 1 and over[name] == 1
