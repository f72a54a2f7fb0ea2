"""What a start tells its user: one line per part as it comes up, then where to dial and where to look.

Passwords are never printed, only where they lie. Must not start anything.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

from hotline.core.settings import Settings
from hotline.deployment import EVERYWHERE, LOOPBACK, Deployment
from hotline.supervisor.readiness import pages_host

_SHOWN_ACCOUNTS = 12


class Progress:
    """Prints a line per step, with the seconds since the start."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    @property
    def passed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start_s

    def say(self, part: str, text: str) -> None:
        print(f"  {self.passed_s:6.1f} s  {part:<9} {text}", flush=True)


def dial_host(deployment: Deployment) -> str:
    """Address under which phones reach us: the bind address, or this machine's on its network."""
    if deployment.bind not in (EVERYWHERE, "::"):
        return deployment.bind
    # Connecting a UDP socket sends nothing, but tells which of our addresses the route would use.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return LOOPBACK  # no network but loopback
        return str(probe.getsockname()[0])


def summary(deployment: Deployment, settings: Settings, *, demo: bool) -> Iterator[str]:
    """The lines after a start."""
    host = dial_host(deployment)
    sip = deployment.ports.sip
    secrets = deployment.secrets_file
    for number in settings.numbers:
        goes = f"flow {number.flow}" if number.flow else f"direct to queue {number.direct_queue}"
        yield f"dial       sip:{number.did}@{host}:{sip}  ({goes})"
    phones = ", ".join(phone.name for phone in settings.phones[:_SHOWN_ACCOUNTS])
    more = (
        f" and {len(settings.phones) - _SHOWN_ACCOUNTS} more"
        if len(settings.phones) > _SHOWN_ACCOUNTS
        else ""
    )
    yield f"phones     {phones or 'none in the settings'}{more}  at {host}:{sip}"
    agents = ", ".join(agent.number for agent in settings.agents[:_SHOWN_ACCOUNTS])
    yield f"agents     {agents or 'none in the settings'}"
    shown = f"[{host}]" if ":" in host else host
    pages = shown if deployment.bind != LOOPBACK else pages_host(deployment)
    yield f"wallboard  http://{pages}:{deployment.ports.http}/  first sign-in: admin"
    yield f"passwords  {secrets}: phones, pins (agents), users (pages)"
    if deployment.bind != LOOPBACK:
        yield f"OPEN       SIP, RTP and pages listen on {deployment.bind}, not only on this machine"
    if demo:
        yield "demo       simulated callers and agents are at work; nothing here is real"


def complain(text: str) -> None:
    """A line on the error stream."""
    print(f"hotline up: {text}", file=sys.stderr, flush=True)
