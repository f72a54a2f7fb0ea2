"""Scenarios: what a good one says, and that every wrong value is refused with its place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from acd.simulation.reading import read_scenario
from acd.simulation.scenario import AGENT_CHOICES, Arrivals, Distribution, Scenario
from hotline.core.settings_check import SettingsRefused

GOOD = """
seed = 7
replications = 5
warmup_s = 3600
duration_s = 360000
max_contacts = 120
agent_choice = "round_robin"
service_levels_s = [10, 20.5]
ring_s = 2.5
no_answer_share = 0.1
decision_delay_ms = 30
poll_interval_ms = 1000

[[queue]]
name = "service"
needs = "service >= 1"
arrivals_per_hour = 240.0
handle = { kind = "lognormal", mean = 180, cv = 0.8 }
after_contact = { kind = "exponential", mean = 20 }
patience = { kind = "exponential", mean = 120 }
priority = 2
order = "strict"
max_waiting = 50
steps = [{ after_s = 30, needs = "service or sales" }, { after_s = 60.5, needs = "" }]

[[agents]]
count = 15
skills = { service = 5 }
shifts_s = [[0, 28800], [28800, 36000], [40000, 50000.5]]
[[agents]]
skills = { sales = 1 }
[[agents]]
"""
PLAIN = """
duration_s = 60
[[queue]]
name = "q"
arrivals_per_hour = 1
handle = { kind = "constant", value = 1 }
[[agents]]
skills = { a = 1 }
"""
FILES = {
    "good.csv": "\ufeffsecond,who\n1.5,x\n\n0.25,y\n",
    "bad.csv": "1\nsoon\n",
    "late.csv": "-1\n",
    "empty.csv": "",
}


def read(text: str) -> Scenario:
    def file(name: str) -> str:
        if name not in FILES:
            raise OSError(f"no {name}")
        return FILES[name]

    return read_scenario(tomllib.loads(text), "a.toml", file)


def complaints(text: str) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        read(text)
    return [str(complaint) for complaint in refused.value.complaints]


def test_a_whole_scenario_is_read() -> None:
    scenario = read(GOOD)
    assert (scenario.seed, scenario.replications, scenario.max_contacts) == (7, 5, 120)
    assert (scenario.warmup_ms, scenario.duration_ms, scenario.end_ms) == (
        3_600_000,
        360_000_000,
        363_600_000,
    )
    assert (scenario.agent_choice, scenario.service_levels_s) == ("round_robin", (10, 20.5))
    assert (scenario.ring_ms, scenario.no_answer_share) == (2_500, 0.1)
    assert (scenario.decision_delay_ms, scenario.poll_interval_ms) == (30, 1_000)
    (queue,) = scenario.queues
    assert (queue.name, str(queue.needs), queue.arrivals) == ("service", "service >= 1", Arrivals((240.0,)))
    assert queue.handle == Distribution("lognormal", 180, 0.8)
    assert queue.after_contact == Distribution("exponential", 20)
    assert queue.patience == Distribution("exponential", 120)
    assert (queue.priority, queue.order, queue.max_waiting) == (2, "strict", 50)
    assert [(step.after_ms, str(step.needs)) for step in queue.steps] == [
        (30_000, "service >= 1 or sales >= 1"),
        (60_500, ""),
    ]
    group, *_ = scenario.groups
    assert (group.count, group.skills) == (15, {"service": 5})
    assert group.shifts_ms == ((0, 36_000_000), (40_000_000, 50_000_500)), "spans that touch are one"


def test_the_guides_example_is_good() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    scenario = read(example)
    assert [len(queue.steps) for queue in scenario.queues] == [1]
    assert [group.count for group in scenario.groups] == [15, 5]


def test_what_is_not_given_has_a_plain_value() -> None:
    scenario = read(PLAIN)
    assert (scenario.seed, scenario.replications, scenario.warmup_ms, scenario.max_contacts) == (
        1,
        1,
        0,
        None,
    )
    assert (scenario.agent_choice, scenario.ring_ms, scenario.poll_interval_ms) == ("longest_idle", 0, 0)
    (queue,) = scenario.queues
    assert (str(queue.needs), queue.priority, queue.order, queue.max_waiting) == ("", 0, "oldest_first", None)
    assert queue.after_contact == Distribution("constant", 0)
    assert queue.patience == Distribution("infinite")
    assert (scenario.groups[0].count, scenario.groups[0].shifts_ms) == (1, ())


def test_arrivals_by_the_hour_and_recorded() -> None:
    rates = list(range(24))
    by_hour = read(PLAIN.replace("arrivals_per_hour = 1", f"arrivals_profile_per_hour = {rates}"))
    assert by_hour.queues[0].arrivals == Arrivals(tuple(rates))
    recorded = read(PLAIN.replace("arrivals_per_hour = 1", 'arrivals_csv = "good.csv"'))
    assert recorded.queues[0].arrivals == Arrivals((), (250, 1_500))
    none = read(PLAIN.replace("arrivals_per_hour = 1", 'arrivals_csv = "empty.csv"'))
    assert none.queues[0].arrivals == Arrivals()


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            "duration_s = 60",
            "duration_s = 0",
            "a.toml: duration_s: 0 is not allowed; allowed: allowed.between_of",
        ),
        ("duration_s = 60", "duration_s = nan", "duration_s: nan is not allowed"),
        ("duration_s = 60", "duration_s = true", "duration_s: True is not allowed; allowed: allowed.number"),
        ("duration_s = 60", "", "duration_s: None is not allowed; allowed: allowed.required"),
        (
            "duration_s = 60",
            "duration_s = 60\nspeed = 2",
            "speed: 2 is not allowed; allowed: allowed.no_such_key",
        ),
        ("duration_s = 60", "duration_s = 60\ndecision_delay_ms = -0.5", "decision_delay_ms: -0.5"),
        (
            "duration_s = 60",
            "duration_s = 60\nseed = 1.5",
            "seed: 1.5 is not allowed; allowed: allowed.whole",
        ),
        ("duration_s = 60", "duration_s = 60\nreplications = 0", "replications: 0"),
        ("duration_s = 60", "duration_s = 60\nno_answer_share = 1.0", "no_answer_share: 1.0"),
        ("duration_s = 60", "duration_s = 60\nservice_levels_s = [20, -1]", "service_levels_s[2]: -1"),
        ("duration_s = 60", "duration_s = 60\nservice_levels_s = 20", "service_levels_s: 20"),
        ("duration_s = 60", "duration_s = 60\nmax_contacts = 0", "max_contacts: 0"),
        ("duration_s = 60", 'duration_s = 60\nagent_choice = "best"', "agent_choice: 'best'"),
        ("arrivals_per_hour = 1", "arrivals_per_hour = -3", "queue[1].arrivals_per_hour: -3"),
        (
            "arrivals_per_hour = 1",
            "",
            "queue[1].arrivals_per_hour: [] is not allowed; allowed: scenario.one_of",
        ),
        (
            "arrivals_per_hour = 1",
            'arrivals_per_hour = 1\narrivals_csv = "good.csv"',
            "queue[1].arrivals_per_hour: ['arrivals_per_hour', 'arrivals_csv']",
        ),
        ("arrivals_per_hour = 1", "arrivals_profile_per_hour = [1, 2]", "arrivals_profile_per_hour: 2 is"),
        (
            "arrivals_per_hour = 1",
            'arrivals_csv = "none.csv"',
            "arrivals_csv: 'none.csv' is not allowed; allowed: ",
        ),
        ("arrivals_per_hour = 1", 'arrivals_csv = "bad.csv"', "arrivals_csv: 'soon' is not allowed"),
        ("arrivals_per_hour = 1", 'arrivals_csv = "late.csv"', "line=1"),
        ('name = "q"', 'name = ""', "queue[1].name: ''"),
        ('name = "q"', "name = 3", "queue[1].name: 3"),
        (
            'name = "q"',
            'name = "q"\nneeds = "b >= 1"',
            "queue[1].needs: 'b >= 1' is not allowed; allowed: allowed.held",
        ),
        (
            'name = "q"',
            'name = "q"\nneeds = "a >= 2"',
            "queue[1].needs: 'a >= 2' is not allowed; allowed: allowed.met",
        ),
        ('name = "q"', 'name = "q"\nneeds = "a >"', "position=3"),
        ('name = "q"', 'name = "q"\norder = "newest"', "queue[1].order: 'newest'"),
        ('name = "q"', 'name = "q"\nmax_waiting = -1', "queue[1].max_waiting: -1"),
        ('kind = "constant", value = 1', 'kind = "infinite"', "queue[1].handle.kind: 'infinite'"),
        ('kind = "constant", value = 1', 'kind = "uniform"', "queue[1].handle.kind: 'uniform'"),
        ('kind = "constant", value = 1', 'kind = "exponential", mean = 0', "queue[1].handle.mean: 0"),
        ('kind = "constant", value = 1', 'kind = "exponential", value = 1', "queue[1].handle.mean: None"),
        ('kind = "constant", value = 1', 'kind = "constant", value = 1, mean = 2', "queue[1].handle.mean: 2"),
        ('kind = "constant", value = 1', 'kind = "lognormal", mean = 1', "queue[1].handle.cv: None"),
        ('handle = { kind = "constant", value = 1 }', "handle = 3", "queue[1].handle: 3"),
        ("skills = { a = 1 }", "skills = { a = 11 }", "agents[1].skills.a: 11"),
        ("skills = { a = 1 }", 'skills = { "a b" = 1 }', "agents[1].skills.a b: 'a b'"),
        ("skills = { a = 1 }", "skills = 3", "agents[1].skills: 3"),
        ("skills = { a = 1 }", "count = -1", "agents[1].count: -1"),
        ("skills = { a = 1 }", "shifts_s = [[5, 5]]", "agents[1].shifts_s: [[5, 5]]"),
        ("skills = { a = 1 }", "shifts_s = [[0, 9], [8, 12]]", "agents[1].shifts_s: [[0, 9], [8, 12]]"),
        ("skills = { a = 1 }", "shifts_s = 8", "agents[1].shifts_s: 8"),
        ("[[agents]]\nskills = { a = 1 }", "", "agents: None is not allowed; allowed: scenario.one_group"),
        ("skills = { a = 1 }", "count = 60000\n[[agents]]\ncount = 60000", "scenario.most_agents"),
    ],
)
def test_wrong_values_are_refused_with_their_place(right: str, wrong: str, said: str) -> None:
    assert right in PLAIN
    assert any(said in complaint for complaint in complaints(PLAIN.replace(right, wrong)))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            '{ after_s = 5, needs = "c" }',
            "queue[1].steps[1].needs: 'c' is not allowed; allowed: allowed.held",
        ),
        (
            '{ after_s = 5, needs = "a >= 2" }',
            "queue[1].steps[1].needs: 'a >= 2' is not allowed; allowed: scenario.w",
        ),
        ('{ after_s = 5, needs = "b" }, { after_s = 9, needs = "a" }', "queue[1].steps[2].needs: 'a'"),
        ('{ after_s = 5, needs = "b" }, { after_s = 5, needs = "" }', "queue[1].steps[2].after_s: 5"),
        ('{ after_s = 0, needs = "b" }', "queue[1].steps[1].after_s: 0"),
        ('{ needs = "b" }', "queue[1].steps[1].after_s: None"),
        ("{ after_s = 5 }", "queue[1].steps[1].needs: None"),
        ('{ after_s = 5, needs = "b", level = 1 }', "queue[1].steps[1].level: 1"),
        ("3", "queue[1].steps[1]: 3 is not allowed; allowed: allowed.table"),
    ],
)
def test_steps_that_cannot_widen_are_refused(steps: str, said: str) -> None:
    text = PLAIN.replace('name = "q"', f'name = "q"\nneeds = "a"\nsteps = [{steps}]')
    text += "[[agents]]\nskills = { b = 1 }\n[[agents]]\n"
    assert any(said in complaint for complaint in complaints(text))


@pytest.mark.parametrize(
    ("needs", "step"),
    [
        ("a >= 5", "a >= 1"),  # all who are there meet both
        ("a >= 8", "a >= 1"),  # nobody who is there meets the first
        ("a >= 1", "a >= 1 or (a and not b)"),  # the same in other words
        ("a >= 1", "b >= 9"),  # nobody who is there meets the second
    ],
)
def test_steps_are_judged_by_what_they_ask_not_by_who_is_there(needs: str, step: str) -> None:
    steps = f'needs = "{needs}"\nsteps = [{{ after_s = 5, needs = "{step}" }}]'
    text = PLAIN.replace('name = "q"', f'name = "q"\n{steps}').replace("{ a = 1 }", "{ a = 5, b = 5 }")
    (queue,) = read(text).queues
    assert len(queue.steps) == 1


SAMPLE = """
seed = 7
replications = 5
warmup_s = 3600            # left out of all figures
duration_s = 360000        # arrivals stop after warm-up + duration; contacts inside run out
max_contacts = 120         # optional: in the whole system, waiting and served; one more is blocked
agent_choice = "longest_idle"   # least_occupied, fewest_contacts, highest_level, least_versatile, round_robin, fixed_order, random
service_levels_s = [10, 20, 30]
ring_s = 0                 # time an offer rings before the answer
no_answer_share = 0.0      # chance that an offer is not answered
decision_delay_ms = 0      # added to each decision, to model a slower engine
poll_interval_ms = 0       # > 0: waiting contacts look for an agent only every so often, each on its own clock from its entry

