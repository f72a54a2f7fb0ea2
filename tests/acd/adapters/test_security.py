"""Refused requests are counted by address, and who has too many is written down for the supervisor."""

import json
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from acd.adapters.security import SecurityWatch, limits_of, remote_address
from acd.clock import SteadyClock
from acd.core.shut_out import Limits
from hotline.core.settings import Hotline, Settings

BAD = "203.0.113.9"


def refused(address: str = BAD, kind: str = "ChallengeResponseFailed") -> dict[str, str]:
    return {"Event": kind, "Service": "PJSIP", "RemoteAddress": f"IPV4/UDP/{address}/5060"}


def watch(file: Path) -> tuple[SecurityWatch, CollectorRegistry]:
    registry, settings = CollectorRegistry(), Settings(1, hotline=Hotline(shut_out_failures=3))
    return SecurityWatch(settings, file, SteadyClock(), registry), registry


def barred(file: Path) -> list[str]:
    return list(json.loads(file.read_text())["addresses"])


def test_the_third_refusal_is_written_counted_and_alarmed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "banned.json"
    security, registry = watch(file)
    for _ in range(2):
        security.on_message(refused())
    security.on_message({**refused(), "Service": "AMI"})
    security.on_message({**refused(), "Event": "Newchannel"})
    assert not file.exists()
    security.on_message(refused())
    assert barred(file) == [BAD]
    assert (
        registry.get_sample_value("hotline_sip_auth_failures_total", {"kind": "ChallengeResponseFailed"}) == 3
    )
    assert registry.get_sample_value("hotline_sip_addresses_shut_out_total") == 1
    assert registry.get_sample_value("hotline_sip_addresses_barred") == 1
    assert [record.message for record in caplog.records] == ["address_shut_out"]


def test_a_restart_keeps_who_is_shut_out(tmp_path: Path) -> None:
    file = tmp_path / "banned.json"
    first, _ = watch(file)
    for _ in range(3):
        first.on_message(refused())
    second, registry = watch(file)
    assert registry.get_sample_value("hotline_sip_addresses_barred") == 1
    for _ in range(3):
        second.on_message(refused("198.51.100.1"))
    assert barred(file) == [BAD, "198.51.100.1"]


def test_a_damaged_file_is_no_reason_not_to_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "banned.json"
    file.write_text("{")
    watch(file)
    assert [record.message for record in caplog.records] == ["shut_out_list_unreadable"]


def test_a_trunks_address_is_let_in_again(tmp_path: Path) -> None:
    file = tmp_path / "banned.json"
    security, _ = watch(file)
    for _ in range(3):
        security.on_message(refused())
    security.exempt([BAD])
    assert barred(file) == []


def test_exempt_by_the_settings_and_by_the_trunks_add_up(tmp_path: Path) -> None:
    file = tmp_path / "banned.json"
    security, _ = watch(file)
    security.exempt(["198.51.100.1"])
    security.on_settings(
        Settings(2, hotline=Hotline(shut_out_failures=3, never_shut_out=("203.0.113.0/24",)))
    )
    for _ in range(9):
        security.on_message(refused())
        security.on_message(refused("198.51.100.1"))
    assert not file.exists()


def test_settings_that_say_the_same_forget_no_failure(tmp_path: Path) -> None:
    file = tmp_path / "banned.json"
    security, _ = watch(file)
    for version in range(2, 5):
        security.on_message(refused())
        security.on_settings(Settings(version, hotline=Hotline(shut_out_failures=3)))
    assert barred(file) == [BAD]


def test_the_settings_say_how_many_and_how_long(tmp_path: Path) -> None:
    settings = Settings(2, hotline=Hotline(shut_out_failures=5, shut_out_window_s=7, shut_out_s=9))
    assert limits_of(settings) == Limits(5, 7000, 9000)
    file = tmp_path / "banned.json"
    security, _ = watch(file)
    security.on_settings(settings)
    for _ in range(4):
        security.on_message(refused())
    assert not file.exists()
    security.on_message(refused())
    assert barred(file) == [BAD]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("IPV4/UDP/192.0.2.1/5060", "192.0.2.1"),
        ("IPV6/TLS/2001:db8::1/5061", "2001:db8::1"),
        ("192.0.2.1", ""),
        ("", ""),
    ],
)
def test_asterisks_form_of_an_address(value: str, address: str) -> None:
    assert remote_address(value) == address
