"""A settings document as TOML text, for people to read, edit and import again.

Python reads TOML but does not write it. Only what a settings document can hold is written: tables, lists of
tables, lists of texts, plain values. Must not know what a setting means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def document_to_toml(document: Mapping[str, Any]) -> str:
    """The text that `tomllib` reads back to an equal document; texts must be free of control characters."""
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Lines of one table: its own values first, for after a sub-table begins they would belong to that."""
    sections: list[tuple[str, Any]] = []
    for key, value in table.items():
        if _is_list_of_tables(value) or (isinstance(value, Mapping) and not path):
            sections.append((key, value))
        else:
            yield f"{_key(key)} = {_inline(value)}"
    for key, value in sections:
        inner = (*path, key)
        title = ".".join(map(_key, inner))
        for entry in value if isinstance(value, list) else [value]:
            yield ""
            yield f"[[{title}]]" if isinstance(value, list) else f"[{title}]"
            yield from _table(entry, inner)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_inline(entry)}" for key, entry in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    # JSON writes texts, numbers, true and false as TOML does, as long as there are no control characters.
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
