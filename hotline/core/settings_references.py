"""What settings may refer to: names and skills gathered once, and the checks that every rule needs.

Must not know which setting refers to what; `settings_rules` and `settings_flow_rules` do.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

from acd.core.needs import NeedsError, SkillIndex, may_widen, parse_needs, parse_written_needs
from hotline.core.phrases import Phrase, phrase
from hotline.core.settings import Settings
from hotline.core.settings_complaints import Complaints

MOST_NAMES_SHOWN = 20


class References:
    """The names of one version of the settings, in the order in which they stand there."""

    def __init__(self, settings: Settings, complaints: Complaints) -> None:
        self.settings = settings
        self.complaints = complaints
        self.skills = dict.fromkeys(settings.skills)
        self.phones = dict.fromkeys(phone.name for phone in settings.phones)
        self.queues = {queue.name: queue for queue in settings.queues}
        self.flows = dict.fromkeys(flow.name for flow in settings.flows)
        self.hours = dict.fromkeys(hours.name for hours in settings.hours)
        self.held = dict.fromkeys(skill for agent in settings.agents for skill in agent.skills)

    @cached_property
    def _index(self) -> SkillIndex:
        return SkillIndex([agent.skills for agent in self.settings.agents])

    def refer(self, key: str, name: str, known: Collection[str], what: Phrase) -> None:
        """Notes a name that is not among the known ones."""
        if name not in known:
            self.complaints.add(key, name, phrase("allowed.known", what=what, names=listed(known)))

    def refuse_twins(self, key: str, values: Sequence[str], taken: Collection[str] = ()) -> None:
        """Notes each value that came before; `key` has a place for the number of the entry."""
        seen = set(taken)
        for number, value in enumerate(values, 1):
            if value in seen:
                self.complaints.add(key.format(number), value, phrase("allowed.once_only"))
            seen.add(value)

    def check_needs(self, key: str, needs: str) -> None:
        """Notes needs that cannot be parsed, name no skill, or that no agent meets."""
        try:
            skills = parse_written_needs(needs).skills()
        except NeedsError as error:
            place = error.position + 1
            allowed = phrase("allowed.needs_place", allowed=error.allowed, what=error.what, position=place)
            self.complaints.add(key, needs, allowed)
            return
        for skill in sorted(skills):
            if skill not in self.skills:
                allowed = phrase("allowed.listed_skills", names=listed(self.skills), skill=skill)
                self.complaints.add(key, needs, allowed)
            elif skill not in self.held:
                allowed = phrase("allowed.held_skills", names=listed(self.held), skill=skill)
                self.complaints.add(key, needs, allowed)
        if needs and not self.can_be_met(needs):
            self.complaints.add(key, needs, phrase("allowed.met_needs"))

    def is_wider(self, needs: str, before: str) -> bool:
        """Whether all agents who meet `before` meet these needs, and one who does not meet `before` may.

        Who that is may be hired or trained later: such a step is no mistake. True also when one of them
        cannot be parsed: that is complained about by itself.
        """
        try:
            wider, earlier = parse_needs(needs), parse_needs(before)
        except NeedsError:
            return True
        left_out = earlier.agents(self._index) & ~wider.agents(self._index)
        return not left_out and may_widen(wider, [earlier])

    def can_be_met(self, needs: str) -> bool:
        """Whether at least one agent meets these needs; False when they cannot be parsed."""
        try:
            return parse_needs(needs).agents(self._index) != 0
        except NeedsError:
            return False


def listed(names: Collection[str]) -> Phrase:
    """Names for a complaint; of many, the first."""
    if not names:
        return phrase("allowed.none")
    shown = ", ".join(list(names)[:MOST_NAMES_SHOWN])
    if len(names) <= MOST_NAMES_SHOWN:
        return phrase("allowed.names", names=shown)
    return phrase("allowed.names_of_many", names=shown, count=len(names))
