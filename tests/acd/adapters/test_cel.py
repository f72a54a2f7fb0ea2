"""CEL: what ended while acd was away."""

import os
from pathlib import Path

import pytest

from acd.adapters.cel import Dialled, EndedContact, EndedLeg, Ends, HangUp, Talk, ends_in

LINES = """"CHAN_START","1700000000.100000","u1","u1","","","PJSIP/a-1"
"HotlineLeg","1700000008.500000","u9","u1","u1","{""extra"":""3-7|16|PJSIP/1001-2""}","PJSIP/1001-2"
"HotlineContact","1700000009.250000","u1","u1","u1",\
"{""extra"":""survey|queued|4|1|4001|carrier|0|16|PJSIP/1001-2""}","PJSIP/a-1"
"HANGUP","1700000009.250100","u1","u1","u1","{""hangupcause"":16,""hangupsource"":""PJSIP/a-1""}","PJSIP/a-1"
"HotlineContact","not a time","u2","u2","u2","{""extra"":""flow||||4001|carrier|0|16|""}","PJSIP/b-1"
"HotlineContact","1700000010.000000","u3","u3","u3","no json","PJSIP/c-1"
"HotlineContact","1700000010.000000","u4","u4","u4","{""extra"":""too|few""}","PJSIP/c-1"
"HotlineLeg","1700000010.000000","u5","u5","u5","[]","PJSIP/c-1"
half a li"""
ENDED = EndedContact(
    started_ms=1700000000100,
    ended_ms=1700000009250,
    stage="survey",
    outcome="queued",
    satisfaction=4,
    survey_asked=True,
    number="4001",
    trunk="carrier",
    direct=False,
    cause=16,
    by="agent",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


def test_ends_are_read_and_the_unreadable_is_passed_over(file: Path) -> None:
    file.write_text(LINES, encoding="utf-8")
    assert ends_in(file) == Ends(
        {"u1": ENDED},
        {"3-7": EndedLeg(1700000008500, 16, "agent")},
        hang_ups={"u1": HangUp(1700000009250, 16)},
    )


@pytest.mark.parametrize(("ended_s", "by"), [("8.6", "transfer"), ("20.0", "caller")])
def test_who_hands_a_caller_over_has_transferred_unless_all_three_talked_on(
    file: Path, ended_s: str, by: str
) -> None:
    lines = [
        '"ATTENDEDTRANSFER","8.5","u9","u1","u1","{""bridge1_id"":""b1""}","PJSIP/1001-2"',
        f'"HotlineLeg","{ended_s}","u9","u1","u1","{{""extra"":""3-7|16|PJSIP/a-1""}}","PJSIP/1001-2"',
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert ends_in(file).legs["3-7"].by == by


def test_who_dialled_a_channel_is_read_as_it_began_and_how_it_ended(file: Path) -> None:
    """Joined with an older channel it is linked with that one; and a line may lack its cause."""
    lines = [
        '"CHAN_START","1.0","u1","u1","","","PJSIP/1001-1"',
        '"CHAN_START","1.5","u2","u1","","","PJSIP/outside-2"',
        '"HANGUP","7.5","u2","u0","","{""hangupcause"":17,""hangupsource"":""""}","PJSIP/outside-2"',
        '"HANGUP","7.6","u1","u0","","{}","PJSIP/1001-1"',
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert ends_in(file) == Ends(
        dialled={"u2": Dialled("u1", "PJSIP/outside-2", 1500)}, hang_ups={"u2": HangUp(7500, 17)}
    )


def test_talks_are_read_of_legs_that_ended_and_of_those_that_live(file: Path) -> None:
    lines = [
        '"ANSWER","5.0","u9","u1","u1","","PJSIP/1001-2"',
        '"BRIDGE_ENTER","5.5","u9","u1","u1","{}","PJSIP/1001-2"',
        '"BRIDGE_ENTER","7.0","u9","u1","u1","{}","PJSIP/1001-2"',
        '"HotlineLeg","8.5","u9","u1","u1","{""extra"":""3-7|16|PJSIP/1001-2""}","PJSIP/1001-2"',
        '"BLINDTRANSFER","8.6","u9","u1","u1","{}","PJSIP/1001-2"',
        '"ANSWER","9.0","u10","u2","u2","","PJSIP/1002-3"',
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    talk = Talk(answered_ms=5000, connected_ms=5500, transferred=True)
    assert ends_in(file) == Ends(
        {}, {"3-7": EndedLeg(8500, 16, "transfer", talk)}, {"u9": talk, "u10": Talk(answered_ms=9000)}
    )


@pytest.mark.parametrize(
    ("source", "by"),
    [("PJSIP/a-1", "caller"), ("PJSIP/1001-2", "agent"), ("dialplan/builtin", "us"), ("", "us")],
)
def test_who_hung_up_is_told_by_the_source(file: Path, source: str, by: str) -> None:
    line = f'"HotlineContact","1.0","u1","u1","u1","{{""extra"":""waiting|||||||0|{source}""}}","PJSIP/a-1"\n'
    file.write_text(line, encoding="utf-8")
    assert ends_in(file).contacts["u1"].by == by


def test_a_leg_that_did_not_hang_up_itself_was_hung_up_by_the_caller(file: Path) -> None:
    line = '"HotlineLeg","1.0","u9","u1","u1","{""extra"":""1-1|16|PJSIP/a-1""}","PJSIP/1001-2"\n'
    file.write_text(line, encoding="utf-8")
    assert ends_in(file).legs["1-1"].by == "caller"


def test_only_the_tail_is_read(file: Path) -> None:
    file.write_text(f"{LINES}\n" * 100 + LINES.replace("u1", "u7"), encoding="utf-8")
    assert set(ends_in(file, tail_bytes=len(LINES)).contacts) == {"u7"}


def test_the_file_that_was_renamed_is_read_too(file: Path) -> None:
    file.with_name("cel.csv.0").write_text(f"{LINES}\n", encoding="utf-8")
    file.write_text(LINES.replace("u1", "u7"), encoding="utf-8")
    assert set(ends_in(file).contacts) == {"u1", "u7"}
    assert set(ends_in(file, tail_bytes=len(LINES) + 10).contacts) == {"u7"}
    file.unlink()
    assert set(ends_in(file).contacts) == {"u1"}


def write_files(file: Path, count: int, first_s: int) -> int:
    """count files renamed, a minute of the log each, and the current one; returns the bytes of one."""
    for minute in range(count + 1):
        name = file.name if minute == count else f"{file.name}.{count - 1 - minute}"
        text = f"{LINES}\n".replace("u1", f"m{minute}")
        file.with_name(name).write_text(text, encoding="utf-8")
        os.utime(file.with_name(name), (first_s + 60 * minute, first_s + 60 * minute))
    return len(f"{LINES}\n".encode())


@pytest.mark.parametrize(
    ("since_s", "minutes"),
    [(None, [3, 4]), (10_121, [3, 4]), (10_120, [2, 3, 4]), (10_060, [1, 2, 3, 4]), (0, [0, 1, 2, 3, 4])],
)
def test_as_many_files_are_read_as_the_gap_is_long_the_oldest_first(
    file: Path, since_s: int | None, minutes: list[int]
) -> None:
    size = write_files(file, 4, 10_000)
    ends = ends_in(file, since_s and since_s * 1000, tail_bytes=2 * size)
    assert list(ends.contacts) == [f"m{minute}" for minute in minutes]
    assert all(ended.started_ms for ended in ends.contacts.values())


def test_there_is_an_end_to_what_is_read(file: Path) -> None:
    size = write_files(file, 4, 10_000)
    assert list(ends_in(file, 0, most_bytes=2 * size).contacts) == ["m3", "m4"]


def test_files_that_are_being_renamed_are_read_once(file: Path) -> None:
    """The turn of .0 has come: it is .1 already, and the current one not yet .0; or that one just now."""
    write_files(file, 3, 10_000)
    file.with_name("cel.csv.2").rename(file.with_name("cel.csv.3"))
    file.with_name("cel.csv.1").rename(file.with_name("cel.csv.2"))
    file.with_name("cel.csv.0").rename(file.with_name("cel.csv.1"))
    assert list(ends_in(file, 0).contacts) == ["m0", "m1", "m2", "m3"]
    file.with_name("cel.csv.0").hardlink_to(file)
    assert list(ends_in(file, 0).contacts) == ["m0", "m1", "m2", "m3"]


def test_a_missing_file_has_no_ends(tmp_path: Path) -> None:
    assert ends_in(tmp_path / "none") == Ends()
