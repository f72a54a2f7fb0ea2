"""State tables as text: every (state, input) pair has a next state or a stated reason to ignore it.

A table is an aligned text: the head line names the states, each further line one input and its outcome in
every state. An outcome is a state, one of the table's own words, or `-code`: ignored, with the reason listed
under that code. A table with a missing or unknown outcome is refused when its module is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ignored:
    """The input means nothing in this state, because …"""

    because: str


Outcome = str | Ignored
StateTable = Mapping[tuple[str, str], Outcome]


def read_state_table(text: str, *, words: tuple[str, ...], ignored: Mapping[str, str]) -> StateTable:
    """Read an aligned table; raises ValueError for a hole or an unknown outcome."""
    lines = [line.split() for line in text.strip().splitlines() if line.strip()]
    states = lines[0]
    table: dict[tuple[str, str], Outcome] = {}
    for name, *cells in lines[1:]:
        if len(cells) != len(states):
            raise ValueError(f"state table, line {name}: {len(cells)} outcomes for {len(states)} states")
        for state, cell in zip(states, cells, strict=True):
            if cell.startswith("-") and cell[1:] in ignored:
                table[state, name] = Ignored(ignored[cell[1:]])
            elif cell in states or cell in words:
                table[state, name] = cell
            else:
                raise ValueError(f"state table, line {name}, state {state}: unknown outcome {cell}")
    return table
