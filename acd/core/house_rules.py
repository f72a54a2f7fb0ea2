"""What settings say of agents and queues, as the distributor wants it: values only, times in ms."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What settings say of an agent."""

    number: str
    skills: tuple[tuple[str, int], ...]
    also: tuple[str, ...] = ()  # phones that ring with the one where the agent sits


@dataclass(frozen=True, slots=True)
class StepRules:
    """From after_ms on, counted from the entry into the queue, a waiting call asks for this instead."""

    after_ms: int
    needs: str


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What settings say of a queue, as values in ms."""

    name: str
    needs: str
    priority: int
    after_contact_ms: int
    offer_ring_ms: int  # offer_rings x ring period
    target_ms: int  # target_rings x ring period
    max_waiting: int = 1000
    order: str = "oldest_first"  # or "strict": a higher priority goes before any wait
    head_start_ms: int = 60_000  # oldest_first: what one point of priority counts as waited
    agent_choice: str = "longest_idle"  # see acd.core.choice
    steps: tuple[StepRules, ...] = ()  # in order of their times
    prefer_last_ms: int = 0  # how long the last agent of this caller is waited for; 0: not at all
    prefer_named_ms: int = 0  # how long agents named for the caller's number or choice are waited for
    return_within_ms: int = 0  # how long the place of a caller who left unserved is kept
    recall_within_ms: int = 0  # how long one who did not return may be called; 0: not at all
    max_wait_ms: int = 0  # after so long in the queue a call is sent on to overflow; 0: never
    overflow: str = ""  # go form: where those go for whom there is no room, and who waited for too long
    callers_per_1000_agents: int = 0  # more than so many in the queue per 1000 logged in; 0: no limit
    nobody_logged_in: tuple[str, str] = ("", "")  # go form of newcomers, of those who wait; "": they wait
    nobody_ready: tuple[str, str] = ("", "")  # likewise, while somebody is logged in
    disposition: str = ""  # the code after a conversation: "" not asked for, optional, required
    closed: str = "voicemail"  # go form: where newcomers go while a supervisor has closed the queue
    ring: int = 1  # so many phones at once
    pickup: str = "skilled"  # who may pick up its ringing calls, see acd.core.pickup
    short_abandon_ms: int = 5_000  # who hangs up within it did not really wait
    max_predicted_ms: int = 0  # whose wait is expected to be longer is sent on; 0: nobody
    predicted: tuple[str, str] = ("", "")  # go form of newcomers, of those who wait; "": they wait
    reach_ms: int = 0  # of a callback: so long it takes at most to reach the person; 0: the caller is here

    @property
    def judges_staff(self) -> bool:
        """Whether callers who wait are sent on when agents are away."""
        return bool(self.nobody_logged_in[1] or self.nobody_ready[1])


def rules_of_callback(rules: QueueRules, reach_ms: int) -> QueueRules:
    """The rules for a call that keeps the place of a person who is to be called back.

    There is nobody on the line who could have too much of it, or would come again for a place.
    """
    return replace(
        rules,
        reach_ms=reach_ms,
        max_wait_ms=0,
        overflow="",
        nobody_logged_in=("", ""),
        nobody_ready=("", ""),
        max_predicted_ms=0,
        predicted=("", ""),
        return_within_ms=0,
        recall_within_ms=0,
    )


@dataclass(frozen=True, slots=True)
class FailedOfferRule:
    """What an agent becomes after so many failed offers of one cause in a row; before that, a pause.

    becomes: not_responding, not_ready, paused, logged_out.
    """

    becomes: str
    after: int = 1


@dataclass(frozen=True, slots=True)
class AgentRules:
    """What settings say of all agents alike, as values in ms."""

    prolong_ms: int = 60_000  # one prolonging of after-contact work
    longest_work_ms: int = 900_000  # prolonged work ends so long after it began
    code_wait_ms: int = 300_000  # so long after work began a required code is waited for
    codes: tuple[str, ...] = ()  # of dispositions
    break_ms: tuple[tuple[str, int], ...] = ()  # reason of not ready -> how long it may last
    phone_gone_ms: int = 0  # logged out when the phone is gone for so long; 0: never
    pause_ms: int = 5_000  # how long an agent is left alone after a failed offer
    failed_offers: tuple[tuple[str, FailedOfferRule], ...] = (
        ("no_answer", FailedOfferRule("not_responding")),
        ("rejected", FailedOfferRule("not_ready")),
        ("busy", FailedOfferRule("paused")),
        ("unreachable", FailedOfferRule("not_ready")),
    )


AGENT_RULES = AgentRules()
"""Those of a house that sets none."""
