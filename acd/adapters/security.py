"""Refused SIP requests: counted, alarmed, and shut out by address through the supervisor's named ACL.

acd only writes DATA/asterisk/banned.json; the supervisor renders the ACL and reloads it, because acd's AMI
account may not write configuration.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge

from acd.clock import SteadyClock
from acd.core.shut_out import Limits, ShutOut
from hotline.core.settings import Settings

logger = logging.getLogger(__name__)

FAILURES = frozenset({"InvalidPassword", "ChallengeResponseFailed", "InvalidAccountID", "FailedACL"})


def limits_of(settings: Settings) -> Limits:
    """What the settings say of shutting out."""
    hotline = settings.hotline
    return Limits(hotline.shut_out_failures, hotline.shut_out_window_s * 1000, hotline.shut_out_s * 1000)


class SecurityWatch:
    """Takes AMI security events; keeps the list of shut-out addresses."""

    def __init__(
        self, settings: Settings, file: Path, clock: SteadyClock, registry: CollectorRegistry
    ) -> None:
        self._limits = limits_of(settings)
        self._shut_out = shut_out = ShutOut(self._limits)
        self._trunks: tuple[str, ...] = ()
        self._never: tuple[str, ...] = ()
        self._file = file
        self._clock = clock
        self._failures = Counter(
            "hotline_sip_auth_failures_total", "Refused SIP requests by kind", ["kind"], registry=registry
        )
        self._alarms = Counter(
            "hotline_sip_addresses_shut_out_total", "Addresses shut out", registry=registry
        )
        now = Gauge("hotline_sip_addresses_barred", "Addresses shut out now", registry=registry)
        now.set_function(lambda: len(shut_out.shut_out(clock.now_ms())))
        shut_out.restore(_read(file))
        self.on_settings(settings)

    def on_message(self, message: Mapping[str, str]) -> None:
        """Look at one AMI event; anything but a failure over SIP is passed over."""
        kind = message.get("Event", "")
        if kind not in FAILURES or message.get("Service") != "PJSIP":
            return
        self._failures.labels(kind).inc()
        address = remote_address(message.get("RemoteAddress", ""))
        if not self._shut_out.failed(address, self._clock.now_ms()):
            return
        self._alarms.inc()
        logger.error("address_shut_out", extra={"address": address, "kind": kind})
        self._write()

    def on_settings(self, settings: Settings) -> None:
        """Other limits and exemptions from now on."""
        if limits_of(settings) != self._limits:
            self._limits = limits_of(settings)
            self._shut_out.limit(self._limits)
        self._never = settings.hotline.never_shut_out
        self._exempt()

    def exempt(self, trunks: Iterable[str]) -> None:
        """The trunks' addresses and networks now: never shut out, and let in again if they were."""
        self._trunks = tuple(trunks)
        self._exempt()

    def _exempt(self) -> None:
        if self._shut_out.exempt((*self._trunks, *self._never)):
            logger.warning("exempt_address_let_in_again")
            self._write()

    def _write(self) -> None:
        until = {one: end_ms / 1000 for one, end_ms in self._shut_out.shut_out(self._clock.now_ms()).items()}
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps({"addresses": until}))
            os.replace(temporary, self._file)
        except OSError:
            logger.exception("shut_out_list_not_written")


def _read(file: Path) -> dict[str, int]:
    """Who was shut out when this process last ended, with the end of each in ms since the epoch."""
    try:
        addresses = json.loads(file.read_text("utf-8"))["addresses"]
        return {str(address): int(float(end_s) * 1000) for address, end_s in addresses.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        logger.exception("shut_out_list_unreadable")
        return {}


def remote_address(value: str) -> str:
    """The address in Asterisk's form "IPV4/UDP/192.0.2.1/5060"; "" when it has another form."""
    parts = value.split("/")
    return parts[2] if len(parts) == 4 else ""
