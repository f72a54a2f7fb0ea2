"""Each prompt is told from every other, and from the phones' own tones."""

from itertools import pairwise
from pathlib import Path

import pytest
from harness import sound
from harness.prompt_tones import LANGUAGES, PHONES_HZ, fixed_prompts, prompt_hz, write_prompt_tones


def test_frequencies_are_far_enough_apart() -> None:
    names = fixed_prompts() + [f"agent-100{n}" for n in range(1, 5)] + ["queue-lane1", "closed-never"]
    names += [f"position-{n}" for n in range(1, 4)]
    everything = {prompt_hz(name, language) for name in names for language in LANGUAGES} | set(PHONES_HZ)
    assert len(everything) == 2 * len(names) - 3 + len(PHONES_HZ)  # positions sound alike in both languages
    # within 0.2 s, tones 10 Hz apart share less than a third of their power
    assert min(b - a for a, b in pairwise(sorted(everything))) >= 10
    assert sound.tone_share(sound.tone(1000, 1600), 1010) < 0.33
    assert max(everything) < 3500


def test_files_are_written_for_both_languages(tmp_path: Path) -> None:
    write_prompt_tones(tmp_path, agents=["1001"], queues=["lane0"])
    for language in LANGUAGES:
        for name in ("greeting", "agent-1001", "queue-lane0", "position-30"):
            (samples,) = sound.read_channels(tmp_path / language / "hotline" / f"{name}.wav")
            assert sound.tone_share(samples, prompt_hz(name, language)) > 0.9


def test_an_unknown_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="'greetings'"):
        prompt_hz("greetings")
