"""Ports that nobody uses now."""

from harness.networks import udp_socket


def free_udp_port(address: str = "127.0.0.1") -> int:
    """A UDP port of this address that nobody uses now; somebody else may take it before you do."""
    with udp_socket(address) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
