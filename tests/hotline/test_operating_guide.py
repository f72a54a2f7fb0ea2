"""The operating guide names every setting and every command, in both languages; the index every decision."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from hotline.cli import COMMANDS
from hotline.core import settings
from hotline.core.settings_check import check_settings
from hotline.core.settings_document import DOCUMENT_KEYS, WEEKDAYS

DOCS = Path(__file__).parents[2] / "docs"
FIRST_SETTINGS = Path(__file__).parents[2] / "hotline" / "defaults" / "settings.toml"
TABLES = (
    settings.Hotline,
    settings.FailedOffers,
    settings.FailedOffer,
    settings.Reason,
    settings.Trunk,
    settings.Phone,
    settings.Queue,
    settings.Step,
    settings.WithoutAgents,
    settings.Agent,
    settings.Team,
    settings.Number,
    settings.Flow,
    settings.Menu,
    settings.Choice,
    settings.Hours,
    settings.Outgoing,
    settings.OutgoingRule,
    settings.Verification,
    settings.Callbacks,
)


def code_of(guide: str) -> str:
    """What stands as code in a guide: keys, commands, examples."""
    text = (DOCS / guide).read_text("utf-8")
    return "\n".join(re.findall(r"`[^`]+`|^    .*$", text, re.MULTILINE))


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh.md"])
@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_explained(guide: str, table: type) -> None:
    keys = {DOCUMENT_KEYS.get(field.name, field.name) for field in fields(table)}
    if "weekdays" in keys:
        keys = keys - {"weekdays"} | {WEEKDAYS[0], WEEKDAYS[-1]}
    assert keys - set(re.findall(r"[a-z][a-z_]*", code_of(guide))) == set()


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh.md"])
def test_the_example_of_lines_and_flows_is_good(guide: str) -> None:
    (example,) = re.findall(
        r"^    \[\[trunk\]\]\n(?:    .*\n|\n)*", (DOCS / guide).read_text("utf-8"), re.MULTILINE
    )
    document = tomllib.loads(FIRST_SETTINGS.read_text("utf-8")) | tomllib.loads(example)
    read = check_settings(document, file=guide, version=1)
    assert [trunk.kind for trunk in read.trunks] == ["registered"]
    assert [len(menu.choices) for menu in read.flows[0].menus] == [2]


@pytest.mark.parametrize("guide", ["operating.md", "operating.zh.md"])
def test_every_command_is_told_of(guide: str) -> None:
    text = (DOCS / guide).read_text("utf-8")
    words = set(re.findall(r"[a-z]+", " ".join(re.findall(r"`[^`]+`|^    hotline .*$", text, re.MULTILINE))))
    assert {command.name for command in COMMANDS} - words == set()


def test_both_guides_have_the_same_sections() -> None:
    english, chinese = ((DOCS / guide).read_text("utf-8") for guide in ("operating.md", "operating.zh.md"))
    assert english.count("\n## ") == chinese.count("\n## ")


def test_both_guides_to_the_pages_tell_of_the_same() -> None:
    english, chinese = (
        (DOCS / guide).read_text("utf-8").splitlines() for guide in ("pages.md", "pages.zh.md")
    )
    assert len(english) == len(chinese)
    addresses = [{word for word in line.split("`") if word.startswith("/")} for line in english]
    assert [line.startswith("**") for line in english] == [line.startswith("**") for line in chinese]
    assert all(
        words <= set(theirs.replace("来电编号", "CONTACT").split("`"))
        for words, theirs in zip(addresses, chinese, strict=True)
    )


def test_the_index_names_every_decision() -> None:
    index = (DOCS / "adr" / "README.md").read_text("utf-8")
    assert re.findall(r"\((\d{4}-[a-z-]+\.md)\)", index) == sorted(
        path.name for path in (DOCS / "adr").glob("0*.md")
    )
