"""Shapes: which document becomes which values, and what is said of wrong types, unknown and missing keys."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest

from hotline.core.settings import Agent, Choice, Hours, Queue, Reason, Settings, Team, Text, Trunk
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_document import read_settings, settings_to_document
from hotline.words import in_words

QUEUE = {"name": "service", "title": {"zh": "咨询", "en": "Service"}, "whisper": "queue-service"}


def read(document: dict[str, Any]) -> tuple[Settings, dict[str, str]]:
    complaints = Complaints("a.toml")
    settings = read_settings(document, 3, complaints)
    return settings, {key: in_words(complaint.allowed) for key, complaint in complaints.found.items()}


def test_what_is_left_out_has_its_default() -> None:
    settings, found = read({"queue": [QUEUE]})
    assert not found
    assert settings.queues == (Queue("service", Text("咨询", "Service"), whisper="queue-service"),)
    assert settings.queues[0].offer_rings is None


def test_lists_and_tables_of_plain_values() -> None:
    document = {
        "skills": ["zh"],
        "not_ready_reasons": {"1": {"zh": "小休", "en": "Break"}},
        "agent": [{"number": "1001", "name": "A", "skills": {"zh": 10}}],
        "trunk": [{"name": "t", "kind": "peer", "match": ["192.0.2.1"]}],
    }
    settings, found = read(document)
    assert not found
    assert settings.skills == ("zh",)
    assert settings.not_ready_reasons == {"1": Reason("小休", "Break")}
    assert settings.agents == (Agent("1001", "A", {"zh": 10}),)
    assert settings.trunks == (Trunk("t", "peer", match=("192.0.2.1",)),)


def test_a_list_of_texts_has_no_singular() -> None:
    """[[team]] has `agents`, though a list of tables of that name would be [[agent]]."""
    settings, found = read({"team": [{"name": "vip", "agents": ["1001"]}]})
    assert not found
    assert settings.teams == (Team("vip", ("1001",)),)
    assert settings_to_document(settings)["team"] == [{"name": "vip", "agents": ["1001"]}]


def test_choices_of_menus_of_flows() -> None:
    menu = {"name": "m", "prompt": "menu-m", "choice": [{"digit": "1", "go": "hangup"}], "timeout_s": 3}
    settings, found = read({"flow": [{"name": "main", "start": "menu:m", "menu": [menu]}]})
    assert not found
    assert settings.flows[0].menus[0].choices == (Choice("1", "hangup"),)
    assert settings.flows[0].menus[0].timeout_s == 3.0
    assert type(settings.flows[0].menus[0].timeout_s) is float


@pytest.mark.parametrize(
    ("document", "key", "allowed"),
    [
        ({"qeue": []}, "qeue", "no such key; keys here: hotline, skills"),
        ({"version": 3}, "version", "no such key"),
        ({"queues": []}, "queues", "no such key"),
        ({"hotline": 5}, "hotline", "a table"),
        ({"hotline": {"nme": 1}}, "hotline.nme", "no such key"),
        ({"hotline": {"survey": 1}}, "hotline.survey", "true or false"),
        ({"hotline": {"target_rings": True}}, "hotline.target_rings", "a whole number"),
        ({"hotline": {"target_rings": 3.0}}, "hotline.target_rings", "a whole number"),
        ({"hotline": {"timezone": 8}}, "hotline.timezone", "a text"),
        ({"hotline": {"name": "Hotline"}}, "hotline.name", "a table"),
        ({"hotline": {"name": {"zh": "热线"}}}, "hotline.name.en", "this key is required"),
        ({"hotline": {"name": {"zh": "热\n线", "en": "x"}}}, "hotline.name.zh", "a text of one line"),
        ({"hotline": {"name": {"zh": "x" * 201, "en": "x"}}}, "hotline.name.zh", "a text of one line"),
        ({"hotline": {"languages": "zh"}}, "hotline.languages", "a list of texts"),
        ({"hotline": {"languages": ["zh", 1]}}, "hotline.languages[2]", "a text"),
        ({"queue": {}}, "queue", "a list of tables"),
        ({"queue": [3]}, "queue[1]", "a table"),
        ({"queue": [{"name": "a", "whisper": "w"}]}, "queue[1].title", "this key is required"),
        ({"queue": [QUEUE, {**QUEUE, "survey": "no"}]}, "queue[2].survey", "true or false"),
        ({"agent": [{"number": "1", "name": "A", "skills": ["zh"]}]}, "agent[1].skills", "a table"),
        ({"agent": [{"number": "1", "name": "A", "skills": {"zh": "9"}}]}, "agent[1].skills.zh", "a whole"),
        ({"trunk": [{"kind": "peer"}]}, "trunk[1].name", "this key is required"),
        ({"hours": [3]}, "hours[1]", "a table"),
        ({"hours": [{}]}, "hours[1].name", "this key is required"),
        ({"hours": [{"name": "o", "weekdays": []}]}, "hours[1].weekdays", "keys here: name, monday"),
        ({"hours": [{"name": "o", "monday": "09:00-12:00"}]}, "hours[1].monday", "a list of times"),
        ({"hours": [{"name": "o", "extra_days": []}]}, "hours[1].extra_days", "a table of dates"),
        ({"hours": [{"name": "o", "holidays": "2026-10-01"}]}, "hours[1].holidays", "a list of dates"),
        ({"hours": [{"name": "o", "holidays": ["2026-13-01"]}]}, "hours[1].holidays[1]", 'a date as "YYYY'),
        ({"hours": [{"name": "o", "holidays": ["20261001"]}]}, "hours[1].holidays[1]", 'a date as "YYYY'),
        ({"hours": [{"name": "o", "holidays": [20261001]}]}, "hours[1].holidays[1]", 'a date as "YYYY'),
        ({"hours": [{"name": "o", "extra_days": {"x": []}}]}, "hours[1].extra_days.x", 'a date as "YYYY'),
    ],
)
def test_wrong_shapes_are_named(document: dict[str, Any], key: str, allowed: str) -> None:
    _, found = read(document)
    assert list(found) == [key]
    assert allowed in found[key]


@pytest.mark.parametrize(
    "text", ["9:00-12:00", "09:00", "12:00-09:00", "09:00-09:00", "09:60-10:00", "24:00-24:00"]
)
@pytest.mark.parametrize("day", ["monday", "sunday"])
def test_impossible_times_are_named(text: str, day: str) -> None:
    _, found = read({"hours": [{"name": "o", day: [text]}]})
    assert "HH:MM-HH:MM" in found[f"hours[1].{day}[1]"]


def test_overlapping_times_are_named() -> None:
    _, found = read({"hours": [{"name": "o", "monday": ["09:00-12:00", "11:59-13:00"]}]})
    assert found == {"hours[1].monday[2]": "a time from 12:00 on: till then the one before"}


def test_opening_hours() -> None:
    table = {
        "name": "office",
        "monday": ["09:00-12:00", "12:00-24:00"],
        "holidays": [date(2026, 10, 1), "2026-10-02"],
        "extra_days": {"2026-10-10": ["09:00-12:00"]},
    }
    settings, found = read({"hours": [table]})
    assert not found
    assert settings.hours == (
        Hours(
            "office",
            ((("09:00", "12:00"), ("12:00", "24:00")), (), (), (), (), (), ()),
            ("2026-10-01", "2026-10-02"),
            {"2026-10-10": (("09:00", "12:00"),)},
        ),
    )


def test_a_moment_is_no_date() -> None:
    _, found = read({"hours": [{"name": "o", "holidays": [datetime(2026, 10, 1, 12)]}]})
    assert list(found) == ["hours[1].holidays[1]"]


def test_a_document_holds_json_only_and_no_version() -> None:
    settings, _ = read({"queue": [QUEUE], "hours": [{"name": "o", "monday": ["09:00-12:00"]}]})
    document = settings_to_document(settings)
    assert json.loads(json.dumps(document)) == document
    assert "version" not in document
    assert document["hours"][0]["monday"] == ["09:00-12:00"]
    assert "offer_rings" not in document["queue"][0]
