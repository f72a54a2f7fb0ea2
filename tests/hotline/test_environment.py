"""The shell part of ./run: which Python it takes, and when the environment counts as made."""

import os
import subprocess
from pathlib import Path

import pytest

from hotline.catalogue import load_catalogue
from hotline.words import language

SCRIPT = Path(__file__).parents[2] / "hotline" / "environment.sh"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A project folder with a pyproject.toml, and bin/ for the Pythons of this machine."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "hotline").symlink_to(SCRIPT.parent)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name in ("cat", "cmp", "rm", "cp", "flock", "sleep", "readlink"):
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    return tmp_path


def _python(here: Path, name: str, *, new_enough: bool = True, ensurepip: bool = True) -> None:
    """A Python that notes what it is asked for, and whose `venv` makes another one like it."""
    (here / "bin" / name).write_text(
        f"""#!/bin/sh
case "$1 $2" in
    *version_info*) exit {0 if new_enough else 1};;
    *ensurepip*) exit {0 if ensurepip else 1};;
    "-m venv") for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python";;
esac
echo "$@" >> {here}/asked
"""
    )
    (here / "bin" / name).chmod(0o700)
    for tool in ("mkdir", "touch"):
        if not (here / "bin" / tool).exists():
            (here / "bin" / tool).symlink_to(f"/usr/bin/{tool}")


