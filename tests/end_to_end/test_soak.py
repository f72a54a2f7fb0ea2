"""`hotline soak` as its user runs it: every promise is kept, and the promises are about something."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.stack import processes_of, run_hotline


async def soaked(
    folder: Path, port_base: int, calls: int, agents: int, rate: float, within_s: float
) -> dict[str, Any]:
    """A soak's report; its own words when a promise was broken."""
    data = folder / f"soak{calls}"
    words = ["soak", "--data", str(data), "--calls", str(calls), "--agents", str(agents)]
    words += ["--rate", str(rate), "--port-base", str(port_base), "--json"]
    status, said = await run_hotline(*words, within_s=within_s)
    assert said.startswith("{"), said
    report: dict[str, Any] = json.loads(said)
    print({promise["name"]: promise["found"] for promise in report["promises"]}, report["took_s"])
    assert (status, report["broken"]) == (0, []), said
    assert processes_of(data) == []
    return report


def is_about_something(report: dict[str, Any], calls: int) -> None:
    """Every way a call can go was gone, and each service was killed."""
    figures = report["figures"]
    assert figures["sipp"] == {"created": calls, "successful": calls, "failed": 0}
    assert set(figures["away_s"]) == {"acd", "ivr", "ledger", "keeper", "web"}
    assert {"far", "hung_up"} <= set(figures["callers"])
    assert {"answered", "transferred"} <= set(figures["phones"])


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_hundred_calls(short_folder: Path, new_port_base: Callable[[], int]) -> None:
    report = await soaked(short_folder, new_port_base(), calls=100, agents=9, rate=7, within_s=280)
    is_about_something(report, 100)


@pytest.mark.long
@pytest.mark.lasting
@pytest.mark.timeout(4500)
async def test_twenty_thousand_calls(short_folder: Path, new_port_base: Callable[[], int]) -> None:
    report = await soaked(short_folder, new_port_base(), calls=20_000, agents=40, rate=12, within_s=4400)
    is_about_something(report, 20_000)
    assert {"gave_up"} <= set(report["figures"]["callers"])
    assert {"cancelled"} <= set(report["figures"]["phones"])
    assert "not judged" not in next(p["found"] for p in report["promises"] if p["name"] == "memory")
