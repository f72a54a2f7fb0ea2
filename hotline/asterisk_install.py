"""Finds a usable Asterisk on this machine, or fetches Debian's own packages into a private folder.

Source of the way without root: a private apt root, signed packages, `dpkg-deb -x`, and the unpacked
loader started by name. espeak-ng and sox, which speak the default prompts, come along when the machine has
none. This module must not know what is configured or played; it only says which words start which program.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline.debian_packages import FetchError, fetch_packages, locked, unpack_packages
from hotline.music import encode_music
from hotline.words import say, told

OLDEST_VERSION = 20
_ASTERISK_PACKAGES = (
    "asterisk",
    "asterisk-modules",
    "asterisk-core-sounds-en-wav",
    "asterisk-moh-opsound-wav",
)
_SPEECH_PACKAGES = ("espeak-ng", "sox")
# A user's PATH often lacks the sbin folders, where Asterisk is.
SYSTEM_PROGRAMS = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
SYSTEM_CONFIGURATION = Path("/etc/asterisk/asterisk.conf")
_DESCRIPTION = "install.json"
_PROGRAM_LIMIT_S = 10

Tell = Callable[[str], None]


class InstallError(Exception):
    """No usable Asterisk could be found or fetched; the text says what to do."""


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """How to start Asterisk and the programs that speak prompts, and where Asterisk's own files are."""

    version: str  # for example 22.10.1
    asterisk: tuple[str, ...]  # words that start the program; options follow
    modules: Path  # astmoddir
    share: Path  # astdatadir of the distribution: sounds/en, moh, documentation
    espeak_ng: tuple[str, ...]
    sox: tuple[str, ...]

    def start(self, configuration: Path) -> list[str]:
        """Command line of an Asterisk in the foreground; `configuration` is its asterisk.conf."""
        return [*self.asterisk, "-C", str(configuration), "-f"]

    def console(self, configuration: Path, command: str) -> list[str]:
        """Command line that runs one console command in the running Asterisk of `configuration`."""
        return [*self.asterisk, "-C", str(configuration), "-rx", command]

    def as_document(self) -> dict[str, object]:
        """For install.json; paths as text."""
        return {
            "version": self.version,
            "asterisk": list(self.asterisk),
            "modules": str(self.modules),
            "share": str(self.share),
            "espeak_ng": list(self.espeak_ng),
            "sox": list(self.sox),
        }


def cache_folder() -> Path:
    """Where fetched programs are kept: HOTLINE_CACHE, else the user's cache folder."""
    chosen = os.environ.get("HOTLINE_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").resolve() / "hotline"


def find_install() -> AsteriskInstall | None:
    """The Asterisk to use, without touching the network: a fetched one, or the system's; else None."""
    system = find_system_asterisk()
    speech = _system_speech()
    if system and speech:
        return _with_system(system, speech)
    if system:
        fetched = _newest(cache_folder(), "speech-")
        return _with_system(system, (fetched["espeak_ng"], fetched["sox"])) if fetched else None
    fetched = _newest(cache_folder(), "asterisk-")
    return _from_document(fetched) if fetched else None


def ensure_install(tell: Tell) -> AsteriskInstall:
    """The Asterisk to use, fetched when there is none; `tell` hears of progress. Raises InstallError."""
    found = find_install() or _fetched_install(tell)
    if found.share.is_relative_to(cache_folder()):  # what is the system's is not ours to add to
        encode_music(found.share / "moh", found.sox)
    return found


def _fetched_install(tell: Tell) -> AsteriskInstall:
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache, tell):
            found = find_install()  # another start may have fetched it while we waited for the lock
            if found is None:
                _fetch(cache, tell)
                found = find_install()
    except FetchError as error:
        raise InstallError(say("asterisk.not_fetched", why=told(error))) from error
    except OSError as error:
        raise InstallError(say("asterisk.not_fetched_into", cache=cache, why=told(error))) from error
    if found is None:
        raise InstallError(say("asterisk.does_not_start", cache=cache))
    return found


@dataclass(frozen=True, slots=True)
class _SystemAsterisk:
    version: str
    program: str
    modules: Path
    share: Path


def find_system_asterisk() -> _SystemAsterisk | None:
    """The system's Asterisk when it is new enough and its modules can be found."""
    program = shutil.which("asterisk", path=SYSTEM_PROGRAMS)
    if program is None:
        return None
    version = _version_of((program,))
    if version is None or int(version.split(".")[0]) < OLDEST_VERSION:
        return None
    folders = _configured_folders(SYSTEM_CONFIGURATION)
    modules = _first_folder(
        [
            folders.get("astmoddir", ""),
            *map(str, Path("/usr/lib").glob("*/asterisk/modules")),
            "/usr/lib/asterisk/modules",
            "/usr/lib64/asterisk/modules",
        ]
    )
    share = _first_folder([folders.get("astdatadir", ""), "/usr/share/asterisk", "/var/lib/asterisk"])
    return _SystemAsterisk(version, program, modules, share) if modules and share else None


def _with_system(system: _SystemAsterisk, speech: tuple[Sequence[str], Sequence[str]]) -> AsteriskInstall:
    espeak_ng, sox = speech
    return AsteriskInstall(
        system.version, (system.program,), system.modules, system.share, tuple(espeak_ng), tuple(sox)
    )


