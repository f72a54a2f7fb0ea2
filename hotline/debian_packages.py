"""Fetches signed Debian packages without root and unpacks them into a folder.

apt works in a private root: its own lists, an empty package status, one source line. The mirror's address
comes from the machine's own apt sources or HOTLINE_DEBIAN_MIRROR, never from this project. Signatures are
always checked. This module must not know what the packages are for.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hotline.words import say

SUITE = "forky"
FETCH_LIMIT_S = 900
LOCK_LIMIT_S = 900
_KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
_DEBIAN_SUITES = re.compile(
    r"^(stretch|buster|bullseye|bookworm|trixie|forky|duke|sid|oldstable|stable|testing|unstable)"
    r"(-updates|-backports|-proposed-updates)?/?$"
)
_SAY_EVERY_S = 2.0

Tell = Callable[[str], None]


class FetchError(Exception):
    """Packages could not be fetched or unpacked; the text says what is missing or what apt said."""


def mirror_address() -> str:
    """Address of a Debian mirror: HOTLINE_DEBIAN_MIRROR, else from apt's sources. Raises FetchError."""
    chosen = os.environ.get("HOTLINE_DEBIAN_MIRROR", "")
    if chosen:
        if not re.match(r"^(https?|file|copy):[^\s\[\]]+$", chosen):
            raise FetchError(say("packages.mirror_value", value=repr(chosen)))
        return chosen
    etc = Path("/etc/apt")
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]
    texts = [(file, one_line_sources) for file in files]
    texts += [(file, deb822_sources) for file in sorted((etc / "sources.list.d").glob("*.sources"))]
    for file, parse in texts:
        try:
            found = find_mirror(parse(file.read_text("utf-8", errors="replace")))
        except OSError:
            continue  # absent or not readable for us: the next file may do
        if found:
            return found
    raise FetchError(say("packages.no_mirror"))


def find_mirror(sources: Iterator[tuple[str, str]]) -> str:
    """First address of (address, suite) pairs that serves a Debian suite other than security; "" if none."""
    for address, suite in sources:
        if _DEBIAN_SUITES.match(suite) and re.match(r"^(https?|file|copy):", address):
            return address
    return ""


