"""What can be dialled means one thing only."""

from __future__ import annotations

from typing import Any

import pytest
from sample_settings import found, put


@pytest.mark.parametrize("taken", ["4001", "1001"])
def test_an_extension_that_means_something_else(taken: str) -> None:
    """A number of the hotline, an agent's number."""
    assert "once only" in found(put("queue", 1, "extension", taken))["queue[2].extension"]


def test_two_queues_with_one_extension() -> None:
    def twins(document: dict[str, Any]) -> None:
        for queue in document["queue"]:
            queue["extension"] = "777"

    assert list(found(twins)) == ["queue[2].extension"]


def test_queues_without_an_extension_and_one_with_its_own() -> None:
    assert found(put("queue", 1, "extension", "777")) == {}


@pytest.mark.parametrize(
    ("url", "extension", "key"),
    [
        ("https://check.example/", "1001", "verification.extension"),
        ("https://check.example/", "4001", "verification.extension"),
        ("https://check.example/", "777", "verification.extension"),
        ("", "8999", "verification.url"),
        ("https://check.example/", "8999", ""),
    ],
)
def test_where_callers_are_sent_to_enter_digits(url: str, extension: str, key: str) -> None:
    def change(document: dict[str, Any]) -> None:
        document["queue"][1]["extension"] = "777"
        document["verification"] = {"url": url, "extension": extension}

    assert list(found(change)) == ([key] if key else [])


@pytest.mark.parametrize(
    ("outgoing", "key"),
    [
        ({"trunk": "nowhere", "presented": "4001"}, "outgoing.trunk"),
        ({"trunk": "demo"}, "outgoing.presented"),
        ({"trunk": "demo", "presented": "4001", "emergency": ["110", "110"]}, "outgoing.emergency[2]"),
        ({"trunk": "demo", "presented": "4001", "emergency": ["1001"]}, "outgoing.emergency[1]"),
        (
            {"trunk": "demo", "presented": "4001", "access": "10", "emergency": ["01"]},
            "outgoing.emergency[1]",
        ),
        (
            {"trunk": "demo", "presented": "4001", "access": "4", "emergency": ["001"]},
            "outgoing.emergency[1]",
        ),
    ],
)
def test_outgoing_calls_that_cannot_be(outgoing: dict[str, Any], key: str) -> None:
    def change(document: dict[str, Any]) -> None:
        document["outgoing"] = outgoing

    assert list(found(change)) == [key]


@pytest.mark.parametrize(("access", "number"), [("10", "01"), ("1", "001"), ("4", "001")])
def test_an_emergency_number_that_is_somebody_elses_behind_the_access_digits(
    access: str, number: str
) -> None:
    """An agent's, or one of the hotline's: the caller in need would be connected there."""
    outgoing = {"trunk": "demo", "presented": "4001", "access": access, "emergency": ["110", number]}
    complaints = found(lambda document: document.update(outgoing=outgoing))
    assert list(complaints) == ["outgoing.emergency[2]"]
    assert f"{access + number} is a number of" in complaints["outgoing.emergency[2]"]


def test_without_outgoing_calls_nothing_is_in_the_way_of_emergency_numbers() -> None:
    outgoing = {"access": "1", "emergency": ["001"]}
    assert found(lambda document: document.update(outgoing=outgoing)) == {}


def test_outgoing_calls_that_can() -> None:
    def change(document: dict[str, Any]) -> None:
        document["outgoing"] = {"trunk": "demo", "presented": "4001", "rule": [{"allowed": ["1"]}]}

    assert found(change) == {}
