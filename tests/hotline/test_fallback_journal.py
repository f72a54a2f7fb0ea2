"""Scripts side by side write one readable journal, also behind half a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hotline.fallback_journal import append_fallback_line
from hotline.journal import read_journal
from hotline.journal_reader import file_path

SCRIPT = """
import sys
from pathlib import Path
from hotline.fallback_journal import append_fallback_line
for number in range(20):
    append_fallback_line(Path(sys.argv[1]), "FallbackAnswered", {"number": number}, contact="c")
assert not {"prometheus_client", "aiohttp", "asyncpg"} & set(sys.modules)
"""


def test_processes_side_by_side_number_their_lines_without_a_gap(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    envelopes = [envelope for _, envelope in read_journal(tmp_path)]
    assert [envelope.seq for envelope in envelopes] == list(range(1, 61))
    assert len({envelope.fact_id for envelope in envelopes}) == 60
    assert {envelope.writer for envelope in envelopes} == {"fallback"}


def test_a_line_behind_half_a_line_goes_to_a_new_file(tmp_path: Path) -> None:
    append_fallback_line(tmp_path, "K", {}, fact_id="a")
    with file_path(tmp_path, 1).open("ab") as file:
        file.write(b'{"crc"')
    append_fallback_line(tmp_path, "K", {}, fact_id="b")
    append_fallback_line(tmp_path, "K", {}, fact_id="c")
    assert [(e.fact_id, e.seq) for _, e in read_journal(tmp_path)] == [("a", 1), ("b", 2), ("c", 3)]


def test_a_full_file_is_followed_by_another(tmp_path: Path) -> None:
    append_fallback_line(tmp_path, "K", {"text": "x" * (1024 * 1024)}, fact_id="a")
    append_fallback_line(tmp_path, "K", {}, fact_id="b")
    assert file_path(tmp_path, 2).exists()
    assert [envelope.seq for _, envelope in read_journal(tmp_path)] == [1, 2]
