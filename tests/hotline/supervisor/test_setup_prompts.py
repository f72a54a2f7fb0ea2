"""Settings that name a prompt nobody can play are refused before anything starts."""

from pathlib import Path

import pytest

from hotline.deployment import Deployment
from hotline.supervisor.setup import SetupError, check_settings_file

SETTINGS = """
skills = ["a"]
[[queue]]
name = "q"
title = { zh = "一", en = "One" }
needs = "a"
whisper = "WHISPER"
[[agent]]
number = "1"
name = "x"
skills = { a = 1 }
"""


def written(folder: Path, whisper: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(SETTINGS.replace("WHISPER", whisper), encoding="utf-8")
    return file


def test_a_prompt_of_the_catalogue_will_do(tmp_path: Path) -> None:
    assert check_settings_file(written(tmp_path, "queue-q")).queues[0].whisper == "queue-q"


def test_an_unknown_prompt_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"mine\.toml: queue q\.whisper: our-own is not there; allowed:"):
        check_settings_file(written(tmp_path, "our-own"))


def test_a_recording_in_every_language_will_do(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "data")
    for language in ("zh", "en"):
        folder = deployment.sounds / language / "hotline"
        folder.mkdir(parents=True)
        (folder / "our-own.wav").touch()
    assert check_settings_file(written(tmp_path, "our-own"), deployment)
