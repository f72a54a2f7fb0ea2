"""What operators read at the command line, in Chinese or English, from the catalogue.

HOTLINE_LANG (zh or en) chooses the language, else the locale of the environment, else it is English. Services
inherit the choice of who started them. The core says its texts as phrases (`hotline.core.phrases`); here they
become words. Must not know who says what.
"""

from __future__ import annotations

import argparse
import os
import unicodedata
from collections.abc import Mapping

from hotline.catalogue import LANGUAGES, in_language, load_catalogue
from hotline.core.phrases import Phrase
from hotline.core.settings import Text
from hotline.core.settings_complaints import Complaint, SettingsRefused

CHOICE = "HOTLINE_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides. Source: locale(7)


def language(environment: Mapping[str, str] = os.environ) -> str:
    """The operator's language: zh or en."""
    chosen = environment.get(CHOICE, "")
    if chosen in LANGUAGES:
        return chosen
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def say(key: str, /, **values: object) -> str:
    """A text of the catalogue in the operator's language. Raises CatalogueError for an unknown key."""
    return in_words(Phrase(key, values))


def in_words(phrase: Phrase, spoken: str = "") -> str:
    """A phrase in the operator's language, or in the one that is asked for; values that are texts as well."""
    spoken = spoken or language()
    words = {name: _value_in(value, spoken) for name, value in phrase.values.items()}
    return load_catalogue().text(phrase.key, spoken, **words)


def _value_in(value: object, spoken: str) -> object:
    if isinstance(value, Phrase):
        return in_words(value, spoken)
    return in_language(value, spoken) if isinstance(value, Text) else value


def told(error: BaseException) -> str:
    """What an error says, in the operator's language where it carries phrases."""
    if isinstance(error, SettingsRefused):
        return "\n".join(map(_complaint, error.complaints))
    return str(error) or type(error).__name__


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes; Chinese characters take two."""
    return len(text) + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


def padded(text: str, columns: int) -> str:
    """The text filled up with spaces to so many columns of a terminal."""
    return text + " " * (columns - columns_of(text))


def speak_in_argparse() -> None:
    """Let argparse's own words ("usage: ", "options", errors) come from the catalogue as well.

    Source: argparse.py of Python 3.11 to 3.14 takes every text it shows through its module's `_`.
    """
    texts = load_catalogue().section("argparse", language())
    by_english = {load_catalogue().both(f"argparse.{key}").en: text for key, text in texts.items()}
    argparse._ = lambda text: by_english.get(text, text)  # type: ignore[attr-defined]


def _complaint(complaint: Complaint) -> str:
    return say(
        "settings.refused",
        file=complaint.file,
        key=complaint.key,
        value=complaint.shown,
        allowed=complaint.allowed,
    )
