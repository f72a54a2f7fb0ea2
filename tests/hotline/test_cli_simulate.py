"""`hotline simulate`: figures as JSON and as a table, in both languages; a wrong scenario runs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotline import cli_simulate
from hotline.cli import main
from hotline.words import CHOICE

SCENARIO = """
seed = 3
replications = 2
duration_s = 3600
service_levels_s = [20]
[[queue]]
name = "护照"
arrivals_csv = "times.csv"
handle = { kind = "constant", value = 100 }
[[agents]]
count = 1
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    (tmp_path / "times.csv").write_text("0\n10\n", "utf-8")
    path = tmp_path / "house.toml"
    path.write_text(SCENARIO, "utf-8")
    return path


def test_json_has_every_key(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(scenario), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    keys = "total queues agents idle_gap contacts_per_second decision_log_sha256 promises_broken contacts"
    assert sorted(found) == sorted(keys.split())
    figures = """
        offered answered abandoned blocked unserved p_wait wait_mean_s wait_answered_mean_s
        wait_p50_s
        wait_p80_s wait_p90_s wait_p95_s wait_p99_s abandoned_share blocked_share service_level ci95"""
    for one in (found["total"], found["queues"]["护照"]):
        assert sorted(one) == sorted(figures.split())
    assert sorted(found["total"]["service_level"]["20"]) == ["SL-1", "SL-2", "SL-3", "SL-4", "SL-5"]
    assert sorted(found["agents"][0]) == ["ci95", "contacts_cv", "count", "each", "occupancy", "skills"]
    assert sorted(found["idle_gap"]) == ["ci95", "count", "max_s", "mean_s"]
    assert (found["total"]["offered"], found["promises_broken"]) == (4, 0)
    assert found["contacts_per_second"] > 0
    assert len(bytes.fromhex(found["decision_log_sha256"])) == 32


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "queue",
                "护照",
                "total",
                "mean wait",
                "SL-1 in 20 s",
                "every promise was kept",
                "occupancy 5.6 %",
            ],
        ),
        ("zh", ["队列", "护照", "合计", "平均等待", "20 秒内 SL-1", "每项承诺都兑现", "工时利用率 5.6 %"]),
    ],
)
def test_the_table_is_for_people(
    scenario: Path,
    language: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(CHOICE, language)
    assert main(["simulate", str(scenario)]) == 0
    shown = capsys.readouterr().out
    assert [word for word in words if word not in shown] == []
    assert "45.00 ±0.00" in shown


def test_a_wrong_scenario_is_refused_with_file_place_value_and_what_is_allowed(
    scenario: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CHOICE, "en")
    monkeypatch.setattr(cli_simulate, "simulate", lambda _: pytest.fail("something ran"))
    scenario.write_text(SCENARIO.replace('arrivals_csv = "times.csv"', "arrivals_per_hour = -5"), "utf-8")
    assert main(["simulate", str(scenario), "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        "house.toml: queue[1].arrivals_per_hour: -5 is not allowed; allowed: a number from 0 to" in said.err
    )


def test_a_refusal_is_told_without_a_traceback_when_python_runs_the_module(scenario: Path) -> None:
    scenario.write_text(SCENARIO + "speed = 3", "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "simulate", str(scenario)],
        env={**os.environ, CHOICE: "en"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("hotline simulate: house.toml: agents[1].speed: 3 is not allowed")


@pytest.mark.parametrize(
    ("text", "said"), [(b"seed = ", "not valid TOML"), (b"\xff", "not valid TOML"), (None, "cannot be read")]
)
def test_a_file_that_is_no_scenario_is_told(
    text: bytes | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(CHOICE, "en")
    path = tmp_path / "a.toml"
    if text is not None:
        path.write_bytes(text)
    assert main(["simulate", str(path)]) == 1
    assert said in capsys.readouterr().err


def test_a_broken_promise_is_an_exit_status(
    scenario: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CHOICE, "en")
    honest = cli_simulate.simulate
    monkeypatch.setattr(cli_simulate, "simulate", lambda one: {**honest(one), "promises_broken": ["one_end"]})
    assert main(["simulate", str(scenario)]) == 1
    assert "promises broken: one_end" in capsys.readouterr().out
