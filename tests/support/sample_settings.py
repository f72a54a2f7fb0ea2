"""A settings document in which every rule is kept, and what is complained of when it is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hotline.core.settings_complaints import Complaints
from hotline.core.settings_document import read_settings
from hotline.core.settings_rules import check_rules
from hotline.words import in_words

GOOD: dict[str, Any] = {
    "skills": ["zh", "en"],
    "trunk": [{"name": "demo", "kind": "peer"}, {"name": "line", "kind": "address", "address": "192.0.2.1"}],
    "phone": [{"name": "1001"}, {"name": "1002"}],
    "queue": [
        {"name": "a", "title": {"zh": "甲", "en": "A"}, "whisper": "queue-a", "needs": "zh >= 5"},
        {"name": "b", "title": {"zh": "乙", "en": "B"}, "whisper": "queue-b"},
    ],
    "agent": [
        {"number": "1001", "name": "Li", "skills": {"zh": 8}, "phone": "1001"},
        {"number": "1002", "name": "Han", "skills": {"en": 3}},
    ],
    "hours": [{"name": "office", "monday": ["09:00-17:00"]}],
    "flow": [
        {
            "name": "main",
            "start": "menu:one",
            "hours": "office",
            "menu": [
                {
                    "name": "one",
                    "prompt": "menu-one",
                    "on_failure": "menu:two",
                    "choice": [
                        {"digit": "1", "go": "queue:a", "language": "zh", "needs": "zh"},
                        {"digit": "2", "go": "menu:two"},
                    ],
                },
                {"name": "two", "prompt": "menu-two", "choice": [{"digit": "1", "go": "menu:one"}]},
            ],
        }
    ],
    "number": [{"did": "4001", "flow": "main"}, {"did": "4002", "direct_queue": "a"}],
}


def found(change: Callable[[dict[str, Any]], Any] | None = None) -> dict[str, str]:
    """What is allowed instead, by key, after this change to the good sample."""
    document = copy.deepcopy(GOOD)
    if change is not None:
        change(document)
    complaints = Complaints("a.toml")
    settings = read_settings(document, 1, complaints)
    assert not complaints.found
    check_rules(settings, complaints)
    return {key: in_words(complaint.allowed) for key, complaint in complaints.found.items()}


def put(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Changes the good sample: all but the last two of `path` lead to a table, then key and value."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-2]:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        place[path[-2]] = path[-1]

    return change
