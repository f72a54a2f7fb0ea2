"""Which figures and which health are an alarm, as a table."""

from __future__ import annotations

import pytest

from hotline.core.alarms import Alarm, alarms_of, figures_in

WELL = {"acd": "ready", "ivr": "ready", "ledger": "ready", "keeper": "ready"}


@pytest.mark.parametrize(
    ("metrics", "health", "expected"),
    [
        ("", {}, []),
        ("hotline_ami_up 1.0", {}, []),
        ("hotline_ami_up 0.0", {}, ["asterisk"]),
        ("hotline_ami_up 0.0", {"acd": "not_ready"}, ["asterisk"]),  # the cause is told once
        ("hotline_ami_up 1.0", {"acd": "not_ready"}, ["service acd"]),
        ("", {"acd": "absent"}, ["service acd"]),
        ("", {"ledger": "absent"}, ["service ledger"]),
        ("", {"ledger": "not_ready"}, ["database"]),
        ('hotline_trunk_up{trunk="b"} 0.0\nhotline_trunk_up{trunk="a"} 1.0', {}, ["trunk_down b"]),
        (
            'hotline_trunk_up{trunk="b"} 0.0\nhotline_trunk_awaited{trunk="b"} 1.0',
            {"ivr": "absent"},
            ["service ivr", "trunk_awaited b"],
        ),
        ('hotline_trunk_up{trunk="b"} 0.0\nhotline_trunk_awaited{trunk="b"} 0.0', {}, ["trunk_down b"]),
        (
            'hotline_trunk_up{trunk="b"} 0.0\nhotline_trunk_awaited{trunk="a"} 1.0',
            {},
            ["trunk_down b", "trunk_awaited a"],
        ),
        ('hotline_trunk_registered{trunk="a"} 0.0', {}, ["trunk_unregistered a"]),
        ('hotline_ledger_backlog_age_seconds{writer="acd"} 30.0', {}, []),
        ('hotline_ledger_backlog_age_seconds{writer="acd"} 30.1', {}, ["ledger_behind"]),
        # While PostgreSQL is away the facts must wait: that is one alarm, not two.
        (
            'hotline_ledger_backlog_age_seconds{writer="acd"} 99.0',
            {"ledger": "not_ready"},
            ["database"],
        ),
        ("hotline_recordings_disk_low 1.0", {}, ["disk"]),
        ('hotline_journal_buffered_bytes{writer="acd"} 1e+06', {}, []),
        ('hotline_journal_buffered_bytes{writer="acd"} 2e+06', {}, ["journal"]),
        ("hotline_sip_addresses_barred 0.0", {}, []),
        ("hotline_sip_addresses_barred 2.0", {}, ["shut_out"]),
        ("hotline_recordings_disk_low yes\nhotline_other 1\n# hotline_ami_up 0.0", {}, []),
    ],
)
def test_what_is_an_alarm(metrics: str, health: dict[str, str], expected: list[str]) -> None:
    found = alarms_of(figures_in([metrics]), WELL | health)
    assert [f"{alarm.kind} {alarm.about}".strip() for alarm in found] == expected


def test_figures_of_several_services_stand_together_the_highest_of_equal_ones() -> None:
    texts = [
        'hotline_journal_buffered_bytes{writer="acd"} 5.0',
        'hotline_journal_buffered_bytes{writer="acd"} 3.0',
    ]
    assert figures_in(texts) == {"hotline_journal_buffered_bytes": {"acd": 5.0}}


def test_the_gravest_comes_first() -> None:
    figures = figures_in(
        ["hotline_sip_addresses_barred 1.0\nhotline_ami_up 0.0\nhotline_recordings_disk_low 1.0"]
    )
    assert alarms_of(figures, WELL | {"ivr": "absent"}) == [
        Alarm("asterisk"),
        Alarm("service", "ivr"),
        Alarm("disk"),
        Alarm("shut_out"),
    ]