def one_line_sources(text: str) -> Iterator[tuple[str, str]]:
    """(address, suite) of every binary source in a sources.list."""
    for line in text.splitlines():
        match = re.match(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            yield match.group(1), match.group(2)


def deb822_sources(text: str) -> Iterator[tuple[str, str]]:
    """(address, suite) of every enabled binary source in a *.sources file."""
    for stanza in re.split(r"\n\s*\n", text):
        plain = "\n".join(line for line in stanza.splitlines() if not line.startswith("#"))
        values: dict[str, list[str]] = {}
        for match in re.finditer(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", plain, re.MULTILINE):
            values[match.group(1).lower()] = match.group(2).split()
        if "deb" not in values.get("types", []) or values.get("enabled") == ["no"]:
            continue
        for address in values.get("uris", []):
            for suite in values.get("suites", []):
                yield address, suite


def fetch_packages(packages: Sequence[str], work: Path, tell: Tell) -> list[Path]:
    """Download the packages with all they depend on; returns the archives. Raises FetchError."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise FetchError(say("packages.no_program", program=program))
    configuration = _private_root(work)
    tell(say("packages.reading"))
    _apt(configuration, ["update"], lambda _line: None)
    wanted = 0
    fetched = 0
    said_s = 0.0

    def follow(line: str) -> None:
        nonlocal wanted, fetched, said_s
        count = re.match(r"^\d+ upgraded, (\d+) newly installed", line)
        wanted = int(count.group(1)) if count else wanted
        size = re.match(r"^Need to get (.*) of archives", line)
        if size:
            tell(say("packages.fetching_all", count=wanted, size=size.group(1)))
        if line.startswith("Get:"):
            fetched += 1
            if time.monotonic() - said_s > _SAY_EVERY_S:
                said_s = time.monotonic()
                tell(say("packages.fetching_one", number=fetched, count=wanted))

    _apt(configuration, ["--yes", "--download-only", "install", *packages], follow)
    archives = sorted((work / "apt/var/cache/apt/archives").glob("*.deb"))
    if not archives:
        raise FetchError(say("packages.nothing_fetched"))
    return archives


def unpack_packages(archives: Sequence[Path], tree: Path, tell: Tell) -> None:
    """Unpack every archive into `tree`. Raises FetchError."""
    tree.mkdir()
    for name in ("bin", "sbin", "lib", "lib64"):  # a merged /usr, as on any Debian of today
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")
    tell(say("packages.unpacking", count=len(archives)))

    def unpack(archive: Path) -> None:
        done = subprocess.run(
            ["dpkg-deb", "--extract", str(archive), str(tree)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            why = done.stderr.strip()
            raise FetchError(say("packages.not_unpacked", archive=archive.name, why=why))

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for _ in pool.map(unpack, archives):
            pass


def _private_root(work: Path) -> Path:
    """Folders and configuration of an apt that knows nothing of the system's; returns its apt.conf."""
    keyring = next((file for file in _KEYRINGS if file.exists()), None)
    if keyring is None:
        raise FetchError(say("packages.no_keys"))
    root = work / "apt"
    for folder in ("etc/apt/preferences.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg").mkdir()
    (root / "var/lib/dpkg/status").touch()
    # check-valid-until: the Release file of a suite in the making is often past its date (measured). An old
    # list can therefore be replayed by a mirror, but every package in it is still one that Debian signed.
    source = f"deb [check-valid-until=no signed-by={keyring}] {mirror_address()} {SUITE} main\n"
    (root / "etc/apt/sources.list").write_text(source)
    configuration = root / "apt.conf"
    configuration.write_text("\n".join([*_acquire_settings(), *_own_settings(root)]) + "\n")
    return configuration


def _own_settings(root: Path) -> Iterator[str]:
    yield f'Dir "{root}";'
    yield f'Dir::State::status "{root}/var/lib/dpkg/status";'
    yield f'Dir::Etc::parts "{root}/etc/apt/none";'
    yield f'Dir::Etc::main "{root}/etc/apt/none";'
    yield f'Dir::Etc::sourceparts "{root}/etc/apt/none";'
    yield 'Dir::Etc::netrc "/etc/apt/auth.conf";'
    yield 'Dir::Etc::netrcparts "/etc/apt/auth.conf.d";'
    yield 'APT::Install-Recommends "false";'
    yield 'Acquire::Languages "none";'
    yield 'Acquire::Retries "3";'
    if os.geteuid() == 0:
        # apt would download as user _apt, who cannot enter root's cache folder.
        yield 'APT::Sandbox::User "root";'


def _acquire_settings() -> Iterator[str]:
    """The machine's own proxies and certificates; its hooks and package rules are left behind."""
    dump = subprocess.run(
        ["apt-config", "dump", "Acquire"], capture_output=True, text=True, timeout=30, check=False
    )
    return (line for line in dump.stdout.splitlines() if re.match(r"^Acquire::(http|https|ftp)::", line))


def _apt(configuration: Path, words: Sequence[str], follow: Callable[[str], None]) -> None:
    environment = {**os.environ, "APT_CONFIG": str(configuration), "LC_ALL": "C.UTF-8"}
    problems: list[str] = []
    late = threading.Event()
    with subprocess.Popen(
        ["apt-get", "-q", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:

        def give_up() -> None:
            late.set()
            process.kill()

        limit = threading.Timer(FETCH_LIMIT_S, give_up)
        limit.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                follow(line.rstrip())
                if line.startswith(("E:", "W:", "Err:")):
                    problems.append(line.strip())
            process.wait()
        finally:
            limit.cancel()
            process.kill()  # Ctrl-C and SIGTERM come through here: no download may outlive us
    if late.is_set():
        raise FetchError(say("packages.too_long", command=words[0], limit_s=FETCH_LIMIT_S))
    if process.returncode:
        why = " / ".join(problems[-5:]) or say("packages.apt_status", status=process.returncode)
        raise FetchError(say("packages.apt_failed", why=why))


@contextmanager
def locked(folder: Path, tell: Tell) -> Iterator[None]:
    """Hold the folder's lock, waiting for another start that fetches. Raises FetchError after the limit."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline_s = time.monotonic() + LOCK_LIMIT_S
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise FetchError(say("packages.lock_held", lock=folder / "lock")) from None
                if not told:
                    tell(say("packages.other_start"))
                    told = True
                time.sleep(0.2)
        yield
    finally:
        os.close(descriptor)
