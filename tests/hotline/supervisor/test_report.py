"""What a start tells: where to dial, the accounts, where passwords lie; never a password itself."""

import errno
import socket
import struct
from pathlib import Path

import pytest

from hotline.core.settings import Agent, Number, Phone, Settings
from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets
from hotline.supervisor import report
from hotline.supervisor.report import dial_host, summary

SETTINGS = Settings(
    version=1,
    numbers=(Number("95500", flow="main"), Number("95501", direct_queue="service")),
    phones=tuple(Phone(f"10{n:02}") for n in range(14)),
    agents=(Agent("1024", "Li"),),
)


def test_everything_one_needs_is_told(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, ports=Ports.from_base(21000))
    secrets = Secrets.load(deployment)
    secrets.make_missing(SETTINGS)
    lines = list(summary(deployment, SETTINGS, demo=False))
    text = "\n".join(lines)
    assert "sip:95500@127.0.0.1:21000  (flow main)" in text
    assert "sip:95501@127.0.0.1:21000  (direct to queue service)" in text
    assert "1000, 1001" in text
    assert "1011 and 2 more  at 127.0.0.1:21000" in text
    assert "agents     1024" in text
    assert "http://127.0.0.1:21005/  first sign-in: admin" in text
    assert str(deployment.secrets_file) in text
    assert "OPEN" not in text
    for secret in (secrets.phone("1000"), secrets.pin("1024"), secrets.user("admin"), secrets.agi_token):
        assert secret not in text


def test_an_open_hotline_says_so(tmp_path: Path) -> None:
    text = "\n".join(summary(Deployment(tmp_path, "192.0.2.7"), SETTINGS, demo=True))
    assert "sip:95500@192.0.2.7:5060" in text
    assert "http://192.0.2.7:8080/" in text
    assert "OPEN" in text
    assert "simulated" in text


def test_open_to_all_networks_shows_an_address_one_can_dial(tmp_path: Path) -> None:
    assert dial_host(Deployment(tmp_path, "0.0.0.0")) not in ("0.0.0.0", "")


def test_at_a_mere_switch_it_is_the_address_of_an_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_route(self: socket.socket, address: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(report.socket.socket, "connect", no_route)
    monkeypatch.setattr(report.socket, "if_nameindex", lambda: [(1, "lo"), (2, "none"), (3, "eth0")])
    answers = {"lo": "127.0.0.1", "eth0": "10.1.2.3"}

    def ioctl(probe: object, request: int, asked: bytes) -> bytes:
        name = asked[:16].rstrip(b"\0").decode()
        if name not in answers:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return (
            asked[:16] + struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(answers[name])) + bytes(16)
        )

    monkeypatch.setattr(report.fcntl, "ioctl", ioctl)
    assert dial_host(Deployment(Path("/"), "0.0.0.0")) == "10.1.2.3"
    del answers["eth0"]
    assert dial_host(Deployment(Path("/"), "0.0.0.0")) == "127.0.0.1"


def test_empty_settings_are_told_as_such(tmp_path: Path) -> None:
    text = "\n".join(summary(Deployment(tmp_path), Settings(version=1), demo=False))
    assert text.count("none in the settings") == 2
