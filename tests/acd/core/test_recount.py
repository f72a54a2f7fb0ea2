"""The choice made again from facts: what the proof says is found, what it says wrongly is named."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from decision_table import settings
from played import Played

from acd.core.events import SettingsChanged
from acd.core.fact_codec import to_body
from acd.core.facts import CallOffered
from acd.core.picture import Picture
from acd.core.recount import Scene, recount, recount_beside
from hotline.words import in_words

STORY = """
    0   ready 1001
    10  ready 1002
    100 arrive c1 service sales since=100
"""


def offered(story: str = STORY) -> tuple[dict[str, Any], Scene]:
    """The last offer of a story, of several phones at once the first, and the scene before it."""
    played = Played().play(story)
    picture = Picture(lambda _: 0)
    for fact in played.facts:
        body = to_body(fact)
        if isinstance(fact, CallOffered) and fact.dial in ("", fact.offer):
            before = Picture.restore(copy.deepcopy(picture.snapshot()), lambda _: 0)
            last = body, Scene(fact.at_ms, before, played.versions[1])
        picture.apply(type(fact).__name__, fact.at_ms, body)
    return last


def differences(body: dict[str, Any], scene: Scene) -> list[str]:
    return [in_words(one) for one in recount(body, scene)]


def test_the_same_choice_comes_out() -> None:
    assert differences(*offered()) == []


def test_every_offer_of_a_longer_story_is_found_again() -> None:
    story = (
        STORY
        + """
        110 rang 1-1
        120 failed 1-1 rejected
        130 leg_ended 1-1 21
        140 ready 1001
        150 arrive c2 service english since=150 priority=3
        160 bridged 1-2
        9000 leg_ended 1-2 16 caller
    """
    )
    assert differences(*offered(story)) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"agent": "1002"}, ["agent: the proof says 1002, the facts say 1001"]),
        ({"entry": 2}, ["request: the proof says 2, the facts say 1"]),
        ({"proof.priority": 5}, ["priority: the proof says 5, the facts say 0"]),
        ({"proof.step": 1}, ["step: the proof says 1, the facts say 0"]),
        ({"proof.candidates": 3}, ["number of candidates: the proof says 3, the facts say 2"]),
        (
            {"proof.policy": "fewest_contacts"},
            ["policy: the proof says fewest_contacts, the facts say longest_idle"],
        ),
        ({"proof.settings_version": 7}, ["settings version: the proof says 7, the facts say 1"]),
        (
            {"proof.tie_break": "lowest agent number"},
            [
                "tie-break: the proof says lowest agent number, "
                "the facts say longest idle, then lowest agent number"
            ],
        ),
        (
            {"proof.preferred": ["1001"]},
            ["preferred agents: the proof says ['1001'], the facts say []"],
        ),
        ({"proof.ring": 2}, ["phones that ring at once: the proof says 2, the facts say 1"]),
        (
            {"proof.excluded": {}},
            ["numbers left out: the proof says {}, the facts say {'lacks_skills': 1}"],
        ),
    ],
)
def test_what_the_proof_says_wrongly_is_named(change: dict[str, Any], named: list[str]) -> None:
    body, scene = offered()
    for path, value in change.items():
        *within, name = path.split(".")
        (body[within[0]] if within else body)[name] = value
    found = differences(body, scene)
    assert set(named) <= set(found)


PREFERRED = """
    0   ready 1001
    10  ready 1002
    100 arrive c1 steps prefer=1002 since=100
"""


@pytest.mark.parametrize(
    ("said", "words"),
    [(["1002", "1001"], "['1002', '1001']"), (["1001"], "['1001']"), ([], "[]")],
)
def test_other_agents_than_those_preferred_are_named(said: list[str], words: str) -> None:
    body, scene = offered(PREFERRED)
    assert body["agent"] == "1002"
    assert body["proof"]["preferred"] == ["1002"]
    assert differences(body, scene) == []
    body["proof"]["preferred"] = said
    assert f"preferred agents: the proof says {words}, the facts say ['1002']" in differences(body, scene)


TOGETHER = """
    0   ready 1001
    10  ready 1002
    100 arrive c1 together since=100
