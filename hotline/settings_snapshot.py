"""The local copy of the current settings, from which every service works while the database is away.

One JSON file {"version": N, "settings": document}, always replaced whole; `hotline.service` follows it. Knows
nothing of PostgreSQL (`hotline.settings_store` is the master) and nothing of what the settings mean.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from hotline.core.phrases import phrase
from hotline.core.settings import Settings
from hotline.core.settings_check import SettingsRefused, check_settings, settings_to_document
from hotline.core.settings_complaints import Complaint


def read(path: Path) -> Settings:
    """The settings in the snapshot. Raises OSError, or SettingsRefused when it is damaged."""
    try:
        snapshot = json.loads(path.read_text("utf-8"))
        version, document = snapshot["version"], snapshot["settings"]
        if type(version) is not int or not isinstance(document, dict):
            raise TypeError("version or settings of a wrong type")
    except (ValueError, TypeError, KeyError) as error:
        complaint = Complaint(str(path), "", str(error), phrase("allowed.snapshot"))
        raise SettingsRefused((complaint,)) from error
    return check_settings(document, file=str(path), version=version, stored=True)


def write(path: Path, settings: Settings) -> None:
    """Replaces the snapshot atomically: a reader sees the old version or the new one. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    snapshot = {"version": settings.version, "settings": settings_to_document(settings)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(snapshot, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
