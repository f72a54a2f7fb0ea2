"""Whether settings about agents and their work agree: skills, phones, codes, times.

Notes complaints by the document's keys. Must not know queues' needs; `settings_rules` does.
"""

from __future__ import annotations

from hotline.core.phrases import phrase
from hotline.core.settings_references import References

SKILL_LEVELS = range(1, 11)


def check_agents(references: References) -> None:
    """Notes agents and rules of their work that disagree with the rest."""
    for number, agent in enumerate(references.settings.agents, 1):
        where = f"agent[{number}]"
        for skill, level in agent.skills.items():
            key = f"{where}.skills.{skill}"
            references.refer(key, skill, references.skills, phrase("allowed.a_skill"))
            if level not in SKILL_LEVELS:
                references.complaints.add(key, level, phrase("allowed.level", most=SKILL_LEVELS[-1]))
        if agent.phone:
            references.refer(f"{where}.phone", agent.phone, references.phones, phrase("allowed.a_phone"))
        for place, phone in enumerate(agent.also, 1):
            references.refer(f"{where}.also[{place}]", phone, references.phones, phrase("allowed.a_phone"))
    _check_further_phones(references)
    _check_work(references)


def _check_further_phones(references: References) -> None:
    """A phone rings with one agent's seat at most: by it is known who dials a feature code there."""
    owners: dict[str, None] = {}
    for number, agent in enumerate(references.settings.agents, 1):
        for place, phone in enumerate(agent.also, 1):
            if phone in owners or phone == agent.phone:
                references.complaints.add(
                    f"agent[{number}].also[{place}]", phone, phrase("allowed.once_only")
                )
            owners[phone] = None


def _check_work(references: References) -> None:
    settings, complaints = references.settings, references.complaints
    for number, queue in enumerate(settings.queues, 1):
        where = f"queue[{number}]"
        if queue.disposition != "none" and not settings.dispositions:
            complaints.add(f"{where}.disposition", queue.disposition, phrase("allowed.with_dispositions"))
        for key in ("after_contact_max_s", "disposition_max_s"):
            longest_s: int = getattr(settings.hotline, key)
            counts = key == "after_contact_max_s" or queue.disposition == "required"
            if counts and longest_s < queue.after_contact_s:
                allowed = phrase(
                    "allowed.not_below", least=queue.after_contact_s, key=f"{where}.after_contact_s"
                )
                complaints.add(f"hotline.{key}", longest_s, allowed)
