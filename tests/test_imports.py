"""The arrows between rooms: who may import whom. A wrong import fails here, not in a review."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("hotline", "telephony", "acd", "ivr", "recording", "wallboard")
NOT_IN_CORE = {"asyncio", "time", "random", "logging", "os", "socket", "subprocess", "threading", "uuid"}
MAY_IMPORT = {
    "telephony": {"telephony", "hotline"},
    "acd": {"acd", "telephony", "hotline"},
    "ivr": {"ivr", "telephony", "hotline", "acd"},
    "recording": {"recording", "telephony", "hotline", "acd"},
    "wallboard": {"wallboard", "telephony", "hotline", "acd"},
}
ROOT_FILES_OF_THIRD_PARTIES = {"acd", "ivr", "recording", "wallboard"}
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    """Every absolute import of a file: (line, dotted name)."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return found


def complaint(path: Path, name: str) -> str:
    """Why this file may not import this name; "" when it may."""
    parts = path.relative_to(ROOT).parts
    room, top = parts[0], name.split(".")[0]
    if "core" in parts[:-1]:
        if top in NOT_IN_CORE:
            return "core has no clock, chance, I/O or log"
        if top in ROOMS:
            return "" if ".core" in name else "core imports only cores"
        return "" if top in sys.stdlib_module_names else "core imports only the standard library"
    if parts[:2] == ("acd", "simulation") and "core" not in name.split("."):
        if top in ROOMS:
            return "" if name.startswith("acd.simulation") else "the simulation imports only cores"
        if top in NOT_IN_CORE - {"random"} or top not in sys.stdlib_module_names:
            return "the simulation has no clock, I/O or log; chance comes from seeds"
        return ""
    if top in ROOMS:
        if room != "hotline" and top not in MAY_IMPORT[room]:
            return f"{room} may not import {top}"
        # Other rooms share acd's words (facts, picture), not its workings.
        if top == "acd" and room not in ("acd", "hotline") and not name.startswith("acd.core"):
            return "other rooms may import acd.core only"
        return ""
    if top == "asyncpg" and room in ("acd", "ivr", "telephony"):
        return f"{room} never touches PostgreSQL"
    return ""


def test_no_arrow_points_the_wrong_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: imports {name}: {why}"
        for path in SOURCES
        for line, name in imports(path)
        if (why := complaint(path, name))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("acd/core/pairing.py", "time"),
        ("acd/core/pairing.py", "aiohttp"),
        ("acd/core/pairing.py", "hotline.journal.JournalWriter"),
        ("acd/simulation/house.py", "time"),
        ("acd/simulation/house.py", "acd.engine.Engine"),
        ("acd/simulation/reading.py", "hotline.settings_store"),
        ("acd/service.py", "ivr.service.start"),
        ("acd/service.py", "asyncpg"),
        ("wallboard/pages.py", "acd.engine.Engine"),
        ("telephony/ami.py", "acd.core.events.Event"),
    ],
)
def test_wrong_arrows_are_seen(file: str, name: str) -> None:
    assert complaint(ROOT / file, name)
