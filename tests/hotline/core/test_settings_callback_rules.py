"""Callbacks that could not be made are refused as settings, with the place and what is allowed."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from sample_settings import GOOD as SAMPLE
from sample_settings import found, put

from acd.core.callback_numbers import NumberRules
from hotline.core.settings import Callbacks, Hotline, Number, Outgoing, Settings
from hotline.core.settings_callback_rules import number_rules
from hotline.core.settings_check import check_settings, settings_to_document
from hotline.core.settings_toml import document_to_toml

GOOD = {"trunk": "line", "presented_number": "4001"}


def with_callbacks(*queue: Any, **callbacks: Any) -> Callable[[dict[str, Any]], None]:
    """Changes the good sample: these callbacks; `queue` are pairs of key and value of the first queue."""

    def change(document: dict[str, Any]) -> None:
        document["callbacks"] = callbacks
        for key, value in queue:
            document["queue"][0][key] = value

    return change


@pytest.mark.parametrize(
    ("callbacks", "key", "allowed"),
    [
        ({"trunk": "nowhere", "presented_number": "4001"}, "callbacks.trunk", "demo, line"),
        ({"trunk": "line"}, "callbacks.presented_number", "the number that people who are called back see"),
        ({**GOOD, "digits_min": 9, "digits_max": 8}, "callbacks.digits_max", "not below 9"),
        ({**GOOD, "retry_after_s": 60, "expire_after_s": 60}, "callbacks.expire_after_s", "than 60"),
        ({**GOOD, "allowed_prefixes": ["13", "13"]}, "callbacks.allowed_prefixes[2]", "once only"),
        (
            {**GOOD, "allowed_prefixes": ["13"], "refused_prefixes": ["138", "13"]},
            "callbacks.refused_prefixes[2]",
            "once only",
        ),
        (
            {**GOOD, "allowed_prefixes": ["13", "00852"]},
            "callbacks.allowed_prefixes[2]",
            "those that begin with 00 are abroad",
        ),
        ({**GOOD, "allowed_prefixes": ["110"]}, "callbacks.allowed_prefixes[1]", "no emergency number (110)"),
    ],
)
def test_callbacks_that_cannot_be(callbacks: dict[str, Any], key: str, allowed: str) -> None:
    complaints = found(with_callbacks(**callbacks))
    assert list(complaints) == [key]
    assert allowed in complaints[key]


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ([("leave_key", "1"), ("leave_to", "callback")], "leave_to"),
        ([("overflow", "callback")], "overflow"),
        ([("nobody_ready", {"waiting": "callback"})], "nobody_ready.waiting"),
        ([("nobody_logged_in", {"entering": "callback"})], "nobody_logged_in.entering"),
    ],
)
def test_no_queue_offers_what_cannot_be(setting: list[tuple[str, Any]], key: str) -> None:
    assert list(found(with_callbacks(*setting))) == [f"queue[1].{key}"]
    assert "a trunk in [callbacks] first" in found(with_callbacks(*setting))[f"queue[1].{key}"]
    assert found(with_callbacks(*setting, **GOOD)) == {}


def test_callbacks_that_can() -> None:
    assert found(with_callbacks(**GOOD, allowed_prefixes=["13", "021"], refused_prefixes=["138"])) == {}
    assert found(with_callbacks(**GOOD, attempts=1, retry_after_s=60, expire_after_s=60)) == {}
    assert found(put("callbacks", "digits_max", 7)) == {}


def test_callbacks_survive_export_and_import() -> None:
    document = copy.deepcopy(SAMPLE)
    with_callbacks(("leave_key", "1"), ("leave_to", "callback"), **GOOD, allowed_prefixes=["13"])(document)
    settings = check_settings(document, file="a.toml", version=1)
    assert settings.callbacks == Callbacks("line", "4001", allowed_prefixes=("13",))
    text = document_to_toml(settings_to_document(settings))
    assert check_settings(tomllib.loads(text), file="export.toml", version=1) == settings


def test_the_house_s_rules_of_numbers() -> None:
    settings = Settings(
        1,
        Hotline(country="uk"),
        numbers=(Number("4001"), Number("4002")),
        outgoing=Outgoing(emergency=("999",)),
        callbacks=Callbacks(
            "line", "4003", allowed_prefixes=("07",), refused_prefixes=("08",), digits_max=11
        ),
    )
    assert number_rules(settings) == NumberRules(
        "uk", ("07",), ("08",), 7, 11, ("4001", "4002", "4003"), ("999",)
    )
