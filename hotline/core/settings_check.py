"""The door for settings: a document comes in, values go out, or every complaint at once.

The work is done by `settings_document` (shapes), `settings_fields` (single values) and `settings_rules`
(agreement); this module only joins them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.core.settings import Settings
from hotline.core.settings_complaints import Complaint, Complaints, SettingsRefused
from hotline.core.settings_document import read_settings, settings_to_document
from hotline.core.settings_rules import check_rules

__all__ = ["Complaint", "SettingsRefused", "check_settings", "settings_to_document"]


def check_settings(document: Mapping[str, Any], *, file: str, version: int, stored: bool = False) -> Settings:
    """Turns a document (parsed TOML or JSON) into settings of this version.

    stored: they were accepted once, so rules that came later do not refuse them: an update must not keep a
    hotline from starting. Raises SettingsRefused with all complaints together; `file` is named in each.
    """
    complaints = Complaints(file, stored)
    settings = read_settings(document, version, complaints)
    check_rules(settings, complaints)
    complaints.refuse_if_any()
    return settings
