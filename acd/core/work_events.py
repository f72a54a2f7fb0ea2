"""After-contact work: finished, prolonged, and the code that says what the conversation was about.

Work ends at its deadline, or earlier by the agent's word. Where the queue requires a code, neither ends it
before the code is given: past its deadline it goes on, for the reason "disposition", until then or for
`AgentRules.code_wait_ms` from its beginning at most; a code that did not come is a fact of its own. This
module must not know offers.
"""

from __future__ import annotations

from acd.core import events, facts
from acd.core.agent_events import known_agent
from acd.core.floor import Floor

CODE_AWAITED = "disposition"
_COMES_BACK = "a caller is about to come back to this agent"


def agent_finished_work(floor: Floor, event: events.AgentFinishedWork) -> None:
    """After-contact work is ended early; not while a required code is missing."""
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    if agent.state == "acw" and agent.owes_code:
        floor.ignore("the queue requires a code first")
    elif floor.kept.get(agent.contact) == agent.number:
        floor.ignore(_COMES_BACK)
    else:
        floor.tell_agent(agent, "finished_work")


def agent_prolonged_work(floor: Floor, event: events.AgentProlongedWork) -> None:
    """After-contact work lasts one step longer, not beyond its maximum."""
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    rules = floor.agent_rules
    until_ms = min(agent.until_ms + rules.prolong_ms, agent.since_ms + rules.longest_work_ms)
    if agent.state != "acw":
        floor.ignore("there is no after-contact work to prolong")
    elif floor.kept.get(agent.contact) == agent.number:
        floor.ignore(_COMES_BACK)
    elif agent.reason == CODE_AWAITED:
        floor.ignore("only the code is waited for")
    elif until_ms <= agent.until_ms:
        floor.ignore("the work lasts as long as it may")
    else:
        floor.tell_agent(agent, "prolonged", until_ms=until_ms)


def agent_gave_disposition(floor: Floor, event: events.AgentGaveDisposition) -> None:
    """A code for the conversation or its after-contact work; work that only waited for it is over."""
    agent = known_agent(floor, event.agent)
    if agent is None:
        return
    if not agent.disposition:
        floor.ignore("no code is asked for")
    elif event.code not in floor.agent_rules.codes:
        floor.ignore("the settings name no such code")
    else:
        about = (agent.contact, agent.segment, agent.number, agent.queue)
        given = facts.DispositionGiven(floor.now_ms, *about, code=event.code, replaces=agent.code)
        if floor.tell_agent(agent, "code_given", code=event.code):
            floor.facts.append(given)
            if agent.state == "acw" and agent.reason == CODE_AWAITED:
                floor.tell_agent(agent, "finished_work")


def work_time_up(floor: Floor, number: str) -> None:
    """The time of after-contact work, or of a pause, is over."""
    agent = floor.agents[number]
    until_ms = agent.since_ms + floor.agent_rules.code_wait_ms
    if agent.state == "acw" and agent.owes_code and agent.reason != CODE_AWAITED and until_ms > floor.now_ms:
        floor.tell_agent(agent, "prolonged", reason=CODE_AWAITED, until_ms=until_ms)
    else:
        floor.tell_agent(agent, "time_up")
