"""Who may dial what, as a table."""

from __future__ import annotations

import pytest

from acd.core.outgoing import Judgement, OutgoingLimits, judge_outgoing

LIMITS = (
    OutgoingLimits("agent", ("0", "1"), ("00", "190"), most_calls=3, most_ms=60_000),
    OutgoingLimits("supervisor", ("00",)),
    OutgoingLimits("any", ("400",)),
    OutgoingLimits("any", ("5",), ("5",)),
)

TABLE = """
    13800000000  agent       0  0      allowed 1
    01085000000  agent       2  59999  allowed 0
    0044123      agent       0  0      prefix  00
    19012345678  agent       0  0      prefix  190
    19112345678  agent       0  0      allowed 1
    4001234567   agent       99 0      allowed 400
    600          agent       0  0      prefix  -
    13800000000  agent       3  0      calls   1
    13800000000  agent       0  60000  minutes 1
    13800000000  supervisor  0  0      prefix  -
    0044123      supervisor  99 99999  allowed 00
    55           supervisor  0  0      prefix  5
    13800000000  stranger    0  0      prefix  -
"""


@pytest.mark.parametrize("row", [line.split() for line in TABLE.strip().splitlines()])
def test_the_longest_prefix_decides_then_the_limits(row: list[str]) -> None:
    number, role, calls, spent_ms, why, prefix = row
    expected = Judgement("" if why == "allowed" else why, "" if prefix == "-" else prefix)
    assert judge_outgoing(number, role, LIMITS, int(calls), int(spent_ms)) == expected


def test_callers_are_transferred_only_where_a_rule_says_so() -> None:
    limits = (OutgoingLimits("any", ("1",)), OutgoingLimits("agent", ("139",), transfer=True))
    assert judge_outgoing("13912345678", "agent", limits, 0, 0, transfer=True).why == ""
    assert judge_outgoing("13812345678", "agent", limits, 0, 0, transfer=True).why == "prefix"
    assert judge_outgoing("13912345678", "supervisor", limits, 0, 0, transfer=True).why == "prefix"
    assert judge_outgoing("13812345678", "agent", limits, 0, 0).why == ""