def _sh(here: Path, words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-euc", f'. "{SCRIPT}"; {words}'],
        env={**os.environ, **environment, "PATH": str(here / "bin"), "HERE": str(here)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _asked(here: Path) -> list[str]:
    file = here / "asked"
    return file.read_text().splitlines() if file.exists() else []


def test_the_first_python_that_is_new_enough_and_starts_is_taken(here: Path) -> None:
    _python(here, "python3", new_enough=False)
    (here / "bin" / "python3.13").write_text("#!/no/such/interpreter\n")
    (here / "bin" / "python3.13").chmod(0o700)
    _python(here, "python3.12")
    assert _sh(here, "find_python").stdout == f"{here}/bin/python3.12\n"


def test_without_a_python_the_user_hears_what_to_type(here: Path) -> None:
    done = _sh(here, "find_python")
    assert done.returncode == 1
    assert "sudo apt-get install python3" in done.stderr


@pytest.mark.parametrize("flock", ["util-linux", "busybox"])
def test_two_commands_at_once_make_one_environment(here: Path, flock: str) -> None:
    _python(here, "python3")
    if flock == "busybox":  # which knows no more than -s, -x, -u and -n
        (here / "bin" / "flock").unlink()
        (here / "bin" / "flock").write_text('#!/bin/sh\n[ "$1" = -n ] && exec /usr/bin/flock "$@"\nexit 1\n')
        (here / "bin" / "flock").chmod(0o700)
    slow = (here / "bin" / "python3").read_text().replace('"-m venv")', '"-m venv") sleep 1;')
    (here / "bin" / "python3").write_text(slow)
    done = _sh(here, "make_environment & make_environment; wait $!", HOTLINE_LANG="en")
    assert done.returncode == 0, done.stderr
    assert sum("-m venv" in line for line in _asked(here)) == 1
    assert done.stdout.count("another command is making") == 1


def test_a_machine_without_flock_makes_its_environment_all_the_same(here: Path) -> None:
    _python(here, "python3")
    (here / "bin" / "flock").unlink()
    done = _sh(here, "make_environment", HOTLINE_LANG="en")
    assert done.returncode == 0, done.stderr
    assert "another command" not in done.stdout
    assert "flock" not in done.stderr
    assert (here / ".venv" / "hotline.place").exists()


def test_who_waits_too_long_hears_why(here: Path) -> None:
    _python(here, "python3")
    (here / "bin" / "sleep").unlink()
    (here / "bin" / "sleep").write_text("#!/bin/sh\n")
    (here / "bin" / "sleep").chmod(0o700)
    (here / "bin" / "flock").unlink()
    (here / "bin" / "flock").symlink_to("/usr/bin/false")
    done = _sh(here, "make_environment", HOTLINE_LANG="en")
    assert done.returncode == 1
    assert "still making" in done.stderr
    assert done.stdout.count("another command is making") == 1


def test_a_failure_while_the_environment_is_made_ends_the_command(here: Path) -> None:
    _python(here, "python3")
    (here / "bin" / "cp").unlink()
    (here / "bin" / "cp").write_text("#!/bin/sh\nexit 1\n")
    (here / "bin" / "cp").chmod(0o700)
    done = _sh(here, "make_environment; echo went on")
    assert done.returncode != 0
    assert "went on" not in done.stdout


def test_a_made_environment_is_not_made_again_until_the_project_changes(here: Path) -> None:
    _python(here, "python3")
    assert _sh(here, "make_environment").returncode == 0
    first = _asked(here)
    assert any(f"-m venv {here}/.venv" in line for line in first)
    assert any(line.startswith("-m pip install") and line.endswith(f"--editable {here}") for line in first)
    assert _sh(here, "make_environment").stdout == ""
    assert _asked(here) == first
    (here / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    _sh(here, "make_environment")
    more = _asked(here)[len(first) :]
    assert not any("venv" in line.split()[:2] for line in more)
    assert any(line.startswith("-m pip install") for line in more)


def test_what_tests_need_serves_a_plain_start_but_not_the_other_way(here: Path) -> None:
    _python(here, "python3")
    _sh(here, "make_environment")
    count = len(_asked(here))
    _sh(here, "make_environment test")
    assert _asked(here)[-1].endswith(f"--editable {here}[test]")
    assert len(_asked(here)) > count
    count = len(_asked(here))
    _sh(here, "make_environment")
    assert len(_asked(here)) == count


def test_without_ensurepip_pip_comes_from_a_signed_package(here: Path) -> None:
    _python(here, "python3", ensurepip=False)
    _sh(here, "make_environment")
    asked = _asked(here)
    assert any("--without-pip" in line for line in asked)
    assert "-m hotline.fetch_pip" in asked


def test_an_install_that_was_cut_off_is_done_again(here: Path) -> None:
    _python(here, "python3")
    _sh(here, "make_environment")
    (here / ".venv" / "hotline.place").unlink()
    count = len(_asked(here))
    _sh(here, "make_environment")
    assert len(_asked(here)) > count


@pytest.mark.parametrize("python", ["newer", "gone"])
def test_an_environment_whose_python_was_replaced_is_made_anew(here: Path, python: str) -> None:
    """As by the system's next release: what was installed belongs to the Python before."""
    _python(here, "python3.11")
    linked = (here / "bin" / "python3.11").read_text().replace('cp "$0"', 'ln -sf "$0"')
    (here / "bin" / "python3.11").write_text(linked)
    (here / "bin" / "ln").symlink_to("/usr/bin/ln")
    (here / "bin" / "python3").symlink_to("python3.11")
    assert _sh(here, "make_environment").returncode == 0
    assert (here / ".venv" / "bin" / "python").is_symlink()
    count = len(_asked(here))
    assert _sh(here, "make_environment").stdout == ""
    assert len(_asked(here)) == count

    # Without pip, which lies with the packages of the Python before.
    newer = linked.replace('"-m venv")', '"-m pip") [ -e "${0%/*}/../fresh" ] || exit 1;;\n    "-m venv")')
    newer = newer.replace('mkdir -p "$last/bin"', 'mkdir -p "$last/bin"; touch "$last/fresh"')
    (here / "bin" / "python3.11").unlink()
    (here / "bin" / "python3.13").write_text(newer)
    (here / "bin" / "python3.13").chmod(0o700)
    (here / "bin" / "python3").unlink()
    if python == "newer":
        (here / "bin" / "python3").symlink_to("python3.13")
    assert _sh(here, "make_environment").returncode == 0
    assert any(f"-m venv {here}/.venv" in line for line in _asked(here)[count:])
    assert _asked(here)[-1].endswith(f"--editable {here}")


def test_an_environment_of_somebody_elses_is_kept_and_only_added_to(here: Path) -> None:
    _python(here, "python3")
    (here / ".venv" / "bin").mkdir(parents=True)
    (here / ".venv" / "bin" / "theirs").touch()
    (here / "bin" / "python3").rename(here / ".venv" / "bin" / "python")
    assert _sh(here, "make_environment test").returncode == 0
    assert (here / ".venv" / "bin" / "theirs").exists()
    assert not any("venv" in line.split()[:2] for line in _asked(here))
    assert _asked(here)[-1].endswith(f"--editable {here}[test]")


def test_what_somebody_else_made_is_never_cleared_even_when_it_does_not_work(here: Path) -> None:
    _python(here, "python3")
    (here / ".venv").mkdir()
    (here / ".venv" / "theirs").touch()
    done = _sh(here, "make_environment")
    assert done.returncode == 1
    assert "was not made by this script" in done.stderr
    assert (here / ".venv" / "theirs").exists()
    assert _asked(here) == []


def test_an_environment_of_ours_that_was_moved_or_cut_off_is_made_anew(here: Path) -> None:
    _python(here, "python3")
    (here / ".venv").mkdir()
    (here / ".venv" / "hotline.home").write_text("/another/folder")
    (here / ".venv" / "stale").touch()
    assert _sh(here, "make_environment").returncode == 0
    assert not (here / ".venv" / "stale").exists()
    assert (here / ".venv" / "hotline.home").read_text() == str(here)


@pytest.mark.parametrize("choice", ["zh", "en", ""])
@pytest.mark.parametrize("locale", ["zh_CN.UTF-8", "en_US.UTF-8", ""])
def test_the_shell_says_what_the_catalogue_has_in_the_language_that_the_program_would_choose(
    here: Path, choice: str, locale: str
) -> None:
    environment = {"HOTLINE_LANG": choice, "LC_ALL": "", "LC_MESSAGES": locale, "LANG": "C"}
    texts = load_catalogue().section("environment", language(environment))
    expected = [text.replace("{place}", "a & b/c") for text in texts.values()]
    told = "; ".join(f"words {key} 'a & b/c'" for key in texts)
    assert _sh(here, told, **environment).stdout.splitlines() == expected


def test_the_shell_uses_every_text_of_its_own() -> None:
    script = SCRIPT.read_text("utf-8")
    for key in load_catalogue().section("environment", "en"):
        assert f"words {key}" in script