"""


def first_of_several() -> tuple[dict[str, Any], Scene]:
    """An offer of two phones at once, in a queue that would ring three; of these the first."""
    body, scene = offered(TOGETHER.replace("10  ready 1002", ""))
    assert "ring" not in body["proof"] and differences(body, scene) == []
    return offered(TOGETHER)


@pytest.mark.parametrize("said", [None, 1, 3])
def test_another_number_of_phones_than_the_queue_rings_is_named(said: int | None) -> None:
    body, scene = first_of_several()
    assert body["proof"]["ring"] == 2
    assert differences(body, scene) == []
    del body["proof"]["ring"]
    if said is not None:
        body["proof"]["ring"] = said
    assert differences(body, scene) == [
        f"phones that ring at once: the proof says {said or 1}, the facts say 2"
    ]


def test_facts_from_before_calls_kept_their_rules_say_nothing_of_phones_at_once() -> None:
    body, scene = first_of_several()
    scene.picture.contacts["c1"].rules = {}
    del body["proof"]["ring"]
    assert differences(body, scene) == []


def test_a_further_phone_proves_the_same_choice_and_is_the_next_of_the_best() -> None:
    first, _ = first_of_several()
    second = {**first, "agent": "1002", "offer": "1-2"}
    assert recount_beside(second, first, 1) == ()
    [agent] = recount_beside({**second, "agent": "1003"}, first, 1)
    assert in_words(agent) == "agent: the proof says 1003, the facts say 1002"
    [too_many] = recount_beside({**second, "agent": "1003"}, first, 2)
    assert in_words(too_many) == "agent: the proof says 1003, the facts say "
    [proof] = recount_beside({**second, "proof": {**first["proof"], "priority": 1}}, first, 1)
    assert in_words(proof).startswith("proof of a phone that rings at once")


def test_other_needs_lead_to_others() -> None:
    body, scene = offered()
    body["proof"]["needs"] = "english >= 1"
    found = differences(body, scene)
    assert "agent: the proof says 1001, the facts say 1002" in found
    assert "needs: the proof says english >= 1, the facts say sales >= 1" in found


def test_an_agent_missing_among_the_best_is_seen() -> None:
    body, scene = offered()
    del body["proof"]["best"][1]
    [difference] = differences(body, scene)
    assert difference.startswith("list of the best: the proof says")


def test_proofs_from_before_there_were_policies_are_understood() -> None:
    body, scene = offered()
    del body["proof"]["policy"]
    for one in body["proof"]["best"]:
        del one["key"]
    assert differences(body, scene) == []


def test_an_agent_whom_the_settings_do_not_name_counts_nowhere() -> None:
    body, scene = offered()
    fewer = SettingsChanged(1, scene.settings.agents[1:], scene.settings.queues)
    assert "agent: the proof says 1001, the facts say 1002" in differences(
        body, Scene(scene.at_ms, scene.picture, fewer)
    )


def test_where_nobody_could_be_chosen_there_is_no_agent() -> None:
    body, scene = offered()
    nobody = SettingsChanged(1, (), scene.settings.queues)
    found = differences(body, Scene(scene.at_ms, scene.picture, nobody))
    assert "agent: the proof says 1001, the facts say " in found


def test_an_agent_who_was_out_of_the_settings_for_a_while_keeps_the_days_figures() -> None:
    """Else acd would take for idle who by the facts has worked, and its proof would not match them."""
    played = Played()
    rules = tuple(replace(one, agent_choice="fewest_contacts") for one in settings().queues)
    named = [replace(settings(version=version), queues=rules) for version in (2, 3, 4)]
    played.tell(named[0], 1)
    played.play("""
        2   ready 1001
        100 arrive c1 orders since=100
        200 bridged 1-1
        900 leg_ended 1-1 16 agent
    """)
    played.tell(replace(named[1], agents=named[1].agents[1:]), 1_000)
    played.tell(named[2], 2_000)
    played.play("""
        2100 log_in 1001 phone1001
        2110 ready 1001
        2120 ready 1002
        3000 arrive c2 orders since=3000
    """)
    [offer] = played.explained("c2").entries[0].offers
    assert offer.agents == ["1002"]  # nobody has talked less today
    assert offer.mismatches == ()
