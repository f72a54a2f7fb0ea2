"""What a start tells its user: one line per part as it comes up, then where to dial and where to look.

Passwords are never printed, only where they lie. Must not start anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator

from hotline.core.settings import Settings
from hotline.deployment import EVERYWHERE, LOOPBACK, Deployment
from hotline.supervisor.readiness import pages_host
from hotline.words import padded, say

_SHOWN_ACCOUNTS = 12
_SIOCGIFADDR = 0x8915


class Progress:
    """Prints a line per step, with the seconds since the start."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    @property
    def passed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start_s

    def say(self, part: str, text: str) -> None:
        passed_s = f"{self.passed_s:6.1f}"
        tell(say("up.step", passed_s=passed_s, part=padded(part, 9), text=text))


def dial_host(deployment: Deployment) -> str:
    """Address under which phones reach us: the bind address, or this machine's on its network."""
    if deployment.bind not in (EVERYWHERE, "::"):
        return deployment.bind
    # Connecting a UDP socket sends nothing, but tells which of our addresses the route would use.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return next(_addresses(), LOOPBACK)
        return str(probe.getsockname()[0])


def _addresses() -> Iterator[str]:
    """This machine's IPv4 addresses but loopback: telephones at a mere switch have no route to anywhere.

    Source: man 7 netdevice, SIOCGIFADDR: struct ifreq has the name in 16 bytes, then a sockaddr_in.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("16s24x", os.fsencode(name)))
            except OSError:
                continue  # an interface without an address
            address = socket.inet_ntoa(answer[20:24])
            if not address.startswith("127."):
                yield address


def summary(deployment: Deployment, settings: Settings, *, demo: bool) -> Iterator[str]:
    """The lines after a start."""
    host = dial_host(deployment)
    sip = deployment.ports.sip
    for number in settings.numbers:
        flow, queue = number.flow, number.direct_queue
        goes = say("report.flow", name=flow) if flow else say("report.direct", name=queue)
        yield say("report.dial", did=number.did, host=host, port=sip, goes=goes)
    phones = ", ".join(phone.name for phone in settings.phones[:_SHOWN_ACCOUNTS])
    hidden = len(settings.phones) - _SHOWN_ACCOUNTS
    more = say("report.more", count=hidden) if hidden > 0 else ""
    yield say("report.phones", names=phones or say("report.none"), more=more, host=host, port=sip)
    agents = ", ".join(agent.number for agent in settings.agents[:_SHOWN_ACCOUNTS])
    yield say("report.agents", names=agents or say("report.none"))
    shown = f"[{host}]" if ":" in host else host
    pages = shown if deployment.bind != LOOPBACK else pages_host(deployment)
    yield say("report.wallboard", address=f"http://{pages}:{deployment.ports.http}/")
    yield say("report.passwords", file=deployment.secrets_file)
    if deployment.bind != LOOPBACK:
        yield say("report.open", address=deployment.bind)
    if demo:
        yield say("report.demo")


def complain(text: str) -> None:
    """A line on the error stream."""
    tell(say("cli.complaint", command="up", why=text), error=True)


def tell(text: str, *, error: bool = False) -> None:
    """A line for the user, on the error stream if so wanted; lost when nobody is there to read it.

    The terminal or the pipe may be gone (`./run | tee log` and Ctrl-C): that must not keep us from watching,
    and still less from ending, what runs.
    """
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr if error else sys.stdout, flush=True)
