"""Networks of a test's own: namespaces, each joined to this machine by a pair of virtual interfaces.

A far machine is known by its address alone: a socket that is to have such an address (`udp_socket`) is made
inside the namespace that has it, a program is started with `inside` before its words. Needs root. Knows
nothing of SIP.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Sequence

_NAMESPACES: dict[str, str] = {}  # address -> namespace
_SWITCH = 50  # numbers of namespaces from here on are of machines at a switch
_IP_PACKETS = 0x0800
_OURS = re.compile(r"hl(\d+)-\d+")


class NetworkError(Exception):
    """The networks cannot be made; the text says what is needed."""


@contextlib.contextmanager
def far_machines(here: str, there: Sequence[str]) -> Iterator[None]:
    """Give this machine the address `here`, and each address of `there` a namespace that reaches it.

    The far machines do not reach each other. Raises NetworkError.
    """
    _need_root()
    _remove_left_over()
    _ip("address", "replace", f"{here}/32", "dev", "lo")
    try:
        for number, address in enumerate(there):
            _join(here, address, f"hl{os.getpid()}-{number}", f"hl{os.getpid()}v{number}")
        yield
    finally:
        for address in there:
            if name := _NAMESPACES.pop(address, ""):
                _ip("netns", "delete", name)  # its interfaces go with it
        _ip("address", "delete", f"{here}/32", "dev", "lo")


@contextlib.contextmanager
def machines_at_a_switch(addresses: Sequence[str]) -> Iterator[None]:
    """Give each address a namespace; they reach each other by a switch, and nothing else: there is no router.

    Raises NetworkError.
    """
    _need_root()
    _remove_left_over()
    switch, made = f"hl{os.getpid()}-{_SWITCH}", []
    try:
        made.append(switch)
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", switch, "link", "set", "switch", "up")
        for number, address in enumerate(addresses, _SWITCH + 1):
            name, plug = f"hl{os.getpid()}-{number}", f"plug{number}"
            made.append(name)
            _ip("netns", "add", name)
            _NAMESPACES[address] = name
            cable = ("link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", plug)
            _ip(*cable, "netns", switch)
            _ip("-n", switch, "link", "set", plug, "master", "switch", "up")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        yield
    finally:
        for address in addresses:
            _NAMESPACES.pop(address, "")
        for name in made:
            _ip("netns", "delete", name)


def udp_socket(address: str) -> socket.socket:
    """A UDP socket, not bound yet, in the namespace of this address (or in ours)."""
    with _inside(_NAMESPACES.get(address, "")):
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def tcp_socket(address: str) -> socket.socket:
    """A TCP socket, not connected yet, in the namespace of this address (or in ours)."""
    with _inside(_NAMESPACES.get(address, "")):
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def wire(address: str) -> socket.socket:
    """Sees every IP packet that comes to the namespace of this address. Source: man 7 packet."""
    with _inside(_NAMESPACES.get(address, "")):
        return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IP_PACKETS))


def inside(address: str) -> list[str]:
    """Words that start a program in the namespace of this address; none for an address of this machine."""
    name = _NAMESPACES.get(address, "")
    return ["ip", "netns", "exec", name] if name else []


def _need_root() -> None:
    if os.geteuid() != 0:
        command = "sudo .venv/bin/pytest tests/end_to_end"
        raise NetworkError(f"network namespaces need root; type: {command}")


def _join(here: str, address: str, name: str, interface: str) -> None:
    _ip("netns", "add", name)
    _NAMESPACES[address] = name
    _ip("link", "add", interface, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", interface, "up")
    _ip("route", "replace", f"{address}/32", "dev", interface, "src", here)
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "address", "add", f"{address}/32", "dev", "eth0")
    _ip("-n", name, "route", "add", f"{here}/32", "dev", "eth0", "src", address)


def _remove_left_over() -> None:
    """Namespaces of test runs that were killed."""
    for line in _ip("netns", "list").splitlines():
        found = _OURS.fullmatch(line.split()[0]) if line.strip() else None
        if found and not os.path.exists(f"/proc/{found[1]}"):
            _ip("netns", "delete", found[0])


def _ip(*words: str) -> str:
    ran = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=10, check=False)
    if ran.returncode:
        raise NetworkError(f"ip {' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout


@contextlib.contextmanager
def _inside(name: str) -> Iterator[None]:
    """This thread is in the namespace meanwhile; "" is where it is anyway. Nothing may be awaited within."""
    if not name:
        yield
        return
    ours = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    theirs = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(theirs)
        try:
            yield
        finally:
            _enter(ours)
    finally:
        os.close(ours)
        os.close(theirs)


def _enter(namespace: int) -> None:
    """setns(2); Python has it since 3.12 only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, 0):
        raise NetworkError(f"setns: {os.strerror(ctypes.get_errno())}")
