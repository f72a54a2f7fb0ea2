"""Voice messages on a real disk: names, measures, orphans and repair."""

from __future__ import annotations

import hashlib
import os
import re
import time
import wave
from pathlib import Path

import pytest

from ivr.adapters.messages import SHORTEST_MS, MessageUnusable, VoiceMessages


@pytest.fixture
def messages(tmp_path: Path) -> VoiceMessages:
    return VoiceMessages(tmp_path, settle_s=0.1)


def record(file: Path, length_ms: int) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\x01\x00" * (8 * length_ms))


def test_a_second_message_of_a_contact_gets_another_name(messages: VoiceMessages, tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        with messages.new("pbx-1.2") as file:
            record(file, 2000)
            names.append(messages.keep(file))
    assert names == [tmp_path / name for name in ("pbx-1.2.wav", "pbx-1.2_2.wav", "pbx-1.2_3.wav")]


def test_a_finished_message_is_measured(messages: VoiceMessages) -> None:
    with messages.new("c1") as file:
        record(file, 2500)
        message = messages.measure(file)
    assert (message.length_ms, message.size_bytes) == (2500, 44 + 40_000)
    assert message.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert message.at_ms == file.stat().st_mtime_ns // 1_000_000


def test_a_click_is_no_message(messages: VoiceMessages) -> None:
    with messages.new("c1") as file:
        record(file, SHORTEST_MS - 1)
        with pytest.raises(MessageUnusable, match="1499 ms"):
            messages.measure(file)
        assert not file.exists()


def test_a_missing_or_half_written_file_is_waited_for_and_then_given_up(messages: VoiceMessages) -> None:
    with messages.new("c1") as file:
        with pytest.raises(MessageUnusable, match="no complete file"):
            messages.measure(file)
        half_written(file)
        with pytest.raises(MessageUnusable, match="no complete file"):
            messages.measure(file)
        assert file.exists()


def half_written(file: Path) -> None:
    """As a killed Asterisk leaves it: the header says that there is no sound."""
    record(file, 0)
    with file.open("ab") as content:
        content.write(b"\x01\x00" * 16_000)


def test_orphans_are_quiet_files_in_nobodys_hands(messages: VoiceMessages, tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    for name, quiet_s in (("c1.wav", 90), ("c2_2.wav", 90), ("c3.wav", 10), ("no id!.wav", 90)):
        record(incoming / name, 2000)
        written = time.time() - quiet_s
        os.utime(incoming / name, (written, written))
    with messages.new("c4") as file:
        record(file, 2000)
        os.utime(file, (0, 0))
        assert messages.orphans() == [(incoming / "c1.wav", "c1"), (incoming / "c2_2.wav", "c2")]
    assert (file, "c4") in messages.orphans()


def test_repair_makes_the_header_tell_of_all_sound(messages: VoiceMessages, tmp_path: Path) -> None:
    file = tmp_path / "incoming" / "c1.wav"
    half_written(file)
    messages.repair(file)
    assert messages.measure(file).length_ms == 2000
    whole = file.read_bytes()
    messages.repair(file)
    assert file.read_bytes() == whole


def test_repair_drops_an_orphan_without_sound(messages: VoiceMessages, tmp_path: Path) -> None:
    file = tmp_path / "incoming" / "c1.wav"
    record(file, 0)
    messages.repair(file)
    assert not file.exists()


def test_the_dialplan_knows_how_short_no_message_is() -> None:
    """Behind the tone of 426 ms: nobody whose message is kept has the outcome put back."""
    dialplan = (Path(__file__).parents[3] / "asterisk-conf" / "extensions.conf").read_text()
    (told,) = re.findall(r"HL_SPOKEN_SINCE} < (\d+)\]", dialplan)
    assert SHORTEST_MS < int(told) <= SHORTEST_MS + 426
