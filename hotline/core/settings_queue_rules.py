"""Whether a queue holds together: its steps let more agents serve, its limits agree, what it names exists.

Judges values that were read from a document, notes complaints by the document's keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotline.core.phrases import phrase
from hotline.core.settings import Queue, Team
from hotline.core.settings_exits import check_exits
from hotline.core.settings_references import References, listed

_AN_AGENT = phrase("allowed.an_agent")


def check_queue(references: References, queue: Queue, where: str) -> None:
    """Notes everything in which a queue disagrees with itself and with the rest of the settings."""
    references.check_needs(f"{where}.needs", queue.needs)
    _check_steps(references, queue, where)
    if queue.hours:
        references.refer(f"{where}.hours", queue.hours, references.hours, phrase("allowed.some_hours"))
    check_preferred(references, f"{where}.prefer", queue.prefer)
    complaints = references.complaints
    if queue.recall_within_s and not queue.return_within_s and not complaints.stored:
        # Nobody would be waited for, nor recalled.
        complaints.add(f"{where}.return_within_s", 0, phrase("allowed.return_for_recall"))
    check_exits(references, queue, where)


def _check_steps(references: References, queue: Queue, where: str) -> None:
    """A step that never widens would only seem to help those who wait."""
    complaints = references.complaints
    before, before_s = queue.needs, 0
    for number, step in enumerate(queue.steps, 1):
        here = f"{where}.steps[{number}]"
        if step.after_s <= before_s and number > 1:
            complaints.add(f"{here}.after_s", step.after_s, phrase("allowed.later_step", least=before_s + 1))
        key = f"{here}.needs"
        references.check_needs(key, step.needs)
        if key not in complaints.found and not references.is_wider(step.needs, before):
            complaints.add(key, step.needs, phrase("allowed.wider_step", before=before or '""'))
        before, before_s = step.needs, step.after_s


def check_preferred(references: References, key: str, names: Sequence[str]) -> None:
    """Notes preferred agents and teams that do not exist or are named twice."""
    teams = [team.name for team in references.settings.teams]
    known = [agent.number for agent in references.settings.agents]
    for place, name in enumerate(names, 1):
        if name not in teams:
            what = phrase("allowed.an_agent_or_team", teams=listed(teams)) if teams else _AN_AGENT
            references.refer(f"{key}[{place}]", name, known, what)
    references.refuse_twins(key + "[{}]", names)


def check_team(references: References, team: Team, where: str) -> None:
    """Notes a team without agents, and those of its agents who do not exist or are named twice."""
    if not team.agents:
        references.complaints.add(f"{where}.agents", [], phrase("allowed.one_agent"))
    known = [agent.number for agent in references.settings.agents]
    for place, number in enumerate(team.agents, 1):
        references.refer(f"{where}.agents[{place}]", number, known, _AN_AGENT)
    references.refuse_twins(where + ".agents[{}]", team.agents)
