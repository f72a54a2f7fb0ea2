"""Who may dial a supervisor's code, from which phone, and what is heard."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from acd.adapters.spoken_codes import SpokenCodes

USING = {"desk3": "1003", "soft3": "1003", "desk1": "1001"}
"""1003 is a supervisor, sits at desk3 and has a further phone; at desk1 sits an agent."""

DEEDS = {"34": "take"}


class Codes(SpokenCodes):
    deeds = DEEDS

    async def _serve(self, session: Any, number: str, code: str, digits: str) -> str:
        return f"done-by-{number}"


@pytest.mark.parametrize(
    ("phone", "heard", "refused_to"),
    [
        ("desk3", "done-by-1003", []),
        ("soft3", "done-by-1003", []),
        ("desk1", "not-a-supervisor", ["1001"]),
        ("nobodys", "not-logged-in", [""]),
    ],
)
async def test_a_code_counts_from_each_phone_of_a_supervisor(
    phone: str, heard: str, refused_to: list[str]
) -> None:
    prompts: list[str] = []
    refused: list[str] = []

    async def stream_file(name: str) -> None:
        prompts.append(name)

    async def set_variable(name: str, value: str) -> None:
        pass

    engine: Any = SimpleNamespace(distributor=SimpleNamespace(agent_using=USING.get))
    supervisors: Any = SimpleNamespace(
        is_supervisor=lambda number: number == "1003",
        note=lambda number, *words, **more: refused.append(number),
    )
    session: Any = SimpleNamespace(args=(phone, "34", ""), stream_file=stream_file, set_variable=set_variable)
    await Codes(engine, supervisors, lambda: None)(session)  # type: ignore[arg-type,return-value]
    assert (prompts, refused) == ([f"hotline/{heard}"], refused_to)
