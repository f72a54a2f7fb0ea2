"""Ports: where this run's hotlines listen, and such as nobody uses now.

A run takes its hotlines' ports from END_TO_END_PORT_BASE upwards (default 12000: all of them stay below the
range from which outgoing connections take theirs); each worker of a parallel run has a part of its own, in
which every user has a thousand of its own: to look for free ones would find such as another takes later.
"""

import os

from harness.networks import udp_socket

PORTS_OF_A_WORKER = 10_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORT_BASE = int(os.environ.get("END_TO_END_PORT_BASE", "12000")) + PORTS_OF_A_WORKER * _worker
OWN_STACKS = range(PORT_BASE + 1000, PORT_BASE + 8000, 1000)
WHOLE_START_BASE = PORT_BASE + 8000  # tests/hotline/supervisor/test_whole_start.py
ASTERISK_STARTS_BASE = PORT_BASE - 1000  # test_asterisk_starts.py


def free_udp_port(address: str = "127.0.0.1") -> int:
    """A UDP port of this address that nobody uses now; somebody else may take it before you do."""
    with udp_socket(address) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