[[queue]]
name = "service"
needs = "service >= 1"     # the same expressions as in settings; "" = anyone
arrivals_per_hour = 240.0  # or arrivals_profile_per_hour = [...] (24 values), or arrivals_csv = "file.csv"
handle = { kind = "exponential", mean = 180 }     # constant (value), lognormal (mean, cv)
after_contact = { kind = "constant", value = 0 }
patience = { kind = "infinite" }                  # or as handle
priority = 0               # higher is served first ("strict") ...
order = "oldest_first"     # or "strict"
max_waiting = 50           # optional; one more is blocked
steps = []                 # optional: [{ after_s = 30, needs = "service >= 1" }]

[[agents]]
count = 15
skills = { service = 5 }
shifts_s = []              # optional: [[0, 28800], ...] from the start; outside them the group is offline
"""  # noqa: E501  (the sample to the letter)


@pytest.mark.parametrize(
    ("plain", "commented"),
    [
        ("", ""),
        ("steps = []", 'steps = [{ after_s = 30, needs = "service >= 1" }]'),
        ("shifts_s = []", "shifts_s = [[0, 28800]]"),
        ('"service >= 1"     #', '""  #'),
        ("arrivals_per_hour = 240.0", f"arrivals_profile_per_hour = {[240.0] * 24}"),
        ("arrivals_per_hour = 240.0", 'arrivals_csv = "good.csv"'),
        ('{ kind = "exponential", mean = 180 }', '{ kind = "lognormal", mean = 180, cv = 1.5 }'),
        ('{ kind = "exponential", mean = 180 }', '{ kind = "constant", value = 180 }'),
        ('{ kind = "infinite" }', '{ kind = "exponential", mean = 60 }'),
        ('"oldest_first"', '"strict"'),
        ("poll_interval_ms = 0", "poll_interval_ms = 1000"),
        *(('"longest_idle"', f'"{choice}"') for choice in AGENT_CHOICES),
    ],
)
def test_the_formats_own_sample_is_read_plain_and_with_what_its_comments_offer(
    plain: str, commented: str
) -> None:
    assert plain in SAMPLE
    scenario = read(SAMPLE.replace(plain, commented) if plain else SAMPLE)
    assert scenario.queues[0].name == "service"
    assert scenario.queues[0].steps == (), "a step that asks the same again does nothing"


def test_needs_that_nobody_ever_meets_are_refused() -> None:
    steps = 'needs = "a >= 9"\nsteps = [{ after_s = 5, needs = "a >= 8" }]'
    (complaint,) = complaints(PLAIN.replace('name = "q"', f'name = "q"\n{steps}'))
    assert "queue[1].needs: 'a >= 9' is not allowed; allowed: allowed.met" in complaint


def test_a_group_may_be_empty_a_seed_negative_and_a_delay_less_than_the_clocks_unit() -> None:
    top = "duration_s = 60\nseed = -3\ndecision_delay_ms = 2.6\npoll_interval_ms = 0.2"
    scenario = read(PLAIN.replace("duration_s = 60", top).replace("{ a = 1 }", "{ a = 1 }\ncount = 0"))
    assert (scenario.seed, scenario.groups[0].count) == (-3, 0)
    assert (scenario.decision_delay_ms, scenario.poll_interval_ms) == (3, 1)


def test_all_complaints_come_at_once() -> None:
    wrong = PLAIN.replace("arrivals_per_hour = 1", "arrivals_per_hour = -1").replace("= 60", "= -60")
    assert len(complaints(wrong)) == 2


def test_without_a_queue_there_is_nothing_to_simulate() -> None:
    assert "queue: None" in complaints("duration_s = 1\n[[agents]]\ncount = 1")[0]
    assert "queue: 3" in complaints("duration_s = 1\nqueue = 3\n[[agents]]\ncount = 1")[0]


def test_two_queues_have_two_names() -> None:
    queue = PLAIN[PLAIN.index("[[queue]]") : PLAIN.index("[[agents]]")]
    (complaint,) = complaints(PLAIN.replace("[[agents]]", f"{queue}\n[[agents]]"))
    assert "queue[2].name: 'q' is not allowed; allowed: allowed.once_only" in complaint
