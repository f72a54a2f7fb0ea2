"""A text of the catalogue that is not yet in any language: how the core says what people will read.

`hotline.words` puts phrases into the reader's language. This module must not know any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Phrase:
    """The key of a text and the values of its {names}; a value may be a phrase itself."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """For logs and tests: the key and its values, in no language."""
        return " ".join([self.key, *(f"{name}={value}" for name, value in self.values.items())])


def phrase(key: str, /, **values: object) -> Phrase:
    """A phrase with these values."""
    return Phrase(key, values)
