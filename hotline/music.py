"""Music for waiting callers in the telephone's own codecs, beside the files that it came in.

Of several files of one name Asterisk plays the one that needs no translation; a .wav it encodes anew for
every caller who waits. Must not know who waits, nor which music is chosen.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)

TYPES = {"alaw": "al", "ulaw": "ul"}
"""Suffix of Asterisk's -> sox's name of the type (G.711)."""

LIMIT_S = 60


def encode_music(folder: Path, sox: Sequence[str]) -> None:
    """Make what is missing beside each .wav. What fails is logged, and the .wav is played then."""
    for source in sorted(folder.glob("*.wav")):
        for suffix, kind in TYPES.items():
            file = source.with_suffix(f".{suffix}")
            if not file.exists():
                _encode(source, file, [*sox, "-D", str(source), "-r", "8000", "-c", "1", "-t", kind])


def _encode(source: Path, file: Path, command: Sequence[str]) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        subprocess.run([*command, str(temporary)], check=True, capture_output=True, timeout=LIMIT_S)
        temporary.chmod(0o644)  # as the .wav is: who shares the fetched Asterisk has to hear something
        temporary.replace(file)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("music_not_encoded", extra={"file": source.name, "why": type(error).__name__})
    finally:
        with contextlib.suppress(OSError):  # none is there, or the disk may only be read
            temporary.unlink()
