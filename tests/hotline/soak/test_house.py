"""The soak's house: settings that are accepted, with a prompt for everything they name."""

import tomllib
import wave
from pathlib import Path

from hotline.core.settings_check import check_settings
from hotline.deployment import Deployment
from hotline.soak.house import agent_numbers, settings_text, speech, write_prompts
from hotline.soak.plan import NUMBERS
from ivr.catalogue import missing_prompts


def test_the_settings_are_accepted_and_serve_what_callers_dial(tmp_path: Path) -> None:
    settings = check_settings(tomllib.loads(settings_text(7)), file="soak", version=1)
    assert [agent.number for agent in settings.agents] == agent_numbers(7)
    assert {number.did for number in settings.numbers} == set(NUMBERS)
    assert {skill for agent in settings.agents for skill in agent.skills} == set(settings.skills)
    assert missing_prompts(Deployment.load(tmp_path), settings) == []


def test_every_prompt_lasts_a_tenth_of_a_second(tmp_path: Path) -> None:
    settings = check_settings(tomllib.loads(settings_text(2)), file="soak", version=1)
    write_prompts(tmp_path, settings)
    for name in ("zh/hotline/greeting.wav", "en/hotline/agent-1002.wav", "zh/hotline/queue-special.wav"):
        with wave.open(str(tmp_path / name)) as file:
            assert file.getnframes() / file.getframerate() == 0.1


def test_callers_say_something() -> None:
    assert len(speech()) == 8000
    assert len(set(speech())) == 2
