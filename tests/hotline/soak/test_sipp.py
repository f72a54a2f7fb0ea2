"""Running SIPp: what it counted and logged is read, and what is missing is said."""

from pathlib import Path

import pytest

from hotline.soak import sipp
from hotline.soak.sipp import Counts, Place, Sipp, SippError


def test_the_last_line_of_its_statistics_counts(tmp_path: Path) -> None:
    run = Sipp(tmp_path)
    assert run.counts() == Counts()
    head = "StartTime;TotalCallCreated;SuccessfulCall(C);FailedCall(C);"
    (tmp_path / "counts.csv").write_text(f"{head}\nnow;5;3;0;\nlater;9;7;1;\n", "utf-8")
    assert run.counts() == Counts(9, 7, 1)


def test_what_the_scenario_logged_is_read_line_by_line(tmp_path: Path) -> None:
    run = Sipp(tmp_path)
    assert run.calls() == []
    (tmp_path / "calls.log").write_text("131 far\n\n132 hung_up\n", "utf-8")
    assert run.calls() == ["131 far", "132 hung_up"]


def test_why_it_gave_up_a_call_is_told_apart_from_what_it_merely_noticed(tmp_path: Path) -> None:
    run = Sipp(tmp_path)
    assert run.complaints() == []
    late = "2026-11-22\t15:44:28\tCall-Id: 2, receive timeout on message agent:28, jumping to label 15"
    gave_up = "2026-11-22\t15:44:29\tAborting call on unexpected message\nfor Call-Id '1'"
    (tmp_path / "errors.log").write_text(f"The following events occurred:\n{late}{gave_up}{late}", "utf-8")
    assert run.complaints() == ["2026-11-22 15:44:29 Aborting call on unexpected message for Call-Id '1'"]


async def test_without_sipp_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not sipp.installed()
    with pytest.raises(SippError, match="apt-get install sip-tester"):
        await Sipp(tmp_path).start("caller.xml", Place(("127.0.0.1", 9), "127.0.0.1"), [])


async def test_a_server_that_says_nothing_is_an_error_and_leaves_no_process(tmp_path: Path) -> None:
    run = Sipp(tmp_path / "run")
    place = Place(("127.0.0.1", 9), "127.0.0.2")
    await run.start(
        "caller.xml", place, [("131", "4001", 1, 1)], words=["-m", "1"], files={"speech.alaw": b"x"}
    )
    assert run.running
    with pytest.raises(SippError, match="not finished within 1 s"):
        await run.finished(1)
    assert not run.running
