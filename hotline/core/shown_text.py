"""Text that strangers chose (names of callers and agents), made fit to be shown.

Escaping is the page's work; here go the characters that would confuse the reader even when escaped:
controls and the marks that turn the direction of writing. This module must not know HTML.
"""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # needed to write some languages rightly


def shown_text(text: str, limit: int = 80) -> str:
    """At most `limit` characters of the text, those that act on the display replaced by a visible mark."""
    shown = text[: limit + 1]
    plain = "".join(_plain(character) for character in shown)
    return plain if len(shown) <= limit else plain[: limit - 1] + "…"


def _plain(character: str) -> str:
    if character in _JOINERS:
        return character
    return REPLACEMENT if unicodedata.category(character) in _HIDDEN else character
