"""Today's figures one by one, each with its name, its formula and the counts that it comes from.

    key, title (zh, en), rule (the formula in words), source, unit (share or ms), part, of, value

This module must not know how it reaches a page.
"""

from __future__ import annotations

from typing import Any

from acd.core.formulas import FORMULAS
from acd.core.totals import Totals
from hotline.core.settings import Settings
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
                "title": {"zh": formula.title.zh, "en": formula.title.en},
                "rule": formula.words,
                "source": formula.source,
                "unit": formula.unit,
                "part": part,
                "of": of,
                "value": part / of if of else None,
            }
        )
    return rows
