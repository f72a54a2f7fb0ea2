"""Ports that cannot be used are told by name, kind and number, and why they cannot."""

import errno
import os
import socket
from pathlib import Path

import pytest

from hotline.cli_check import _ports
from hotline.deployment import Deployment, Ports
from hotline.supervisor import ports
from hotline.supervisor.ports import port_troubles


def _held(kind: socket.SocketKind) -> tuple[socket.socket, int]:
    holder = socket.socket(socket.AF_INET, kind)
    holder.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        holder.listen()
    return holder, holder.getsockname()[1]


def test_a_listener_is_named_and_a_free_port_is_not(tmp_path: Path) -> None:
    holder, port = _held(socket.SOCK_STREAM)
    deployment = Deployment(tmp_path, ports=Ports(agi_acd=port))
    assert port_troubles(deployment, ["acd"]).taken == (f"agi_acd {port} (tcp)",)
    holder.close()
    assert port_troubles(deployment, ["acd"]).taken == ()


def test_sip_is_looked_for_on_udp_too(tmp_path: Path) -> None:
    holder, port = _held(socket.SOCK_DGRAM)
    deployment = Deployment(tmp_path, ports=Ports(sip=port, sip_tls=1, ami=2, asterisk_http=3))
    with holder:
        assert f"sip {port} (udp)" in port_troubles(deployment, ["asterisk"]).taken


def test_a_program_without_ports_is_no_question(tmp_path: Path) -> None:
    assert port_troubles(Deployment(tmp_path), ["ledger", "keeper"]) == ports.PortTroubles((), ())


def test_an_address_that_this_machine_has_not_is_told_once_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_LANG", "en")
    deployment = Deployment(tmp_path, "192.0.2.7", Ports.from_base(61000))
    troubles = port_troubles(deployment, ["asterisk", "web"])
    assert troubles.taken == ()
    assert len(troubles.refused) == 1
    assert f"{deployment.file}: bind = 192.0.2.7: this machine has no such address" in troubles.refused[0]
    monkeypatch.setenv("HOTLINE_LANG", "zh")
    assert "本机没有这个地址" in port_troubles(deployment, ["web"]).refused[0]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (
            errno.EACCES,
            "this user may not listen there; allowed 1024 … 65535",
        ),
        (errno.EAFNOSUPPORT, "Address family not supported by protocol"),
    ],
)
def test_what_the_machine_has_against_a_port_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    monkeypatch.setattr(ports, "bind_error", lambda *_: OSError(number, os.strerror(number)))
    monkeypatch.setattr(ports, "UNPRIVILEGED", tmp_path / "none")
    deployment = Deployment(tmp_path, ports=Ports(http=80))
    troubles = port_troubles(deployment, ["web"])
    assert troubles.taken == ()
    assert troubles.refused[0].startswith(f"{deployment.file}: ports.http = 80 (at 127.0.0.1): {told}")


def test_check_shows_each_trouble_as_a_finding(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, "192.0.2.7", Ports.from_base(61000))
    findings = list(_ports(deployment))
    assert [good for good, _ in findings] == [False]
    assert "bind = 192.0.2.7" in findings[0][1]
    with socket.create_server(("127.0.0.1", 61003)):
        assert [good for good, _ in _ports(deployment)] == [False, False]
    assert [good for good, _ in _ports(Deployment(tmp_path, ports=Ports.from_base(61000)))] == [True]
