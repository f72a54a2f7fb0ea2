"""What perf wrote, read; and a wallboard's account in Asterisk's files."""

from pathlib import Path

import pytest

from bench import wallboard
from bench.counters import Counter, counted


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("# started on Sat\n\n1234567,,instructions,20000,100.00,,\n", 1_234_567),
        ("# started on Sat\n\n1234567,,instructions:u,20000,100.00,,\n", 1_234_567),
        ("<not supported>,,instructions,0,100.00,,\n", 0),
        ("1234567,,cycles,20000,100.00,,\n", 0),
        ("7654321,,cycles,20000,100.00,,\n1234567,,instructions,20000,100.00,,\n", 1_234_567),
        ("", 0),
    ],
)
def test_what_perf_wrote(text: str, count: int) -> None:
    assert counted(text, "instructions") == count


async def test_nothing_is_counted_without_perf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    counter = Counter({"asterisk": 1}, tmp_path)
    await counter.start()
    assert await counter.stop() == {"instructions": {}, "cycles": {}}


def test_a_wallboard_needs_an_account_and_the_queue_log(tmp_path: Path) -> None:
    (tmp_path / "manager.conf").write_text("[general]\n", "utf-8")
    (tmp_path / "logger.conf").write_text("[general]\nqueue_log = no\n", "utf-8")
    wallboard.configure(tmp_path)
    assert "[wallboard]" in (tmp_path / "manager.conf").read_text("utf-8")
    assert "queue_log = yes" in (tmp_path / "logger.conf").read_text("utf-8")
    with pytest.raises(RuntimeError, match="queue log"):
        wallboard.configure(tmp_path)
