"""What must hold when a soak is over, each promise with what was found. Pure: judges what it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from hotline.soak.counts import BY_CALLER, BY_HOTLINE, Facts, disagreements, not_once

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
    """One promise: whether it was kept, and what was found, in words."""

    name: str
    kept: bool
    found: str


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
        return {**asdict(self), "broken": [promise.name for promise in self.broken]}


def calls_promise(calls: int, created: int, failed: int, phones_failed: int) -> Promise:
    """SIPp placed every call, and each went as a call may go, at the callers' end and at the phones'."""
    found = f"{created} of {calls} placed; {failed} failed for the caller, {phones_failed} for the phone"
    return Promise("calls", (created, failed, phones_failed) == (calls, 0, 0), found)


def contact_promises(created: int, log: Sequence[str], facts: Facts) -> list[Promise]:
    """Contacts, their ends and who hung up: equal to SIPp's calls, call by call and in sum."""
    contacts = len(facts.started)
    twice = not_once(facts.started, facts.ended)
    wrong = disagreements(log, facts)
    seen = Counter(line.partition(" ")[2] for line in log)
    facts_say = Counter(facts.hung_up_by.values())
    by_caller, by_hotline = sum(seen[one] for one in BY_CALLER), sum(seen[one] for one in BY_HOTLINE)
    hotline_says = facts_say["agent"] + facts_say["us"]
    # An end that acd did not see is missing on one side; one by both may be on either.
    differences = (facts_say["caller"] - by_caller, hotline_says - by_hotline)
    sums_agree = sum(seen.values()) == created and all(
        -facts.unseen <= difference <= seen["crossed"] for difference in differences
    )
    found = (
        f"SIPp: {by_caller} ended by the caller, {by_hotline} by the hotline, {seen['crossed']} by both;"
        f" facts: {facts_say['caller']}, {hotline_says}, {facts.unseen} unseen"
    )
    return [
        Promise("contacts", contacts == created, f"{contacts} contacts of {created} calls"),
        Promise("one end", not twice, f"{sum(facts.ended.values())} ends{_first(twice)}"),
        Promise("outcomes", sums_agree and not wrong, found + _first(wrong)),
    ]


def entry_promises(facts: Facts) -> list[Promise]:
    """Every queue entry, offer and conversation is over, once."""
    entries = Counter({str(key): number for key, number in facts.queued.items()})
    left = Counter({str(key): number for key, number in facts.left.items()})
    parts = (
        ("entries", entries, left, dict(facts.how_left)),
        ("offers", facts.offered, facts.offers_over, f"{len(facts.connected)} became conversations"),
        ("conversations", facts.connected, facts.segments_over, dict(facts.segment_ends)),
    )
    return [
        Promise(name, not (wrong := not_once(began, over)), f"{len(began)}: {told}{_first(wrong)}")
        for name, began, over, told in parts
    ]


def transfer_promise(log: Iterable[str], facts: Facts) -> Promise:
    """Transfers that the phones saw are those of the facts.

    One that was accepted as the caller hung up may be either; of one in acd's absence nobody may know.
    """
    seen = Counter(log)
    told = facts.segment_ends["transfer"]
    done, unclear, unseen = seen["transferred"], seen["accepted"], facts.segment_ends["lost"]
    found = (
        f"{done} by REFER as the phones saw it ({unclear} more as the caller hung up), {told} in the facts"
    )
    return Promise("transfers", done > 0 and done - unseen <= told <= done + unclear, found)


def recording_promise(kept: Collection[str], facts: Facts) -> Promise:
    """A recording for every conversation in which a word could be said, and for nothing else."""
    long = {name for name, length_ms in facts.lengths_ms.items() if length_ms >= AUDIBLE_MS}
    missing, strange = sorted(long - set(kept)), sorted(set(kept) - facts.connected.keys())
    wrong = [f"{name} has none" for name in missing] + [f"{name} of no conversation" for name in strange]
    found = (
        f"{len(kept)} of {len(facts.connected)} conversations, {len(facts.connected) - len(long)} too short"
    )
    return Promise("recordings", not wrong, found + _first(wrong))


def equal_promise(name: str, expected: int, found: int, what: str) -> Promise:
    """Two numbers that must be the same."""
    return Promise(name, expected == found, f"{found} {what}, {expected} expected")


def none_left_promise(name: str, left: Mapping[str, int]) -> Promise:
    """Nothing of these is there any more."""
    return Promise(name, not any(left.values()), ", ".join(f"{key} {number}" for key, number in left.items()))


def picture_promise(picture: Mapping[str, Any]) -> Promise:
    """No open contact, entry or leg, and no agent held by an offer that is over."""
    opened = picture["open"]
    held = [
        f"agent {number} is {agent['state']}{' with offer ' + agent['offer'] if agent['offer'] else ''}"
        for number, agent in opened["agents"].items()
        if agent["state"] not in IDLE_STATES or agent["offer"]
    ]
    left = {name: len(opened[name]) for name in ("contacts", "entries", "legs")}
    found = ", ".join(f"{number} open {name}" for name, number in left.items())
    return Promise("leases", not held and not any(left.values()), found + _first(held))


def descriptor_promise(before: Mapping[str, int], after: Mapping[str, int]) -> Promise:
    """At rest no process has more descriptors open than at rest before the first call."""
    leaked = [name for name in before if after[name] > before[name] + SPARE_DESCRIPTORS]
    found = ", ".join(f"{name} {before[name]} -> {after[name]}" for name in before)
    return Promise("descriptors", not leaked, found)


def memory_promise(warm: Mapping[str, float], end: Mapping[str, float], calls_since: int) -> Promise:
    """Resident memory (bytes) grew by less than MOST_GROWTH since the warm-up."""
    grown = {name: end[name] / warm[name] - 1 for name in warm}
    judged = calls_since >= JUDGED_CALLS
    found = ", ".join(f"{name} {warm[name] / 1e6:.1f} MB {grown[name]:+.1%}" for name in warm)
    told = "" if judged else f" (not judged: {calls_since} calls since the warm-up, {JUDGED_CALLS} needed)"
    return Promise("memory", not judged or max(grown.values()) < MOST_GROWTH, found + told)


def restart_promise(expected: Mapping[str, int], found: Mapping[str, int]) -> Promise:
    """Each service was started again once for each time it was killed, and nothing else was."""
    wrong = {name: number for name, number in found.items() if number != expected.get(name, 0)}
    return Promise(
        "restarts", not wrong, f"{sum(found.values())} of {sum(expected.values())} expected, {found}"
    )


def file_promise(name: str, sizes: Mapping[str, int], limit_bytes: int, rotated: int) -> Promise:
    """No file is larger than its limit, and something was rotated."""
    large = [file for file, size in sizes.items() if size > limit_bytes]
    found = f"{len(sizes)} files, the largest {max(sizes.values(), default=0)} bytes of {limit_bytes} allowed"
    return Promise(name, not large and rotated > 0, f"{found}, {rotated} rotated{_first(large)}")


def _first(complaints: Sequence[str]) -> str:
    """The first few of a list of complaints, as the end of a sentence."""
    if not complaints:
        return ""
    more = f" and {len(complaints) - _SHOWN} more" if len(complaints) > _SHOWN else ""
    return f"; WRONG: {'; '.join(complaints[:_SHOWN])}{more}"
