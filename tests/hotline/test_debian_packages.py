"""Where Debian packages come from: the machine's own sources in both formats, signed, or a clear refusal."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from hotline import debian_packages
from hotline.debian_packages import (
    FetchError,
    deb822_sources,
    fetch_packages,
    find_mirror,
    locked,
    mirror_address,
    one_line_sources,
    unpack_packages,
)


def test_one_line_sources_with_options_comments_and_other_distributions() -> None:
    text = """
    # deb http://old.example/debian bookworm main
    deb-src http://src.example/debian bookworm main
    deb [signed-by=/k.gpg arch=amd64] https://tool.example/apt stable-tool main
    deb http://mirror.example/debian-security bookworm-security main
    deb [arch=amd64] http://mirror.example/debian bookworm main contrib
    """
    assert find_mirror(one_line_sources(text)) == "http://mirror.example/debian"


def test_deb822_sources_with_several_addresses_comments_and_disabled_stanzas() -> None:
    text = """\
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Enabled: no

Types: deb
# http://snapshot.example/debian
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
URIs: http://mirror.example/debian
  http://second.example/debian
Suites: trixie trixie-updates
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
"""
    assert find_mirror(deb822_sources(text)) == "http://mirror.example/debian"


@pytest.mark.parametrize(
    "line",
    [
        "deb http://archive.example/ubuntu noble main",
        "deb cdrom:[Debian]/ bookworm main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ],
)
def test_what_is_no_debian_mirror_is_passed_over(line: str) -> None:
    assert find_mirror(one_line_sources(line)) == ""


def test_the_environment_names_the_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", "http://near.example/debian")
    assert mirror_address() == "http://near.example/debian"
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", "http://x/ [trusted=yes] y")
    with pytest.raises(FetchError, match=r"HOTLINE_DEBIAN_MIRROR=.*allowed a http"):
        mirror_address()


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o700)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that stand in for the system's."""
    folder = tmp_path / "programs"
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    _program(
        folder,
        "apt-config",
        "echo 'Acquire::http::Proxy \"http://proxy.example\";'; echo 'DPkg::Hook \"x\";'",
    )
    _program(folder, "dpkg-deb", 'echo "$@" >> "$3/unpacked"')
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("HOTLINE_DEBIAN_MIRROR", "http://near.example/debian")
    monkeypatch.setattr(debian_packages, "_KEYRINGS", (keyring,))
    return folder


def test_apt_is_asked_in_a_private_root_with_signatures_and_the_machines_proxy(
    programs: Path, tmp_path: Path
) -> None:
    script = """
    cp "$APT_CONFIG" SEEN/config; echo "$@" >> SEEN/words
    case "$3" in --download-only)
        echo "0 upgraded, 2 newly installed"; echo "Need to get 7 kB of archives."; echo "Get:1 x"
        cd "$(dirname "$APT_CONFIG")/var/cache/apt/archives" && touch a_1_all.deb b_2_all.deb;;
    esac
    """
    _program(programs, "apt-get", script.replace("SEEN", str(tmp_path)))
    said: list[str] = []
    (tmp_path / "work").mkdir()
    archives = fetch_packages(["asterisk", "sox"], tmp_path / "work", said.append)
    assert [file.name for file in archives] == ["a_1_all.deb", "b_2_all.deb"]
    assert said == ["reading the package lists", "fetching 2 packages, 7 kB", "fetching package 1 of 2"]
    words = (tmp_path / "words").read_text().splitlines()
    assert words == ["-q update", "-q --yes --download-only install asterisk sox"]
    config = (tmp_path / "config").read_text()
    assert 'Acquire::http::Proxy "http://proxy.example";' in config
    assert "DPkg::Hook" not in config
    assert f'Dir "{tmp_path}/work/apt";' in config
    source = (tmp_path / "work/apt/etc/apt/sources.list").read_text()
    assert "signed-by=" in source
    assert "http://near.example/debian forky main" in source
    assert "trusted" not in source


def test_what_apt_complains_of_reaches_the_user(programs: Path, tmp_path: Path) -> None:
    _program(programs, "apt-get", "echo 'E: The repository is not signed.'; exit 100")
    with pytest.raises(FetchError, match="apt-get failed: E: The repository is not signed"):
        fetch_packages(["asterisk"], tmp_path, lambda _text: None)


def test_a_download_that_hangs_is_ended(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_packages, "FETCH_LIMIT_S", 0.3)
    _program(programs, "apt-get", "exec sleep 60")
    with pytest.raises(FetchError, match="took longer than"):
        fetch_packages(["asterisk"], tmp_path, lambda _text: None)


def test_without_keys_or_apt_the_user_hears_what_to_install(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_packages, "_KEYRINGS", ())
    with pytest.raises(FetchError, match="apt-get install debian-archive-keyring"):
        fetch_packages(["asterisk"], tmp_path, lambda _text: None)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(FetchError, match=r"apt-get is not on this machine.*Install Asterisk 20"):
        fetch_packages(["asterisk"], tmp_path, lambda _text: None)


def test_every_archive_is_unpacked_into_a_merged_usr(programs: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    unpack_packages([Path("/a.deb"), Path("/b.deb")], tree, lambda _text: None)
    assert sorted((tree / "unpacked").read_text().splitlines()) == [
        f"--extract /a.deb {tree}",
        f"--extract /b.deb {tree}",
    ]
    assert (tree / "lib").readlink() == Path("usr/lib")
    assert stat.S_ISLNK((tree / "bin").lstat().st_mode)


def test_a_damaged_archive_is_named(programs: Path, tmp_path: Path) -> None:
    _program(programs, "dpkg-deb", "echo 'not a Debian archive' >&2; exit 2")
    with pytest.raises(FetchError, match=r"a\.deb could not be unpacked: not a Debian archive"):
        unpack_packages([Path("/a.deb")], tmp_path / "tree", lambda _text: None)


def test_a_second_start_waits_for_the_first_and_gives_up_after_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_packages, "LOCK_LIMIT_S", 0.3)
    said: list[str] = []
    descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(FetchError, match="another start still holds"), locked(tmp_path, said.append):
        pass
    assert said == ["another start is fetching; waiting for it"]
    os.close(descriptor)
    with locked(tmp_path, said.append):
        pass
