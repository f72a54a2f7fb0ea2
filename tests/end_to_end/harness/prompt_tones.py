"""Prompts as tones: every prompt gets a frequency of its own, so that a test hears which one is played.

A recording may replace any prompt of the hotline, file by file; that is all that happens here. The tones of
the scripted phones (440, 1000, 1500 Hz) stay free.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path

from harness import sound

PROMPT_S = 0.4
LANGUAGES = ("zh", "en")
STEP_HZ = 10  # within 0.2 s, tones 10 Hz apart can be told apart
PHONES_HZ = (440, 1000, 1500)
MUSIC_HZ = 300
OWN_MUSIC_HZ = 350
BANDS = {
    language: [hz for hz in band if all(abs(hz - phone) >= 10 for phone in PHONES_HZ)]
    for language, band in zip(LANGUAGES, (range(480, 1520, STEP_HZ), range(1530, 2440, STEP_HZ)), strict=True)
}
CATALOGUE = Path(__file__).parents[3] / "ivr" / "prompts" / "catalogue.toml"


def fixed_prompts() -> list[str]:
    """The catalogue's prompts that are not made per agent, queue, place in line or opening hours."""
    keys = tomllib.loads(CATALOGUE.read_text("utf-8"))
    return sorted(key for key, texts in keys.items() if isinstance(texts, dict) and "{" not in key)


def prompt_hz(prompt: str, language: str = "zh") -> int:
    """The frequency of a prompt, for example "greeting" or "agent-1001". Raises ValueError."""
    english = LANGUAGES.index(language)
    fixed = fixed_prompts()
    if prompt in fixed:
        return BANDS[language][fixed.index(prompt)]
    if found := re.fullmatch(r"agent-\d*(\d)", prompt):
        return 2450 + 150 * english + 15 * int(found[1])
    if re.fullmatch(r"queue-\w+", prompt):
        return 2750 + 30 * english
    if found := re.fullmatch(r"position-(\d+)", prompt):
        return 2800 + 20 * int(found[1])
    if found := re.fullmatch(r"wait-(?:within|from|to)-(\d+)", prompt):
        return 2810 + 20 * int(found[1])
    if found := re.fullmatch(r"digit-(\d)", prompt):
        return 3500 + 20 * int(found[1])
    if re.fullmatch(r"callback-offer-\d", prompt):
        return 3720 + 30 * english
    if re.fullmatch(r"closed-\w+", prompt):
        return 3430 + 30 * english
    raise ValueError(f"prompt {prompt!r} is not known")


def write_prompt_tones(sounds: Path, *, agents: Iterable[str], queues: Iterable[str]) -> None:
    """Write all prompts into DATA/sounds, before the hotline is started for the first time."""
    names = fixed_prompts()
    names += [f"agent-{agent}" for agent in agents] + [f"queue-{queue}" for queue in queues]
    families = ("position", "wait-within", "wait-from", "wait-to")
    names += [f"{family}-{number}" for family in families for number in range(1, 31)]
    names += [f"{family}-{digit}" for family in ("digit", "callback-offer") for digit in range(10)]
    samples = round(PROMPT_S * sound.SAMPLES_PER_S)
    written: dict[int, bytes] = {}
    for language in LANGUAGES:
        folder = sounds / language / "hotline"
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            hz = prompt_hz(name, language)
            if hz not in written:
                sound.write_wav(folder / f"{name}.wav", sound.tone(hz, samples))
                written[hz] = (folder / f"{name}.wav").read_bytes()
            (folder / f"{name}.wav").write_bytes(written[hz])


def write_music_tones(sounds: Path, names: Collection[str]) -> None:
    """Music of these names, and everybody else's: nothing where all queues have what came with Asterisk."""
    for name in sorted({"default", *names}) if names else ():
        folder = sounds / "music" / name
        folder.mkdir(parents=True, exist_ok=True)
        tone = sound.tone(MUSIC_HZ if name == "default" else OWN_MUSIC_HZ, 2 * sound.SAMPLES_PER_S)
        sound.write_wav(folder / "tone.wav", tone)
