"""What one value may be, field by field: ranges, spellings, closed lists.

Judges a value by itself; whether it agrees with others (references, duplicates) is for `settings_rules`.
Whatever reaches the Asterisk configuration is held to a spelling here that cannot break out of its line.
"""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acd.core.choice import POLICIES
from hotline.core.phrases import Phrase, phrase
from hotline.core.settings import (
    RING_PERIOD_MS,
    Agent,
    Callbacks,
    Choice,
    FailedOffer,
    FailedOffers,
    Flow,
    Hotline,
    Hours,
    Menu,
    Number,
    Outgoing,
    OutgoingRule,
    Phone,
    Queue,
    Reason,
    Settings,
    Step,
    Team,
    Text,
    Trunk,
    Verification,
    WithoutAgents,
)

LONGEST_TEXT = 200
CODECS = ("alaw", "ulaw", "g722")
DTMF_MODES = ("rfc4733", "inband", "info", "auto")
TRANSPORTS = ("udp", "tcp", "tls")
TRUNK_KINDS = ("address", "registered", "peer")
AGENT_ROLES = ("agent", "supervisor")
LANGUAGES = ("zh", "en")
# Digits of a person leave this machine encrypted or not at all.
CHECKER_URL = r"(https://|http://(127\.0\.0\.1|localhost)[:/])[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+"
WIDEST_NETWORK_BITS = {4: 8, 6: 32}  # a wider one would let half the internet in as our carrier


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field accepts, as a test and in words."""

    allowed: Phrase
    accepts: Callable[[Any], bool]


def is_clean_text(text: str) -> bool:
    """True for one line of at most 200 characters without control characters."""
    return len(text) <= LONGEST_TEXT and text.isprintable()


def is_network(text: str) -> bool:
    """True for an IP address or a network with at least 8 (IPv6: 32) fixed bits."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= WIDEST_NETWORK_BITS[network.version]


