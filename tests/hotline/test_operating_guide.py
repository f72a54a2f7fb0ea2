"""The operating guide names every setting of the house, of queues and of teams, in both languages."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from hotline.core.settings import Hotline, Queue, Team

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh.md"])
@pytest.mark.parametrize("table", [Hotline, Queue, Team])
def test_every_key_is_explained(guide: str, table: type) -> None:
    words = set(re.findall(r"[a-z][a-z_]*", (DOCS / guide).read_text("utf-8")))
    assert {field.name for field in fields(table)} - words == set()
