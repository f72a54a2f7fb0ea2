"""`hotline settings` as a person types it: what it prints, what it refuses, what it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import hotline
from hotline import settings_snapshot
from hotline.cli import main
from hotline.deployment import Deployment

DEFAULTS = Path(hotline.__file__).parent / "defaults" / "settings.toml"


@pytest.fixture
def house(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setenv("DATABASE_URL", database_url)
    deployment = Deployment(tmp_path / "data")
    deployment.make_folders()
    replace(deployment, own_database_url="").save()
    monkeypatch.setenv("HOTLINE_DATA", str(deployment.data))
    return deployment


def test_import_export_history(house: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "import", str(DEFAULTS), "--comment", "opening"]) == 0
    assert capsys.readouterr().out == "version 1 is in force\n"
    assert settings_snapshot.read(house.settings_file).version == 1

    assert main(["settings", "export"]) == 0
    mine = tmp_path / "mine.toml"
    mine.write_text(capsys.readouterr().out.replace("target_rings = 3", "target_rings = 4"), "utf-8")
    assert main(["settings", "check", str(mine)]) == 0
    assert capsys.readouterr().out == f"{mine}: good (2 numbers, 2 queues, 4 agents)\n"
    assert main(["settings", "import", str(mine)]) == 0
    assert settings_snapshot.read(house.settings_file).hotline.target_rings == 4
    capsys.readouterr()

    assert main(["settings", "history"]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.split()[0] == "2"
    assert oldest.split()[0] == "1"
    assert oldest.endswith("opening")
    assert main(["settings", "export", "--version", "1"]) == 0
    assert "target_rings = 3" in capsys.readouterr().out


def with_own_prompt(folder: Path) -> Path:
    """A settings file that names a prompt which only the house itself can have recorded."""
    file = folder / "mine.toml"
    text = DEFAULTS.read_text("utf-8")
    assert text.count('greeting = "greeting"') == 1
    file.write_text(text.replace('greeting = "greeting"', 'greeting = "spring-greeting"'), "utf-8")
    return file


def record(sounds: Path, *languages: str) -> None:
    for language in languages:
        (sounds / language / "hotline").mkdir(parents=True, exist_ok=True)
        (sounds / language / "hotline" / "spring-greeting.wav").touch()


def test_check_and_import_know_the_houses_own_prompts_alike(
    house: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = with_own_prompt(tmp_path)
    record(house.sounds, "zh")  # not yet in every language
    for action in ("check", "import"):
        assert main(["settings", action, str(file)]) == 1
        assert f"{file}: flow main.greeting: spring-greeting is not there" in capsys.readouterr().err
    record(house.sounds, "en")
    for action in ("check", "import"):
        assert main(["settings", action, str(file)]) == 0


def test_check_finds_own_prompts_before_the_first_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOTLINE_DATA", raising=False)
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path))
    file = with_own_prompt(tmp_path)
    assert main(["settings", "check", str(file)]) == 1  # no data folder: the catalogue alone
    assert "spring-greeting is not there" in capsys.readouterr().err
    assert main(["settings", "check", str(DEFAULTS)]) == 0
    record(tmp_path / "new" / "sounds", "zh", "en")
    assert main(["settings", "check", str(file), "--data", str(tmp_path / "new")]) == 0
    record(tmp_path / "data" / "sounds", "zh", "en")
    assert main(["settings", "check", str(file)]) == 0


def test_a_data_folder_that_is_named_and_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", "check", str(DEFAULTS), "--data", str(tmp_path / "nowhere")]) == 1
    assert f"{tmp_path / 'nowhere'}: cannot be read" in capsys.readouterr().err


def test_a_refused_file_is_told_in_full(
    house: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('bogus = 1\n[hotline]\ncountry = "xx"\n', "utf-8")
    for action in ("check", "import"):
        assert main(["settings", action, str(bad)]) == 1
        complaints = capsys.readouterr().err
        assert f"{bad}: bogus: 1 is not allowed; allowed: no such key" in complaints
        assert f"{bad}: hotline.country: 'xx' is not allowed; allowed: cn, us, uk, jp, de" in complaints
    assert not house.settings_file.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["export"], "there are no settings yet"),
        (["export", "--version", "7"], "version 7 does not exist"),
        (["import", "nowhere.toml"], "nowhere.toml: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(
    house: Deployment, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    assert main(["settings", *words]) == 1
    assert why in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_told(
    house: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["settings", "history"]) == 1
    assert "PostgreSQL" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["-3", "0", "3000000000", "99999999999999999999"])
def test_a_version_that_cannot_be_is_not_taken_for_a_silent_database(
    house: Deployment, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    assert main(["settings", "export", "--version", version]) == 1
    assert capsys.readouterr().err == f"hotline settings: version {version} does not exist\n"


def test_a_file_nested_without_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(f"a = {'[' * 20_000}", "utf-8")
    assert main(["settings", "check", str(file)]) == 1
    assert str(file) in capsys.readouterr().err
