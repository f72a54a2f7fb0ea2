"""The fault simulator under settings that nobody would think of (Hypothesis): its promises hold.

Queues, steps, policies, agents and their skills, needs and faults are drawn; what Asterisk and people do
follows from a seed, as in `test_simulation`. Explaining each offer is one of the promises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from drawn_settings import SKILLS, drawn_settings, examples
from drawn_settings import needs as drawn_needs
from hypothesis import given
from hypothesis import strategies as st
from simulated_house import _CALM_SKILLS, FAULTS, SimulatedHouse

from acd.core import events
from acd.core.needs import parse_needs


class DrawnHouse(SimulatedHouse):
    """A simulated house whose settings and faults are given; only when calm returns are they as ever."""

    def __init__(
        self, seed: int, drawn: Sequence[events.SettingsChanged], needs: Sequence[str], faults: Sequence[str]
    ) -> None:
        super().__init__(seed)
        self.needs = tuple(needs)
        self.faults = tuple(faults)
        self.numbers = [str(1001 + number) for number in range(6)]
        self.asterisk.colleagues = tuple(self.numbers)
        self.calls_left = min(self.calls_left, 15)
        self._drawn = drawn

    def _settings(self) -> events.SettingsChanged:
        usual = super()._settings()
        if self.asterisk.is_calm:
            return usual
        drawn = self._drawn[self.version % len(self._drawn)]
        # Steps are the usual ones, which somebody meets.
        queues = tuple(
            replace(rules, steps=as_ever.steps)
            for rules, as_ever in zip(drawn.queues, usual.queues, strict=True)
        )
        settings = events.SettingsChanged(self.version, drawn.agents, queues, choice_seed=self.version)
        self._versions[self.version] = settings
        return settings


def can_be_met(text: str) -> bool:
    """By somebody who works when calm has returned, or a caller would wait for ever."""
    return any(parse_needs(text).met_by(skills) for skills in _CALM_SKILLS)


@examples(150)
@given(
    st.integers(0, 2**32),
    st.lists(drawn_settings(("service", "orders", "small")), min_size=1, max_size=3),
    st.lists(drawn_needs.filter(can_be_met), min_size=1, max_size=4),
    st.lists(st.sampled_from(FAULTS), unique=True, max_size=4),
)
def test_promises_hold_under_any_settings(
    seed: int, drawn: list[events.SettingsChanged], needs: list[str], faults: list[str]
) -> None:
    outcome = DrawnHouse(seed, drawn, needs, faults).run()
    assert outcome.decisions > 0


def test_the_skills_are_those_of_the_simulation() -> None:
    assert {skill for skills in _CALM_SKILLS for skill in skills} <= set(SKILLS)
