"""Calls that asked for an agent, and the waiting line: who is offered next among those that wait.

A call's place is its key: the longer wait first, each point of priority counted as a head start, then the
contact's id (so that equals have an order that can be stated); in a queue of strict order the priority goes
before any wait. The key is kept whatever happens, so a returning call has its place again.
Waiting calls are kept by whom they ask for, each group in order: whether a group can be served is one AND
of bit masks. This module must not know agents' states or offers.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.core.house_rules import QueueRules
from acd.core.needs import Needs, SkillIndex, parse_needs
from acd.core.plan import PlanStep
from acd.core.state_table import read_state_table

Key = tuple[int, int, str]

PUT_FIRST = 1_000_000
"""More than any priority: a call put first by a supervisor is before all others, by age among its like."""

STAY = "stay"
GONE = "gone"

CALL_TABLE = read_state_table(
    """
             waiting   aimed     offered   connected away     leaving  gone
arrived      -waits    -waits    waiting   -served   waiting  waiting  waiting
hung_up      gone      gone      gone      gone      gone     gone     -unknown
withdrawn    gone      gone      gone      gone      gone     gone     -unknown
sent_on      leaving   leaving   -offered  -served   -away    -leaving -unknown
session_lost away      away      stay      -talks    -away    away     -unknown
offered      offered   offered   -offered  -served   -away    -leaving -unknown
offer_ended  -nooffer  -nooffer  waiting   -served   waiting  -nooffer -unknown
dial_silent  -nooffer  -nooffer  away      -served   -away    -nooffer -unknown
connected    -nooffer  -nooffer  connected -served   -away    -nooffer -unknown
leg_ended    -nooffer  -nooffer  stay      gone      -away    -nooffer -unknown
not_found    gone      gone      gone      gone      gone     gone     -unknown
aims_over    -noaim    waiting   -noaim    -noaim    -noaim   -noaim   -unknown
""",
    words=(STAY,),
    ignored={
        "waits": "the call waits already, its place is kept",
        "served": "the call has been connected",
        "talks": "the conversation goes on in Asterisk without the session",
        "away": "the call has no session",
        "leaving": "the call is on its way elsewhere",
        "offered": "an offer is open",
        "nooffer": "no offer is open",
        "noaim": "the call is meant for no agent now",
        "unknown": "the call is not here",
    },
)
"""away: the channel lives, but no session of it; not offerable until it arrives again or Dial comes back.
aimed: it would wait, but is meant for certain agents first (`acd.core.aims`); not in the waiting line.
Wherever the table says waiting, a call with aims left is aimed.
arrived in offered: Dial is over though it never said so. dial_silent: the leg is over, Dial still has
not come back. leaving: the session has been told to send the caller elsewhere and will say when it is done;
if it is lost first, the call waits on. offer_ended leads to away when the session is lost. leg_ended in
offered: Dial is about to say why."""


@dataclass(slots=True)
class Call:
    """One contact's entry into a queue, until it is connected and over, or left. Times in ms."""

    contact: str
    entry: int
    queue: str
    needs: Needs
    needs_text: str
    priority: int
    language: str
    wait_since_ms: int
    rules: QueueRules  # of the settings version at entry: a call's plan does not change under it
    settings_version: int
    arrived_ms: int
    queued_ms: int = 0  # when the entry began: steps and max_wait_ms count from here
    max_wait_ms: int = 0  # after so long it is sent on to overflow; 0: never
    overflow: str = ""
    steps: tuple[PlanStep, ...] = ()  # how the call widens after the first
    step: int = 0  # how many of them have come
    prefer: tuple[str, ...] = ()  # only these agents for now; (): anyone who meets the needs
    state: str = "waiting"
    session: bool = True
    aims: list[str] = field(default_factory=list)  # agents it is meant for, the next one first
    place_since_ms: int = 0  # 0: the place is that of wait_since_ms
    offer: str = ""  # by whose id Dial comes back (also of an away call); once connected the winner
    legs: list[str] = field(default_factory=list)  # the open offers: several when several phones ring
    put_first: bool = False  # by a supervisor
    asked_callback: bool = False  # whether to be called back; after a restart once more
    predicted_ms: int = -1  # the wait that was expected last, from then on; -1: not judged by it so far
    key: Key = field(init=False)

    @property
    def group(self) -> str:
        """Calls of one group ask for the same agents."""
        return f"{self.needs_text}|{','.join(self.prefer)}" if self.prefer else self.needs_text

    def __post_init__(self) -> None:
        self.key = line_key(
            self.contact, self.priority, self.place_since_ms or self.wait_since_ms, self.rules
        )

    def put_before_all(self) -> None:
        """Take the place of a call put first; never while it stands in the waiting line."""
        self.put_first = True
        rank, since_ms, contact = self.key
        self.key = (rank - PUT_FIRST, since_ms, contact)