def _system_speech() -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    espeak_ng, sox = (shutil.which(name, path=SYSTEM_PROGRAMS) for name in _SPEECH_PACKAGES)
    return ((espeak_ng,), (sox,)) if espeak_ng and sox else None


def _configured_folders(file: Path) -> dict[str, str]:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return {}  # not readable for us, or absent: the usual places are tried
    return dict(re.findall(r"^\s*(ast\w+dir)\s*=>?\s*(\S+)", text, re.MULTILINE))


def _first_folder(candidates: Sequence[str]) -> Path | None:
    return next((Path(name) for name in candidates if name and Path(name).is_dir()), None)


def _version_of(asterisk: Sequence[str]) -> str | None:
    try:
        answer = subprocess.run(
            [*asterisk, "-V"], capture_output=True, text=True, timeout=_PROGRAM_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # not a program that runs here: the caller goes on without it
    match = re.search(r"Asterisk (\d+(?:\.\d+)*)", answer.stdout)
    return match.group(1) if match else None


def _newest(cache: Path, prefix: str) -> dict[str, list[str]] | None:
    def version_key(folder: Path) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", folder.name)]

    for folder in sorted(cache.glob(f"{prefix}*"), key=version_key, reverse=True):
        try:
            document: dict[str, list[str]] = json.loads((folder / _DESCRIPTION).read_text("utf-8"))
        except (OSError, ValueError):
            continue  # half removed by hand: as good as absent, it is fetched anew
        return document
    return None


def _from_document(document: dict[str, list[str]]) -> AsteriskInstall:
    return AsteriskInstall(
        version=str(document["version"]),
        asterisk=tuple(document["asterisk"]),
        modules=Path(str(document["modules"])),
        share=Path(str(document["share"])),
        espeak_ng=tuple(document["espeak_ng"]),
        sox=tuple(document["sox"]),
    )


def _fetch(cache: Path, tell: Tell) -> None:
    """Fetch what the machine lacks into a folder of its own, which appears whole or not at all."""
    speech_only = find_system_asterisk() is not None
    packages = _SPEECH_PACKAGES if speech_only else (*_ASTERISK_PACKAGES, *_SPEECH_PACKAGES)
    with _working_folder(cache) as work:
        archives = fetch_packages(packages, work, tell)
        tree = work / "tree"
        unpack_packages(archives, tree, tell)
        if speech_only:
            name = f"speech-{_debian_version(archives, 'espeak-ng')}"
            version = ""
        else:
            version = _version_of(_launcher(tree, tree, "usr/sbin/asterisk")) or ""
            if not version:
                raise InstallError(say("asterisk.not_for_machine", machine=os.uname().machine))
            name = f"asterisk-{version}"
            english = tree / "usr/share/asterisk/sounds/en"
            if not english.exists():
                # Debian makes this link by update-alternatives, which an unpacked tree never runs.
                english.unlink(missing_ok=True)
                english.symlink_to("en_US_f_Allison")
        final = cache / name
        document = _describe(tree, final, version)
        (tree / _DESCRIPTION).write_text(json.dumps(document, indent=1), "utf-8")
        (tree / _DESCRIPTION).chmod(0o644)  # as the packages' files are: other users may share the folder
        if final.exists():
            shutil.rmtree(final)
        tree.rename(final)
    tell(say("asterisk.ready", name=name, folder=final))


def _describe(tree: Path, final: Path, version: str) -> dict[str, object]:
    libraries = _libraries(tree)
    return AsteriskInstall(
        version=version,
        asterisk=_launcher(tree, final, "usr/sbin/asterisk"),
        modules=final / libraries.relative_to(tree) / "asterisk/modules",
        share=final / "usr/share/asterisk",
        espeak_ng=(
            *_launcher(tree, final, "usr/bin/espeak-ng"),
            f"--path={final / libraries.relative_to(tree)}",
        ),
        sox=_launcher(tree, final, "usr/bin/sox"),
    ).as_document()


def _launcher(tree: Path, final: Path, program: str) -> tuple[str, ...]:
    """Words that start a program of the unpacked tree once it stands at `final`."""
    loaders = sorted((*tree.glob("usr/lib64/ld-linux*.so.*"), *tree.glob("usr/lib/ld-linux*.so.*")))
    if not loaders:
        raise InstallError(say("asterisk.no_loader"))
    libraries = _libraries(tree)
    # libpulse, which espeak-ng links, looks for its private library by an absolute path.
    search = ":".join(
        str(final / folder.relative_to(tree)) for folder in (libraries, libraries / "pulseaudio")
    )
    return (str(final / loaders[0].relative_to(tree)), "--library-path", search, str(final / program))


def _libraries(tree: Path) -> Path:
    found = sorted(tree.glob("usr/lib/*-linux-gnu*/libc.so.6"))
    if not found:
        raise InstallError(say("asterisk.no_libc"))
    return found[0].parent


def _debian_version(archives: Sequence[Path], package: str) -> str:
    name = next(file.name for file in archives if file.name.startswith(f"{package}_"))
    return re.sub(r"[^0-9.]+.*", "", name.split("_")[1].split("%3a")[-1])


@contextmanager
def _working_folder(cache: Path) -> Iterator[Path]:
    for stale in cache.glob("fetch.*"):  # we hold the lock: these belong to starts that were killed
        shutil.rmtree(stale, ignore_errors=True)
    work = cache / f"fetch.{os.getpid()}"
    work.mkdir(mode=0o755)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
