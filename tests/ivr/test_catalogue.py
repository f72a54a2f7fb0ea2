"""The catalogue is complete, and what the default settings and the other rooms play is in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.core.settings import Choice, Flow, Menu, Queue, Settings, Text
from hotline.core.settings_check import check_settings
from hotline.deployment import Deployment
from ivr.catalogue import catalogue, known_prompts, missing_prompts

ROOT = Path(__file__).parents[2]
PLACEHOLDER = re.compile(r"\{[a-z]+\}")


def default_settings() -> Settings:
    file = ROOT / "hotline/defaults/settings.toml"
    return check_settings(tomllib.loads(file.read_text("utf-8")), file=file.name, version=1)


@pytest.mark.parametrize("key", catalogue())
def test_both_languages_say_the_same_things(key: str) -> None:
    text = catalogue()[key]
    assert text.zh.strip() and text.en.strip()
    assert set(PLACEHOLDER.findall(text.zh)) == set(PLACEHOLDER.findall(text.en))
    assert set(PLACEHOLDER.findall(key)) <= set(PLACEHOLDER.findall(text.en))


def test_the_default_settings_name_no_unknown_prompt() -> None:
    assert missing_prompts(None, default_settings()) == []


@pytest.mark.parametrize("room", ["acd", "ivr", "asterisk-conf"])
def test_prompts_named_by_the_rooms_are_in_the_catalogue(room: str) -> None:
    known = known_prompts(None, default_settings())
    named = set()
    for file in [*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.conf")]:
        named |= set(re.findall(r"\bhotline/([a-z][a-z0-9-]*)(?=[\s\"',)&:])", file.read_text("utf-8")))
    assert named - known == set()


def test_a_file_that_exists_in_every_language_is_known(tmp_path: Path) -> None:
    settings = default_settings()
    deployment = Deployment(tmp_path)
    for language in ("zh", "en"):
        (tmp_path / "sounds" / language / "hotline").mkdir(parents=True)
        (tmp_path / "sounds" / language / "hotline" / "spring-greeting.wav").touch()
    (tmp_path / "sounds/zh/hotline/half.wav").touch()
    known = known_prompts(deployment, settings)
    assert "spring-greeting" in known
    assert "half" not in known
    only_zh = replace(settings, hotline=replace(settings.hotline, languages=("zh",)))
    assert "half" in known_prompts(deployment, only_zh)


def test_every_prompt_of_the_settings_is_looked_for_and_named_with_its_place() -> None:
    menu = Menu("one", "no-menu", (Choice("1", "message:no-message"),), on_failure="message:no-failure")
    settings = Settings(
        1,
        queues=(
            Queue("service", Text("咨询", "Service"), whisper="no-whisper"),
            Queue("mute", Text("静", "Mute"), closed="message:no-words"),
        ),
        flows=(
            Flow("main", "message:no-start", greeting="no-greeting", closed="message:closed", menus=(menu,)),
        ),
    )
    assert missing_prompts(None, settings) == [
        "queue service.whisper: no-whisper",
        "queue mute.closed: no-words",
        "flow main.greeting: no-greeting",
        "flow main.menu one.prompt: no-menu",
        "flow main: no-start",
        "flow main: no-failure",
        "flow main: no-message",
    ]
