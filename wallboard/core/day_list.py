"""Today's figures one by one, each with its name, its formula and the counts that it comes from.

    key, title, rule (the formula in words) and source (zh, en each), unit (share or ms), part, of, value

This module must not know how it reaches a page.
"""

from __future__ import annotations

from typing import Any

from acd.core.formulas import FORMULAS
from acd.core.totals import Totals
from hotline.core.settings import Settings, Text
from wallboard.core.board import limits_of


def day_list(totals: Totals, settings: Settings) -> list[dict[str, Any]]:
    """Every formula of the house over these totals, in the order in which they are printed."""
    limits = limits_of(settings)
    rows = []
    for formula in FORMULAS.values():
        part, of = formula.parts(totals, limits)
        rows.append(
            {
                "key": formula.key,
                "title": _both(formula.title),
                "rule": _both(formula.words),
                "source": _both(formula.source),
                "unit": formula.unit,
                "part": part,
                "of": of,
                "value": part / of if of else None,
            }
        )
    return rows


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
