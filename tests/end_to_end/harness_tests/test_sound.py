"""G.711 and the finding of tones."""

import pytest
from harness import sound


@pytest.mark.parametrize("codec", sound.CODECS)
def test_every_code_survives_decoding_and_encoding(codec: str) -> None:
    codes = bytes(range(256))
    again = sound.encode(codec, sound.decode(codec, codes))
    different = [(a, b) for a, b in zip(codes, again, strict=True) if a != b]
    # mu-law has two zeros; which of them comes back does not matter
    assert {sound.decode(codec, bytes(pair)) == [0, 0] for pair in different} <= {True}


def test_known_values_of_g711() -> None:
    assert sound.decode("PCMU", b"\x00\x80\xff\x7f") == [-32124, 32124, 0, 0]
    assert sound.decode("PCMA", b"\xd5\x55\xaa\x2a") == [8, -8, 32256, -32256]


@pytest.mark.parametrize("codec", sound.CODECS)
def test_a_tone_is_found_at_its_own_frequency_only(codec: str) -> None:
    heard = sound.decode(codec, sound.encode(codec, sound.tone(440, 1600)))
    assert sound.tone_share(heard, 440) > 0.98
    assert sound.tone_share(heard, 1000) < 0.01


def test_two_tones_share_the_power() -> None:
    mixed = [a + b for a, b in zip(sound.tone(440, 1600), sound.tone(1000, 1600), strict=True)]
    assert sound.tone_share(mixed, 440) == pytest.approx(0.5, abs=0.02)
    assert sound.tone_share(mixed, 1000) == pytest.approx(0.5, abs=0.02)


def test_a_payload_of_speech_is_found_where_it_is() -> None:
    said = sound.speech(1, packets=20)
    assert len(set(said)) == 20 and said == sound.speech(1, packets=20) != sound.speech(2, packets=20)
    heard = [0] * 77 + [sample for payload in said[:10] for sample in sound.decode("PCMU", payload)]
    assert sound.position_of(said[3], "PCMU", heard) == 77 + 3 * sound.SAMPLES_PER_PACKET
    assert sound.position_of(said[10], "PCMU", heard) == -1


def test_silence_has_no_tone() -> None:
    assert sound.tone_share([0] * 1600, 440) == 0.0
    assert sound.tone_share([], 440) == 0.0


def test_a_tone_with_gaps_is_clear_where_it_is_whole() -> None:
    gaps = [0] * 450 + sound.tone(440, 1250) + [0] * 333 + sound.tone(440, 900) + [0] * 180
    assert sound.tone_share(gaps, 440) < 0.8
    assert sound.clearest_share(gaps, 440) > 0.98
    assert sound.clearest_share(gaps, 1000) < 0.1
    assert sound.clearest_share(gaps[450:1000], 440) > 0.98
    assert sound.clearest_share([], 440) == 0.0


def test_a_second_of_a_whole_frequency_loops() -> None:
    second = sound.decode("PCMU", sound.tone_second("PCMU", 441))
    assert sound.tone_share((second + second)[4000:12000], 441) > 0.98


def test_wav_and_raw_files_give_their_channels(tmp_path) -> None:  # type: ignore[no-untyped-def]
    sound.write_wav(tmp_path / "a.wav", [1, -2, 3])
    assert sound.read_channels(tmp_path / "a.wav") == ([1, -2, 3],)
    (tmp_path / "b.raw").write_bytes(b"\x01\x00\x02\x00\x03\x00\x04\x00\x05")
    assert sound.read_channels(tmp_path / "b.raw") == ([1, 3], [2, 4])
