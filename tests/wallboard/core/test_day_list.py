"""Every formula of the house is in the list, with its name, its words and its counts."""

from __future__ import annotations

from acd.core.formulas import FORMULAS
from acd.core.totals import Totals
from hotline.core.settings import Settings
from wallboard.core.day_list import day_list


def test_each_figure_has_its_name_formula_and_counts() -> None:
    rows = day_list(Totals(promised=4, promises_kept=3), Settings(version=1))
    assert [row["key"] for row in rows] == list(FORMULAS)
    kept = next(row for row in rows if row["key"] == "promise_rate")
    assert (kept["part"], kept["of"], kept["value"], kept["unit"]) == (3, 4, 0.75, "share")
    assert kept["title"] == {"zh": "等待承诺兑现率", "en": "Promised waits kept"}
    assert "first promise" in kept["rule"]["en"] and "首次承诺" in kept["rule"]["zh"]
    assert "quantile" in kept["source"]["en"] and "分位数" in kept["source"]["zh"]
    assert all(row["value"] is None for row in rows if row["of"] == 0)
