"""Agents and the rules of their work must agree with the rest: each rule has a sample that breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from sample_settings import found, put

CODES = {"11": {"zh": "咨询", "en": "Question"}}


def queue_asks(asks: str, *, codes: bool = True, **hotline: int) -> Any:
    """The first queue asks for a code; more settings of the house."""

    def change(document: dict[str, Any]) -> None:
        document["queue"][0]["disposition"] = asks
        document["dispositions"] = CODES if codes else {}
        document["hotline"] = hotline

    return change


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        (queue_asks("required", codes=False), "queue[1].disposition", "codes listed in [dispositions] first"),
        (queue_asks("optional", codes=False), "queue[1].disposition", "codes listed in [dispositions] first"),
        (queue_asks("required", disposition_max_s=9), "hotline.disposition_max_s", "10 (queue[1].after_c"),
        (put("agent", 0, "also", ["1009"]), "agent[1].also[1]", "the name of a phone (1001, 1002)"),
        (put("agent", 0, "also", ["1001"]), "agent[1].also[1]", "once only"),
        (put("agent", 0, "also", ["1002", "1002"]), "agent[1].also[2]", "once only"),
        (put("hotline", "after_contact_max_s", 9), "hotline.after_contact_max_s", "10 (queue[1].after_c"),
    ],
)
def test_each_disagreement_is_named(change: Any, key: str, allowed: str) -> None:
    assert allowed in found(change)[key]


@pytest.mark.parametrize(
    "change",
    [
        queue_asks("required"),
        queue_asks("optional", disposition_max_s=0),
        put("hotline", "failed_offers", {"busy": {"becomes": "logged_out", "after": 3}, "pause_s": 9}),
    ],
)
def test_what_agrees_is_accepted(change: Any) -> None:
    assert found(change) == {}
