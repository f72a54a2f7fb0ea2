"""Reachable phones, told contact by contact."""

import pytest

from acd.core.phones import PhoneContacts

STORIES = [
    # what is told of which contact, and whether the phone is reachable after each
    ("registers, goes", [("a", "Created", True), ("a", "Removed", False)]),
    (
        "falls silent, comes back",
        [("a", "Created", True), ("a", "Unreachable", False), ("a", "Reachable", True)],
    ),
    ("moves", [("a", "Created", True), ("b", "Created", True), ("a", "Removed", True)]),
    ("moves, old one last seen before a restart of ours", [("b", "Created", True), ("a", "Removed", True)]),
    ("two, one silent", [("a", "Created", True), ("b", "Created", True), ("b", "Unreachable", True)]),
    ("what is unknown says nothing", [("a", "Created", True), ("a", "Odd", None), ("a", "Removed", False)]),
]


@pytest.mark.parametrize(("name", "story"), STORIES, ids=[name for name, _ in STORIES])
def test_stories(name: str, story: list[tuple[str, str, bool | None]]) -> None:
    contacts = PhoneContacts()
    assert [contacts.told("1001", uri, status) for uri, status, _ in story] == [after for *_, after in story]


def test_phones_are_apart() -> None:
    contacts = PhoneContacts()
    contacts.told("1001", "a", "Created")
    assert contacts.told("1002", "b", "Removed") is False
    assert contacts.told("1001", "a", "Reachable") is True
