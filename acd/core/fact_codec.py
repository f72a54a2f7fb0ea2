"""Facts to and from the bodies of journal lines. Old versions are read up to the current one.

A change to a fact's fields raises its `version` and adds a step to UPGRADES, so that old journals stay
readable for ever. It must not know files, checksums or envelopes.

    FactUnreadable
    ├── FactUnknown    no such kind, or a version newer than this program's
    └── FactMalformed  a field is missing, unknown or of the wrong type
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, get_origin, get_type_hints

from acd.core import facts
from acd.core.facts import Fact

Body = dict[str, Any]

FACTS: dict[str, type[Fact]] = {
    name: kind
    for name, kind in vars(facts).items()
    if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact
}
"""Every kind of fact by its wire name."""

UPGRADES: dict[tuple[str, int], Callable[[Body], Body]] = {}
"""(kind, version) -> the step that makes a body of the next version out of one of this version."""


class FactUnreadable(Exception):
    """A body cannot be turned into a fact."""


class FactUnknown(FactUnreadable):
    """No such kind, or a version newer than this program's."""


class FactMalformed(FactUnreadable):
    """A field is missing, unknown or of the wrong type."""


def to_body(fact: Fact) -> Body:
    """The fields of a fact by name; nested values are shared, not copied."""
    kind = type(fact)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return {name: getattr(fact, name) for name in names}


_NAMES: dict[type[Fact], tuple[str, ...]] = {}
"""Fields by class, not by wire name: other rooms have facts of their own."""


def from_body(kind: str, version: int, body: Mapping[str, Any]) -> Fact:
    """The fact of a body of this or an older version. Raises FactUnreadable."""
    current = upgrade(kind, version, body)
    types = _types(kind)
    unknown = sorted(current.keys() - types.keys())
    missing = sorted(_required(kind) - current.keys())
    if missing or unknown:
        raise FactMalformed(f"{kind}: missing fields {missing}, unknown fields {unknown}")
    for name, value in current.items():
        expected = types[name]
        if expected is float and type(value) is int:
            current[name] = float(value)  # JSON may have written 3.0 as 3
        elif type(value) is not expected:
            raise FactMalformed(f"{kind}.{name} = {value!r}: expected {expected.__name__}")
    return FACTS[kind](**current)


def upgrade(kind: str, version: int, body: Mapping[str, Any]) -> Body:
    """The body as the current version would have written it. Raises FactUnknown."""
    if kind not in FACTS:
        raise FactUnknown(f"no fact is called {kind!r}")
    newest = FACTS[kind].version
    if not 1 <= version <= newest:
        raise FactUnknown(f"{kind}: version {version} is not readable; allowed 1 to {newest}")
    current = dict(body)
    for step in range(version, newest):
        current = UPGRADES[kind, step](current)
    return current


@cache
def _required(kind: str) -> frozenset[str]:
    """Fields without a default; one with a default may be missing in journals from before it was added."""
    return frozenset(
        f.name for f in fields(FACTS[kind]) if f.default is MISSING and f.default_factory is MISSING
    )


@cache
def _types(kind: str) -> dict[str, type]:
    hints = get_type_hints(FACTS[kind])
    return {field.name: get_origin(hints[field.name]) or hints[field.name] for field in fields(FACTS[kind])}
