"""Whether the ports of a hotline are free, told before anything starts and by name.

Must not know which process would listen.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

from hotline.deployment import LOOPBACK, Deployment

OWNERS = {
    "asterisk": ("sip", "sip_tls", "ami", "asterisk_http"),
    "acd": ("agi_acd",),
    "ivr": ("agi_ivr",),
    "web": ("http",),
    "postgres": ("postgres",),
}
"""Which program listens on which port of `Ports`."""


def taken_ports(deployment: Deployment, programs: Iterator[str]) -> list[str]:
    """Ports of these programs that somebody else holds, as text: `sip 5060 (udp)`."""
    taken = []
    for program in programs:
        for name in OWNERS.get(program, ()):
            port = getattr(deployment.ports, name)
            address = deployment.bind if name in ("sip", "sip_tls", "http") else LOOPBACK
            kinds = [("tcp", socket.SOCK_STREAM)]
            if name == "sip":
                kinds.append(("udp", socket.SOCK_DGRAM))
            taken += [f"{name} {port} ({kind})" for kind, type_ in kinds if not _free(address, port, type_)]
    return taken


def _free(address: str, port: int, kind: socket.SocketKind) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # connections just closed do not count
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
