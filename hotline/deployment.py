"""Where one hotline lives on this machine: its data folder, ports, bind address and database.

Every service gets its paths and ports from here and from nowhere else. This module must not know what the
services do with them, nor any secret: the database URL names a password file instead of a password.
"""

from __future__ import annotations

import ipaddress
import json
import os
import pwd
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from hotline.words import say

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
DATABASE_USER = "hotline"
DATABASE_NAME = "hotline"
# Linux: sun_path holds 108 bytes with the closing NUL (man 7 unix); the longest socket name of ours decides.
_SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET = "asterisk/run/asterisk.ctl"
PORTS_PER_BASE = 1000


class DeploymentError(Exception):
    """The data folder or deployment.toml cannot be used; the text says where, what and what is allowed."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one hotline. All but sip, sip_tls, rtp and http only ever listen on loopback."""

    sip: int = 5060
    sip_tls: int = 5061
    rtp_first: int = 10000
    rtp_last: int = 10999
    ami: int = 5038
    agi_acd: int = 4573
    agi_ivr: int = 4574
    http: int = 8080
    asterisk_http: int = 8088
    postgres: int = 5433

    @classmethod
    def from_base(cls, base: int) -> Ports:
        """Ports for a second hotline on one machine: all of them within base … base+999, RTP last."""
        if not 1024 <= base <= 65536 - PORTS_PER_BASE:
            raise DeploymentError(say("deployment.port_base", base=base, last=65536 - PORTS_PER_BASE))
        return cls(
            sip=base,
            sip_tls=base + 1,
            ami=base + 2,
            agi_acd=base + 3,
            agi_ivr=base + 4,
            http=base + 5,
            asterisk_http=base + 6,
            postgres=base + 7,
            rtp_first=base + 10,
            rtp_last=base + PORTS_PER_BASE - 1,
        )

    def check(self) -> None:
        """Raise DeploymentError unless all ports are valid, distinct, and outside the RTP range."""
        single = {f.name: getattr(self, f.name) for f in fields(self) if not f.name.startswith("rtp_")}
        for name, port in {**single, "rtp_first": self.rtp_first, "rtp_last": self.rtp_last}.items():
            if not 1 <= port <= 65535:
                raise DeploymentError(say("deployment.port", name=name, port=port))
        if self.rtp_last - self.rtp_first < 3:
            raise DeploymentError(say("deployment.rtp", first=self.rtp_first, last=self.rtp_last))
        owner: dict[int, str] = {}
        for name, port in single.items():
            if port in owner:
                raise DeploymentError(say("deployment.port_taken", name=name, port=port, other=owner[port]))
            # RTP is UDP, so only the SIP ports can really collide with it.
            if name.startswith("sip") and self.rtp_first <= port <= self.rtp_last:
                raise DeploymentError(say("deployment.port_in_rtp", name=name, port=port))
            owner[port] = name


