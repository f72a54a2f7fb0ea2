"""Settings must agree with themselves: each rule has a sample that breaks only this rule."""

from __future__ import annotations

from typing import Any

import pytest
from sample_settings import found, put


def test_the_good_sample_is_good() -> None:
    assert found() == {}


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        (put("hotline", "languages", []), "hotline.languages", "at least one"),
        (put("hotline", "languages", ["zh", "zh"]), "hotline.languages[2]", "once only"),
        (put("hotline", "emergency_phones", ["1009"]), "hotline.emergency_phones[1]", "1001, 1002"),
        (put("skills", ["zh", "en", "zh"]), "skills[3]", "once only"),
        (put("skills", ["zh", "en", "Not"]), "skills[3]", "a name other than and, or, not"),
        (put("trunk", 1, "name", "demo"), "trunk[2].name", "once only"),
        (put("trunk", 0, "name", "global"), "trunk[1].name", "a name other than global, system"),
        (put("phone", 1, "name", "system"), "phone[2].name", "a name other than global, system"),
        (put("trunk", 1, "address", ""), "trunk[2].address", 'because kind is "address"'),
        (put("trunk", 1, "kind", "registered"), "trunk[2].username", "because we register there"),
        (put("trunk", 0, "username", "me"), "trunk[1].username", "signs in with its name"),
        (put("trunk", 0, "codecs", []), "trunk[1].codecs", "at least one codec"),
        (put("phone", 0, "codecs", []), "phone[1].codecs", "at least one codec"),
        (put("phone", 1, "name", "1001"), "phone[2].name", "once only"),
        (put("phone", 1, "name", "demo"), "phone[2].name", "once only"),
        (put("queue", 1, "name", "a"), "queue[2].name", "once only"),
        (put("queue", 0, "closed", "queue:c"), "queue[1].closed", "queue: and the name of a queue (a, b)"),
        (put("queue", 0, "closed", "queue:a"), "queue[1].closed", "does not lead back here"),
        (put("queue", 1, "needs", "zh and"), "queue[2].needs", "in place of the end (character 7)"),
        (put("queue", 1, "needs", "fr"), "queue[2].needs", "skills of the list skills (zh, en), not fr"),
        (put("queue", 1, "needs", "zh >= 9"), "queue[2].needs", "at least one agent meets"),
        (put("queue", 1, "needs", "zh and en"), "queue[2].needs", "at least one agent meets"),
        (put("agent", 1, "number", "1001"), "agent[2].number", "once only"),
        (put("agent", 1, "skills", {"en": 0}), "agent[2].skills.en", "a level from 1 to 10"),
        (put("agent", 1, "skills", {"en": 11}), "agent[2].skills.en", "a level from 1 to 10"),
        (put("agent", 1, "skills", {"en": 1, "fr": 1}), "agent[2].skills.fr", "the list skills (zh, en)"),
        (put("agent", 1, "phone", "1009"), "agent[2].phone", "the name of a phone (1001, 1002)"),
        (put("number", 1, "did", "4001"), "number[2].did", "once only"),
        (put("number", 0, "flow", "other"), "number[1].flow", "the name of a flow (main)"),
        (put("number", 0, "flow", ""), "number[1].flow", "one of both"),
        (put("number", 0, "direct_queue", "a"), "number[1].flow", "one of both"),
        (put("number", 1, "direct_queue", "c"), "number[2].direct_queue", "the name of a queue (a, b)"),
    ],
)
def test_each_disagreement_is_named(change: Any, key: str, allowed: str) -> None:
    complaints = found(change)
    assert allowed in complaints[key]


def test_a_skill_that_nobody_has() -> None:
    assert found(put("agent", 1, "skills", {})) == {}  # nobody asks for "en"

    def needed(document: dict[str, Any]) -> None:
        document["agent"][1]["skills"] = {}
        document["queue"][1]["needs"] = "en or zh"

    assert found(needed) == {"queue[2].needs": "skills some agent has (zh); nobody has en"}


def test_of_many_names_only_the_first_are_shown() -> None:
    def change(document: dict[str, Any]) -> None:
        document["phone"] = [{"name": str(number)} for number in range(1001, 1101)]
        document["agent"][0]["phone"] = "9"

    (allowed,) = found(change).values()
    assert allowed.endswith("1020, … 100 in all)")


def test_two_trunks_from_one_source() -> None:
    def share(document: dict[str, Any]) -> None:
        document["trunk"][0]["match"] = ["192.0.2.0/24"]
        document["trunk"][1]["match"] = ["192.0.2.0/24"]

    assert found(share) == {"trunk[2].match[1]": "a source that trunk[1] has not"}


@pytest.mark.parametrize("second", ["192.0.2.7", "192.0.2.0/25", "192.0.0.0/16"])
def test_sources_of_trunks_may_not_overlap(second: str) -> None:
    def overlap(document: dict[str, Any]) -> None:
        document["trunk"][0]["match"] = ["192.0.2.0/24"]
        document["trunk"][1]["match"] = [second]

    assert list(found(overlap)) == ["trunk[2].match[1]"]


def test_the_address_of_a_trunk_counts_as_its_source() -> None:
    assert found(put("trunk", 0, "match", ["192.0.2.0/24"])) == {
        "trunk[2].address": "a source that trunk[1] has not"
    }
