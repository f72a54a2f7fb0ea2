"""Writes the configuration of our Asterisk: the templates of asterisk-conf/ filled in, into the data folder.

Each file is replaced whole and only when it changed, readable by its owner only, for some hold passwords.
This module must not start or reload Asterisk (`hotline.supervisor` does), and decides nothing about calls.
"""

from __future__ import annotations

import ipaddress
import os
import re
import resource
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote
from typing import Any, Protocol

import jinja2

from hotline.asterisk_certificate import make_certificate
from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.words import say, told

TEMPLATES = Path(__file__).resolve().parent.parent / "asterisk-conf"
BANNED_LIST = "banned.list"
UNSAFE_IN_PATHS = re.compile(r"[^\w./+@:~ -]")

NAMED_FILTERS_SINCE = {20: 11, 21: 6, 22: 1}
"""First minor version, by major one, whose eventfilter can name events. Source: Asterisk's change logs."""

MOST_OPEN_FILES = 65536  # Asterisk closes all of them one by one when it starts a script
PROMPTS_OF_ASTERISK = {"pbx-transfer": "transfer-where", "pbx-invalid": "transfer-impossible"}
"""What Asterisk plays by itself, by its name there: prompts of ours."""

SOUNDS_OF_ASTERISK = ("beep.*", "beeperr.*", "digits", "letters", "silence")


class ConfigurationError(Exception):
    """The configuration cannot be written; the text names what is in the way."""


class Install(Protocol):
    """What is needed of the Asterisk in use; `hotline.asterisk_install.AsteriskInstall` is one."""

    @property
    def version(self) -> str: ...
    @property
    def modules(self) -> Path: ...
    @property
    def share(self) -> Path: ...


class SecretsOfLines(Protocol):
    """What is needed of the secrets; `hotline.secrets.Secrets` is one."""

    @property
    def agi_token(self) -> str: ...
    @property
    def ami_acd(self) -> str: ...
    def phone(self, name: str) -> str: ...
    def trunk(self, name: str) -> str: ...


def listed_modules(modules_conf: str) -> tuple[str, ...]:
    """The modules that a modules.conf (or its template) loads, in their order."""
    return tuple(re.findall(r"^load = (\S+)$", modules_conf, re.MULTILINE))


LISTED_MODULES = listed_modules((TEMPLATES / "modules.conf").read_text("utf-8"))
"""Every module the configuration may load; those of one version only are in braces in the template."""


def write_configuration(
    deployment: Deployment, settings: Settings, secrets: SecretsOfLines, install: Install
) -> bool:
    """Brings Asterisk's configuration up to date; True when a file changed, so that a reload is due.

    Raises ConfigurationError, or OSError when the data folder cannot be written.
    """
    _refuse_unsafe_paths(deployment.data, install.modules, install.share)
    deployment.cel_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (deployment.asterisk_var / "agi-bin").mkdir(mode=0o700, parents=True, exist_ok=True)
    share = _link_share(deployment, install)
    tls = _wants_tls(settings)
    if tls:
        make_certificate(deployment.asterisk_keys, [settings.hotline.external_address, deployment.bind])
    texts = _render(deployment, _context(deployment, settings, secrets, install, share))
    changed = _write_changed(deployment.fallback_script, _fallback_script(deployment), mode=0o700)
    if not (deployment.asterisk_etc / BANNED_LIST).exists():
        changed |= write_banned_acl(deployment, ())
    for name, text in texts.items():
        changed |= _write_changed(deployment.asterisk_etc / name, text)
    for stale in deployment.asterisk_etc.glob("*.conf"):
        if stale.name not in texts:
            stale.unlink()
            changed = True
    return changed


def write_banned_acl(deployment: Deployment, addresses: Iterable[str]) -> bool:
    """Writes the list of shut-out IP addresses; True when it changed ("module reload acl" is then due).

    Raises ValueError for what is no IP address or network.
    """
    networks = sorted(str(ipaddress.ip_network(address, strict=False)) for address in addresses)
    # Asterisk refuses a named ACL without a single rule, so the list begins with one that bans nobody.
    lines = ["permit = 0.0.0.0/0", "permit = ::/0", *(f"deny = {network}" for network in networks)]
    return _write_changed(deployment.asterisk_etc / BANNED_LIST, "\n".join(lines) + "\n")


# ---- the templates ----------------------------------------------------------------------------------------


