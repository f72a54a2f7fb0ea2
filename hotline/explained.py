"""An explained contact as people and programs read it: lines of phrases, and the same as JSON values.

Must not know where facts come from (`hotline.explain`), nor judge them (`acd.core.explain`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from acd.core.agents import STATES
from acd.core.choice import LONGEST_IDLE
from acd.core.explain import EntryAccount, Explainer, OfferAccount
from acd.core.recount import Clock, policy_of
from acd.core.why_not import shown_key
from hotline.catalogue import load_catalogue
from hotline.core.phrases import Phrase, phrase
from hotline.core.shown_text import shown_text

SHOWN = 20
"""So many of the candidates are listed; proofs keep no more."""

INDENT = "    "
_ORDER = {reason: place for place, reason in enumerate(("lacks_skills", "not_preferred", *STATES))}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an explanation, and how far it stands to the right."""

    depth: int
    said: Phrase


def lines(told: Explainer, clock: Clock) -> list[Line]:
    """The whole explanation, in the order in which things happened."""
    found = [Line(0, phrase("explain.heading", contact=shown_text(told.contact)))]
    found += [Line(1, _sent_on(body, clock)) for body in told.turned_away]
    if not told.entries and not told.turned_away:
        found.append(Line(1, phrase("explain.no_request", contact=shown_text(told.contact))))
    for entry in told.entries:
        found += _entry(entry, told.asked, clock)
    return found


def text(found: list[Line], words: Callable[[Phrase], str]) -> str:
    """Lines as text in one language."""
    return "\n".join(INDENT * line.depth + words(line.said) for line in found)


def document(told: Explainer, words: Callable[[Phrase], str], clock: Clock) -> dict[str, Any]:
    """Everything as JSON values; what is said, in one language."""
    return {
        "contact": told.contact,
        "agent": told.asked,
        "matches": not told.mismatched,
        "turned_away": [dict(one) for one in told.turned_away],
        "requests": [_entry_values(entry, words) for entry in told.entries],
        "text": text(lines(told, clock), words),
    }


def _entry_values(entry: EntryAccount, words: Callable[[Phrase], str]) -> dict[str, Any]:
    return {
        "queued": dict(entry.body),
        "widened": [dict(step) for step in entry.widened],
        "sent_on": [dict(one) for one in entry.sent_on],
        "deeds": [dict(deed) for deed in entry.deeds],
        "offers": [_offer_values(offer, words) for offer in entry.offers],
        "left": None if entry.left is None else dict(entry.left),
        "why_not": None if entry.why_not is None else words(entry.why_not),
    }


def _offer_values(offer: OfferAccount, words: Callable[[Phrase], str]) -> dict[str, Any]:
    mismatches = offer.mismatches
    return {
        "offer": offer.body["offer"],
        "agents": offer.agents,
        "at_ms": offer.at_ms,
        "proof": offer.body["proof"],
        "recounted": mismatches is not None,
        "mismatches": [words(one) for one in mismatches or ()],
        "rang_ms": offer.rang_ms,
        "ended_ms": offer.ended_ms,
        "cause": offer.cause,
        "why_not": None if offer.why_not is None else words(offer.why_not),
    }


def _entry(entry: EntryAccount, asked: str, clock: Clock) -> Iterator[Line]:
    body = entry.body
    said = phrase(
        "explain.queued",
        at=clock(body["at_ms"]),
        entry=body["entry"],
        queue=body["queue"],
        needs=_needs(body["needs"]),
        priority=body["priority"],
        since=clock(body["wait_since_ms"]),
        version=body["settings_version"],
    )
    yield Line(1, said)
    preferred = _preferred(body)
    if preferred is not None:
        yield Line(2, preferred)
    happened: list[tuple[int, list[Line]]] = [
        (step["at_ms"], [Line(2, _widened(step, clock))]) for step in entry.widened
    ]
    happened += [(deed["at_ms"], [Line(2, _acted(deed, clock))]) for deed in entry.deeds]
    happened += [(body["at_ms"], [Line(2, _sent_on(body, clock))]) for body in entry.sent_on]
    happened += [(offer.at_ms, list(_offer(offer, asked, clock))) for offer in entry.offers]
    for _, told in sorted(happened, key=lambda one: one[0]):
        yield from told
    yield Line(2, phrase("explain.waits") if entry.left is None else _left(entry.left, clock))
    if entry.why_not is not None:
        yield Line(2, phrase("explain.why", agent=shown_text(asked), why=entry.why_not))


def _preferred(queued: Mapping[str, Any]) -> Phrase | None:
    """Whom the call asked for before anybody else; None: nobody."""
    others, teams = ", ".join(queued.get("prefer", [])), ", ".join(queued.get("teams", []))
    if not others:
        return phrase("explain.team_not_here", teams=teams) if teams else None
    if not teams:
        return phrase("explain.preferred", others=others)
    return phrase("explain.preferred_team", others=others, teams=teams)


def _needs(needs: str) -> Phrase | str:
    return needs or phrase("explain.anyone")


def _widened(step: Mapping[str, Any], clock: Clock) -> Phrase:
    at, number, needs = clock(step["at_ms"]), step["step"], _needs(step["needs"])
    if not step["prefer"]:
        return phrase("explain.widened", at=at, step=number, needs=needs)
    others = ", ".join(step["prefer"])
    return phrase("explain.widened_preferring", at=at, step=number, needs=needs, others=others)


