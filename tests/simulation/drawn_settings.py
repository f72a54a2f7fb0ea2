"""Settings at random for property tests, and how many examples they try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from acd.core import events, house_rules
from acd.core.choice import POLICIES
from acd.core.needs import MAX_LEVEL

SKILLS = ("sales", "billing", "english", "vip")
FACTOR = 1
"""How many times as many examples as in the gate; `--examples` sets it."""

Test = TypeVar("Test", bound=Callable[..., None])


def examples(gate: int) -> Callable[[Test], Test]:
    """So many examples in the gate, always the same ones; more with --examples N, then others each time."""
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=gate * FACTOR,
        derandomize=FACTOR == 1,
        deadline=None,  # other tests may hold the processor meanwhile
        database=None,
        suppress_health_check=quiet,
    )


_atoms = st.builds("{} >= {}".format, st.sampled_from(SKILLS), st.integers(1, MAX_LEVEL))
needs: st.SearchStrategy[str] = st.just("") | st.recursive(
    _atoms,
    lambda inner: (
        st.builds("({}) and ({})".format, inner, inner)
        | st.builds("({}) or ({})".format, inner, inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=4,
)
"""Any expression over the skills."""


_times_ms = st.lists(st.sampled_from((1, 500, 5_000, 30_000)), unique=True, max_size=3).map(sorted)
steps = st.tuples(_times_ms, st.tuples(needs, needs, needs)).map(
    lambda drawn: tuple(house_rules.StepRules(*step) for step in zip(drawn[0], drawn[1], strict=False))
)
"""How a waiting call widens, or so it may be: drawn needs may as well narrow."""


def profiles(most: int = 6) -> st.SearchStrategy[tuple[house_rules.AgentProfile, ...]]:
    """Agents from 1001 on in any order, each with any skills; some may be missing."""
    numbers = st.lists(st.integers(0, most - 1), unique=True, min_size=1, max_size=most)
    levels = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, MAX_LEVEL), max_size=len(SKILLS))
    chosen = st.tuples(numbers, st.lists(levels, min_size=most, max_size=most))
    return chosen.map(
        lambda drawn: tuple(
            house_rules.AgentProfile(str(1001 + number), tuple(sorted(drawn[1][number].items())))
            for number in drawn[0]
        )
    )


def rules(name: str) -> st.SearchStrategy[house_rules.QueueRules]:
    """A queue with any rules."""
    return st.builds(
        house_rules.QueueRules,
        name=st.just(name),
        needs=needs,
        priority=st.integers(-2, 5),
        after_contact_ms=st.sampled_from((0, 1, 5_000, 60_000)),
        offer_ring_ms=st.sampled_from((500, 8_000, 20_000)),
        target_ms=st.just(15_000),
        max_waiting=st.sampled_from((1, 3, 1000)),
        order=st.sampled_from(("oldest_first", "strict")),
        head_start_ms=st.sampled_from((0, 500, 60_000)),
        agent_choice=st.sampled_from(tuple(POLICIES)),
        ring=st.sampled_from((1, 1, 2, 5)),
        steps=steps,
        max_predicted_ms=st.sampled_from((0, 60_000)),
        predicted=st.sampled_from((("voicemail", ""), ("", "hangup"))),
        return_within_ms=st.sampled_from((0, 60_000)),
    )


def drawn_settings(names: Sequence[str] = ("service", "orders")) -> st.SearchStrategy[events.SettingsChanged]:
    """Settings with these queues, the version to be given by whoever uses them."""
    queues = st.tuples(*map(rules, names))
    return st.builds(events.SettingsChanged, version=st.just(1), agents=profiles(), queues=queues)
