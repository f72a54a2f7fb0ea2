"""Failed SIP registrations: counted, alarmed, and shut out by address through the supervisor's named ACL.

acd only writes DATA/asterisk/banned.json; the supervisor renders the ACL and reloads it, because acd's AMI
account may not write configuration.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from acd.clock import SteadyClock
from acd.core.shut_out import ShutOut

logger = logging.getLogger(__name__)

FAILURES = frozenset({"InvalidPassword", "ChallengeResponseFailed", "InvalidAccountID", "FailedACL"})


class SecurityWatch:
    """Takes AMI security events; keeps the list of shut-out addresses."""

    def __init__(
        self, shut_out: ShutOut, file: Path, clock: SteadyClock, registry: CollectorRegistry
    ) -> None:
        self._shut_out = shut_out
        self._file = file
        self._clock = clock
        self._failures = Counter(
            "hotline_sip_auth_failures_total", "Refused SIP requests by kind", ["kind"], registry=registry
        )
        self._alarms = Counter(
            "hotline_sip_addresses_shut_out_total", "Addresses shut out", registry=registry
        )
        self._now = Gauge("hotline_sip_addresses_barred", "Addresses shut out now", registry=registry)

    def on_message(self, message: Mapping[str, str]) -> None:
        """Look at one AMI event; anything but a failure over SIP is passed over."""
        kind = message.get("Event", "")
        if kind not in FAILURES or message.get("Service") != "PJSIP":
            return
        self._failures.labels(kind).inc()
        now_ms = self._clock.now_ms()
        address = remote_address(message.get("RemoteAddress", ""))
        if not self._shut_out.failed(address, now_ms):
            return
        self._alarms.inc()
        logger.error("address_shut_out", extra={"address": address, "kind": kind})
        self._write(now_ms)

    def _write(self, now_ms: int) -> None:
        until = {one: end / 1000 for one, end in self._shut_out.shut_out(now_ms).items()}
        self._now.set(len(until))
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps({"addresses": until}))
            os.replace(temporary, self._file)
        except OSError:
            logger.exception("shut_out_list_not_written")


def remote_address(value: str) -> str:
    """The address in Asterisk's form "IPV4/UDP/192.0.2.1/5060"; "" when it has another form."""
    parts = value.split("/")
    return parts[2] if len(parts) == 4 else ""