@dataclass(frozen=True, slots=True)
class Deployment:
    """One hotline on one machine. Paths are absolute; see docs/contracts.md for the folder's layout."""

    data: Path
    bind: str = LOOPBACK  # address of SIP, RTP and pages; everything else stays on loopback
    ports: Ports = field(default_factory=Ports)
    own_database_url: str = ""  # replaces the embedded PostgreSQL
    # Where that URL stands: DATABASE_URL, or a file.
    own_database_from: str = field(default="", compare=False)

    @classmethod
    def load(cls, data: Path) -> Deployment:
        """Read DATA/deployment.toml; without the file the defaults hold. Raises DeploymentError.

        What this run was started with wins over the file: `hotline up --lan`, and DATABASE_URL, which is
        noted in DATA/run so that commands in another shell find the same database.
        """
        written = cls.as_written(data)
        bind = _noted(written.bind_override)
        url = _database_url("DATABASE_URL", os.environ.get("DATABASE_URL", ""))
        url = url or _database_url(written.database_override, _noted(written.database_override))
        place = "DATABASE_URL" if url else written.own_database_from
        return replace(
            written,
            bind=_address(written.bind_override, bind) if bind else written.bind,
            own_database_url=url or written.own_database_url,
            own_database_from=place,
        )

    @classmethod
    def as_written(cls, data: Path) -> Deployment:
        """What DATA/deployment.toml says, whatever this run says. Raises DeploymentError."""
        folder = data.expanduser().resolve()
        file = folder / "deployment.toml"
        try:
            document = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DeploymentError(say("settings.not_toml", file=file, why=error)) from error
        except OSError as error:
            raise DeploymentError(say("settings.unreadable", file=file, why=error.strerror)) from error
        return _from_document(folder, file, document)

    def save(self) -> None:
        """Write DATA/deployment.toml with its explanations (mode 0600); the folder must exist."""
        lines = [
            f"# {say('deployment.about')}",
            "",
            f"# {say('deployment.about_bind')}",
            f"# {say('deployment.about_control_ports')}",
            f'bind = "{self.bind}"',
            "",
            f"# {say('deployment.about_database')}",
            f"database_url = {json.dumps(self.own_database_url, ensure_ascii=False)}",  # quoted as TOML does
            "",
            "[ports]",
            *(f"{f.name} = {getattr(self.ports, f.name)}" for f in fields(Ports)),
            "",
        ]
        self.file.touch(mode=0o600)
        temporary = self.file.with_suffix(".new")
        temporary.write_text("\n".join(lines), "utf-8")
        temporary.chmod(0o600)
        temporary.replace(self.file)

    def make_folders(self) -> None:
        """Create the data folder and its sub-folders, readable by the owner only. Raises DeploymentError.

        Refused in another user's folder: what root writes there (sudo) its owner could never read again.
        """
        length = len(os.fsencode(self.data / _LONGEST_SOCKET))
        if length > _SOCKET_PATH_LIMIT:
            raise DeploymentError(
                say(
                    "deployment.path_too_long",
                    data=self.data,
                    socket=_LONGEST_SOCKET,
                    length=length,
                    limit=_SOCKET_PATH_LIMIT,
                )
            )
        try:
            if self.file.exists() and (owner := self.file.stat().st_uid) != os.geteuid():
                raise DeploymentError(
                    say("deployment.others", data=self.data, owner=_user(owner), user=_user(os.geteuid()))
                )
            self.data.mkdir(parents=True, exist_ok=True)
            self.data.chmod(0o700)
            for folder in self._folders():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            path, why = error.filename, error.strerror
            raise DeploymentError(say("deployment.not_created", path=path, why=why)) from error

    def _folders(self) -> tuple[Path, ...]:
        asterisk = (self.asterisk / name for name in ("etc", "var", "spool", "log", "run", "keys"))
        return (
            self.asterisk,
            *asterisk,
            self.journals,
            self.secrets_file.parent,
            self.settings_file.parent,
            self.run,
            self.logs,
            self.sounds,
            self.recordings,
            self.recordings_incoming,
            self.voice_messages,
        )

    @property
    def file(self) -> Path:
        return self.data / "deployment.toml"

    @property
    def bind_override(self) -> Path:
        """Holds the bind address of `hotline up --lan` as long as that run lasts."""
        return self.run / "bind"

    @property
    def database_override(self) -> Path:
        """Holds the DATABASE_URL that `hotline up` was started with as long as that run lasts."""
        return self.run / "database_url"

    @property
    def database_url(self) -> str:
        """URL of the database; for the embedded one it names the password file, not the password."""
        if self.own_database_url:
            return self.own_database_url
        address = f"{DATABASE_USER}@{LOOPBACK}:{self.ports.postgres}/{DATABASE_NAME}"
        return f"postgresql://{address}?passfile={quote(str(self.database_passfile), safe='')}"

    @property
    def database_passfile(self) -> Path:
        return self.data / "secrets" / "pgpass"

    @property
    def secrets_file(self) -> Path:
        return self.data / "secrets" / "secrets.json"

    @property
    def callback_numbers(self) -> Path:
        """The numbers of those who are to be called back."""
        return self.data / "secrets" / "callbacks.json"

    @property
    def first_password_file(self) -> Path:
        """Holds the password of the pages' first user."""
        return self.data / "secrets" / "first-admin-password"

    @property
    def settings_file(self) -> Path:
        return self.data / "settings" / "current.json"

    @property
    def asterisk(self) -> Path:
        return self.data / "asterisk"

    @property
    def asterisk_etc(self) -> Path:
        return self.asterisk / "etc"

    @property
    def asterisk_var(self) -> Path:
        return self.asterisk / "var"

    @property
    def asterisk_spool(self) -> Path:
        return self.asterisk / "spool"

    @property
    def asterisk_log(self) -> Path:
        return self.asterisk / "log"

    @property
    def cel_file(self) -> Path:
        """Every channel's life, written by Asterisk; older ones are beside it as NAME.0, NAME.1, …"""
        return self.asterisk_log / "cel-custom" / "cel.csv"

    @property
    def asterisk_run(self) -> Path:
        return self.asterisk / "run"

    @property
    def asterisk_keys(self) -> Path:
        return self.asterisk / "keys"

    @property
    def fallback_script(self) -> Path:
        """The AGI script that Asterisk starts by itself when none of our services answers."""
        return self.asterisk_var / "agi-bin" / "fallback"

    @property
    def banned_file(self) -> Path:
        """Addresses to shut out, written by acd: {"addresses": {ADDRESS: until, seconds since 1970}}."""
        return self.asterisk / "banned.json"

    @property
    def heard_trunks_file(self) -> Path:
        """Trunks that have registered with us at least once, written by acd: {"trunks": [NAME, …]}."""
        return self.asterisk / "heard-trunks.json"

    @property
    def journals(self) -> Path:
        return self.data / "journal"

    def journal(self, writer: str) -> Path:
        """Folder of one writer's journal."""
        return self.journals / writer

    @property
    def run(self) -> Path:
        return self.data / "run"

    def socket(self, service: str) -> Path:
        """Unix socket on which a service speaks HTTP."""
        return self.run / f"{service}.sock"

    def pid_file(self, service: str) -> Path:
        return self.run / f"{service}.pid"

    @property
    def logs(self) -> Path:
        return self.data / "log"

    def log_file(self, service: str) -> Path:
        return self.logs / f"{service}.log"

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def sounds(self) -> Path:
        return self.data / "sounds"

    @property
    def recordings(self) -> Path:
        return self.data / "recordings"

    @property
    def recordings_incoming(self) -> Path:
        return self.recordings / "incoming"

    @property
    def voice_messages(self) -> Path:
        return self.data / "voice-messages"


