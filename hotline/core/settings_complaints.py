"""What is wrong with a settings document: complaints, collected so that all are told at once.

Knows nothing of single settings; see `settings_document` (shapes), `settings_fields` (one value at a time)
and `settings_rules` (values that must agree with each other).

    SettingsError
    └── SettingsRefused     the document has at least one complaint; nothing of it takes effect
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hotline.core.phrases import Phrase

SHOWN_VALUE_LENGTH = 80


class SettingsError(ValueError):
    """Base of everything that can be wrong with settings."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One wrong value: where it stands, what it is, what would be right. Entries are counted from 1."""

    file: str
    key: str  # as in "queue[1].needs": the needs of the first [[queue]]
    value: Any
    allowed: Phrase

    @property
    def shown(self) -> str:
        """The value as it is shown: as Python writes it, shortened."""
        text = repr(self.value)
        return text if len(text) <= SHOWN_VALUE_LENGTH else text[:SHOWN_VALUE_LENGTH] + "…"

    def __str__(self) -> str:
        """For logs; people read it in their own language, see `hotline.words.told`."""
        return f"{self.file}: {self.key}: {self.shown} is not allowed; allowed: {self.allowed}"


class SettingsRefused(SettingsError):
    """The settings are refused as a whole; every complaint is in `complaints`."""

    def __init__(self, complaints: tuple[Complaint, ...]) -> None:
        super().__init__("\n".join(str(complaint) for complaint in complaints))
        self.complaints = complaints


@dataclass(slots=True)
class Complaints:
    """Collects complaints about one file; only the first about a key is kept, later ones follow from it."""

    file: str
    stored: bool = False  # accepted before: what newer rules would refuse stays usable
    found: dict[str, Complaint] = field(default_factory=dict)

    def add(self, key: str, value: Any, allowed: Phrase) -> None:
        """Notes that `value` at `key` is wrong and what would be allowed there."""
        self.found.setdefault(key, Complaint(self.file, key, value, allowed))

    def refuse_if_any(self) -> None:
        """Raises SettingsRefused when anything was noted."""
        if self.found:
            raise SettingsRefused(tuple(self.found.values()))
