"""What must hold when a soak is over, each promise with what was found. Pure: judges what it is given.

Promises have keys, which a report as JSON keeps in any language, and texts in the operator's language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hotline.core.phrases import Phrase, phrase
from hotline.soak.counts import (
    BY_CALLER,
    BY_HOTLINE,
    Facts,
    disagreements,
    not_once,
    transfers_otherwise,
)
from hotline.words import in_words, say

MOST_GROWTH = 0.05
JUDGED_CALLS = 2_000
"""Memory is judged when so many calls came after the warm-up; fewer say nothing of growth."""
SPARE_DESCRIPTORS = 2
AUDIBLE_MS = 200
"""A shorter conversation may have no sound at all."""
IDLE_STATES = frozenset({"ready", "not_ready", "offline", "not_responding"})
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise by its key, whether it was kept, what was found, and what of it is wrong."""

    name: str
    kept: bool
    found: Phrase
    wrong: Sequence[Phrase] = ()

    def title(self) -> str:
        """What it is about, in the operator's language."""
        return say(f"soak_promise.{self.name}")

    def told(self) -> str:
        """What was found, with the first few mistakes, in the operator's language."""
        if not self.wrong:
            return in_words(self.found)
        first = "; ".join(in_words(one) for one in self.wrong[:_SHOWN])
        if len(self.wrong) <= _SHOWN:
            return say("soak.wrong", found=self.found, first=first)
        return say("soak.wrong_and_more", found=self.found, first=first, more=len(self.wrong) - _SHOWN)


@dataclass(slots=True)
class Report:
    """All that a soak found."""

    calls: int
    seed: int
    data: str
    took_s: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)

    @property
    def broken(self) -> list[Promise]:
        """The promises that were not kept."""
        return [promise for promise in self.promises if not promise.kept]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        judged = [
            {"name": promise.name, "kept": promise.kept, "found": promise.told()} for promise in self.promises
        ]
        broken = [promise.name for promise in self.broken]
        return {**asdict(replace(self, promises=[])), "promises": judged, "broken": broken}


def calls_promise(
    calls: int, created: int, failed: int, phones_failed: int, complaints: Sequence[str] = ()
) -> Promise:
    """SIPp placed every call, and each went as a call may go, at the callers' end and at the phones'.

    complaints: what SIPp said of the calls that did not; no reason by itself.
    """
    found = phrase(
        "soak.found_calls", calls=calls, created=created, failed=failed, phones_failed=phones_failed
    )
    kept = (created, failed, phones_failed) == (calls, 0, 0)
    wrong = [] if kept else [phrase("soak.sipp_says", text=one) for one in complaints]
    return Promise("calls", kept, found, wrong)


def contact_promises(
    created: int, log: Sequence[str], facts: Facts, unborn: Sequence[str] = ()
) -> list[Promise]:
    """Contacts, their ends and who hung up: equal to SIPp's calls, call by call and in sum.

    unborn: callers' channels that Asterisk ended before the dialplan began; each must be one who gave up.
    """
    contacts = len(facts.started)
    unborn = [one for one in unborn if one not in facts.started]  # acd may have seen the first line run
    twice = not_once(facts.started, facts.ended)
    counted = phrase("soak.found_contacts", contacts=contacts, calls=created)
    if unborn:
        channels = ", ".join(unborn)
        counted = phrase(
            "soak.found_unborn", contacts=contacts, calls=created, unborn=len(unborn), channels=channels
        )
    nameless = sum(
        outcome == "gave_up" and caller not in facts.contact_of
        for caller, _, outcome in (line.partition(" ") for line in log)
    )
    return [
        Promise("contacts", contacts + len(unborn) == created and len(unborn) <= nameless, counted),
        Promise("one_end", not twice, phrase("soak.found_ends", ends=sum(facts.ended.values())), twice),
        _outcome_promise(created, log, facts, len(unborn)),
    ]


def _outcome_promise(created: int, log: Sequence[str], facts: Facts, unborn: int) -> Promise:
    wrong = disagreements(log, facts)
    seen = Counter(line.partition(" ")[2] for line in log)
    facts_say = Counter(facts.hung_up_by.values())
    by_caller, by_hotline = sum(seen[one] for one in BY_CALLER), sum(seen[one] for one in BY_HOTLINE)
    hotline_says = facts_say["agent"] + facts_say["us"]
    # An end that acd did not see is missing on one side; one by both may be on either.
    differences = (facts_say["caller"] + unborn - by_caller, hotline_says - by_hotline)
    sums_agree = sum(seen.values()) == created and all(
        -facts.unseen <= difference <= seen["crossed"] for difference in differences
    )
    found = phrase(
        "soak.found_outcomes",
        by_caller=by_caller,
        by_hotline=by_hotline,
        crossed=seen["crossed"],
        facts_caller=facts_say["caller"],
        facts_hotline=hotline_says,
        unseen=facts.unseen,
    )
    return Promise("outcomes", sums_agree and not wrong, found, wrong)


def entry_promises(facts: Facts) -> list[Promise]:
    """Every queue entry, offer and conversation is over, once."""
    entries = Counter({str(key): number for key, number in facts.queued.items()})
    left = Counter({str(key): number for key, number in facts.left.items()})
    count = len(facts.connected)
    return [
        _once_promise(
            "entries",
            not_once(entries, left),
            phrase("soak.found_entries", count=len(entries), how=dict(facts.how_left)),
        ),
        _once_promise(
            "offers",
            not_once(facts.offered, facts.offers_over),
            phrase("soak.found_offers", count=len(facts.offered), connected=count),
        ),
        _once_promise(
            "conversations",
            not_once(facts.connected, facts.segments_over),
            phrase("soak.found_conversations", count=count, ends=dict(facts.segment_ends)),
        ),
    ]


