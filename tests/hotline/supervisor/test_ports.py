"""Ports held by somebody else are told by name, kind and number."""

import socket
from pathlib import Path

from hotline.deployment import Deployment, Ports
from hotline.supervisor.ports import taken_ports


def _held(kind: socket.SocketKind) -> tuple[socket.socket, int]:
    holder = socket.socket(socket.AF_INET, kind)
    holder.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        holder.listen()
    return holder, holder.getsockname()[1]


def test_a_listener_is_named_and_a_free_port_is_not(tmp_path: Path) -> None:
    holder, port = _held(socket.SOCK_STREAM)
    deployment = Deployment(tmp_path, ports=Ports(agi_acd=port))
    assert taken_ports(deployment, iter(["acd"])) == [f"agi_acd {port} (tcp)"]
    holder.close()
    assert taken_ports(deployment, iter(["acd"])) == []


def test_sip_is_looked_for_on_udp_too(tmp_path: Path) -> None:
    holder, port = _held(socket.SOCK_DGRAM)
    deployment = Deployment(tmp_path, ports=Ports(sip=port, sip_tls=1, ami=2, asterisk_http=3))
    with holder:
        assert f"sip {port} (udp)" in taken_ports(deployment, iter(["asterisk"]))


def test_a_program_without_ports_is_no_question(tmp_path: Path) -> None:
    assert taken_ports(Deployment(tmp_path), iter(["ledger", "keeper"])) == []
