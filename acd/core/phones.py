"""Which phones can be rung: one is reachable while any of its registered contacts is. Pure.

A phone that registers from a new address has two contacts for a moment, and the end of the old one is told
after the beginning of the new one: so each contact is remembered, not the last word about the phone.
"""

from __future__ import annotations

ALIVE = frozenset({"Created", "Reachable", "NonQualified", "Updated"})
GONE = "Removed"
SILENT = "Unreachable"


class PhoneContacts:
    """Remembers the contacts of each phone by what Asterisk's ContactStatus tells."""

    def __init__(self) -> None:
        self._contacts: dict[str, dict[str, bool]] = {}

    def told(self, phone: str, uri: str, status: str) -> bool | None:
        """Note a status of one contact; whether the phone is reachable now, None for an unknown status."""
        contacts = self._contacts.setdefault(phone, {})
        if status in ALIVE:
            contacts[uri] = True
        elif status == SILENT:
            contacts[uri] = False
        elif status == GONE:
            contacts.pop(uri, None)
        else:
            return None
        return any(contacts.values())
