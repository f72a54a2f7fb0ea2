"""The real Asterisk with our configuration: it starts whole and quickly, and lets in only whom we know."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import resource
import secrets
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from harness.lifelines import end, ends_with_us
from harness.phone import Phone, RegistrationRefused
from harness.ports import ASTERISK_STARTS_BASE
from harness.raw_ami import RawAmi
from harness.waiting import until

import hotline
from hotline.asterisk_config import LISTED_MODULES, write_banned_acl, write_configuration
from hotline.asterisk_install import AsteriskInstall, find_install
from hotline.core.settings import Phone as PhoneSettings
from hotline.core.settings import Settings, Trunk
from hotline.core.settings_check import check_settings
from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets
from hotline.supervisor.changes import RELOADS
from hotline.supervisor.readiness import missing_modules

DEFAULTS = Path(hotline.__file__).parent / "defaults" / "settings.toml"
CARRIER = "127.0.0.77"
NEW_CARRIER = "127.0.0.78"
START_LIMIT_S = 30.0  # 0.25 s on an idle machine; the limit only ends a start that hangs
ANSWER_LIMIT_S = 10.0  # the same for an answer, a reload and a line of a log
AGAIN_S = 1.0  # UDP may lose a request: asked again after so long

EXPLAINED = (
    # Asterisk 22.10 as Debian builds it, at every start whatever the configuration.
    "Could not find option 'minimum_size' with type 'threadpool' in module 'stasis'",
)


class RunningAsterisk:
    """An Asterisk with our configuration in a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        install = find_install()
        assert install is not None, "no Asterisk on this machine yet: type ./run --prepare"
        self.install: AsteriskInstall = install
        folder.mkdir()
        Deployment(folder, ports=Ports.from_base(ASTERISK_STARTS_BASE)).save()
        self.deployment = Deployment.load(folder)
        self.deployment.make_folders()
        self.secrets = Secrets.load(self.deployment)
        self.settings = self._settings()
        self.configure(self.settings)
        self.output = folder / "output"
        self.ready_after_s = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def _settings() -> Settings:
        known = check_settings(tomllib.loads(DEFAULTS.read_text("utf-8")), file="settings.toml", version=1)
        carrier = Trunk("carrier", "address", CARRIER, qualify_s=0)
        secure = PhoneSettings("secure", transport="tls", srtp=True, lamps=True)
        return replace(known, trunks=(*known.trunks, carrier), phones=(*known.phones, secure))

    def configure(self, settings: Settings) -> bool:
        self.secrets.make_missing(settings)
        return write_configuration(self.deployment, settings, self.secrets, self.install)

    @property
    def server(self) -> tuple[str, int]:
        return ("127.0.0.1", self.deployment.ports.sip)

    def start(self) -> None:
        began_s = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.install.start(self.deployment.asterisk_etc / "asterisk.conf"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=ends_with_us(),
            )
        while "fully booted" not in self.console("core waitfullybooted"):
            assert self.process.poll() is None and time.monotonic() - began_s < 30, self.output.read_text()
            time.sleep(0.02)
        self.ready_after_s = time.monotonic() - began_s

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)

    def console(self, command: str) -> str:
        words = self.install.console(self.deployment.asterisk_etc / "asterisk.conf", command)
        ran = subprocess.run(words, capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
        return ran.stdout

    def ami(self) -> RawAmi:
        return RawAmi(self.deployment.ports.ami, "acd", self.secrets.ami_acd)

    def phone(self, name: str, password: str | None = None, address: str = "127.0.0.1") -> Phone:
        known = self.secrets.phone(name) if password is None else password
        return Phone(name, known, server=self.server, address=address, tone_hz=None)


@pytest.fixture(scope="module")
def asterisk(short_folder: Path) -> Iterator[RunningAsterisk]:
    running = RunningAsterisk(short_folder / "asterisk")
    try:
        running.start()
        yield running
    finally:
        running.stop()


def ask_as_stranger(
    server: tuple[str, int],
    method: str,
    *,
    sender: str = "sip:stranger@example.org",
    address: str = "127.0.0.1",
) -> str:
    """The whole answer to one request from an address and a name that are not ours; "" when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((address, 0))
        client.settimeout(AGAIN_S)
        here = f"{address}:{client.getsockname()[1]}"
        lines = [
            f"{method} sip:4001@{server[0]}:{server[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: <{sender}>;tag={secrets.token_hex(4)}",
            f"To: <sip:4001@{server[0]}>",
            f"Call-ID: {secrets.token_hex(8)}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:stranger@{here}>",
            "Event: presence",
            "Content-Length: 0",
        ]
        for _ in range(round(ANSWER_LIMIT_S / AGAIN_S)):
            client.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), server)
            with contextlib.suppress(TimeoutError):
                return client.recv(65536).decode()
        return ""


def test_it_is_ready_quickly(asterisk: RunningAsterisk) -> None:
    assert asterisk.ready_after_s < START_LIMIT_S


def test_every_listed_module_runs(asterisk: RunningAsterisk) -> None:
    listed = "\n".join(f"load = {name}" for name in LISTED_MODULES)
    assert missing_modules(listed, asterisk.console("module show")) == []


def test_a_start_leaves_no_unexplained_warning(asterisk: RunningAsterisk) -> None:
    lines = asterisk.output.read_text("utf-8", errors="replace").splitlines()
    lines += (asterisk.deployment.asterisk_log / "messages.log").read_text("utf-8").splitlines()
    started = next(number for number, line in enumerate(lines) if line.endswith("Asterisk Ready."))
    suspicious = ("WARNING", "ERROR", "Could not", "Unable")
    assert [
        line for line in lines[:started] if any(word in line for word in suspicious) and line not in EXPLAINED
    ] == []


@pytest.mark.parametrize(
    "method", ["OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE", "MESSAGE", "REFER", "NOTIFY", "X"]
)
def test_a_stranger_gets_nothing_but_a_demand_for_a_password(asterisk: RunningAsterisk, method: str) -> None:
    answer = ask_as_stranger(asterisk.server, method)
    assert answer.startswith("SIP/2.0 401 ")
    assert "Asterisk" not in answer
    assert "Allow:" not in answer
    assert answer.endswith("\r\n\r\n")


@pytest.mark.parametrize("name", ["carrier", "demo", "1001"])
def test_a_name_in_from_opens_nothing(asterisk: RunningAsterisk, name: str) -> None:
    for method in ("OPTIONS", "INVITE"):
        assert ask_as_stranger(asterisk.server, method, sender=f"sip:{name}@127.0.0.1").startswith(
            "SIP/2.0 401 "
        )


def test_the_carrier_is_known_by_its_address(asterisk: RunningAsterisk) -> None:
    assert ask_as_stranger(asterisk.server, "OPTIONS", address=CARRIER).startswith("SIP/2.0 200 ")


async def test_a_phone_registers_with_its_password_only(asterisk: RunningAsterisk) -> None:
    async with asterisk.ami() as ami:
        async with asterisk.phone("1001") as phone:
            await phone.register(keep=False)
            await ami.event("ContactStatus", EndpointName="1001")
        async with asterisk.phone("1002", "wrong") as burglar:
            with pytest.raises(RegistrationRefused) as refusal:
                await burglar.register(keep=False)
        assert refusal.value.status == 401
        told = await ami.event("ChallengeResponseFailed", AccountID="1002")
        assert told["RemoteAddress"].startswith("IPV4/UDP/127.0.0.1/")


async def test_too_many_requests_of_a_stranger_are_told(asterisk: RunningAsterisk) -> None:
    async with asterisk.ami() as ami:
        for _ in range(8):
            await asyncio.to_thread(ask_as_stranger, asterisk.server, "REGISTER", sender="sip:666@127.0.0.1")
        await ami.event("InvalidAccountID", AccountID="666")


async def test_a_banned_address_is_refused_until_it_is_free_again(asterisk: RunningAsterisk) -> None:
    def answers() -> list[str]:
        return [
            ask_as_stranger(asterisk.server, "REGISTER", address=address)[:11]
            for address in ("127.0.0.9", "127.0.0.10")
        ]

    # PJSIP hears of the reload in its own time.
    write_banned_acl(asterisk.deployment, ["127.0.0.9", "2001:db8::1"])
    asterisk.console("module reload acl")
    await until(lambda: answers() == ["SIP/2.0 403", "SIP/2.0 401"], "one alone refused", ANSWER_LIMIT_S)
    write_banned_acl(asterisk.deployment, [])
    asterisk.console("module reload acl")
    await until(lambda: answers() == ["SIP/2.0 401", "SIP/2.0 401"], "both let in", ANSWER_LIMIT_S)


async def test_ami_answers_lists_and_refuses_what_acd_must_not_do(asterisk: RunningAsterisk) -> None:
    async with asterisk.ami() as ami:
        assert ami.welcome["Response"] == "Success"
        await ami.event("FullyBooted")
        for action in ("CoreShowChannels", "DeviceStateList"):
            assert (await ami.ask(action))["Response"] == "Success"
            await ami.event(f"{action}Complete")
        assert (await ami.ask("CoreStatus"))["Response"] == "Success"
        for action in ("Command", "GetConfig", "Reload", "PJSIPShowContacts", "ModuleLoad"):
            assert (await ami.ask(action, {"Command": "core stop now"}))["Message"] == "Permission denied"


async def test_only_one_acd_gets_in(asterisk: RunningAsterisk) -> None:
    async with asterisk.ami() as first:
        assert first.welcome["Response"] == "Success"
        async with asterisk.ami() as second:
            assert second.welcome["Response"] == "Error"
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while time.monotonic() < deadline_s:  # Asterisk notices in its own time that the first has gone
        async with asterisk.ami() as third:
            if third.welcome["Response"] == "Success":
                return
        await asyncio.sleep(0.1)
    pytest.fail(f"the login is not free again after {ANSWER_LIMIT_S} s")


async def test_a_call_tells_acd_what_it_needs_and_no_more(asterisk: RunningAsterisk) -> None:
    async with asterisk.ami() as ami, Phone("13800138000", server=asterisk.server, address=CARRIER) as caller:
        call = await caller.call("4001").answered()
        told = await ami.event("UserEvent", UserEvent="HotlineContact")
        contact = told["Uniqueid"]
        assert contact.startswith(f"hl{asterisk.deployment.ports.sip}-")
        assert (told["AccountCode"], told["ChanVariable(HL_STAGE)"]) == (contact, "arrived")
        assert (told["Trunk"], told["Number"], told["Direct"]) == ("carrier", "4001", "0")
        await call.hang_up()
        last = await ami.event("UserEvent", UserEvent="HotlineEnd")
        assert (last["AccountCode"], last["Trunk"], last["Number"]) == (contact, "carrier", "4001")
        ended = await ami.event("Hangup", Uniqueid=contact)
        assert ended["Cause"] in ("0", "16")  # 0: the far side's BYE had no Reason header
        await ami.event("HangupRequest", Uniqueid=contact)
        unwanted = {
            "Newexten",
            "VarSet",
            "RTCPSent",
            "MusicOnHoldStart",
            "AGIExecStart",
            "DTMFBegin",
            "Cdr",
            "CEL",
        }
        assert not unwanted & ami.event_names()

    def own() -> dict[str, list[str]]:
        rows = csv.reader(asterisk.deployment.cel_file.read_text("utf-8").splitlines())
        return {row[0]: row for row in rows if row[2:3] == [contact]}

    # CEL's file has a writer of its own, which may come after AMI's.
    await until(lambda: "HANGUP" in own(), "the end in CEL's file", ANSWER_LIMIT_S)
    assert {"CHAN_START", "ANSWER", "HANGUP"} <= own().keys()
    event, at, uniqueid, linkedid, accountcode, details, channel = own()["HANGUP"]
    assert (event, uniqueid, linkedid, accountcode) == ("HANGUP", contact, contact, contact)
    assert abs(float(at) - time.time()) < 60
    assert json.loads(details)["hangupcause"] == int(ended["Cause"])
    assert channel.startswith("PJSIP/carrier-")


async def test_new_settings_take_effect_by_the_supervisors_reloads(asterisk: RunningAsterisk) -> None:
    new_trunk = Trunk("second", "address", NEW_CARRIER, qualify_s=0)
    changed = replace(
        asterisk.settings,
        phones=(*asterisk.settings.phones, PhoneSettings("1099")),
        trunks=(*asterisk.settings.trunks, new_trunk),
        verification=replace(asterisk.settings.verification, url="http://127.0.0.1:9/check"),
    )
    assert "*5" not in asterisk.console("features show")
    assert ask_as_stranger(asterisk.server, "OPTIONS", address=NEW_CARRIER).startswith("SIP/2.0 401 ")
    async with asterisk.phone("1099", "any") as phone:
        with pytest.raises(RegistrationRefused):
            await phone.register(keep=False)
    assert asterisk.configure(changed)
    for command in RELOADS:
        assert "reloaded" in await asyncio.to_thread(asterisk.console, command)
    assert "*5" in asterisk.console("features show")
    await until(
        lambda: ask_as_stranger(asterisk.server, "OPTIONS", address=NEW_CARRIER).startswith("SIP/2.0 200 "),
        "the new carrier is known",
        ANSWER_LIMIT_S,
    )
    async with asterisk.phone("1099") as phone:
        await registers(phone)


async def registers(phone: Phone) -> None:
    """A phone whose account has just been made: PJSIP hears of the reload in its own time."""
    for _ in range(round(ANSWER_LIMIT_S / AGAIN_S)):
        with contextlib.suppress(RegistrationRefused):
            return await phone.register(keep=False)
        await asyncio.sleep(AGAIN_S)
    return await phone.register(keep=False)


def test_tls_shows_our_certificate(asterisk: RunningAsterisk) -> None:
    context = ssl.create_default_context(cafile=str(asterisk.deployment.asterisk_keys / "hotline.crt"))
    address = ("127.0.0.1", asterisk.deployment.ports.sip_tls)
    with (
        socket.create_connection(address, ANSWER_LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
    ):
        assert tls.version() == "TLSv1.2"


def test_it_may_open_enough_files_for_many_calls(asterisk: RunningAsterisk) -> None:
    limits = Path(f"/proc/{asterisk.pid}/limits").read_text("ascii").splitlines()
    soft = next(line.split()[3] for line in limits if line.startswith("Max open files"))
    assert int(soft) >= min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def test_only_sip_listens_where_the_deployment_says(asterisk: RunningAsterisk) -> None:
    listening = subprocess.run(["ss", "-lntuH"], capture_output=True, text=True, check=True).stdout
    ports = asterisk.deployment.ports
    ours = {line.split()[4] for line in listening.splitlines()}
    first = ASTERISK_STARTS_BASE
    ours = {place for place in ours if first <= int(place.rpartition(":")[2]) < first + 1000}
    assert ours == {f"127.0.0.1:{port}" for port in (ports.sip, ports.sip_tls, ports.ami)}
