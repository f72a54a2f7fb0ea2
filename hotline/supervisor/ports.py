"""Whether the ports of a hotline can be used, told before anything starts and by name.

Must not know which process would listen.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hotline.deployment import LOOPBACK, Deployment
from hotline.words import say, told

OWNERS = {
    "asterisk": ("sip", "sip_tls", "ami", "asterisk_http"),
    "acd": ("agi_acd",),
    "ivr": ("agi_ivr",),
    "web": ("http",),
    "postgres": ("postgres",),
}
"""Which program listens on which port of `Ports`."""


UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
"""The first port that everybody may listen on. Source: Linux, Documentation/networking/ip-sysctl.rst."""


@dataclass(frozen=True, slots=True)
class PortTroubles:
    """Why ports cannot be used: who holds them is to be ended, or deployment.toml to be mended."""

    taken: tuple[str, ...]  # by somebody else: `sip 5060 (udp)`
    refused: tuple[str, ...]  # whatever else the machine has against them, with its place and what is allowed


def port_troubles(deployment: Deployment, programs: Iterable[str]) -> PortTroubles:
    """What keeps these programs from listening on their ports."""
    taken: list[str] = []
    refused: list[str] = []
    for program in programs:
        for name in OWNERS.get(program, ()):
            port = getattr(deployment.ports, name)
            address = deployment.bind if name in ("sip", "sip_tls", "http") else LOOPBACK
            kinds = [("tcp", socket.SOCK_STREAM)]
            if name == "sip":
                kinds.append(("udp", socket.SOCK_DGRAM))
            for kind, type_ in kinds:
                error = bind_error(address, port, type_)
                if error and error.errno == errno.EADDRINUSE:
                    taken.append(f"{name} {port} ({kind})")
                elif error:
                    refused.append(_refusal(deployment, name, address, error))
    return PortTroubles(tuple(taken), tuple(dict.fromkeys(refused)))  # a wrong address is told once


def _refusal(deployment: Deployment, name: str, address: str, error: OSError) -> str:
    if error.errno == errno.EADDRNOTAVAIL:
        return say("ports.no_address", file=deployment.file, address=address)
    file, port = deployment.file, getattr(deployment.ports, name)
    if error.errno == errno.EACCES:
        first = UNPRIVILEGED.read_text("ascii").strip() if UNPRIVILEGED.exists() else 1024
        return say("ports.privileged", file=file, name=name, port=port, address=address, first=first)
    why = error.strerror or told(error)
    return say("ports.refused", file=file, name=name, port=port, address=address, why=why)


def bind_error(address: str, port: int, kind: socket.SocketKind) -> OSError | None:
    """What the machine answers to listening there; None when it would let us."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                # Connections just closed do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error
    return None
