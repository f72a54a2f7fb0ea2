"""CEL: how contacts ended while acd was away."""

from pathlib import Path

from acd.adapters.cel import ends_in

LINES = """"CHAN_START","1700000000.100000","u1","u1","","","PJSIP/a-1"
"HANGUP","1700000009.250000","u1","u1","u1","{""hangupcause"":16,""hangupsource"":""PJSIP/a-1""}","PJSIP/a-1"
"HANGUP","not a time","u2","u2","u2","{}","PJSIP/b-1"
"HANGUP","1700000010.000000","u3","u3","u3","no json","PJSIP/c-1"
half a li"""


def test_hang_ups_are_read_and_the_unreadable_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv"
    file.write_text(LINES, encoding="utf-8")
    assert ends_in(file) == {"u1": (1700000009250, 16)}


def test_only_the_tail_is_read(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv"
    file.write_text(LINES * 100, encoding="utf-8")
    assert ends_in(file, tail_bytes=600) == {"u1": (1700000009250, 16)}


def test_a_missing_file_has_no_ends(tmp_path: Path) -> None:
    assert ends_in(tmp_path / "none") == {}
