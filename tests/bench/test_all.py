"""The tables of docs/benchmarks.md, from results as the single benchmarks keep them."""

from bench.all import ENGINES, Result, plan, tables

WHERE: Result = {
    "at": "2026-11-21T20:00:00+00:00",
    "processor": "Some CPU",
    "cores": 2,
    "kernel": "6.1",
    "python": "3.11.7",
    "asterisk": "22.10.1",
    "load_before": 0.5,
}


def gap(engine: str, median_ms: float) -> Result:
    figures = {"median_ms": median_ms, "p95_ms": 20.0, "p99_ms": 30.0, "longest_ms": 40.0}
    return {"what": "gap", "engine": engine, "gaps": 100, **figures, **WHERE}


def cpu(engine: str, backlog: int, asterisk: float, acd: float = 0.0) -> Result:
    spent = {"asterisk": asterisk} | ({"acd": acd, "postgres": 2.0} if acd else {})
    figures = {"calls": 150, "per_call_ms": spent, "asterisk_and_acd_ms": asterisk + acd}
    return {"what": "cpu", "engine": engine, "backlog": backlog, **figures, **WHERE}


def test_of_several_rounds_the_median_is_shown() -> None:
    text = tables([gap("ours", 5.0), gap("app_queue", 500.0), gap("ours", 6.0), gap("ours", 90.0)])
    assert "| ours | 3 | 300 | 6.0 | 20.0 | 30.0 | 40.0 |" in text.splitlines()
    assert "Ours is 83 times quicker (median)." in text
    assert text.startswith("2026-11-21, Some CPU, 2 cores, Linux 6.1, Python 3.11.7, Asterisk 22.10.1;")


def test_processor_time_is_asterisk_and_acd_together_and_postgresql_apart() -> None:
    results = [cpu("ours", 0, 7.0, 2.0), cpu("app_queue", 0, 8.0), cpu("ours", 200, 30.0, 3.0)]
    lines = tables(results).splitlines()
    assert "| ours | 1 | 150 | 7.0 | 2.0 | 9.0 | 2.0 |" in lines
    assert "| app_queue | 1 | 150 | 8.0 | – | 8.0 | – |" in lines
    assert lines.index("Ours takes 1.12 times as much.") < lines.index("With 200 callers waiting:")


def test_engines_take_turns() -> None:
    engines = [words[words.index("--engine") + 1] for words in plan(True, 29000)]
    assert engines == [*ENGINES] * 3
