"""What facts and events have told of the house: all that promises are judged by.

Rebuilt from facts alone, and needs are judged with the naive evaluator; so it shares no bit mask, index or
state table with the code that is judged.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from promise_broken import PromiseBrokenError

from acd.core import house_rules
from acd.core.needs import Needs, parse_needs

COME_BACK_MS = 1_500
PAUSE_MS = 5_000
LEAVING_MS = 5_000
PUT_FIRST = 1_000_000
WORK_STATES = ("on_contact", "on_hold", "acw")
HELD_STATES = ("offered", "on_contact", "on_hold", "unknown")
NO_MARK = ("caller_gone", "withdrawn", "lost")
NO_OFFENCE = ("answered_elsewhere", "picked_up")  # the idle time goes on, though the phone rang


@dataclass
class Agent:
    """One agent, as the facts have told. Times in ms."""

    state: str = "offline"
    intent: str = "offline"
    idle_since_ms: int = 0  # 0: not ready when the agent was last free
    acw_until_ms: int = 0
    last_offer: str = ""
    mark: str = ""  # why the agent must not be offered anything until a sign of life
    marked_ms: int = 0
    help_ms: int = 0  # since when a hand is raised
    awaits_code: bool = False  # after-contact work is past its time
    must_work: bool = False  # after-contact work follows the conversation that has just ended
    offered_ms: int = 0
    told_ms: int = 0  # of the last change
    free_ms: int = 0
    busy_ms: int = 0
    contacts: int = 0
    recalled_until_ms: int = 0  # offered a call in the midst of work that lasts until then
    is_idle_unsure: bool = False  # acd died after the offer's end, before it wrote what became of the agent


@dataclass
class Entry:
    """One request for an agent that is not over. Times in ms."""

    entry: int
    key: tuple[int, int, str]
    wait_since_ms: int
    needs: Needs
    rules: house_rules.QueueRules
    queue: str
    prefer: list[str]
    queued_ms: int
    aims: list[str]  # agents it is meant for, who are not passed over
    widens: list[tuple[int, str]]  # when, and to which needs; the last part of its plan comes last
    has_session: bool = True
    dial: str = ""  # the offer whose Dial may run on the caller's channel
    leaves: bool = False  # its session has been told to send the caller elsewhere
    offers: list[str] = field(default_factory=list)  # open: those of one Dial
    answered_wait_ms: int = -1


@dataclass
class Offer:
    """One offer, also when it is over. Times in ms; 0: has not happened."""

    contact: str
    entry: int
    agent: str
    dial: str
    rang: bool = False
    answered: bool = False
    cancelled: bool = False
    after_contact_ms: int = 0
    connected_ms: int = 0
    held_since_ms: int = 0
    hold_ms: int = 0
    over: str = ""  # cause or "segment"


@dataclass(frozen=True)
class Place:
    """Where a contact stands in the line of a queue. Times in ms."""

    queue: str
    since_ms: int
    return_within_ms: int  # so long it is kept for one who leaves unserved


class Known:
    """Agents, open entries and offers, and what else a later decision is judged by."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.skills: dict[str, dict[str, int]] = {}
        self.entries: dict[str, Entry] = {}  # open, by contact
        self.offers: dict[str, Offer] = {}
        self.queued = Counter[tuple[str, int]]()
        self.left: dict[tuple[str, int], str] = {}
        self.places_of: dict[str, Place] = {}  # by contact, also when it does not wait any more
        self.gone_places: dict[str, tuple[Place, int]] = {}  # person -> whose return gets it, until when
        self.called_back: dict[str, Place] = {}  # contact -> the place that its callback keeps
        self.winners: dict[tuple[str, int], str] = {}  # by entry: the offer that led to the conversation
        self._needs: dict[str, Needs] = {}
        self.linked = False
        self.hold_until_ms = 0
        self.awaited: set[str] = set()
        self.gone: set[str] = set()  # callers who hung up
        self.places: dict[str, int] = {}
        self.rules: dict[str, house_rules.QueueRules] = {}
        self.finished_work: set[str] = set()
        self.in_use: set[str] = set()  # phones with a call of their own
        self.closed: set[str] = set()  # queues
        self.wanted: dict[str, tuple[str, int]] = {}  # contact -> who took it, and when
        self.picked_up: set[str] = set()  # those of them that rang; who answers before has them
        self.now_ms = 0

    def expect(self, is_kept: bool, otherwise: str) -> None:
        """Raise PromiseBrokenError with the time and these words, unless it is kept."""
        if not is_kept:
            raise PromiseBrokenError(f"at {self.now_ms}: {otherwise}")

    def is_held(self) -> bool:
        """Whether callers of the last snapshot are waited for."""
        return bool(self.awaited) and self.now_ms < self.hold_until_ms

    def needs_of(self, text: str) -> Needs:
        """The expression of this text, read once."""
        needs = self._needs.get(text)
        if needs is None:
            needs = self._needs[text] = parse_needs(text)
        return needs

    def could_serve(self, number: str, entry: Entry) -> bool:
        """Whether the agent meets the needs, now or when the call has widened."""
        later = [self.needs_of(needs) for _, needs in entry.widens]
        skills = self.skills.get(number)
        return skills is not None and any(needs.met_by(skills) for needs in (entry.needs, *later))

    def serves(self, agent: str, entry: Entry) -> bool:
        """Whether the agent may be offered the call as it asks now."""
        if entry.prefer and agent not in entry.prefer:
            return False
        return agent in self.skills and entry.needs.met_by(self.skills[agent])

    def is_leaving(self, agent: str, contact: str) -> bool:
        """Whether this agent, who can have calls, is on a leg with this contact that has not told its end."""
        one = self.agents.get(agent, Agent())
        last = self.offers.get(one.last_offer)
        if one.mark == "unreachable" or one.intent == "offline" or agent not in self.skills:
            return False
        return one.state in HELD_STATES and last is not None and last.contact == contact

    def is_in_line(self, contact: str) -> bool:
        """Whether the call is for whoever can serve it, and can be offered now."""
        entry = self.entries[contact]
        return self.is_offerable(entry) and not any(self.is_leaving(one, contact) for one in entry.aims)

    def is_offerable(self, entry: Entry) -> bool:
        """Whether the call waits, and its session can be told to dial."""
        return entry.has_session and not entry.offers and not entry.dial and not entry.leaves
