"""The door for settings: what is shipped is accepted, what is wrong is refused with place and value."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import hotline
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused, check_settings, settings_to_document
from hotline.words import in_words, told

DEFAULTS = Path(hotline.__file__).parent / "defaults" / "settings.toml"


def defaults() -> dict[str, Any]:
    return tomllib.loads(DEFAULTS.read_text("utf-8"))


def complaints(document: dict[str, Any]) -> dict[str, str]:
    """Key -> what is allowed, of everything complained about."""
    with pytest.raises(SettingsRefused) as refusal:
        check_settings(document, file="mine.toml", version=1)
    return {complaint.key: in_words(complaint.allowed) for complaint in refusal.value.complaints}


def test_settings_of_a_first_start_are_accepted() -> None:
    settings = check_settings(defaults(), file="settings.toml", version=7)
    assert settings.version == 7
    assert [queue.name for queue in settings.queues] == ["service", "complaint"]
    assert [agent.number for agent in settings.agents] == ["1001", "1002", "1003", "1004"]
    assert [(number.did, number.flow, number.direct_queue) for number in settings.numbers] == [
        ("4001", "main", ""),
        ("4002", "", "service"),
    ]


def test_settings_survive_the_way_through_a_document() -> None:
    settings = check_settings(defaults(), file="settings.toml", version=7)
    assert check_settings(settings_to_document(settings), file="again", version=7) == settings


def test_an_empty_document_is_a_hotline_without_lines() -> None:
    assert check_settings({}, file="empty.toml", version=1) == Settings(version=1)


def test_a_complaint_names_file_key_value_and_what_is_allowed() -> None:
    document = defaults()
    document["queue"][1]["needs"] = "complaint >= 11"
    with pytest.raises(SettingsRefused) as refusal:
        check_settings(document, file="mine.toml", version=1)
    assert told(refusal.value) == (
        "mine.toml: queue[2].needs: 'complaint >= 11' is not allowed; "
        'allowed: a level from 1 to 10, in place of "11" (character 14)'
    )


def test_a_long_value_is_shown_shortened() -> None:
    document = defaults()
    document["queue"][0]["name"] = "x" * 5000
    with pytest.raises(SettingsRefused) as refusal:
        check_settings(document, file="mine.toml", version=1)
    assert len(told(refusal.value).splitlines()[0]) < 250


def test_all_complaints_are_told_together() -> None:
    document = defaults()
    document["bogus"] = 1
    document["hotline"]["target_rings"] = 0
    document["queue"][0]["needs"] = "juggling"
    del document["queue"][1]["whisper"]
    document["number"][0]["did"] = "40 01"
    document["hours"][0]["monday"] = ["18:00-08:30"]
    assert set(complaints(document)) == {
        "bogus",
        "hotline.target_rings",
        "queue[1].needs",
        "queue[2].whisper",
        "number[1].did",
        "hours[1].monday[1]",
    }


def test_one_key_is_complained_about_once() -> None:
    document = defaults()
    document["number"][0]["did"] = "not a number"
    document["number"][1]["did"] = "not a number"
    with pytest.raises(SettingsRefused) as refusal:
        check_settings(document, file="mine.toml", version=1)
    assert [complaint.key for complaint in refusal.value.complaints] == ["number[1].did", "number[2].did"]
