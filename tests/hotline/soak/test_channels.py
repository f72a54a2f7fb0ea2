"""Which channels of callers ended before the dialplan began: through renamed files and torn lines."""

from pathlib import Path

from hotline.soak.channels import ChannelLog


def line(event: str, channel: str, name: str = "PJSIP/carrier-00000001") -> str:
    return f'"{event}","1795310628.2","{channel}","{channel}","","","{name}"\n'


def test_a_channel_without_a_line_of_the_script_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv"
    log = ChannelLog(file, "carrier")
    log.look()
    file.write_text(line("CHAN_START", "c1") + line("HotlineContact", "c1") + line("HANGUP", "c1"), "utf-8")
    log.look()
    with file.open("a", encoding="utf-8") as more:
        more.write(
            line("HANGUP", "c2") + line("HANGUP", "leg", "PJSIP/1001-00000002") + line("HANGUP", "c3")[:9]
        )
    log.look()
    assert log.never_begun() == ["c2"]
    with file.open("a", encoding="utf-8") as more:
        more.write(line("HANGUP", "c3")[9:])
    file.rename(tmp_path / "cel.csv.0")
    file.write_text(line("HANGUP", "c4") + line("HotlineContact", "c4"), "utf-8")  # the order is Asterisk's
    log.look()
    assert log.never_begun() == ["c2", "c3"]


def test_one_that_lives_has_not_ended(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv"
    file.write_text(line("CHAN_START", "c1"), "utf-8")
    log = ChannelLog(file, "carrier")
    log.look()
    assert log.never_begun() == []


def test_a_new_file_that_has_a_removed_one_s_inode_is_read_from_its_beginning(tmp_path: Path) -> None:
    file = tmp_path / "cel.csv"
    file.write_text(line("HANGUP", "c1") + line("HANGUP", "c2"), "utf-8")
    log = ChannelLog(file, "carrier")
    log.look()
    file.write_text(line("HANGUP", "c3"), "utf-8")  # the same inode, and shorter
    log.look()
    assert log.never_begun() == ["c1", "c2", "c3"]
