"""Whole tables out of a database into files, and back into an empty one; whatever tables there are.

Only COPY is used: any PostgreSQL will do, also one of the user's own, and no program of PostgreSQL is needed.
This module must not know what the tables mean.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from hotline.database import load_queries

SQL = load_queries("hotline.database", "copying.sql")


async def copy_out(connection: Any, folder: Path) -> dict[str, Any]:
    """Write every table to folder/TABLE.copy, in the caller's transaction; what copy_in needs to know."""
    rows = await connection.fetch(SQL["tables"])
    tables = {row["name"]: list(row["columns"]) for row in rows}
    for name, columns in tables.items():
        await connection.copy_from_table(name, columns=columns, output=folder / f"{name}.copy")
    order: TopologicalSorter[str] = TopologicalSorter({name: set() for name in tables})
    for row in await connection.fetch(SQL["references"]):
        order.add(row["from"], row["to"])
    sequences = {row["name"]: row["last_value"] for row in await connection.fetch(SQL["sequences"])}
    return {
        "migration": await connection.fetchval(SQL["migration"]),
        "tables": [{"name": name, "columns": tables[name]} for name in order.static_order()],
        "sequences": sequences,
    }


async def copy_in(connection: Any, folder: Path, told: dict[str, Any]) -> None:
    """Fill the empty tables of a database of the same migration, in the caller's transaction."""
    for table in told["tables"]:
        source = folder / f"{table['name']}.copy"
        await connection.copy_to_table(table["name"], columns=table["columns"], source=source)
    for name, last_value in told["sequences"].items():
        await connection.execute(SQL["set_sequence"], name, last_value)
