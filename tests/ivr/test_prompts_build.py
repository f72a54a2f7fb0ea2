"""Speaking the prompts: with scripted programs for the rules, with espeak-ng and sox for the sound."""

from __future__ import annotations

import json
import shutil
import wave
from array import array
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hotline.core.settings import Agent, Hotline, Queue, Settings, Text
from hotline.deployment import Deployment
from ivr import prompts_build
from ivr.prompts_build import BuildReport, SpeechFailed, build, count_synthetic

CATALOGUE = {
    "greeting": Text("您好，{hotline}。", "Hello, {hotline}."),
    "agent-{agent}": Text("工号{agent}。", "Agent {agent}."),
}
SETTINGS = Settings(
    1, hotline=Hotline(name=Text("热线", "Hotline")), agents=(Agent("1001", "a"), Agent("1002", "b"))
)


@dataclass(frozen=True)
class Programs:
    espeak_ng: tuple[str, ...]
    sox: tuple[str, ...]


REAL = Programs(("espeak-ng",), ("sox",))


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts_build, "catalogue", lambda: CATALOGUE)


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


@pytest.fixture
def scripted(tmp_path: Path) -> Programs:
    """A voice that repeats its words, and a sox that makes them the samples of a sound."""
    voice, sox, header = tmp_path / "voice", tmp_path / "sox", tmp_path / "header"
    with wave.open(str(header), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    header.write_bytes(header.read_bytes()[:44])
    voice.write_text("#!/bin/sh\ncat\n")
    sox.write_text(
        "#!/bin/sh\n"
        'for word; do [ "$word" = rate ] && break; target=$word; done\n'
        "words=$(cat)\n"
        f'{{ cat {header}; yes "$words" | head -c 16000; }} > "$target"\n'
    )
    for program in (voice, sox):
        program.chmod(0o700)
    return Programs((str(voice),), (str(sox),))


def sound(deployment: Deployment, language: str, key: str) -> Path:
    return deployment.sounds / language / "hotline" / f"{key}.wav"


def test_every_prompt_is_spoken_once_in_both_languages(deployment: Deployment, scripted: Programs) -> None:
    assert build(deployment, SETTINGS, scripted) == BuildReport(6, 0, 0, 0)
    assert build(deployment, SETTINGS, scripted) == BuildReport(0, 6, 0, 0)
    assert count_synthetic(deployment) == {"zh": (3, 3), "en": (3, 3)}
    assert "热线".encode() in sound(deployment, "zh", "greeting").read_bytes()


def test_a_changed_text_is_spoken_again_and_nothing_else(deployment: Deployment, scripted: Programs) -> None:
    build(deployment, SETTINGS, scripted)
    renamed = replace(SETTINGS, hotline=Hotline(name=Text("热线", "Helpdesk")))
    assert build(deployment, renamed, scripted) == BuildReport(1, 5, 0, 0)
    assert b"Helpdesk" in sound(deployment, "en", "greeting").read_bytes()


def test_a_recording_in_place_of_ours_is_never_touched(deployment: Deployment, scripted: Programs) -> None:
    build(deployment, SETTINGS, scripted)
    sound(deployment, "zh", "greeting").write_bytes(b"a recording, our marker still beside it")
    renamed = replace(SETTINGS, hotline=Hotline(name=Text("新热线", "Hotline")), agents=())
    assert build(deployment, renamed, scripted) == BuildReport(0, 1, 1, 4)
    assert sound(deployment, "zh", "greeting").read_bytes().startswith(b"a recording")
    assert count_synthetic(deployment) == {"zh": (0, 1), "en": (1, 1)}


def test_a_recording_made_before_the_first_build_is_kept(deployment: Deployment, scripted: Programs) -> None:
    file = sound(deployment, "en", "agent-1001")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a recording")
    assert build(deployment, SETTINGS, scripted) == BuildReport(5, 0, 1, 0)
    assert file.read_bytes() == b"a recording"


def test_prompts_of_former_agents_go_but_their_recordings_stay(
    deployment: Deployment, scripted: Programs
) -> None:
    build(deployment, SETTINGS, scripted)
    sound(deployment, "zh", "agent-1002").write_bytes(b"a recording")
    fewer = replace(SETTINGS, agents=SETTINGS.agents[:1])
    assert build(deployment, fewer, scripted).removed == 1
    assert not sound(deployment, "en", "agent-1002").exists()
    assert not sound(deployment, "en", "agent-1002").with_name("agent-1002.synthetic.json").exists()
    assert sound(deployment, "zh", "agent-1002").exists()


@pytest.mark.parametrize("replaced", [False, True])
def test_killed_while_replacing_the_prompt_is_still_ours(
    deployment: Deployment, scripted: Programs, replaced: bool
) -> None:
    build(deployment, SETTINGS, scripted)
    file = sound(deployment, "en", "greeting")
    marker_file = file.with_name("greeting.synthetic.json")
    before, old_sound = json.loads(marker_file.read_text()), file.read_bytes()
    renamed = replace(SETTINGS, hotline=Hotline(name=Text("热线", "Helpdesk")))
    build(deployment, renamed, scripted)
    after = json.loads(marker_file.read_text())
    # What a kill leaves: the marker of the moment between, beside the new file or still the old one.
    between = {"fingerprint": "", "sha256": after["sha256"], "replaces_sha256": before["sha256"]}
    marker_file.write_text(json.dumps(between))
    if not replaced:
        file.write_bytes(old_sound)
    assert build(deployment, renamed, scripted) == BuildReport(1, 5, 0, 0)
    assert json.loads(marker_file.read_text()) == after


@pytest.mark.parametrize("broken", ["not json", "[]", "{}"])
def test_a_damaged_marker_makes_the_file_a_recording(
    deployment: Deployment, scripted: Programs, broken: str
) -> None:
    build(deployment, SETTINGS, scripted)
    sound(deployment, "en", "greeting").with_name("greeting.synthetic.json").write_text(broken)
    assert build(deployment, SETTINGS, scripted).recorded == 1


@pytest.mark.parametrize("word", ["--path=/tmp", "-v whisper", "\n-f /etc/passwd", "$(reboot)", "<break/>"])
def test_words_never_become_options(deployment: Deployment, scripted: Programs, word: str) -> None:
    hostile = Settings(1, hotline=Hotline(name=Text(word, word)))
    build(deployment, hostile, scripted)
    assert word.encode() in sound(deployment, "en", "greeting").read_bytes()


@pytest.mark.parametrize(
    ("programs", "told"),
    [
        (Programs(("false",), ("sox",)), "exit status 1"),
        (Programs(("no-such-program",), ("sox",)), "no-such-program"),
        (Programs(("true",), ("sox",)), "prompt "),
    ],
)
def test_a_voice_that_fails_is_named(deployment: Deployment, programs: Programs, told: str) -> None:
    with pytest.raises(SpeechFailed, match=told):
        build(deployment, SETTINGS, programs)
    assert count_synthetic(deployment) == {"zh": (0, 0), "en": (0, 0)}


def test_the_real_voice_speaks_at_telephone_rate_and_equally_loud(deployment: Deployment) -> None:
    assert shutil.which("espeak-ng") and shutil.which("sox"), "install espeak-ng and sox: ./test does"
    settings = replace(SETTINGS, queues=(Queue("service", Text("咨询", "Service")),))
    assert build(deployment, settings, REAL).spoken == 6
    for language in ("zh", "en"):
        with wave.open(str(sound(deployment, language, "greeting"))) as spoken:
            assert spoken.getparams()[:3] == (1, 2, 8000)
            samples = array("h", spoken.readframes(spoken.getnframes()))
        assert 0.8 < len(samples) / 8000 < 6
        assert 22_000 < max(map(abs, samples)) < 24_000  # -3 dB


def test_the_same_words_give_the_same_bytes(deployment: Deployment, tmp_path: Path) -> None:
    other = Deployment(tmp_path / "other")
    build(deployment, SETTINGS, REAL)
    build(other, SETTINGS, REAL)
    for file in deployment.sounds.rglob("*.wav"):
        assert file.read_bytes() == (other.sounds / file.relative_to(deployment.sounds)).read_bytes()
