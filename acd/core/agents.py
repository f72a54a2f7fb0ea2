"""One agent: what the agent does (state), what the agent intends, and how one leads to the other.

Intent is what the agent last said: offline, ready or not_ready with a reason. The state follows from it when
nothing else holds the agent (`settled_state`). A leg of an offer holds the agent from the offer to the leg's
end; after-contact work (acw) and communicating hold until a time. This module must not know calls or queues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acd.core.state_table import read_state_table

STATES = (
    "offline",
    "ready",
    "offered",
    "on_contact",
    "on_hold",
    "acw",
    "not_ready",
    "not_responding",
    "communicating",
    "unknown",
)

OWN_CALL = "own_call"  # the reason of communicating for as long as the phone has a call of its own
VERIFYING = "verifying"  # the reason of acw while the caller, sent to enter digits, is waited for
BY_INTENT = "intent"  # the state the intent asks for, see settled_state
STAY = "stay"  # the same state; what the input says is remembered for later

_IGNORED = {
    "out": "the agent is logged out",
    "work": "there is no after-contact work to end",
    "working": "after-contact work is not over",
    "leg": "a leg holds the agent already",
    "busy": "the agent is not ready",
    "noleg": "no leg holds the agent",
    "known": "the leg is in that state already",
    "quiet": "the leg is not up",
    "time": "nothing of this state ends by time",
    "own": "the agent has a call of their own",
}

_FREE_TABLE = read_state_table(
    """
                   offline     ready       acw         not_ready   not_responding  communicating
logged_in          intent      intent      stay        intent      intent          intent
logged_out         -out        intent      intent      intent      intent          intent
became_ready       -out        intent      stay        intent      intent          intent
became_not_ready   -out        intent      stay        intent      intent          intent
finished_work      -out        -work       intent      -work       -work           -work
prolonged          -out        -work       acw         -work       -work           -work
kept               -out        acw         acw         acw         acw             -own
code_given         -out        -work       stay        -work       -work           -work
phone_gone         -out        intent      stay        intent      intent          intent
phone_in_use       -out        intent      stay        intent      stay            intent
phone_free         -out        intent      stay        intent      stay            intent
break_over         -out        stay        stay        stay        stay            stay
phone_lost         -out        intent      stay        intent      stay            stay
phone_back         -out        intent      stay        intent      stay            stay
offered            -out        offered     -busy       -busy       -busy           -busy
recalled           -out        offered     offered     -busy       -busy           -busy
took               -out        offered     -working       offered     offered         offered
answered           -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
held               -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
resumed            -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
leg_over           -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
unanswered         -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
turned_away        -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
set_aside          -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
work_began         -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
work_goes_on       -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
joined             -out        on_contact  on_contact  on_contact  on_contact      on_contact
lease_expired      -noleg      -noleg      -noleg      -noleg      -noleg          -noleg
time_up            -time       -time       intent      -time       -time           intent
ringing_leg_found  offered     offered     offered     offered     offered         offered
open_leg_found     on_contact  on_contact  on_contact  on_contact  on_contact      on_contact
""",
    words=(BY_INTENT, STAY, *STATES),
    ignored=_IGNORED,
)

_HELD_TABLE = read_state_table(
    """
                   offered         on_contact     on_hold        unknown
