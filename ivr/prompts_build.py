"""Speaks the prompts that nobody has recorded: espeak-ng for the voice, sox for the telephone's format.

Each file it makes has a marker KEY.synthetic.json beside it, which holds a hash of what was spoken and a hash
of the file. A file that does not fit its marker, or has none, is somebody's recording and is never touched.
The words reach espeak-ng by standard input, so that no text can become an option. Nothing here knows calls.

    PromptBuildError
    └── SpeechFailed    espeak-ng or sox ended with an error, or took too long
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.words import say
from ivr.catalogue import catalogue
from ivr.core.prompts import LANGUAGES, prompts_of

VOICES = {"zh": "cmn", "en": "en"}
WORDS_PER_MINUTE = {"zh": 190, "en": 160}
SPEAK_LIMIT_S = 20.0
SAMPLE_RATE_HZ = 8000
SHORTEST_FRAMES = SAMPLE_RATE_HZ // 4
# Silence is cut at both ends and a short one put back; peaks at -3 dB make all prompts equally loud.
EFFECTS = (
    *("rate", "-h", str(SAMPLE_RATE_HZ), "highpass", "120"),
    *("silence", "1", "0.02", "0.2%", "reverse", "silence", "1", "0.02", "0.2%", "reverse"),
    *("pad", "0.05", "0.15", "norm", "-3"),
)


class PromptBuildError(Exception):
    """The default prompts could not be spoken."""


class SpeechFailed(PromptBuildError):
    """espeak-ng or sox ended with an error, or took too long; the text names prompt and language."""


class SpeechPrograms(Protocol):
    """The words that start espeak-ng and sox; `hotline.asterisk_install.AsteriskInstall` has them."""

    @property
    def espeak_ng(self) -> tuple[str, ...]: ...
    @property
    def sox(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Counts of files over both languages. spoken: made now; kept: made before and unchanged."""

    spoken: int
    kept: int
    recorded: int
    removed: int  # prompts that no settings need any more

    @property
    def synthetic(self) -> int:
        return self.spoken + self.kept


@dataclass(frozen=True, slots=True)
class _Prompt:
    key: str
    language: str
    words: str
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / f"{self.key}.wav"

    @property
    def fingerprint(self) -> str:
        """Changes with whatever changes the sound."""
        recipe = [self.words, VOICES[self.language], WORDS_PER_MINUTE[self.language], EFFECTS]
        return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()


def build(deployment: Deployment, settings: Settings, install: SpeechPrograms) -> BuildReport:
    """Speak every prompt that the settings need and nobody has recorded. Raises PromptBuildError."""
    prompts = list(_prompts(deployment, settings))
    for folder in {prompt.folder for prompt in prompts}:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    todo, kept, recorded = [], 0, 0
    for prompt in prompts:
        match _kind(prompt.file):
            case "recorded":
                recorded += 1
            case "synthetic" if _marker(prompt.file).get("fingerprint") == prompt.fingerprint:
                kept += 1
            case _:
                todo.append(prompt)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(lambda prompt: _make(prompt, install), todo))
    return BuildReport(len(todo), kept, recorded, _remove_unneeded(deployment, prompts))


def count_synthetic(deployment: Deployment) -> dict[str, tuple[int, int]]:
    """Language -> (prompts still spoken by the default voice, all prompts)."""
    counts = {}
    for language in LANGUAGES:
        kinds = [_kind(file) for file in _folder(deployment, language).glob("*.wav")]
        counts[language] = (kinds.count("synthetic"), len(kinds))
    return counts


def _prompts(deployment: Deployment, settings: Settings) -> Iterator[_Prompt]:
    for key, text in prompts_of(catalogue(), settings).items():
        for language, words in (("zh", text.zh), ("en", text.en)):
            yield _Prompt(key, language, words, _folder(deployment, language))


def _folder(deployment: Deployment, language: str) -> Path:
    return deployment.sounds / language / "hotline"


def _marker_file(file: Path) -> Path:
    return file.with_name(f"{file.stem}.synthetic.json")


def _marker(file: Path) -> dict[str, object]:
    try:
        marker = json.loads(_marker_file(file).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def _kind(file: Path) -> str:
    """missing, synthetic or recorded."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return "missing"
    marker = _marker(file)
    # While a file is being replaced, the marker fits both the old and the new one.
    ours = (marker.get("sha256"), marker.get("replaces_sha256"))
    return "synthetic" if hashlib.sha256(content).hexdigest() in ours else "recorded"


def _make(prompt: _Prompt, install: SpeechPrograms) -> None:
    temporary = prompt.file.with_suffix(".new")
    _speak(prompt, install, temporary)
    digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    marker = {"fingerprint": "", "sha256": digest, "replaces_sha256": _marker(prompt.file).get("sha256")}
    # Killed between these steps, the file still counts as ours, and its empty fingerprint has it made again.
    _write_marker(prompt.file, marker)
    temporary.replace(prompt.file)
    _write_marker(prompt.file, {"fingerprint": prompt.fingerprint, "sha256": digest, "replaces_sha256": None})


def _write_marker(file: Path, marker: dict[str, object]) -> None:
    temporary = file.with_name(f"{file.stem}.synthetic.new")
    temporary.write_text(json.dumps(marker), "utf-8")
    temporary.replace(_marker_file(file))


def _speak(prompt: _Prompt, install: SpeechPrograms, target: Path) -> None:
    speed = str(WORDS_PER_MINUTE[prompt.language])
    voice = [*install.espeak_ng, "-v", VOICES[prompt.language], "-s", speed, "--stdin", "--stdout"]
    # espeak-ng cannot know the length when it writes to a pipe: sox reads on to the end.
    # -D: no dither, so the same bytes again. One channel of 16 bit: what Asterisk plays without resampling.
    form = ["-D", "--ignore-length", "-t", "wav", "-", "-b", "16", "-c", "1", "-t", "wav", str(target)]
    try:
        spoken = _run(voice, prompt.words.encode())
        _run([*install.sox, *form, *EFFECTS], spoken)
        with wave.open(str(target), "rb") as sound:
            if sound.getnframes() < SHORTEST_FRAMES:
                raise SpeechFailed(say("prompts.no_sound", prompt=prompt.key, language=prompt.language))
    except (OSError, EOFError, wave.Error, subprocess.SubprocessError) as error:
        key, language = prompt.key, prompt.language
        raise SpeechFailed(
            say("prompts.not_spoken", prompt=key, language=language, why=_reason(error))
        ) from error


def _run(command: list[str], standard_input: bytes) -> bytes:
    done = subprocess.run(
        command, input=standard_input, capture_output=True, timeout=SPEAK_LIMIT_S, check=True
    )
    return done.stdout


def _reason(error: Exception) -> str:
    stderr = getattr(error, "stderr", None)
    return stderr.decode(errors="replace").strip() if stderr else str(error)


def _remove_unneeded(deployment: Deployment, prompts: list[_Prompt]) -> int:
    """Remove synthetic prompts of agents, queues or hours that are no more; recordings stay."""
    needed = {prompt.file for prompt in prompts}
    removed = 0
    for language in LANGUAGES:
        for file in _folder(deployment, language).glob("*.wav"):
            if file not in needed and _kind(file) == "synthetic":
                file.unlink()
                _marker_file(file).unlink(missing_ok=True)
                removed += 1
    return removed