def _once_promise(name: str, wrong: Sequence[Phrase], found: Phrase) -> Promise:
    return Promise(name, not wrong, found, wrong)


def transfer_promise(log: Iterable[str], facts: Facts) -> Promise:
    """Transfers that the phones saw are those of the facts, caller by caller (see `transfers_otherwise`)."""
    log = list(log)
    seen = Counter(line.partition(" ")[0] for line in log)
    told = facts.segment_ends["transfer"]
    done, unclear = seen["transferred"], seen["accepted"]
    wrong = transfers_otherwise(log, facts)
    found = phrase("soak.found_transfers", done=done, unclear=unclear, told=told)
    return Promise("transfers", done > 0 and not wrong, found, wrong)


def recording_promise(kept: Collection[str], facts: Facts) -> Promise:
    """A recording for every conversation in which a word could be said, and for nothing else."""
    long = {name for name, length_ms in facts.lengths_ms.items() if length_ms >= AUDIBLE_MS}
    missing, strange = sorted(long - set(kept)), sorted(set(kept) - facts.connected.keys())
    wrong = [phrase("soak.wrong_no_recording", segment=name) for name in missing]
    wrong += [phrase("soak.wrong_no_conversation", segment=name) for name in strange]
    connected = len(facts.connected)
    found = phrase("soak.found_recordings", kept=len(kept), connected=connected, short=connected - len(long))
    return Promise("recordings", not wrong, found, wrong)


def equal_promise(name: str, expected: int, found: int, what: Phrase) -> Promise:
    """Two numbers that must be the same."""
    return Promise(
        name, expected == found, phrase("soak.found_equal", found=found, what=what, expected=expected)
    )


def tiles_promise(picture: Mapping[str, Any], facts: Facts) -> Promise:
    """The tiles have all contacts of the picture's day; at midnight they begin anew."""
    begun, shown = facts.started_since(picture["day_ms"]), picture["day"]["contacts"]
    return equal_promise("tiles", begun, shown, phrase("soak.contacts_on_tiles"))


def none_left_promise(name: str, left: Mapping[str, int]) -> Promise:
    """Nothing of these is there any more."""
    text = ", ".join(f"{key} {number}" for key, number in left.items())
    return Promise(name, not any(left.values()), phrase("soak.found_text", text=text))


def picture_promise(picture: Mapping[str, Any]) -> Promise:
    """No open contact, entry or leg, and no agent held by an offer that is over."""
    opened = picture["open"]
    held = [
        _held_agent(number, agent["state"], agent["offer"])
        for number, agent in opened["agents"].items()
        if agent["state"] not in IDLE_STATES or agent["offer"]
    ]
    contacts, entries, legs = (len(opened[name]) for name in ("contacts", "entries", "legs"))
    found = phrase("soak.found_open", contacts=contacts, entries=entries, legs=legs)
    return Promise("leases", not held and not (contacts or entries or legs), found, held)


def _held_agent(number: str, state: str, offer: str) -> Phrase:
    if offer:
        return phrase("soak.wrong_agent_offer", number=number, state=state, offer=offer)
    return phrase("soak.wrong_agent", number=number, state=state)


def descriptor_promise(before: Mapping[str, int], after: Mapping[str, int]) -> Promise:
    """At rest no process has more descriptors open than at rest before the first call."""
    leaked = [name for name in before if after[name] > before[name] + SPARE_DESCRIPTORS]
    text = ", ".join(f"{name} {before[name]} -> {after[name]}" for name in before)
    return Promise("descriptors", not leaked, phrase("soak.found_text", text=text))


def memory_promise(warm: Mapping[str, float], end: Mapping[str, float], calls_since: int) -> Promise:
    """Resident memory (bytes) grew by less than MOST_GROWTH since the warm-up."""
    grown = {name: end[name] / warm[name] - 1 for name in warm}
    sizes = ", ".join(f"{name} {warm[name] / 1e6:.1f} MB {grown[name]:+.1%}" for name in warm)
    if calls_since < JUDGED_CALLS:
        early = phrase("soak.found_memory_early", sizes=sizes, calls=calls_since, needed=JUDGED_CALLS)
        return Promise("memory", True, early)
    return Promise("memory", max(grown.values()) < MOST_GROWTH, phrase("soak.found_text", text=sizes))


def restart_promise(expected: Mapping[str, int], found: Mapping[str, int]) -> Promise:
    """Each service was started again once for each time it was killed, and nothing else was."""
    wrong = {name: number for name, number in found.items() if number != expected.get(name, 0)}
    counted = phrase(
        "soak.found_restarts",
        found=sum(found.values()),
        expected=sum(expected.values()),
        each=dict(found),
    )
    return Promise("restarts", not wrong, counted)


def file_promise(name: str, sizes: Mapping[str, int], limit_bytes: int, rotated: int) -> Promise:
    """No file is larger than its limit, and something was rotated."""
    large = [phrase("soak.found_text", text=file) for file, size in sizes.items() if size > limit_bytes]
    largest = max(sizes.values(), default=0)
    found = phrase("soak.found_files", count=len(sizes), largest=largest, limit=limit_bytes, rotated=rotated)
    return Promise(name, not large and rotated > 0, found, large)
