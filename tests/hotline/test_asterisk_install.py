"""Which Asterisk is used: the system's when new enough, else one fetched whole into the cache."""

import json
import os
from pathlib import Path

import pytest

from hotline import asterisk_install
from hotline.asterisk_install import AsteriskInstall, InstallError, cache_folder, ensure_install, find_install
from hotline.debian_packages import FetchError


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Asterisk and speech: its programs stand in tmp_path/bin."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("HOTLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(asterisk_install, "SYSTEM_PROGRAMS", str(programs))
    monkeypatch.setattr(asterisk_install, "SYSTEM_CONFIGURATION", tmp_path / "asterisk.conf")
    return tmp_path


def _program(machine: Path, name: str, output: str = "") -> None:
    program = machine / "bin" / name
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(0o700)


def _system_asterisk(machine: Path, version: str) -> None:
    _program(machine, "asterisk", f"Asterisk {version}~dfsg+~cs6.16-1")
    for name in ("modules", "share"):
        (machine / name).mkdir(exist_ok=True)
    (machine / "asterisk.conf").write_text(
        f"[directories](!)\nastmoddir => {machine}/modules\nastdatadir = {machine}/share\n"
    )


def _fetched(machine: Path, name: str, version: str) -> None:
    folder = machine / "cache" / name
    folder.mkdir()
    (folder / "install.json").write_text(
        json.dumps(
            {
                "version": version,
                "asterisk": [f"{folder}/ld", f"{folder}/asterisk"],
                "modules": f"{folder}/modules",
                "share": f"{folder}/share",
                "espeak_ng": [f"{folder}/espeak-ng"],
                "sox": [f"{folder}/sox"],
            }
        )
    )


def test_nothing_there_means_none() -> None:
    assert find_install() is None


@pytest.mark.parametrize("version", ["20.6.0", "22.10.1"])
def test_a_new_enough_system_asterisk_is_used_with_the_systems_speech(machine: Path, version: str) -> None:
    _system_asterisk(machine, version)
    _program(machine, "espeak-ng")
    _program(machine, "sox")
    found = find_install()
    assert found == AsteriskInstall(
        version,
        (f"{machine}/bin/asterisk",),
        machine / "modules",
        machine / "share",
        (f"{machine}/bin/espeak-ng",),
        (f"{machine}/bin/sox",),
    )


def test_an_old_system_asterisk_is_passed_over(machine: Path) -> None:
    _system_asterisk(machine, "18.10.0")
    _fetched(machine, "asterisk-22.10.1", "22.10.1")
    found = find_install()
    assert found is not None
    assert found.version == "22.10.1"


def test_a_system_asterisk_without_speech_takes_the_fetched_speech(machine: Path) -> None:
    _system_asterisk(machine, "22.1.0")
    assert find_install() is None
    _fetched(machine, "speech-1.52", "")
    found = find_install()
    assert found is not None
    assert found.asterisk == (f"{machine}/bin/asterisk",)
    assert found.sox == (f"{machine}/cache/speech-1.52/sox",)


def test_of_several_fetched_ones_the_newest_whole_one_is_used(machine: Path) -> None:
    _fetched(machine, "asterisk-22.9.0", "22.9.0")
    _fetched(machine, "asterisk-22.10.1", "22.10.1")
    (machine / "cache" / "asterisk-23.0.0").mkdir()  # without description: a fetch that was cut off
    found = find_install()
    assert found is not None
    assert found.version == "22.10.1"


def test_the_command_lines(machine: Path) -> None:
    _fetched(machine, "asterisk-22.10.1", "22.10.1")
    found = find_install()
    assert found is not None
    folder = machine / "cache" / "asterisk-22.10.1"
    configuration = Path("/d/etc/asterisk.conf")
    assert found.start(configuration) == [
        f"{folder}/ld",
        f"{folder}/asterisk",
        "-C",
        str(configuration),
        "-f",
    ]
    assert found.console(configuration, "core show uptime")[-2:] == ["-rx", "core show uptime"]


def _fake_tree(tree: Path, version: str) -> None:
    for name, output in (
        ("usr/lib64/ld-linux-x86-64.so.2", f"Asterisk {version}"),
        ("usr/sbin/asterisk", ""),
    ):
        program = tree / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\necho '{output}'\n")
        program.chmod(0o700)
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    libraries.mkdir(parents=True)
    (libraries / "libc.so.6").touch()
    sounds = tree / "usr/share/asterisk/sounds"
    (sounds / "en_US_f_Allison").mkdir(parents=True)
    (sounds / "en").symlink_to("/etc/alternatives/asterisk-prompt-en")


def test_what_is_missing_is_fetched_once_and_appears_whole(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[tuple[str, ...]] = []

    def fetch(packages: tuple[str, ...], work: Path, _say: object) -> list[Path]:
        fetched.append(tuple(packages))
        return [work / "espeak-ng_1.52.0+dfsg-5_amd64.deb"]

    def unpack(_archives: list[Path], tree: Path, _say: object) -> None:
        _fake_tree(tree, "22.10.1")

    monkeypatch.setattr(asterisk_install, "fetch_packages", fetch)
    monkeypatch.setattr(asterisk_install, "unpack_packages", unpack)
    (machine / "cache" / "fetch.123").mkdir()  # a start that was killed
    before = os.umask(0o077)
    try:
        found = ensure_install(lambda _text: None)
    finally:
        os.umask(before)
    folder = machine / "cache" / "asterisk-22.10.1"
    assert found == find_install()
    assert found.modules == folder / "usr/lib/x86_64-linux-gnu/asterisk/modules"
    assert found.espeak_ng[-1] == f"--path={folder}/usr/lib/x86_64-linux-gnu"
    assert (folder / "usr/share/asterisk/sounds/en").readlink() == Path("en_US_f_Allison")
    assert [path.name for path in sorted((machine / "cache").iterdir())] == ["asterisk-22.10.1", "lock"]
    ensure_install(lambda _text: None)
    assert len(fetched) == 1
    assert "asterisk" in fetched[0]
    assert "espeak-ng" in fetched[0]
    # Who shares the folder has to know what is in it, though a start lets nobody read what it writes.
    assert (folder / "install.json").stat().st_mode & 0o777 == 0o644


def test_a_failed_fetch_says_why_and_leaves_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(_packages: tuple[str, ...], work: Path, _say: object) -> list[Path]:
        (work / "half").touch()
        raise FetchError("no route to the mirror")

    monkeypatch.setattr(asterisk_install, "fetch_packages", fetch)
    with pytest.raises(InstallError, match="could not be fetched: no route to the mirror"):
        ensure_install(lambda _text: None)
    assert [path.name for path in (machine / "cache").iterdir()] == ["lock"]


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("HOTLINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "hotline"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "hotline"
