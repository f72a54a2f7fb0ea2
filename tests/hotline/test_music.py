"""Music in the telephone's codecs: made once, whole or not at all; without sox the .wav stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import sound

from hotline.asterisk_install import ensure_install
from hotline.music import encode_music


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sound.write_wav(tmp_path / "song.wav", sound.tone(440, 8000))
    return tmp_path


def test_each_codec_has_the_music_and_is_made_once(folder: Path) -> None:
    sox = ensure_install(print).sox
    encode_music(folder, sox)
    for suffix, codec in (("alaw", "PCMA"), ("ulaw", "PCMU")):
        encoded = (folder / f"song.{suffix}").read_bytes()
        assert len(encoded) == 8000
        assert sound.tone_share(sound.decode(codec, encoded), 440) > 0.95
    encode_music(folder, ["/nowhere/sox"])  # nothing is missing, so nobody is asked
    assert sorted(file.name for file in folder.iterdir()) == ["song.alaw", "song.ulaw", "song.wav"]


@pytest.mark.parametrize("sox", [["/nowhere/sox"], ["false"]])
def test_without_sox_the_music_is_played_as_it_came(
    folder: Path, sox: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    encode_music(folder, sox)
    assert [file.name for file in folder.iterdir()] == ["song.wav"]
    assert [record.message for record in caplog.records] == ["music_not_encoded"] * 2