def _from_document(folder: Path, file: Path, document: Mapping[str, Any]) -> Deployment:
    unknown = sorted(set(document) - {"bind", "database_url", "ports"})
    if unknown:
        raise DeploymentError(say("deployment.unknown_key", file=file, key=unknown[0]))
    bind = _address(file, document.get("bind", LOOPBACK))
    url = _database_url(file, document.get("database_url", ""))
    ports = _ports(file, document.get("ports", {}))
    return Deployment(folder, bind, ports, url, str(file) if url else "")


def _user(number: int) -> str:
    """A user's name; the number of one who has none on this machine."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _noted(file: Path) -> str:
    return file.read_text("utf-8").strip() if file.exists() else ""


def _address(file: Path, value: object) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError as error:
        raise DeploymentError(say("deployment.bind", file=file, value=repr(value))) from error


def _database_url(place: object, value: object) -> str:
    """The URL in a file or a variable, "" for none; what is said of a wrong one has no password."""
    if not isinstance(value, str) or (value and not _is_database_url(value)):
        shown = without_password(value) if isinstance(value, str) else value
        raise DeploymentError(say("deployment.database_url", file=place, value=repr(shown)))
    return value


def without_password(url: str) -> str:
    """What may be shown of a database's URL, or of a text that should have been one."""
    # To the end, where no & ends it: quotes may be wrong, too.
    named = re.sub(r"(password\s*=)[^&]*", r"\1…", url, flags=re.DOTALL | re.IGNORECASE)
    if "@" in named:
        return re.sub(r"^(\w+://)?.*@", r"\1…@", named, flags=re.DOTALL)
    # The @ may have been forgotten: only digits are surely a port.
    return re.sub(r"^(\w+://)?([^:]*):(?!//|\d+([/?]|$)).*", r"\1\2:…", named, flags=re.DOTALL)


def _is_database_url(text: str) -> bool:
    """Whether scheme and ports are right; a password that should have been quoted shows as a wrong port."""
    if not text.startswith(("postgresql://", "postgres://")):
        return False
    try:
        urlsplit(text)  # brackets that are no address's, as asyncpg sees it
    except ValueError:
        return False
    hosts = re.split("[/?#]", text.partition("//")[2])[0].rpartition("@")[2].split(",")
    ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts]
    return all(port == "" or (port.isascii() and port.isdecimal() and int(port) < 65536) for port in ports)


def _ports(file: Path, table: object) -> Ports:
    if not isinstance(table, dict):
        raise DeploymentError(say("deployment.ports_table", file=file, value=repr(table)))
    known = [f.name for f in fields(Ports)]
    for name, port in table.items():
        if name not in known:
            names = ", ".join(known)
            raise DeploymentError(say("deployment.unknown_port", file=file, name=name, names=names))
        if not isinstance(port, int) or isinstance(port, bool):
            why = say("deployment.port", name=name, port=repr(port))
            raise DeploymentError(say("deployment.in_file", file=file, why=why))
    ports = Ports(**table)
    try:
        ports.check()
    except DeploymentError as error:
        raise DeploymentError(say("deployment.in_file", file=file, why=error)) from error
    return ports
