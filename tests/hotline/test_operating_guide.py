"""The operating guide names every setting and every command, in both languages; the index every decision."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from hotline.cli import COMMANDS
from hotline.core.settings import Hotline, Queue, Team

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh.md"])
@pytest.mark.parametrize("table", [Hotline, Queue, Team])
def test_every_key_is_explained(guide: str, table: type) -> None:
    words = set(re.findall(r"[a-z][a-z_]*", (DOCS / guide).read_text("utf-8")))
    assert {field.name for field in fields(table)} - words == set()


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh.md"])
def test_every_command_is_told_of(guide: str) -> None:
    text = (DOCS / guide).read_text("utf-8")
    words = set(re.findall(r"[a-z]+", " ".join(re.findall(r"`[^`]+`|^    hotline .*$", text, re.MULTILINE))))
    assert {command.name for command in COMMANDS} - words == set()


def test_both_guides_have_the_same_sections() -> None:
    english, chinese = ((DOCS / guide).read_text("utf-8") for guide in ("operating.md", "operating.zh.md"))
    assert english.count("\n## ") == chinese.count("\n## ")


def test_the_index_names_every_decision() -> None:
    index = (DOCS / "adr" / "README.md").read_text("utf-8")
    assert re.findall(r"\((\d{4}-[a-z-]+\.md)\)", index) == sorted(
        path.name for path in (DOCS / "adr").glob("0*.md")
    )
