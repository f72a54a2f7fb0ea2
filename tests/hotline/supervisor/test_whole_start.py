"""A whole hotline on a real Asterisk and PostgreSQL: started, killed, taken over, ended without a trace."""

import json
import signal
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import sound
from harness.fact_log import FactLog
from started_hotline import PARTS, Hotline

from hotline import settings_snapshot
from hotline.deployment import Deployment
from ivr.prompts_build import count_synthetic


@pytest.mark.timeout(300)
def test_a_hotline_from_its_first_start_to_its_end(hotline: Hotline) -> None:
    _a_taken_port_stops_the_start(hotline)
    _first_start(hotline)
    _a_banned_address_is_refused(hotline)
    _killed_service_comes_back(hotline)
    _killed_supervisor_is_followed_by_one_that_takes_over(hotline)
    _orderly_end_and_second_start(hotline)
    _a_vanished_reader_keeps_nothing_from_its_end(hotline)
    _down_ends_what_a_killed_supervisor_left(hotline)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_prepare_sets_up_and_leaves_nothing_running(hotline: Hotline) -> None:
    done = hotline.run("up", "--port-base", str(hotline.base), "--prepare", within_s=240)
    assert done.returncode == 0, done.stderr
    assert "prepared in" in done.stdout
    assert hotline.living() == []
    assert not any(part["running"] for part in hotline.status()["parts"])
    deployment = Deployment.load(hotline.data)
    settings = settings_snapshot.read(deployment.settings_file)
    assert settings.queues and settings.numbers
    prompts = count_synthetic(deployment)
    assert all(synthetic == every > 100 for synthetic, every in prompts.values()), prompts
    assert (deployment.asterisk_etc / "extensions.conf").stat().st_size > 0
    assert deployment.secrets_file.stat().st_mode & 0o777 == 0o600
    hotline.up()  # what was prepared is enough to start
    hotline.down()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_demo_has_callers_who_talk_and_who_give_up(hotline: Hotline) -> None:
    hotline.up("--demo")
    deployment = Deployment.load(hotline.data)
    with (
        closing(FactLog(deployment.journal("acd"), everything=True)) as facts,
        closing(FactLog(deployment.journal("keeper"), everything=True)) as keeper,
    ):
        _until(lambda: facts.of("CallConnected"), within_s=120)
        _until(lambda: facts.of("CallLeftQueue", how="abandoned"), within_s=420)
        _until(lambda: keeper.of("RecordingKept"), within_s=120)
        kept = keeper.of("RecordingKept")[0].body["path"]
    for side in sound.read_channels(deployment.recordings / kept):
        assert sound.power(side) > 0, "one of them was never heard"
    hotline.down()


def _a_taken_port_stops_the_start(hotline: Hotline) -> None:
    with socket.create_server(("127.0.0.1", hotline.base + 5)):
        refused = hotline.run("up", "--port-base", str(hotline.base))
    assert refused.returncode == 1
    assert f"ports in use by another program: http {hotline.base + 5} (tcp)" in refused.stderr
    assert hotline.living() == []


def _first_start(hotline: Hotline) -> None:
    hotline.up()
    text = "".join(hotline.printed)
    secrets = json.loads((hotline.data / "secrets" / "secrets.json").read_text())
    for password in (*secrets["phones"].values(), *secrets["users"].values(), secrets["agi_token"]):
        assert password not in text
    status = hotline.status()
    assert [part["name"] for part in status["parts"] if part["ready"]] == list(PARTS)
    assert status["supervised"]
    checked = hotline.run("check")
    assert checked.returncode == 0, checked.stdout
    again = hotline.run("up")
    assert again.returncode == 1
    assert "is already up" in again.stderr
    _nothing_listens_beyond_loopback(hotline)


def _nothing_listens_beyond_loopback(hotline: Hotline) -> None:
    ours = range(hotline.base, hotline.base + 1000)
    for table in ("tcp", "udp", "tcp6", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            address, port = line.split()[1].split(":")
            if int(port, 16) in ours:
                assert address == "0100007F", f"{table}: {line}"


def _a_banned_address_is_refused(hotline: Hotline) -> None:
    """The whole way from acd's list to Asterisk's answer, without asking acd."""
    banned = Deployment.load(hotline.data).banned_file
    assert _answer_to_register(hotline, "127.0.0.9").startswith("SIP/2.0 401")
    banned.write_text(json.dumps({"addresses": {"127.0.0.9": time.time() + 4}}))
    _until(lambda: _answer_to_register(hotline, "127.0.0.9").startswith("SIP/2.0 403"))
    assert _answer_to_register(hotline, "127.0.0.8").startswith("SIP/2.0 401")
    _until(lambda: _answer_to_register(hotline, "127.0.0.9").startswith("SIP/2.0 401"))


def _answer_to_register(hotline: Hotline, source: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((source, 0))
        phone.settimeout(5)
        contact = f"{source}:{phone.getsockname()[1]}"
        call = f"{time.monotonic_ns()}"
        request = (
            f"REGISTER sip:127.0.0.1:{hotline.base} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {contact};branch=z9hG4bK{call};rport\r\n"
            f"From: <sip:1001@127.0.0.1>;tag={call}\r\nTo: <sip:1001@127.0.0.1>\r\nCall-ID: {call}\r\n"
            f"CSeq: 1 REGISTER\r\nContact: <sip:1001@{contact}>\r\nMax-Forwards: 70\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        phone.sendto(request.encode(), ("127.0.0.1", hotline.base))
        return phone.recv(4096).decode().splitlines()[0]


def _killed_service_comes_back(hotline: Hotline) -> None:
    before = hotline.processes()
    ivr = before["ivr"]
    assert ivr is not None
    ivr.signal(signal.SIGKILL)
    _until(lambda: hotline.processes()["ivr"] not in (None, ivr))
    after = hotline.processes()
    assert {name for name in PARTS if before[name] != after[name]} == {"ivr"}


def _killed_supervisor_is_followed_by_one_that_takes_over(hotline: Hotline) -> None:
    before = hotline.processes()
    hotline.end(signal.SIGKILL)
    assert hotline.processes() == before
    assert not hotline.status()["supervised"]
    hotline.up()
    assert hotline.processes() == before
    assert any("asterisk  ready, taken over" in line for line in hotline.printed)


def _orderly_end_and_second_start(hotline: Hotline) -> None:
    assert hotline.end(signal.SIGINT) == 0
    assert hotline.living() == []
    ready_s = hotline.up()
    print(f"second start: {ready_s:.1f} s")  # measured by bench.start


def _a_vanished_reader_keeps_nothing_from_its_end(hotline: Hotline) -> None:
    """As with `./run | tee log` and Ctrl-C, which ends tee first."""
    assert hotline.supervisor is not None and hotline.supervisor.stdout is not None
    hotline.supervisor.stdout.close()
    hotline.supervisor.send_signal(signal.SIGINT)
    hotline.supervisor.wait(60)
    assert hotline.living() == []
    hotline.up()


def _down_ends_what_a_killed_supervisor_left(hotline: Hotline) -> None:
    hotline.end(signal.SIGKILL)
    assert hotline.living() != []
    ended = hotline.run("down")
    assert ended.returncode == 0
    assert "asterisk" in ended.stdout
    assert hotline.living() == []


def _until(condition: Any, within_s: float = 15) -> None:
    limit_s = time.monotonic() + within_s
    while time.monotonic() < limit_s:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"it did not happen within {within_s} s")
