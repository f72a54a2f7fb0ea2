"""SIPp's scenarios against a far side that we are: what comes in an order that is rare."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.ports import free_udp_port

from hotline.soak.sipp import SCENARIOS, Sipp

US = "127.0.0.1"


class FarSide:
    """The hotline, as one phone sees it: one dialog, message by message."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((US, 0))
        self._socket.settimeout(10)
        self._port = self._socket.getsockname()[1]
        self._tag = ""

    def close(self) -> None:
        self._socket.close()

    def awaits(self, start: str) -> str:
        """The next message that begins so; others are passed over."""
        while not (message := self._socket.recv(4000).decode()).startswith(start):
            pass
        if "INVITE" in message and (tag := re.search(r"To:.*;tag=\S+", message)):
            self._tag = ";tag=" + tag[0].partition(";tag=")[2]
        return message

    def invites(self, phone: int) -> None:
        """Call until the phone, which may not listen yet, has answered."""
        self._socket.settimeout(0.5)
        for _ in range(40):
            self.asks(phone, "INVITE", 1)
            try:
                self.awaits("SIP/2.0 200")
                break
            except TimeoutError:
                continue
        self._socket.settimeout(10)

    def asks(self, phone: int, method: str, number: int) -> None:
        """Send a request."""
        lines = [
            f"{method} sip:agent@{US}:{phone} SIP/2.0",
            f"Via: SIP/2.0/UDP {US}:{self._port};branch=z9hG4bK{method}{number}",
            f"From: <sip:131@{US}:{self._port}>;tag=x",
            f"To: <sip:agent@{US}:{phone}>{self._tag}",
            "Call-ID: one",
            f"CSeq: {number} {method}",
            f"Contact: <sip:131@{US}:{self._port}>",
            "Content-Length: 0",
        ]
        self._send(phone, lines)

    def answers(self, phone: int, request: str, status: str) -> None:
        """Send a response to a request that came."""
        same = [line for line in request.splitlines() if re.match("Via|From|To|Call-ID|CSeq", line)]
        self._send(phone, [f"SIP/2.0 {status}", *same, "Content-Length: 0"])

    def _send(self, phone: int, lines: list[str]) -> None:
        self._socket.sendto("\r\n".join([*lines, "", ""]).encode(), (US, phone))


@pytest.fixture
def far_side() -> Iterator[FarSide]:
    far_side = FarSide()
    yield far_side
    far_side.close()


@pytest.mark.parametrize(
    ("deed", "said"), [("transfer", "answered 131"), ("hang_up", "hung_up 131"), ("wait", "answered 131")]
)
async def test_a_phone_says_who_ended_the_call(
    tmp_path: Path, far_side: FarSide, deed: str, said: str
) -> None:
    """Also where the caller hangs up while a transfer is under way, which is refused only then."""
    port = free_udp_port()
    (tmp_path / "fields.csv").write_text(f"SEQUENTIAL\n0;100;{deed};9999\n", "ascii")
    words = ["-sf", str(SCENARIOS / "agent.xml"), "-inf", "fields.csv", "-i", US, "-p", str(port), "-m", "1"]
    words += ["-nostdin", "-trace_err", "-error_file", "errors.log", "-trace_logs", "-log_file", "calls.log"]
    phone = await asyncio.create_subprocess_exec(
        "sipp", *words, cwd=tmp_path, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.to_thread(_talk, far_side, port, deed)
        assert await asyncio.wait_for(phone.wait(), 20) == 0
    finally:
        if phone.returncode is None:
            phone.kill()
    run = Sipp(tmp_path)
    assert (run.calls(), run.complaints()) == ([said], [])


def _talk(far_side: FarSide, port: int, deed: str) -> None:
    far_side.invites(port)
    far_side.asks(port, "ACK", 1)
    if deed == "hang_up":
        far_side.answers(port, far_side.awaits("BYE"), "200 OK")
        return
    refer = far_side.awaits("REFER") if deed == "transfer" else ""
    far_side.asks(port, "BYE", 2)
    far_side.awaits("SIP/2.0 200")
    if refer:
        far_side.answers(port, refer, "404 Not Found")