def is_host(text: str) -> bool:
    """True for a host name or an IPv4 address, without a port."""
    labels = text.split(".")
    if all(label.isdigit() for label in labels):
        return is_network(text) and len(labels) == 4
    return len(text) <= 253 and all(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", part) for part in labels)


def is_address(text: str) -> bool:
    """True for host, host:port or [IPv6]:port."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if colon and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
        return False
    host = host if colon or text.endswith("]") else text
    if host.startswith("[") and host.endswith("]"):
        return is_network(host[1:-1]) and ":" in host
    return is_host(host)


def is_timezone(text: str) -> bool:
    """True for a name of the IANA time zone database."""
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return text != ""


def _between(least: float, most: float, unit: Phrase | None = None) -> Rule:
    if unit is None:
        allowed = phrase("allowed.between", least=least, most=most)
    else:
        allowed = phrase("allowed.between_of", least=least, most=most, unit=unit)
    return Rule(allowed, lambda value: bool(least <= value <= most))


def _spelled(pattern: str, allowed: Phrase) -> Rule:
    compiled = re.compile(pattern, re.ASCII)
    return Rule(allowed, lambda value: compiled.fullmatch(value) is not None)


def _one_of(*allowed: str) -> Rule:
    names = ", ".join(word or '""' for word in allowed)
    return Rule(phrase("allowed.one_of", names=names), lambda value: value in allowed)


def _or_empty(rule: Rule) -> Rule:
    return Rule(
        phrase("allowed.or_empty", allowed=rule.allowed), lambda value: value == "" or rule.accepts(value)
    )


def _or_wait(rule: Rule) -> Rule:
    return Rule(
        phrase("allowed.or_wait", allowed=rule.allowed), lambda value: value == "wait" or rule.accepts(value)
    )


RINGS = phrase("unit.rings")
SECONDS = phrase("unit.seconds")
MINUTES = phrase("unit.minutes")
CALLS = phrase("unit.calls")
DIGITS = phrase("unit.digits")
MILLISECONDS = phrase("unit.milliseconds")
REFUSED_REQUESTS = phrase("unit.refused_requests")
CHANNELS = phrase("unit.channels")
CONTACTS = phrase("unit.contacts")
CALLERS = phrase("unit.callers")
PHONES = phrase("unit.phones")
TRIES = phrase("unit.tries")
FAILURES = phrase("unit.failed_offers")

NAME = _spelled(r"[a-z][a-z0-9_]{0,31}", phrase("allowed.name"))
SKILL = Rule(
    phrase("allowed.skill"),
    lambda value: re.fullmatch(r"[^\W\d_][\w-]{0,31}", value) is not None,
)
ACCOUNT = _spelled(r"[a-z0-9][a-z0-9_-]{0,31}", phrase("allowed.account"))
USERNAME = _spelled(r"[A-Za-z0-9._+@-]{1,64}", phrase("allowed.username"))
PROMPT = _spelled(r"[a-z0-9][a-z0-9-]{0,63}", phrase("allowed.prompt"))
DESTINATION = _spelled(
    r"menu:[a-z][a-z0-9_]{0,31}|queue:[a-z][a-z0-9_]{0,31}|message:[a-z0-9][a-z0-9-]{0,63}|voicemail|hangup",
    phrase("allowed.destination"),
)
QUEUE_EXIT = _spelled(
    r"(queue|menu|flow):[a-z][a-z0-9_]{0,31}|number:[0-9]{1,15}|outside:[0-9]{3,20}"
    r"|message:[a-z0-9][a-z0-9-]{0,63}|voicemail|hangup",
    phrase("allowed.queue_exit"),
)
CALLBACK = "callback"
EXIT_OR_CALLBACK = Rule(
    phrase("allowed.or_callback", allowed=QUEUE_EXIT.allowed),
    lambda value: value == CALLBACK or QUEUE_EXIT.accepts(value),
)
FILLED_TEXT = Rule(phrase("allowed.filled_text"), lambda value: value.strip() != "")
NETWORK = Rule(phrase("allowed.network"), is_network)
AGENT_NUMBER = _spelled(r"[0-9]{1,8}", phrase("allowed.digits", most=8))

FIELD_RULES: dict[tuple[type, str], Rule] = {
    (Text, "zh"): FILLED_TEXT,
    (Text, "en"): FILLED_TEXT,
    (Hotline, "country"): _one_of(*RING_PERIOD_MS),
    (Hotline, "timezone"): Rule(phrase("allowed.timezone"), is_timezone),
    (Hotline, "languages"): _one_of(*LANGUAGES),
    (Hotline, "head_start_s"): _between(0, 3600, SECONDS),
    (Hotline, "choice_seed"): _between(0, 2**31 - 1),
    (Hotline, "target_rings"): _between(1, 20, RINGS),
    (Hotline, "offer_rings"): _between(1, 20, RINGS),
    (Hotline, "fallback_after_s"): _between(5, 600, SECONDS),
    (Hotline, "service_level_s"): _between(1, 600, SECONDS),
    (Hotline, "short_abandon_s"): _between(0, 60, SECONDS),
    (Hotline, "ring_cycle_ms"): _between(200, 20000, MILLISECONDS),
    (Hotline, "voice_message_max_s"): _between(10, 1800, SECONDS),
    (Hotline, "external_address"): _or_empty(Rule(phrase("allowed.host"), is_host)),
    (Hotline, "local_networks"): NETWORK,
    (Hotline, "shut_out_failures"): _between(2, 1000, REFUSED_REQUESTS),
    (Hotline, "shut_out_window_s"): _between(1, 3600, SECONDS),
    (Hotline, "shut_out_s"): _between(0, 86400, SECONDS),
    (Hotline, "never_shut_out"): NETWORK,
    (Hotline, "after_contact_prolong_s"): _between(0, 3600, SECONDS),
    (Hotline, "after_contact_max_s"): _between(0, 7200, SECONDS),
    (Hotline, "disposition_max_s"): _between(0, 7200, SECONDS),
    (Hotline, "phone_gone_s"): _between(0, 86400, SECONDS),
    (FailedOffer, "becomes"): _one_of("not_responding", "not_ready", "paused", "logged_out"),
    (FailedOffer, "after"): _between(1, 100, FAILURES),
    (FailedOffers, "pause_s"): _between(1, 600, SECONDS),
    (Reason, "zh"): FILLED_TEXT,
    (Reason, "en"): FILLED_TEXT,
    (Reason, "max_s"): _between(0, 86400, SECONDS),
    (Settings, "skills"): SKILL,
    (Settings, "not_ready_reasons"): _spelled("[0-9]", phrase("allowed.digit_key")),
    (Settings, "dispositions"): _spelled("[0-9]{1,4}", phrase("allowed.digits", most=4)),
    (Trunk, "name"): ACCOUNT,
    (Trunk, "kind"): _one_of(*TRUNK_KINDS),
    (Trunk, "address"): _or_empty(Rule(phrase("allowed.address"), is_address)),
    (Trunk, "match"): NETWORK,
    (Trunk, "username"): _or_empty(USERNAME),
    (Trunk, "codecs"): _one_of(*CODECS),
    (Trunk, "dtmf"): _one_of(*DTMF_MODES),
    (Trunk, "max_channels"): _between(1, 10000, CHANNELS),
    (Trunk, "transport"): _one_of(*TRANSPORTS),
    (Trunk, "qualify_s"): _between(0, 3600, SECONDS),
    (Phone, "name"): ACCOUNT,
    (Phone, "codecs"): _one_of(*CODECS),
    (Phone, "dtmf"): _one_of(*DTMF_MODES),
    (Phone, "transport"): _one_of(*TRANSPORTS),
    (Phone, "max_contacts"): _between(1, 10, CONTACTS),
    (Queue, "name"): NAME,
    (Queue, "priority"): _between(-1000, 1000),
    (Step, "after_s"): _between(1, 7200, SECONDS),
    (Queue, "prefer_last_agent_s"): _between(0, 3600, SECONDS),
    (Queue, "prefer_named_s"): _between(1, 3600, SECONDS),
    (Queue, "order"): _one_of("oldest_first", "strict"),
    (Queue, "agent_choice"): _one_of(*POLICIES),
    (Queue, "after_contact_s"): _between(0, 3600, SECONDS),
    (Queue, "offer_rings"): _between(1, 20, RINGS),
    (Queue, "ring"): _between(1, 10, PHONES),
    (Queue, "pickup"): _one_of("nobody", "skilled", "anyone"),
    (Queue, "target_rings"): _between(1, 20, RINGS),
    (Queue, "short_abandon_s"): _between(0, 60, SECONDS),
    (Queue, "whisper"): PROMPT,
    (Queue, "announce_position_s"): _between(0, 600, SECONDS),
    (Queue, "return_within_s"): _between(0, 86400, SECONDS),
    (Queue, "recall_within_s"): _between(0, 604800, SECONDS),
    (Queue, "music"): ACCOUNT,
    (Queue, "max_waiting"): _between(1, 100000, CALLERS),
    (Queue, "extension"): _or_empty(_spelled(r"[0-9]{1,8}", phrase("allowed.digits", most=8))),
    (Queue, "disposition"): _one_of("none", "optional", "required"),
    (Queue, "closed"): QUEUE_EXIT,
    (Queue, "comfort"): PROMPT,
    (Queue, "comfort_s"): _between(0, 600, SECONDS),
    (Queue, "leave_key"): _or_empty(_spelled("[0-9*#]", phrase("allowed.menu_digit"))),
    (Queue, "leave_to"): _or_empty(EXIT_OR_CALLBACK),
    (Queue, "overflow"): _or_empty(EXIT_OR_CALLBACK),
    (Queue, "max_wait_s"): _between(0, 86400, SECONDS),
    (Queue, "max_predicted_wait_s"): _between(0, 86400, SECONDS),
    (Queue, "callers_per_agent"): _between(0, 1000, CALLERS),
    (WithoutAgents, "entering"): _or_wait(EXIT_OR_CALLBACK),
    (WithoutAgents, "waiting"): _or_wait(EXIT_OR_CALLBACK),
    (Agent, "number"): AGENT_NUMBER,
    (Agent, "name"): FILLED_TEXT,
    (Agent, "role"): _one_of(*AGENT_ROLES),
    (Team, "name"): NAME,
    (Choice, "digit"): _spelled("[0-9*#]", phrase("allowed.menu_digit")),
    (Choice, "go"): DESTINATION,
    (Choice, "language"): _or_empty(_one_of(*LANGUAGES)),
    (Menu, "name"): NAME,
    (Menu, "prompt"): PROMPT,
    (Menu, "timeout_s"): _between(0.5, 60, SECONDS),
    (Menu, "tries"): _between(1, 10, TRIES),
    (Menu, "on_failure"): DESTINATION,
    (Flow, "name"): NAME,
    (Flow, "start"): DESTINATION,
    (Flow, "greeting"): PROMPT,
    (Flow, "closed"): DESTINATION,
    (Number, "did"): _spelled("[0-9]{1,15}", phrase("allowed.digits", most=15)),
    (Number, "direct_rings"): _between(1, 20, RINGS),
    (Hours, "name"): NAME,
    (Verification, "url"): _or_empty(_spelled(CHECKER_URL, phrase("allowed.checker_url"))),
    (Verification, "extension"): _or_empty(_spelled(r"[0-9]{1,8}", phrase("allowed.digits", most=8))),
    (Verification, "digits"): _between(1, 20, DIGITS),
    (Verification, "tries"): _between(1, 5, TRIES),
    (Verification, "timeout_s"): _between(0.5, 30, SECONDS),
    (Outgoing, "access"): _spelled("[0-9]{1,3}", phrase("allowed.digits", most=3)),
    (Outgoing, "presented"): _or_empty(_spelled("[0-9]{1,15}", phrase("allowed.digits", most=15))),
    (Outgoing, "emergency"): _spelled("[0-9]{2,8}", phrase("allowed.digits", most=8)),
    (Outgoing, "max_minutes_per_call"): _between(1, 1440, MINUTES),
    (OutgoingRule, "role"): _one_of(*AGENT_ROLES, "any"),
    (OutgoingRule, "allowed"): _spelled("[0-9]{1,15}", phrase("allowed.digits", most=15)),
    (OutgoingRule, "refused"): _spelled("[0-9]{1,15}", phrase("allowed.digits", most=15)),
    (OutgoingRule, "max_calls_per_day"): _between(0, 10000, CALLS),
    (OutgoingRule, "max_minutes_per_day"): _between(0, 1440, MINUTES),
    (Callbacks, "presented_number"): _or_empty(_spelled("[0-9]{1,15}", phrase("allowed.digits", most=15))),
    (Callbacks, "first"): _one_of("agent", "caller"),
    (Callbacks, "attempts"): _between(1, 10, CALLS),
    (Callbacks, "retry_after_s"): _between(1, 86400, SECONDS),
    (Callbacks, "ring_timeout_s"): _between(1, 120, SECONDS),
    (Callbacks, "expire_after_s"): _between(1, 604800, SECONDS),
    (Callbacks, "per_number_per_day"): _between(1, 100, CALLS),
    (Callbacks, "allowed_prefixes"): _spelled("[0-9]{1,15}", phrase("allowed.digits", most=15)),
    (Callbacks, "refused_prefixes"): _spelled("[0-9]{1,15}", phrase("allowed.digits", most=15)),
    (Callbacks, "digits_min"): _between(1, 15, DIGITS),
    (Callbacks, "digits_max"): _between(1, 15, DIGITS),
}
"""A rule applies to the value, to each entry of a list, or to each key of a table."""
