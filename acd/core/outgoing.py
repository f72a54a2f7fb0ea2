"""May an agent dial this outside number? Prefixes per role, limits per day, emergency numbers.

Of all prefixes of a role the longest that the number begins with decides; a number under no prefix is
refused. Emergency numbers pass whatever else holds. This module must not know trunks or phones.
"""

from __future__ import annotations

from dataclasses import dataclass

ANY_ROLE = "any"


@dataclass(frozen=True, slots=True)
class OutgoingLimits:
    """What holds for agents of one role. Prefixes without the prefix of outside calls."""

    role: str  # agent, supervisor, any
    allowed: tuple[str, ...]
    refused: tuple[str, ...] = ()
    most_calls: int = 0  # per agent and day; 0: no limit
    most_ms: int = 0  # talk per agent and day; 0: no limit
    transfer: bool = False  # callers may be transferred there, too


@dataclass(frozen=True, slots=True)
class Judgement:
    """why: "" when allowed, else prefix (not this number), calls or minutes (too many today)."""

    why: str
    prefix: str = ""  # the one that decided


def judge_outgoing(
    number: str,
    role: str,
    limits: tuple[OutgoingLimits, ...],
    calls_today: int,
    spent_ms: int,
    *,
    transfer: bool = False,
) -> Judgement:
    """Whether an agent of this role may dial the number, after so many calls and so much talk today.

    transfer: a caller is to be sent there.
    """
    found = [
        (len(prefix), prefix, one, prefix in one.refused)
        for one in limits
        if one.role in (role, ANY_ROLE)
        for prefix in (*one.allowed, *one.refused)
        if number.startswith(prefix)
    ]
    if not found:
        return Judgement("prefix")
    # A prefix that is allowed and refused is refused.
    _, best, holding, refused = max(found, key=lambda one: (one[0], one[3]))
    if refused or (transfer and not holding.transfer):
        return Judgement("prefix", best)
    if holding.most_calls and calls_today >= holding.most_calls:
        return Judgement("calls", best)
    if holding.most_ms and spent_ms >= holding.most_ms:
        return Judgement("minutes", best)
    return Judgement("", best)
