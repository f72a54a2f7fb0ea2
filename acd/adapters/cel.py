"""Asterisk's channel event log: how contacts ended while we were away.

`cel_custom` writes every channel's life to a file without us (see asterisk-conf/cel_custom.conf). It is read
backwards in bounded memory, only when a contact of the journal is missing from Asterisk's snapshot.
"""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

logger = logging.getLogger(__name__)

TAIL_BYTES = 8 * 1024 * 1024
HANG_UP = "HANGUP"


def ends_in(file: Path, tail_bytes: int = TAIL_BYTES) -> dict[str, tuple[int, int]]:
    """Hang-ups by unique id: (instant in ms since the epoch, Q.850 cause), from the file's last bytes.

    Columns: event, epoch seconds with fraction, unique id, linked id, accountcode, details as JSON with
    hangupcause, channel name (see asterisk-conf/cel_custom.conf). A line that cannot be read is passed over;
    a missing file has no ends.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as handle:
            handle.seek(max(0, size - tail_bytes))
            text = handle.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return {}
    except OSError:
        logger.exception("cel_unreadable")
        return {}
    ends: dict[str, tuple[int, int]] = {}
    for row in csv.reader(text.splitlines()):
        if len(row) >= 6 and row[0] == HANG_UP:
            try:
                cause = int(json.loads(row[5]).get("hangupcause", 0))
                ends[row[2]] = (int(float(row[1]) * 1000), cause)
            except (ValueError, AttributeError, TypeError):
                continue
    return ends
