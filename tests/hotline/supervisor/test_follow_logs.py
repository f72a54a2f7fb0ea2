"""`up -v` shows each new line once, whole, also after a rotation."""

from pathlib import Path

from hotline.supervisor.follow_logs import LogFollower


def test_only_new_and_whole_lines_are_shown_once(tmp_path: Path) -> None:
    file = tmp_path / "acd.log"
    file.write_text("old\n")
    follower = LogFollower(tmp_path)
    assert follower.new_lines() == ""
    with file.open("a") as log:
        log.write("one\ntw")
    (tmp_path / "ivr.log").write_text("first\n")
    (tmp_path / "acd.out").write_text("not a log\n")
    assert follower.new_lines() == "one\nfirst\n"
    with file.open("a") as log:
        log.write("o\n")
    assert follower.new_lines() == "two\n"
    assert follower.new_lines() == ""


def test_a_rotated_file_is_read_from_its_new_start(tmp_path: Path) -> None:
    file = tmp_path / "acd.log"
    file.write_text("a long line before\n")
    follower = LogFollower(tmp_path)
    file.rename(tmp_path / "acd.log.1")
    file.write_text("after\n")
    assert follower.new_lines() == "after\n"
