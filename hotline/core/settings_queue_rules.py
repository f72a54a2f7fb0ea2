"""Whether a queue holds together: each of its steps lets more agents serve, and all that it names exists.

Judges values that were read from a document, notes complaints by the document's keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotline.core.phrases import phrase
from hotline.core.settings import Queue
from hotline.core.settings_exits import check_exits
from hotline.core.settings_references import References


def check_queue(references: References, queue: Queue, where: str) -> None:
    """Notes everything in which a queue disagrees with itself and with the rest of the settings."""
    references.check_needs(f"{where}.needs", queue.needs)
    _check_steps(references, queue, where)
    if queue.hours:
        references.refer(f"{where}.hours", queue.hours, references.hours, phrase("allowed.some_hours"))
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


def check_preferred(references: References, key: str, numbers: Sequence[str]) -> None:
    """Notes preferred agents who do not exist or are named twice."""
    known = [agent.number for agent in references.settings.agents]
    for place, number in enumerate(numbers, 1):
        references.refer(f"{key}[{place}]", number, known, phrase("allowed.an_agent"))
    references.refuse_twins(key + "[{}]", numbers)
