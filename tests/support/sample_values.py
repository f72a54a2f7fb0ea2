"""Any event, command or fact with invented values, made from the types of its fields alone."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_VALUES: dict[type, Any] = {int: 7, str: "热线", bool: True, float: 2.5, dict: {"step": 1}, list: ["1001"]}
_WORDS = {"state": "ready", "stage": "waiting"}  # fields whose text is one of a few words


def kinds_of(module: ModuleType, base: type) -> list[type[Any]]:
    """Every class of a module that is of this kind, without the base itself, in the module's order."""
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, base) and kind is not base
    ]


def sample(kind: type[Any], **chosen: Any) -> Any:
    """One of this dataclass: `chosen` fields as given, the others made up; fields with a default as well."""
    types = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.init and field.name not in chosen]
    return kind(**{name: _WORDS.get(name, _value(types[name])) for name in names}, **chosen)


def changed(value: Any, name: str) -> Any:
    """The same with another value in one field."""
    before = getattr(value, name)
    return replace(value, **{name: before + before if isinstance(before, int | str) else None})


def _value(kind: Any) -> Any:
    origin = get_origin(kind) or kind
    if origin in (Union, UnionType):
        return _value(next(one for one in get_args(kind) if one is not type(None)))
    if origin is tuple:
        inner = [one for one in get_args(kind) if one is not Ellipsis]
        return tuple(_value(one) for one in inner)
    if is_dataclass(origin):
        return sample(origin)
    return _VALUES[origin]
