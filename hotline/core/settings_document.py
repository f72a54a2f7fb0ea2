"""Settings as a document (what TOML and JSON hold) and as values, in both directions.

The shapes are read off the dataclasses of `settings`, so that a new setting needs no line here. Only shapes
and types are judged, and single values by `settings_fields`; whether values agree is for `settings_rules`.

A document differs from the values in three ways, for the sake of those who write it by hand: lists of tables
have singular names (`[[queue]]`), opening hours are written by weekday (`monday = ["09:00-12:00"]`), and the
version is not part of it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from hotline.core.phrases import Phrase, phrase
from hotline.core.settings import Hours, Settings, Text
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_fields import FIELD_RULES, LONGEST_TEXT, is_clean_text

DOCUMENT_KEYS = {
    "trunks": "trunk",
    "phones": "phone",
    "queues": "queue",
    "agents": "agent",
    "teams": "team",
    "flows": "flow",
    "numbers": "number",
    "menus": "menu",
    "choices": "choice",
    "rules": "rule",
}
"""Names in a document where they differ from the field's name."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

TYPE_NAMES: dict[Any, Phrase] = {
    str: phrase("allowed.text"),
    int: phrase("allowed.whole_number"),
    float: phrase("allowed.number"),
    bool: phrase("allowed.true_or_false"),
}
ZERO_VALUES: dict[Any, Any] = {str: "", int: 0, float: 0.0, bool: False}


@cache
def _shape(cls: type) -> dict[str, tuple[Field[Any], Any]]:
    """The document's keys for a dataclass, each with its field and type."""
    hints = get_type_hints(cls)
    return {_key(field.name, hints[field.name]): (field, hints[field.name]) for field in fields(cls)}


def _key(name: str, hint: Any) -> str:
    """A field's key in a document: in the singular where it is a list of tables."""
    is_tables = get_origin(hint) is tuple and is_dataclass(get_args(hint)[0])
    return DOCUMENT_KEYS.get(name, name) if is_tables else name


def read_settings(document: Mapping[str, Any], version: int, complaints: Complaints) -> Settings:
    """Reads a document as far as it can be read; wrong values are noted and replaced by a harmless one."""
    settings: Settings = _read_table(Settings, document, "", complaints, {"version": version})
    return settings


def settings_to_document(settings: Settings) -> dict[str, Any]:
    """The document that reads back to equal settings (the version apart); holds JSON types only."""
    document = _write_table(settings)
    del document["version"]
    return document


# ---- document to values ---------------------------------------------------------------------------------


def _read_table(
    cls: type, table: Mapping[str, Any], path: str, complaints: Complaints, given: Mapping[str, Any]
) -> Any:
    """One table as one dataclass; `given` are fields that do not come from the document."""
    shape = {key: entry for key, entry in _shape(cls).items() if entry[0].name not in given}
    prefix = f"{path}." if path else ""
    for key in table:
        if key not in shape:
            complaints.add(f"{prefix}{key}", table[key], phrase("allowed.no_such_key", keys=", ".join(shape)))
    values = dict(given)
    for key, (field, hint) in shape.items():
        where = f"{prefix}{key}"
        if key in table:
            value = _read_value(hint, table[key], where, complaints)
        elif _is_required(field):
            complaints.add(where, None, phrase("allowed.required"))
            value = _zero(hint)
        else:
            value = _default(field)
        if where not in complaints.found:
            _check_field(cls, field.name, value, where, complaints)
        values[field.name] = value
    return cls(**values)


