"""What follows from the settings' rules of a queue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core.house_rules import QueueRules, rules_of_callback

PLAIN = QueueRules("service", "", 0, 10_000, 20_000, 15_000)


@pytest.mark.parametrize(
    ("logged_in", "ready", "judges"),
    [
        (("", ""), ("", ""), False),
        (("voicemail", ""), ("hangup", ""), False),  # for newcomers only
        (("", "voicemail"), ("", ""), True),
        (("", ""), ("", "hangup"), True),
    ],
)
def test_who_waits_is_judged_by_staff_only_where_a_way_out_is_named(
    logged_in: tuple[str, str], ready: tuple[str, str], judges: bool
) -> None:
    assert replace(PLAIN, nobody_logged_in=logged_in, nobody_ready=ready).judges_staff is judges


def test_a_line_in_a_persons_place_has_the_queue_s_rules_but_no_limit() -> None:
    limited = replace(
        PLAIN,
        max_wait_ms=1,
        overflow="queue:other",
        nobody_logged_in=("voicemail", "voicemail"),
        nobody_ready=("hangup", "hangup"),
        max_predicted_ms=1,
        predicted=("voicemail", "voicemail"),
        return_within_ms=1,
        recall_within_ms=1,
    )
    assert rules_of_callback(limited, 7_000) == replace(PLAIN, reach_ms=7_000)