def _context(
    deployment: Deployment, settings: Settings, secrets: SecretsOfLines, install: Install, share: Path
) -> dict[str, Any]:
    """Everything that a template may name."""
    bind = ipaddress.ip_address(deployment.bind)
    return {
        "settings": settings,
        "deployment": deployment,
        "secrets": secrets,
        "install": install,
        "agi_token": secrets.agi_token,
        "ring_period_ms": settings.ring_period_ms,
        "share": share,
        "host": f"[{bind}]" if bind.version == 6 else str(bind),
        "ipv6": bind.version == 6,
        # Bound to one address, the sound must be too: else it would be open to all networks.
        "media_address": "" if bind.is_unspecified else str(bind),
        "tls": _wants_tls(settings),
        "open_files": _open_files(),
        "music": _music(deployment, settings, install),
        "banned_list": BANNED_LIST,
        "filter_by_name": has_named_filters(install.version),
        "cel_by_fields": (install.modules / "res_cdrel_custom.so").exists(),
    }


def has_named_filters(version: str) -> bool:
    """Whether this Asterisk's eventfilter can name events, which is far cheaper than an expression."""
    major, minor = (int(part) for part in re.findall(r"\d+", f"{version}.0")[:2])
    return minor >= NAMED_FILTERS_SINCE.get(major, 0) and major >= min(NAMED_FILTERS_SINCE)


def escape(value: str) -> str:
    """A value as it must stand in an Asterisk configuration file, where ; begins a comment.

    Raises ConfigurationError for what cannot be written there: line ends, outer spaces.
    """
    if not value.isprintable() or value != value.strip():
        raise ConfigurationError(say("asterisk.strange_value"))
    return value.replace(";", "\\;")


def _render(deployment: Deployment, context: Mapping[str, Any]) -> dict[str, str]:
    """Name and text of every file; nothing is written until all could be filled in."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # no HTML: values are spelled safely (settings_fields) or go through conf
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["conf"] = escape
    names = sorted(path.name for path in TEMPLATES.glob("*.conf"))
    if not names:
        raise ConfigurationError(say("asterisk.no_templates", folder=TEMPLATES))
    try:
        return {name: environment.get_template(name).render(context) for name in names}
    except jinja2.TemplateError as error:
        raise ConfigurationError(
            say("asterisk.template_failed", folder=TEMPLATES, why=told(error))
        ) from error


def _open_files() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)


def _wants_tls(settings: Settings) -> bool:
    transports = [trunk.transport for trunk in settings.trunks] + [
        phone.transport for phone in settings.phones
    ]
    return "tls" in transports


def _music(deployment: Deployment, settings: Settings, install: Install) -> dict[str, Path]:
    """Folder by music's name: one of the house's own in sounds/music, or what came with Asterisk."""
    own = deployment.sounds / "music"
    folders = {"default": install.share / "moh"}
    for name in sorted({"default", *(queue.music for queue in settings.queues)}):
        (own / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        if any((own / name).iterdir()):
            folders[name] = own / name
        else:
            folders.setdefault(name, install.share / "moh")  # silence would be taken for a lost call
    return folders


def _fallback_script(deployment: Deployment) -> str:
    """The AGI script of the static fallback, which Asterisk starts by itself."""
    words = [sys.executable, "-P", "-m", "telephony.fallback_agi", str(deployment.journal("fallback"))]
    return f'#!/bin/sh\nexec {" ".join(map(quote, words))} "$@"\n'


# ---- files ------------------------------------------------------------------------------------------------


def _refuse_unsafe_paths(*paths: Path) -> None:
    for path in paths:
        unsafe = UNSAFE_IN_PATHS.search(str(path))
        if unsafe:
            character = repr(unsafe.group())
            raise ConfigurationError(say("asterisk.unsafe_path", path=path, character=character))


def _link_share(deployment: Deployment, install: Install) -> Path:
    """The folder of links that Asterisk takes for its data: our prompts beside what came with it."""
    share = deployment.asterisk / "share"
    links = {share / "documentation": install.share / "documentation"}
    for language in ("zh", "en"):
        links[share / "sounds" / language / "hotline"] = deployment.sounds / language / "hotline"
        for name, prompt in PROMPTS_OF_ASTERISK.items():
            file = deployment.sounds / language / "hotline" / f"{prompt}.wav"
            links[share / "sounds" / language / f"{name}.wav"] = file
    for pattern in SOUNDS_OF_ASTERISK:
        for sound in (install.share / "sounds" / "en").glob(pattern):
            links[share / "sounds" / "en" / sound.name] = sound
    for link, target in links.items():
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return share


def _write_changed(path: Path, text: str, mode: int = 0o600) -> bool:
    """Replaces a file atomically when its text or mode is another; True when it was."""
    try:
        if path.read_bytes() == text.encode() and path.stat().st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return True
