"""The proof of an offer: why this call and this agent, in a form that can be kept for years.

Counts go by reason of exclusion, the first that applies: an agent without the needed skills is counted as
that, whatever the state; then one who is not among those preferred; the others by state. Of those left, the
best 20 are listed with their keys. Why one certain agent did not ring is rebuilt from the facts at that
position, not from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acd.core.agents import STATES
from acd.core.calls import Call, NeedsGroup
from acd.core.choice import tie_break
from acd.core.pairing import Candidate


def aimed_proof(call: Call, how: str, settings_version: int) -> dict[str, Any]:
    """The proof of an offer that was meant for this agent: there was no choice, so there are no candidates.

    how: offered, recalled out of the after-contact work about this call, or took by the agent's own wish.
    """
    return {
        "aimed": how,
        "needs": call.needs_text,
        "priority": call.priority,
        "wait_since_ms": call.wait_since_ms,
        "settings_version": settings_version,
    }


def offer_proof(
    call: Call,
    group: NeedsGroup,
    everyone: int,
    bits_by_state: Mapping[str, int],
    best: Sequence[Candidate],
    settings_version: int,
    policy: str,
    seed: str,
) -> dict[str, Any]:
    """The proof as JSON values; group's masks, everyone and bits_by_state are as before the offer.

    step counts how often the call has widened (0: as at entry); preferred: only these agents at that step.
    key is the policy's number of an agent, the least is best; seed: of the policy "random".
    """
    eligible, skilled = group.eligible, group.skilled
    excluded = {
        "lacks_skills": (everyone & ~skilled).bit_count(),
        "not_preferred": (skilled & ~eligible).bit_count(),
    }
    for state in STATES:
        if state != "ready":
            excluded[state] = (bits_by_state[state] & eligible).bit_count()
    return {
        "needs": call.needs_text,
        "step": call.step,
        **({"preferred": list(call.prefer)} if call.prefer else {}),
        "priority": call.priority,
        "wait_since_ms": call.wait_since_ms,
        "settings_version": settings_version,
        "excluded": {reason: count for reason, count in excluded.items() if count},
        "candidates": (bits_by_state["ready"] & eligible).bit_count(),
        "best": [
            {"agent": number, "idle_since_ms": idle_since_ms, "key": key}
            for key, idle_since_ms, number in best
        ],
        "policy": policy,
        "tie_break": tie_break(policy),
        **({"seed": seed} if policy == "random" else {}),
    }
