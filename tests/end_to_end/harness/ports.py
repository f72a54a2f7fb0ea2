"""Ports: where this run's hotlines listen, and such as nobody uses now.

A run takes its hotlines' ports from END_TO_END_PORT_BASE upwards (default 12000: all of them stay below the
range from which outgoing connections take theirs); each worker of a parallel run has a part of its own.
"""

import os

from harness.networks import udp_socket

PORTS_OF_A_WORKER = 10_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORT_BASE = int(os.environ.get("END_TO_END_PORT_BASE", "12000")) + PORTS_OF_A_WORKER * _worker


def free_udp_port(address: str = "127.0.0.1") -> int:
    """A UDP port of this address that nobody uses now; somebody else may take it before you do."""
    with udp_socket(address) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