def line_key(contact: str, priority: int, wait_since_ms: int, rules: QueueRules) -> Key:
    """The place in line of a call with this priority that has waited since then; the least goes first."""
    if rules.order == "strict":
        return -priority, wait_since_ms, contact
    return 0, wait_since_ms - priority * rules.head_start_ms, contact


def agent_choice(call: Call, queues: Mapping[str, QueueRules]) -> str:
    """The policy by which the call's agent is chosen: that of its queue as the settings are now."""
    return queues.get(call.queue, call.rules).agent_choice


class NeedsGroup:
    """Waiting calls that ask for the same agents, in order of their keys, and who may serve them."""

    __slots__ = ("eligible", "keys", "needs", "octets", "prefer", "skilled", "text")

    def __init__(self, call: Call, index: SkillIndex, bits: Mapping[str, int]) -> None:
        self.needs = call.needs
        self.text = call.group
        self.prefer = call.prefer
        self.keys: list[Key] = []
        self.reindex(index, bits)

    def reindex(self, index: SkillIndex, bits: Mapping[str, int]) -> None:
        """Skills or agents have changed; bits: agent's number -> its bit."""
        self.skilled = self.needs.agents(index)  # one bit per agent who meets the needs
        self.eligible = self.skilled
        if self.prefer:
            self.eligible &= sum(bits.get(number, 0) for number in self.prefer)
        # The same bits by eights, so that asking for one agent costs the same however many there are.
        self.octets = self.eligible.to_bytes(index.everyone.bit_length() // 8 + 1, "little")


class WaitingLine:
    """All waiting calls by whom they ask for."""

    def __init__(self) -> None:
        self._index = SkillIndex(())
        self._bits: Mapping[str, int] = {}
        self._groups: dict[str, NeedsGroup] = {}
        self._fresh: dict[str, NeedsGroup] = {}

    def take_fresh(self) -> dict[str, NeedsGroup]:
        """Groups that a call has come to since they were taken last, by their texts."""
        fresh, self._fresh = self._fresh, {}
        return fresh

    def groups_for(self, bit: int) -> dict[str, NeedsGroup]:
        """Groups that the agent of this bit may serve, by their texts."""
        place = bit.bit_length() - 1
        octet, mask = place >> 3, 1 << (place & 7)
        return {text: group for text, group in self._groups.items() if group.octets[octet] & mask}

    def groups(self) -> Mapping[str, NeedsGroup]:
        """Groups with at least one waiting call, by their texts, in order of their first arrival."""
        return self._groups

    def reindex(self, index: SkillIndex, bits: Mapping[str, int]) -> None:
        """Skills have changed: they count at once, also for those who wait. bits: agent's number -> bit."""
        self._index, self._bits = index, bits
        for group in self._groups.values():
            group.reindex(index, bits)

    def agents(self, needs: Needs) -> int:
        """The agents who meet these needs, one bit each."""
        return needs.agents(self._index)

    def eligible(self, call: Call) -> int:
        """The agents for whom the call asks now, one bit each."""
        group = self._groups.get(call.group)
        return (group or NeedsGroup(call, self._index, self._bits)).eligible

    def eligible_in(self, step: PlanStep) -> int:
        """The agents for whom a call asks when this step comes, one bit each."""
        skilled = parse_needs(step.needs).agents(self._index)
        return skilled & sum(self._bits.get(number, 0) for number in step.prefer) if step.prefer else skilled

    def add(self, call: Call) -> None:
        """The call waits from now on, at the place of its key."""
        group = self._groups.get(call.group)
        if group is None:
            group = self._groups[call.group] = NeedsGroup(call, self._index, self._bits)
        insort(group.keys, call.key)
        self._fresh[group.text] = group

    def remove(self, call: Call) -> None:
        """The call does not wait any more."""
        group = self._groups[call.group]
        place = bisect_left(group.keys, call.key)
        assert group.keys[place] == call.key, "a waiting call is in the group of its needs"
        del group.keys[place]
        if not group.keys:
            del self._groups[call.group]
            self._fresh.pop(call.group, None)
