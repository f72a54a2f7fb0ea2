"""Which of the trunks that register with us were ever heard: kept in a file, so that a restart forgets none.

Asterisk forgets a registration that has run out, and what is not there looks the same whether it left or
never came. Must not know what is made of the difference.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from pathlib import Path

logger = logging.getLogger(__name__)


class HeardTrunks:
    """The names of trunks that were heard; a file that cannot be read or written is a line in the log."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._names = _read(file)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def add(self, name: str) -> None:
        """This trunk was heard."""
        self._become(self._names | {name})

    def keep_only(self, names: Iterable[str]) -> None:
        """Forget all trunks but these."""
        self._become(self._names & frozenset(names))

    def _become(self, names: frozenset[str]) -> None:
        if names == self._names:
            return
        self._names = names
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_text(json.dumps({"trunks": sorted(names)}), "utf-8")
            os.replace(temporary, self._file)
        except OSError:
            logger.exception("heard_trunks_not_written")


def _read(file: Path) -> frozenset[str]:
    try:
        return frozenset(map(str, json.loads(file.read_text("utf-8"))["trunks"]))
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, KeyError, TypeError):
        logger.exception("heard_trunks_unreadable")
        return frozenset()