logged_in          stay            stay           stay           stay
logged_out         stay            stay           stay           stay
became_ready       stay            stay           stay           stay
became_not_ready   stay            stay           stay           stay
finished_work      -work           -work          -work          -work
prolonged          -work           -work          -work          -work
kept               -leg            -leg           -leg           -leg
code_given         -quiet          stay           stay           stay
phone_gone         stay            stay           stay           stay
phone_in_use       stay            stay           stay           stay
phone_free         stay            stay           stay           stay
break_over         stay            stay           stay           stay
phone_lost         stay            stay           stay           stay
phone_back         stay            stay           stay           stay
offered            -leg            -leg           -leg           -leg
recalled           -leg            -leg           -leg           -leg
took               -leg            -leg           -leg           -leg
answered           on_contact      -known         -known         on_contact
held               -quiet          on_hold        -known         on_hold
resumed            -quiet          -known         on_contact     on_contact
leg_over           intent          intent         intent         intent
unanswered         not_responding  intent         intent         not_responding
turned_away        communicating   communicating  communicating  communicating
set_aside          not_responding  not_responding not_responding not_responding
work_began         -quiet          acw            acw            acw
work_goes_on       acw             acw            acw            acw
joined             -leg            -leg           -leg           -leg
lease_expired      unknown         unknown        unknown        stay
time_up            -time           -time          -time          -time
ringing_leg_found  stay            stay           stay           stay
open_leg_found     on_contact      stay           stay           on_contact
""",
    words=(BY_INTENT, STAY, *STATES),
    ignored=_IGNORED,
)

AGENT_TABLE = {**_FREE_TABLE, **_HELD_TABLE}
"""took: the agent wants a certain call, whatever the intent says; never out of after-contact work.
Inputs about a leg: unanswered = it rang out; turned_away = to be left alone for a while; set_aside = as
unanswered, whatever the leg did; joined = a talk that no offer led to; work_began = a conversation ended in
a queue with after-contact time;
recalled = the call they work on is back, work_goes_on = and nothing came of it; *_leg_found = a snapshot
shows a leg. Others: prolonged = work lasts until another time;
kept = for a caller who comes back; code_given = what the talk was about;
phone_gone = for so long that the agent is logged out; break_over = not ready for longer than may be.
The first part is for agents whom no leg holds, the second for those held by one."""


TOLD_BESIDE_STATE: dict[str, Any] = {
    "break_until_ms": 0,
    "overdue": False,
    "gone_since_ms": 0,
    "segment": "",
    "disposition": "",
    "code": "",
    "failed_cause": "",
    "failed_in_a_row": 0,
}
"""Fields that agent, fact, view and journal have in common, each with what it is where a fact is older."""


@dataclass(slots=True)
class Agent:
    """One agent known to the settings, or removed from them and not yet free. Times in ms."""

    number: str
    skills: dict[str, int]
    bit: int = 0  # the agent's place in bit masks; 0: in none (removed)
    removed: bool = False
    intent: str = "offline"  # offline, ready, not_ready
    intent_reason: str = ""
    state: str = "offline"
    reason: str = ""
    phone: str = ""
    unreachable: bool = False
    also: tuple[str, ...] = ()  # further phones, which ring with it
    own_call: bool = False  # the phone has a call that is no offer
    gone_since_ms: int = 0  # since when the phone is unreachable; 0: it is not
    since_ms: int = 0
    idle_since_ms: int = 0  # from becoming ready; kept while offered
    until_ms: int = 0  # end of acw or communicating; 0: none
    offer: str = ""  # the leg that holds the agent
    contact: str = ""
    queue: str = ""
    place: int = 0  # among the agents of the settings, as they stand there
    offered_ms: int = 0  # when a call was offered last; 0: never
    counted_ms: int = 0  # up to here the time in the state is counted
    busy_ms: int = 0  # today on contacts, on hold, in after-contact work
    free_ms: int = 0  # today ready
    contacts: int = 0  # today's conversations that are over
    segment: str = ""  # the last conversation, until its work is over
    disposition: str = ""  # whether a code is asked for it: "", optional, required
    code: str = ""  # the one given
    break_until_ms: int = 0  # how long the intended reason of not ready may last; 0: not begun, or no limit
    overdue: bool = False
    help_ms: int = 0  # since when a hand is raised; 0: it is not
    failed_cause: str = ""  # of the last offers in a row that failed for one cause …
    failed_in_a_row: int = 0  # … how many

    @property
    def owes_code(self) -> bool:
        """Whether a code is required for the last conversation and was not given."""
        return self.disposition == "required" and not self.code

    def count_failure(self, cause: str) -> int:
        """One more failed offer; returns how many of this cause there were in a row."""
        self.failed_in_a_row = self.failed_in_a_row + 1 if cause == self.failed_cause else 1
        self.failed_cause = cause
        return self.failed_in_a_row

    def forget_failures(self) -> None:
        """A conversation, or the agent's own word, ends the row."""
        self.failed_cause, self.failed_in_a_row = "", 0


def settled_state(agent: Agent) -> tuple[str, str]:
    """State and reason of an agent whom nothing holds: what the intent asks for, if the phone allows it."""
    if agent.intent == "offline":
        return "offline", agent.intent_reason
    if agent.own_call:
        return "communicating", OWN_CALL
    if agent.intent == "not_ready":
        return "not_ready", agent.intent_reason
    if agent.unreachable:
        return "not_ready", "unreachable"
    return "ready", ""
