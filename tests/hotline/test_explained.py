"""An explanation as text, to the word, and as JSON."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from decision_table import START_MS
from played import Played, clock

from acd.core.explain import Explainer
from hotline.explained import document, lines, text
from hotline.words import in_words

ABOUT = {"at_ms": START_MS, "contact": "c1", "entry": 1, "queue": "service"}
QUEUED = {
    **ABOUT,
    "needs": "",
    "priority": 0,
    "language": "zh",
    "wait_since_ms": START_MS,
    "settings_version": 4,
}
OFFERED = {**ABOUT, "offer": "1-1", "agent": "1001", "phone": "p", "expires_ms": 0}

STORY = """
    0     ready 1001
    10    ready 1002
    100   arrive c1 service sales priority=2 since=50
    110   rang 1-1
    20110 failed 1-1 no_answer
    20120 leg_ended 1-1 0
    20300 bridged 1-2
    30000 leg_ended 1-2 16 agent
    40000 arrive c2 orders entry=1 since=40000
    45000 withdraw c2 voicemail
"""


def told(explainer: Explainer, language: str = "en") -> str:
    return text(lines(explainer, clock), lambda phrase: in_words(phrase, language))


def test_the_whole_story_in_english() -> None:
    explainer = Played().play(STORY).explained("c1", "1002")
    assert told(explainer) == dedent("""\
        contact c1
            100 request 1: queue service, needs sales >= 1, priority 2, waits since 50, settings version 1
                100 offer 1-1: agent 1001, step 0, needs sales >= 1, settings version 1
                    left out: 1 without the skills
                    2 could be chosen, in this order: longest idle, then lowest agent number
                        1. 1001, idle since 0
                        2. 1002, idle since 10
                    made again from the facts: the same choice
                    why agent 1002 did not ring: longer idle was 1001: since 0, agent 1002 since 10
                    20110 no conversation: no answer, rang for 20.0 s
                20110 offer 1-2: agent 1002, step 0, needs sales >= 1, settings version 1
                    left out: 1 without the skills, 1 ringing
                    1 could be chosen, in this order: longest idle, then lowest agent number
                        1. 1002, idle since 10
                    made again from the facts: the same choice
                    why agent 1002 did not ring: agent 1002's phone rang
                    20300 connected with agent 1002
                20300 left the queue: answered, after a wait of 20.2 s""")


def test_the_same_in_chinese() -> None:
    said = told(Played().play(STORY).explained("c1", "1001"), "zh")
    assert said.splitlines()[:4] == [
        "来电 c1",
        "    100 第 1 次请求：队列 service，需求 sales >= 1，优先级 2，自 50 起等待，设置版本 1",
        "        100 分配 1-1：坐席 1001，第 0 步，需求 sales >= 1，设置版本 1",
        "            不在候选之列：技能不符 1",
    ]
    assert "坐席 1001 为什么没有振铃：自 100 起为来电 c1 占用（振铃）" in said


def test_a_call_that_left_for_elsewhere() -> None:
    said = told(Played().play(STORY).explained("c2"))
    assert (
        said.splitlines()[-1].strip()
        == "45000 left the queue: left for elsewhere, to voicemail, after a wait of 5.0 s"
    )


def test_an_offer_that_was_taken_had_no_candidates() -> None:
    explainer = Played().play("0 ready 1001").explained("c1")
    explainer.apply("CallQueued", START_MS, {**QUEUED})
    explainer.apply("CallOffered", START_MS, {**OFFERED, "proof": {"aimed": "took", "settings_version": 4}})
    assert told(explainer).splitlines()[2].strip() == (
        "0 offer 1-1: agent 1001, taken by the agent's own wish, settings version 4"
    )
    explainer.apply("CallOffered", START_MS, {**OFFERED, "offer": "1-2", "proof": {"aimed": "by decree"}})
    assert "by decree" in told(explainer)  # a newer program's word is told as it is


def test_one_who_asked_for_no_agent() -> None:
    assert told(Played().explained("c7")).splitlines() == ["contact c7", "    contact c7 asked for no agent"]


def test_hostile_ids_stay_on_their_line() -> None:
    assert told(Played().explained("c7\r\n\x1b[31m")).count("\n") == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_as_json_it_has_the_proofs_and_the_words(language: str) -> None:
    explainer = Played().play(STORY).explained("c1", "1002")
    values = document(explainer, lambda phrase: in_words(phrase, language), clock)
    assert values["matches"] is True and values["agent"] == "1002"
    [request] = values["requests"]
    first, second = request["offers"]
    assert first["proof"]["best"][0]["agent"] == "1001"
    assert (first["cause"], first["recounted"], first["mismatches"]) == ("no_answer", True, [])
    assert second["agents"] == ["1002"]
    assert ("longer idle" in first["why_not"]) is (language == "en")
    assert request["queued"]["at_ms"] == START_MS + 100
    assert values["text"] == told(explainer, language)


def test_what_supervisors_did_stands_at_its_time() -> None:
    played = Played().play("""
        100   arrive c1 service since=100
        200   put_first c1
        250   send_on c1 queue:orders
    """)
    assert told(played.explained("c1")).splitlines()[2:4] == [
        "        200 supervisor boss: puts it first",
        "        250 supervisor boss: moves it to another queue (queue:orders)",
    ]
    assert told(played.explained("c1"), "zh").splitlines()[2] == "        200 班长 boss：优先"


@pytest.mark.parametrize(
    ("queued", "language", "said"),
    [
        ({"prefer": ["1001"]}, "en", "at first of agent 1001 alone"),
        ({"prefer": ["1", "2"], "teams": ["vip"]}, "en", "at first of agent 1, 2 alone, of team vip"),
        ({"prefer": ["1001"], "teams": ["vip"]}, "zh", "先只找团队 vip 的坐席 1001"),
        ({"teams": ["vip"]}, "en", "team vip is preferred, but nobody of it was logged in and met the needs"),
    ],
)
def test_who_is_preferred_is_told_with_the_request(queued: dict[str, Any], language: str, said: str) -> None:
    explainer = Played().explained("c1")
    explainer.apply("CallQueued", START_MS, {**QUEUED, **queued})
    assert told(explainer, language).splitlines()[2].strip() == said


LIMITS_STORY = """
    0     ready 1002
    10    arrive c0 orders since=10
    20    bridged 1-1
    100   arrive c1 quick since=100
    200   predicted c1 90500
    210   withdraw c1 voicemail
    300   arrive c2 limited sales since=300 closed=1
