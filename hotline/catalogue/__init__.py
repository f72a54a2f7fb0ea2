"""The one catalogue of text that people see, in Chinese and English.

Every text stands there twice: `texts.toml` has those of the pages, `commands.toml` and `setup.toml` those of
the command line, `explain.toml` what is said of offers, `settings.toml` what is said of wrong settings,
`environment.toml` what ./run says before there is a Python. A text that lacks a language is refused when the
file is read, so nobody can meet a hole. Spoken prompts have a catalogue of their own, in
`ivr/prompts/catalogue.toml`. This module must not know who shows what.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from string import Formatter

from hotline.core.settings import Text

LANGUAGES = ("zh", "en")
FILES = (
    "texts.toml",
    "commands.toml",
    "explain.toml",
    "settings.toml",
    "setup.toml",
    "environment.toml",
    "simulate.toml",
)


class CatalogueError(ValueError):
    """A text is missing, incomplete or malformed; the message names file, key and what is allowed."""


class Catalogue:
    """Texts by dotted key, such as "wallboard.waiting"."""

    def __init__(self, texts: Mapping[str, Text]) -> None:
        self._texts = dict(texts)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(self._texts)

    def both(self, key: str) -> Text:
        """The text in both languages. Raises CatalogueError for an unknown key."""
        try:
            return self._texts[key]
        except KeyError as error:
            raise CatalogueError(f"catalogue: no text {key!r}") from error

    def text(self, key: str, language: str, /, **values: object) -> str:
        """The text in one language, its {names} filled in. Raises CatalogueError when key or value lacks."""
        template = in_language(self.both(key), language)
        try:
            return template.format(**values)
        except KeyError as error:
            raise CatalogueError(f"catalogue: {key!r} needs a value for {error}") from error

    def section(self, prefix: str, language: str) -> dict[str, str]:
        """All texts below a prefix in one language, unfilled, by the rest of their keys (for scripts)."""
        start = prefix + "."
        return {
            key.removeprefix(start): in_language(text, language)
            for key, text in self._texts.items()
            if key.startswith(start)
        }


def in_language(text: Text, language: str) -> str:
    """One side of a text. Raises CatalogueError for a language we do not speak."""
    if language not in LANGUAGES:
        raise CatalogueError(f"language {language!r}: allowed {', '.join(LANGUAGES)}")
    return text.zh if language == "zh" else text.en


def parse_texts(document: Mapping[str, object], *, file: str = "texts.toml") -> Catalogue:
    """Read nested tables whose leaves are {zh, en}. Raises CatalogueError."""
    texts: dict[str, Text] = {}
    _collect(document, "", texts, file)
    return Catalogue(texts)


def _collect(table: Mapping[str, object], prefix: str, texts: dict[str, Text], file: str) -> None:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if not isinstance(value, Mapping):
            raise CatalogueError(f"{file}: {key} = {value!r}: allowed a table with zh and en")
        if not any(language in value for language in LANGUAGES):
            _collect(value, key + ".", texts, file)
            continue
        texts[key] = _text(value, key, file)


def _text(value: Mapping[str, object], key: str, file: str) -> Text:
    if set(value) != set(LANGUAGES):
        raise CatalogueError(f"{file}: {key} has {', '.join(sorted(value))}: allowed exactly zh and en")
    zh, en = value["zh"], value["en"]
    if not isinstance(zh, str) or not isinstance(en, str) or not zh or not en:
        raise CatalogueError(f"{file}: {key}: zh and en must be texts that are not empty")
    if _names(zh) != _names(en):
        raise CatalogueError(f"{file}: {key}: zh and en name different values")
    return Text(zh, en)


def _names(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@cache
def load_catalogue() -> Catalogue:
    """The catalogue that comes with the program, read once. Raises CatalogueError."""
    texts: dict[str, Text] = {}
    for name in FILES:
        source = resources.files(__name__).joinpath(name).read_text("utf-8")
        part = parse_texts(tomllib.loads(source), file=name)
        if twice := texts.keys() & part.keys:
            raise CatalogueError(f"{name}: {min(twice)} stands in another file already")
        texts |= {key: part.both(key) for key in part.keys}
    return Catalogue(texts)
