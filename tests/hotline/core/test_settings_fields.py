"""Each rule about one value: what it accepts, and what it refuses."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from hotline.core import settings_fields
from hotline.core.settings import (
    Agent,
    Callbacks,
    Choice,
    Flow,
    Hotline,
    Hours,
    Menu,
    Number,
    Outgoing,
    OutgoingRule,
    Phone,
    Queue,
    Settings,
    Step,
    Team,
    Trunk,
    Verification,
    WithoutAgents,
)
from hotline.core.settings_fields import FIELD_RULES, is_address, is_network, is_timezone


@pytest.mark.parametrize(
    ("cls", "field", "accepted", "refused"),
    [
        (Hotline, "country", ["cn", "us", "uk", "jp", "de"], ["", "CN", "fr"]),
        (Hotline, "languages", ["zh", "en"], ["fr", ""]),
        (Hotline, "target_rings", [1, 20], [0, 21]),
        (Hotline, "offer_rings", [1, 20], [0, 21]),
        (Hotline, "fallback_after_s", [5, 600], [4, 601]),
        (Hotline, "service_level_s", [1, 600], [0, 601]),
        (Hotline, "short_abandon_s", [0, 60], [-1, 61]),
        (Queue, "short_abandon_s", [0, 60], [-1, 61]),
        (Queue, "max_predicted_wait_s", [0, 86400], [-1, 86401]),
        (Team, "name", ["vip", "key_2"], ["1001", "", "Vip", "a-b", "vip;x"]),
        (Hotline, "ring_cycle_ms", [200, 20000], [199, 20001]),
        (Hotline, "voice_message_max_s", [10, 1800], [9, 1801]),
        (Hotline, "external_address", ["", "192.0.2.1", "sip.example.org"], ["192.0.2.1:5060", "a b"]),
        (Hotline, "local_networks", ["10.0.0.0/8"], ["10.0.0.0/7", "office"]),
        (Hotline, "head_start_s", [0, 3600], [-1, 3601]),
        (Hotline, "choice_seed", [0, 2**31 - 1], [-1, 2**31]),
        (Hotline, "shut_out_failures", [2, 1000], [1, 1001]),
        (Hotline, "shut_out_window_s", [1, 3600], [0, 3601]),
        (Hotline, "shut_out_s", [0, 86400], [-1, 86401]),
        (Hotline, "never_shut_out", ["192.0.2.7", "2001:db8::/32"], ["0.0.0.0/0", "office"]),
        (Settings, "skills", ["zh", "粤语", "level-2"], ["", "2nd", "a b", "a;b", "x" * 33, "_a"]),
        (Settings, "not_ready_reasons", ["0", "9"], ["", "10", "a", "*"]),
        (Trunk, "name", ["demo", "carrier-1"], ["", "a b", "A", "-a", "a;b", "a\nb", "x" * 33]),
        (Trunk, "kind", ["address", "registered", "peer"], ["", "friend"]),
        (Trunk, "username", ["", "13800138000", "a.b@c"], ["a b", "a;b", "a\nb", "x" * 65]),
        (Trunk, "codecs", ["alaw", "ulaw", "g722"], ["", "g729", "opus"]),
        (Trunk, "dtmf", ["rfc4733", "inband", "info", "auto"], ["", "rfc2833"]),
        (Trunk, "max_channels", [1, 10000], [0, 10001]),
        (Trunk, "transport", ["udp", "tcp", "tls"], ["", "ws"]),
        (Trunk, "qualify_s", [0, 3600], [-1, 3601]),
        (Phone, "name", ["1001", "desk-a"], ["", "a b", "10 01", "1001]"]),
        (Phone, "codecs", ["alaw"], ["g729"]),
        (Phone, "dtmf", ["info"], ["sip-info"]),
        (Phone, "transport", ["tls"], ["wss"]),
        (Phone, "max_contacts", [1, 10], [0, 11]),
        (Queue, "name", ["service", "service_2"], ["", "Service", "2nd", "a-b", "a:b"]),
        (Queue, "priority", [-1000, 1000], [-1001, 1001]),
        (Queue, "comfort", ["please-wait"], ["", "a/b"]),
        (Queue, "comfort_s", [0, 600], [-1, 601]),
        (Queue, "leave_key", ["", "0", "*", "#"], ["10", "a"]),
        (Queue, "leave_to", ["", "menu:a", "voicemail", "callback"], ["wait", "agent:1", "callback:1"]),
        (Queue, "overflow", ["", "queue:b", "flow:main", "number:4001", "callback"], ["wait", "agent:1"]),
        (Queue, "max_wait_s", [0, 86400], [-1, 86401]),
        (Queue, "callers_per_agent", [0, 0.5, 1000], [-0.1, 1001]),
        (WithoutAgents, "entering", ["wait", "voicemail"], ["", "agent:1"]),
        (WithoutAgents, "waiting", ["wait", "hangup", "callback"], ["", "away"]),
        (Queue, "closed", ["voicemail"], ["", "callback"]),
        (Step, "after_s", [1, 7200], [0, -1, 7201]),
        (Queue, "prefer_last_agent_s", [0, 3600], [-1, 3601]),
        (Queue, "prefer_named_s", [1, 3600], [0, 3601]),
        (Queue, "order", ["oldest_first", "strict"], ["", "newest_first"]),
        (Queue, "agent_choice", ["longest_idle", "least_occupied", "random"], ["", "ring_all"]),
        (Queue, "after_contact_s", [0, 3600], [-1, 3601]),
        (Queue, "offer_rings", [1, 20], [0, 21]),
        (Queue, "target_rings", [1, 20], [0, 21]),
        (Queue, "ring", [1, 10], [0, 11]),
        (Queue, "pickup", ["nobody", "skilled", "anyone"], ["", "everyone"]),
        (
            Queue,
            "closed",
            ["queue:b", "message:closed", "voicemail", "hangup", "menu:a", "flow:main", "number:4001"],
            ["", "agent:1", "queue:", "number:x", "x"],
        ),
        (Queue, "whisper", ["queue-service"], ["", "../../etc/passwd", "a/b", "a.wav", "Å"]),
        (Queue, "announce_position_s", [0, 600], [-1, 601]),
        (Queue, "return_within_s", [0, 86400], [-1, 86401]),
        (Queue, "recall_within_s", [0, 604800], [-1, 604801]),
        (Queue, "music", ["default"], ["", "../x"]),
        (Queue, "max_waiting", [1, 100000], [0, 100001]),
        (
            Verification,
            "url",
            ["", "https://checker.example/x?key=1", "http://127.0.0.1:8000/check"],
            ["http://checker.example/", "https://a b", "ftp://127.0.0.1/", "http://127.0.0.1.evil.example/"],
        ),
        (Verification, "digits", [1, 20], [0, 21]),
        (Verification, "tries", [1, 5], [0, 6]),
        (Verification, "timeout_s", [0.5, 30.0], [0.4, 31.0]),
        (Outgoing, "access", ["9", "000"], ["", "x", "1234"]),
        (Outgoing, "presented", ["", "4001"], ["+86", "x"]),
        (Outgoing, "max_minutes_per_call", [1, 1440], [0, 1441]),
        (OutgoingRule, "role", ["agent", "supervisor", "any"], ["", "boss"]),
        (OutgoingRule, "allowed", ["1", "0085"], ["", "1x", "+"]),
        (OutgoingRule, "max_calls_per_day", [0, 10000], [-1]),
        (OutgoingRule, "max_minutes_per_day", [0, 1440], [-1, 1441]),
        (Callbacks, "presented_number", ["", "4001"], ["+86", "x"]),
        (Callbacks, "first", ["agent", "caller"], ["", "person"]),
        (Callbacks, "attempts", [1, 10], [0, 11]),
        (Callbacks, "retry_after_s", [1, 86400], [0, 86401]),
        (Callbacks, "ring_timeout_s", [1, 120], [0, 121]),
        (Callbacks, "expire_after_s", [1, 604800], [0, 604801]),
        (Callbacks, "per_number_per_day", [1, 100], [0, 101]),
        (Callbacks, "allowed_prefixes", ["1", "0755"], ["", "+86", "13x"]),
        (Callbacks, "refused_prefixes", ["1", "0755"], ["", "+86", "13x"]),
        (Callbacks, "digits_min", [1, 15], [0, 16]),
        (Callbacks, "digits_max", [1, 15], [0, 16]),
        (Queue, "extension", ["", "1", "12345678"], ["123456789", "x", "*1"]),
        (Verification, "extension", ["", "1", "12345678"], ["123456789", "x", "*1"]),
        (Agent, "number", ["1", "12345678"], ["", "123456789", "10a", "１００１"]),
        (Agent, "name", ["李雷"], ["", "  "]),
        (Agent, "role", ["agent", "supervisor"], ["", "boss", "Supervisor"]),
        (Choice, "digit", ["0", "9", "*", "#"], ["", "10", "a"]),
        (
            Choice,
            "go",
            ["menu:a", "queue:b_2", "message:c-d", "voicemail", "hangup"],
            ["", "queue:", "agent:1"],
        ),
        (Choice, "language", ["", "zh"], ["fr"]),
        (Menu, "name", ["language"], ["", "a b"]),
        (Menu, "prompt", ["menu-language"], ["", "a/b"]),
        (Menu, "timeout_s", [0.5, 60], [0.4, 61]),
        (Menu, "tries", [1, 10], [0, 11]),
        (Menu, "on_failure", ["hangup"], ["", "retry"]),
        (Flow, "name", ["main"], ["", "a b"]),
        (Flow, "start", ["menu:a"], ["", "a"]),
        (Flow, "greeting", ["greeting"], ["", "a b"]),
        (Flow, "closed", ["voicemail", "message:closed"], ["", "mail"]),
        (Number, "did", ["4001", "861012345678901"], ["", "+864001", "40-01", "40x1", "1" * 16, "４００１"]),
        (Number, "direct_rings", [1, 20], [0, 21]),
        (Hours, "name", ["office"], ["", "a b"]),
    ],
)
def test_rule(cls: type, field: str, accepted: list[Any], refused: list[Any]) -> None:
    rule = FIELD_RULES[cls, field]
    assert [value for value in accepted if not rule.accepts(value)] == []
    assert [value for value in refused if rule.accepts(value)] == []


def test_every_rule_is_about_a_field_that_exists() -> None:
    for cls, name in FIELD_RULES:
        assert name in {field.name for field in fields(cls)}


@pytest.mark.parametrize(
    "text",
    ["192.0.2.1", "192.0.2.1:5060", "sip.example.org", "sip.example.org:5061", "[2001:db8::1]:5060", "pbx"],
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "host:0",
        "host:65536",
        "host:",
        ":5060",
        "host:x",
        "-a.example",
        "1.2.3",
        "1.2.3.999",
        "[::1",
        "a;b",
    ],
)
def test_no_addresses(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("text", ["192.0.2.1", "192.0.2.0/24", "192.0.2.1/24", "10.0.0.0/8", "2001:db8::/32"])
def test_networks(text: str) -> None:
    assert is_network(text)


@pytest.mark.parametrize(
    "text", ["", "0.0.0.0/0", "0.0.0.0/7", "::/0", "2001::/16", "example.org", "1.2.3.4/33"]
)
def test_no_networks_and_too_wide_ones(text: str) -> None:
    assert not is_network(text)


@pytest.mark.parametrize(
    ("text", "known"), [("Asia/Shanghai", True), ("UTC", True), ("", False), ("Mars/Base", False)]
)
def test_timezones(text: str, known: bool) -> None:
    assert is_timezone(text) is known
    assert not is_timezone("../../etc/passwd")


def test_names_in_the_configuration_cannot_leave_their_line() -> None:
    spelled = [
        rule for (_, name), rule in FIELD_RULES.items() if name in ("name", "username", "address", "did")
    ]
    for rule in spelled:
        if rule is not settings_fields.FILLED_TEXT:
            assert not any(rule.accepts(text) for text in ("a\nb", "a;b", "a]b", "a\r", "a b", "a,b", "${x}"))