"""


def test_one_who_is_sent_on_by_a_limit_and_one_who_was_not_let_in() -> None:
    played = Played().play(LIMITS_STORY)
    assert told(played.explained("c1")) == dedent("""\
        contact c1
            100 request 1: queue quick, needs anyone, priority 0, waits since 100, settings version 1
                200 sent on to voicemail by the limits of queue quick: expected to wait for another 90.5 s
                210 left the queue: left for elsewhere, to voicemail, after a wait of 0.1 s""")
    assert told(played.explained("c2")) == dedent("""\
        contact c2
            300 sent on to voicemail by the limits of queue limited: the queue is closed""")
    [away] = document(played.explained("c2"), in_words, clock)["turned_away"]
    assert away["reason"] == "closed"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("closed", "the queue is closed"),
        ("queue_full", "as many wait as may"),
        ("callers_per_agent", "as many wait per agent as may"),
        ("nobody_logged_in", "no agent who could serve it is logged in"),
        ("nobody_ready", "no agent who could serve it is at work"),
        ("max_wait", "waited for as long as it may"),
        ("predicted_wait", "too long a wait was expected"),
        ("of_the_future", "of_the_future"),
    ],
)
def test_every_limit_is_told_in_words(reason: str, said: str) -> None:
    explainer = Played().explained("c1")
    explainer.apply("CallOverflowed", START_MS, {**ABOUT, "reason": reason, "to": "hangup"})
    assert told(explainer).endswith(f"sent on to hangup by the limits of queue service: {said}")
