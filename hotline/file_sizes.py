"""How large a journal or log file may become before a new one is begun; an operator may choose otherwise.

Must not know who writes the files.
"""

from __future__ import annotations

import os

from hotline.deployment import DeploymentError
from hotline.words import say

JOURNAL_BYTES = "HOTLINE_JOURNAL_BYTES"
LOG_BYTES = "HOTLINE_LOG_BYTES"
SMALLEST = 10_000


def file_limit(name: str, default: int) -> int:
    """The limit in bytes from the environment, else the default. Raises DeploymentError."""
    text = os.environ.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text) >= SMALLEST):
        raise DeploymentError(say("deployment.file_size", name=name, value=repr(text), least=SMALLEST))
    return int(text)
