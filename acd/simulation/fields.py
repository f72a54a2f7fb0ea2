"""One table of a scenario, read key by key: wrong values are noted and replaced by harmless ones.

Knows numbers, texts and lists, not what they mean; the meaning is for `reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hotline.core.phrases import Phrase, phrase
from hotline.core.settings_complaints import Complaints

SECONDS = phrase("unit.seconds")


class Table:
    """A table at a place of the document. What is asked for is known there; `close` refuses the rest."""

    def __init__(self, complaints: Complaints, place: str, values: Any) -> None:
        self.complaints = complaints
        self.place = place
        self._asked: list[str] = []
        self._values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            complaints.add(place, values, phrase("allowed.table"))

    def key(self, name: str) -> str:
        """The name with its place, as complaints show it."""
        return f"{self.place}.{name}" if self.place else name

    def complain(self, name: str, value: Any, allowed: Phrase) -> None:
        """Note that this value of the key is wrong."""
        self.complaints.add(self.key(name), value, allowed)

    def has(self, name: str) -> bool:
        """Whether the key is given; it is known from now on."""
        self._asked.append(name)
        return name in self._values

    def raw(self, name: str) -> Any:
        """The value as it stands there, or None."""
        self._asked.append(name)
        return self._values.get(name)

    def close(self) -> None:
        """Refuse every key that nobody asked for."""
        known = list(dict.fromkeys(self._asked))
        for name in self._values:
            if name not in known:
                self.complain(name, self._values[name], phrase("allowed.no_such_key", keys=", ".join(known)))

    def number(
        self,
        name: str,
        least: float,
        most: float,
        default: float | None = None,
        unit: Phrase | None = None,
        *,
        whole: bool = False,
    ) -> Any:
        """A number from least to most; without a default the key is required."""
        if not self.has(name):
            if default is None:
                self.complain(name, None, phrase("allowed.required"))
            return least if default is None else default
        value = self._values[name]
        allowed = why_no_number(value, least, most, unit, whole=whole)
        if allowed is not None:
            self.complain(name, value, allowed)
            return least
        return value

    def numbers(
        self, name: str, least: float, most: float, default: tuple[float, ...], unit: Phrase | None = None
    ) -> tuple[float, ...]:
        """A list of numbers from least to most."""
        if not self.has(name):
            return default
        values = self._values[name]
        if not isinstance(values, list):
            self.complain(name, values, phrase("scenario.numbers"))
            return default
        for place, value in enumerate(values, 1):
            allowed = why_no_number(value, least, most, unit, whole=False)
            if allowed is not None:
                self.complain(f"{name}[{place}]", value, allowed)
                return default
        return tuple(values)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default the key is required."""
        if not self.has(name):
            if default is None:
                self.complain(name, None, phrase("allowed.required"))
            return default or ""
        value = self._values[name]
        if not isinstance(value, str):
            self.complain(name, value, phrase("allowed.text"))
            return default or ""
        return value

    def choice(self, name: str, words: tuple[str, ...], default: str | None = None) -> str:
        """One of the words."""
        value = self.text(name, default)
        if value not in words:
            if self.key(name) not in self.complaints.found:
                self.complain(name, value, phrase("allowed.one_of", names=", ".join(words)))
            return default or words[0]
        return value

    def tables(self, name: str) -> list[Table]:
        """A list of tables, each at its place, counted from 1; none when the key is not given."""
        if not self.has(name):
            return []
        values = self._values[name]
        if not isinstance(values, list):
            self.complain(name, values, phrase("allowed.tables"))
            return []
        return [
            Table(self.complaints, f"{self.key(name)}[{place}]", value)
            for place, value in enumerate(values, 1)
        ]

    def table(self, name: str, default: Mapping[str, Any] | None = None) -> Table:
        """A table within this one; without a default the key is required."""
        if not self.has(name):
            if default is None:
                self.complain(name, None, phrase("allowed.required"))
            return Table(self.complaints, self.key(name), dict(default or {}))
        return Table(self.complaints, self.key(name), self._values[name])

    def each(self, name: str, read: Callable[[str, Any], None]) -> None:
        """Every (key, value) of a table whose keys are free, such as skills."""
        if not self.has(name):
            return
        values = self._values[name]
        if not isinstance(values, dict):
            self.complain(name, values, phrase("allowed.table"))
            return
        for key, value in values.items():
            read(key, value)


def why_no_number(
    value: Any, least: float, most: float, unit: Phrase | None = None, *, whole: bool
) -> Phrase | None:
    """What would be allowed instead of this value; None when it is right."""
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return phrase("allowed.whole_number") if whole else phrase("allowed.number")
    if least <= value <= most:  # not so for nan
        return None
    if unit is None:
        return phrase("allowed.between", least=least, most=most)
    return phrase("allowed.between_of", least=least, most=most, unit=unit)
