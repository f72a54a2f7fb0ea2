"""Hang-ups that Asterisk tells after the link came back, but before we know what happened while it was away.

A leg that we left ringing may have been answered since, and its conversation be over: to take its hang-up
for that of a ringing phone would make an answered caller an abandoned one. So they are kept until the
snapshot has come and Asterisk's log of channels has been read. Must not know what is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping


class LateEnds:
    """One per observer. As many are kept as contacts were open, with their legs."""

    def __init__(self) -> None:
        self._kept: dict[str, Mapping[str, str]] | None = None

    @property
    def waiting(self) -> bool:
        """The link is up, and it is not known yet what happened before."""
        return self._kept is not None

    def begin(self) -> None:
        """The link is up; nothing is known yet."""
        self._kept = {}

    def end(self) -> dict[str, Mapping[str, str]]:
        """What was kept, by unique id; from now on hang-ups are told at once."""
        kept, self._kept = self._kept or {}, None
        return kept

    def keeps(self, uniqueid: str, message: Mapping[str, str]) -> bool:
        """Whether this hang-up must wait; then it is kept."""
        if self._kept is None:
            return False
        self._kept[uniqueid] = message
        return True