def _read_value(hint: Any, value: Any, where: str, complaints: Complaints) -> Any:
    """One value of the type that `hint` asks for; noted and replaced when it is of another."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):  # only "X | None" occurs; None is said by leaving the key out
        return _read_value(arguments[0], value, where, complaints)
    if hint is Hours:
        return _read_hours(value, where, complaints)
    if is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, Mapping):
            return _read_table(hint, value, where, complaints, {})
        complaints.add(where, value, phrase("allowed.table"))
        return _zero(hint)
    if origin is tuple:
        return _read_list(arguments[0], value, where, complaints)
    if origin is dict:
        if isinstance(value, Mapping):
            return {key: _read_value(arguments[1], value[key], f"{where}.{key}", complaints) for key in value}
        complaints.add(where, value, phrase("allowed.table"))
        return {}
    return _read_plain(hint, value, where, complaints)


def _read_list(hint: Any, value: Any, where: str, complaints: Complaints) -> tuple[Any, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        tables = is_dataclass(hint)
        complaints.add(where, value, phrase("allowed.tables") if tables else phrase("allowed.texts"))
        return ()
    return tuple(_read_value(hint, v, f"{where}[{n}]", complaints) for n, v in enumerate(value, 1))


def _read_plain(hint: Any, value: Any, where: str, complaints: Complaints) -> Any:
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        complaints.add(where, value, TYPE_NAMES[hint])
        return ZERO_VALUES[hint]
    if hint is str and not is_clean_text(value):
        complaints.add(where, value, phrase("allowed.one_line", most=LONGEST_TEXT))
        return ""
    return value


def _check_field(cls: type, name: str, value: Any, where: str, complaints: Complaints) -> None:
    """Applies the rule of this field: to each entry of a list, to each key of a table, else to the value."""
    rule = FIELD_RULES.get((cls, name))
    if rule is None or value is None:
        return
    if isinstance(value, tuple):
        places = [(f"{where}[{number}]", entry) for number, entry in enumerate(value, 1)]
    elif isinstance(value, dict):
        places = [(f"{where}.{key}", key) for key in value]
    else:
        places = [(where, value)]
    for place, entry in places:
        if place not in complaints.found and not rule.accepts(entry):
            complaints.add(place, entry, rule.allowed)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _zero(hint: Any) -> Any:
    """A harmless value of a type, for what is already refused."""
    if hint is Text:
        return Text("", "")
    if hint is Hours:
        return Hours("", ((),) * len(WEEKDAYS))
    if is_dataclass(hint) and isinstance(hint, type):
        required = {field.name: _zero(kind) for field, kind in _shape(hint).values() if _is_required(field)}
        return hint(**required)
    return () if get_origin(hint) is tuple else ZERO_VALUES[hint]


# ---- opening hours --------------------------------------------------------------------------------------


def _read_hours(value: Any, where: str, complaints: Complaints) -> Hours:
    if not isinstance(value, Mapping):
        complaints.add(where, value, phrase("allowed.table"))
        return Hours("", ((),) * len(WEEKDAYS))
    known = ("name", *WEEKDAYS, "holidays", "extra_days")
    for key in value:
        if key not in known:
            allowed = phrase("allowed.no_such_key", keys=", ".join(known))
            complaints.add(f"{where}.{key}", value[key], allowed)
    if "name" not in value:
        complaints.add(f"{where}.name", None, phrase("allowed.required"))
    name = _read_plain(str, value.get("name", ""), f"{where}.name", complaints)
    _check_field(Hours, "name", name, f"{where}.name", complaints)
    holidays = value.get("holidays", ())
    extra_days = value.get("extra_days", {})
    if not isinstance(extra_days, Mapping):
        complaints.add(f"{where}.extra_days", extra_days, phrase("allowed.date_table"))
        extra_days = {}
    return Hours(
        name=name,
        weekdays=tuple(_read_spans(value.get(day, ()), f"{where}.{day}", complaints) for day in WEEKDAYS),
        holidays=_read_dates(holidays, f"{where}.holidays", complaints),
        extra_days={
            _read_date(day, f"{where}.extra_days.{day}", complaints): _read_spans(
                spans, f"{where}.extra_days.{day}", complaints
            )
            for day, spans in extra_days.items()
        },
    )


def _read_dates(value: Any, where: str, complaints: Complaints) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        complaints.add(where, value, phrase("allowed.dates"))
        return ()
    return tuple(_read_date(day, f"{where}[{n}]", complaints) for n, day in enumerate(value, 1))


def _read_date(value: Any, where: str, complaints: Complaints) -> str:
    """A date as "YYYY-MM-DD"; TOML has dates of its own, which are accepted too."""
    text = value.isoformat() if isinstance(value, date) else value
    try:
        if len(text) == len("YYYY-MM-DD"):
            return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        pass  # told below, with what is allowed
    complaints.add(where, value, phrase("allowed.date"))
    return ""


def _read_spans(value: Any, where: str, complaints: Complaints) -> tuple[tuple[str, str], ...]:
    """Times of one day, as ["09:00-12:00", "13:00-18:00"]: in order, not overlapping, 24:00 as an end."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        complaints.add(where, value, phrase("allowed.times"))
        return ()
    spans: list[tuple[str, str]] = []
    for number, text in enumerate(value, 1):
        opens, _, closes = text.partition("-") if isinstance(text, str) else ("", "", "")
        if not (_is_time(opens) and (_is_time(closes) or closes == "24:00") and opens < closes):
            complaints.add(f"{where}[{number}]", text, phrase("allowed.span"))
        elif spans and opens < spans[-1][1]:
            complaints.add(f"{where}[{number}]", text, phrase("allowed.span_after", time=spans[-1][1]))
        else:
            spans.append((opens, closes))
    return tuple(spans)


def _is_time(text: str) -> bool:
    hours, colon, minutes = text.partition(":")
    if not (colon and len(hours) == 2 and len(minutes) == 2 and (hours + minutes).isascii()):
        return False
    return (hours + minutes).isdigit() and int(hours) < 24 and int(minutes) < 60


# ---- values to document ---------------------------------------------------------------------------------


def _write_table(value: Any) -> dict[str, Any]:
    if isinstance(value, Hours):
        return _write_hours(value)
    table = {}
    cls: type = type(value)
    for key, (field, _) in _shape(cls).items():
        content = getattr(value, field.name)
        if content is not None:
            table[key] = _write_value(content)
    return table


def _write_value(value: Any) -> Any:
    if is_dataclass(value):
        return _write_table(value)
    if isinstance(value, tuple):
        return [_write_value(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _write_value(entry) for key, entry in value.items()}
    return value


def _write_hours(hours: Hours) -> dict[str, Any]:
    table: dict[str, Any] = {"name": hours.name}
    for day, spans in zip(WEEKDAYS, hours.weekdays, strict=True):
        table[day] = [f"{opens}-{closes}" for opens, closes in spans]
    table["holidays"] = list(hours.holidays)
    table["extra_days"] = {
        day: [f"{opens}-{closes}" for opens, closes in spans] for day, spans in hours.extra_days.items()
    }
    return table