def _sent_on(body: Mapping[str, Any], clock: Clock) -> Phrase:
    queue, reason = shown_text(body["queue"]), body["reason"]
    why: Phrase | str = _said("explain_overflow", reason)
    if body.get("predicted_ms"):
        why = phrase("explain.expected", expected_s=_seconds(body["predicted_ms"]))
    return phrase("explain.sent_on", at=clock(body["at_ms"]), queue=queue, to=shown_text(body["to"]), why=why)


def _acted(deed: Mapping[str, Any], clock: Clock) -> Phrase:
    at, by, what = clock(deed["at_ms"]), shown_text(deed["by"]), _said("explain_deed", deed["deed"])
    about = shown_text(deed["detail"] or deed["agent"])
    return phrase("explain.acted_on" if about else "explain.acted", at=at, by=by, deed=what, about=about)


def _offer(offer: OfferAccount, asked: str, clock: Clock) -> Iterator[Line]:
    proof = offer.body["proof"]
    at, agents = clock(offer.at_ms), ", ".join(offer.agents)
    if "best" in proof:
        needs, version = _needs(proof["needs"]), proof["settings_version"]
        name, step = offer.body["offer"], proof["step"]
        yield Line(
            2,
            phrase(
                "explain.offer", at=at, offer=name, agents=agents, step=step, needs=needs, version=version
            ),
        )
        yield from _proof(offer, clock)
    else:
        how, version = _said("explain_aimed", proof.get("aimed", "")), proof.get("settings_version", 0)
        name = offer.body["offer"]
        yield Line(
            2, phrase("explain.offer_aimed", at=at, offer=name, agents=agents, how=how, version=version)
        )
    if offer.why_not is not None:
        yield Line(3, phrase("explain.why", agent=shown_text(asked), why=offer.why_not))
    yield Line(3, _outcome(offer, clock))


def _proof(offer: OfferAccount, clock: Clock) -> Iterator[Line]:
    proof = offer.body["proof"]
    # PostgreSQL keeps the keys of a proof in an order of its own.
    excluded = sorted(proof["excluded"].items(), key=lambda one: (_ORDER.get(one[0], len(_ORDER)), one[0]))
    counts = ((_word("explain_left_out", reason), count) for reason, count in excluded)
    reasons = [Phrase(key, {"count": count}) if key else str(count) for key, count in counts]
    if reasons:
        yield Line(3, phrase("explain.left_out", reasons=_joined(reasons)))
    else:
        yield Line(3, phrase("explain.nobody_left_out"))
    policy = policy_of(proof)
    rule = phrase("explain.rule_idle")
    if policy != LONGEST_IDLE:
        rule = phrase("explain.rule_policy", policy=_said("explain_policy", policy))
    yield Line(3, phrase("explain.candidates", count=proof["candidates"], rule=rule))
    for place, one in enumerate(proof["best"][:SHOWN], 1):
        yield Line(4, _candidate(place, one, policy, clock))
    if proof["candidates"] > len(proof["best"]):
        yield Line(4, phrase("explain.more_candidates", count=proof["candidates"] - len(proof["best"])))
    if offer.mismatches is None:
        yield Line(3, phrase("explain.not_recounted", version=proof["settings_version"]))
    elif offer.mismatches:
        yield Line(3, phrase("explain.mismatch", what=_joined(list(offer.mismatches))))
    else:
        yield Line(3, phrase("explain.matches"))


def _candidate(place: int, one: Mapping[str, Any], policy: str, clock: Clock) -> Phrase:
    since = clock(one["idle_since_ms"])
    if policy == LONGEST_IDLE or "key" not in one:
        return phrase("explain.candidate", place=place, agent=one["agent"], since=since)
    key, by = shown_key(policy, one["key"], clock), _said("explain_policy", policy)
    return phrase("explain.candidate_by", place=place, agent=one["agent"], policy=by, key=key, since=since)


def _outcome(offer: OfferAccount, clock: Clock) -> Phrase:
    if not offer.cause:
        return phrase("explain.outcome_open")
    at = clock(offer.ended_ms)
    if offer.cause == "connected":
        return phrase("explain.outcome_connected", at=at, agent=offer.answered_by)
    cause = _said("explain_cause", offer.cause)
    if not offer.rang_ms:
        return phrase("explain.outcome_unrung", at=at, cause=cause)
    return phrase(
        "explain.outcome_ended", at=at, cause=cause, ring_s=_seconds(offer.ended_ms - offer.rang_ms)
    )


def _left(left: Mapping[str, Any], clock: Clock) -> Phrase:
    at, how, wait_s = clock(left["at_ms"]), _said("explain_how", left["how"]), _seconds(left["wait_ms"])
    if left["to"]:
        return phrase("explain.left_for", at=at, how=how, to=shown_text(left["to"]), wait_s=wait_s)
    return phrase("explain.left", at=at, how=how, wait_s=wait_s)


def _seconds(span_ms: int) -> str:
    return f"{span_ms / 1000:.1f}"


def _word(section: str, name: str) -> str:
    """The key of a word of the catalogue; "" when a newer program has written a name that we do not know."""
    key = f"{section}.{name}"
    return key if key in load_catalogue().keys else ""


def _said(section: str, name: str) -> Phrase | str:
    key = _word(section, name)
    return Phrase(key) if key else name


def _joined(parts: list[Phrase | str] | list[Phrase]) -> Phrase | str:
    """Several phrases as one, with a comma between them."""
    joined: Phrase | str = ""
    for part in parts:
        joined = phrase("explain.and", first=joined, next=part) if joined else part
    return joined
