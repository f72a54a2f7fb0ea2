"""Settings as TOML: whatever is written reads back the same, and a person can read it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hotline
from hotline.core.settings_check import check_settings, settings_to_document
from hotline.core.settings_toml import document_to_toml

texts = st.text().filter(str.isprintable)
plain = (
    texts | st.integers(-(2**53), 2**53) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
)
values = plain | st.lists(texts) | st.dictionaries(texts, plain | st.lists(texts))
tables = st.recursive(
    st.dictionaries(texts, values, max_size=4),
    lambda inner: st.dictionaries(texts, values | st.lists(inner, min_size=1, max_size=3), max_size=4),
    max_leaves=8,
)


@given(tables)
def test_what_is_written_reads_back_the_same(document: dict[str, Any]) -> None:
    assert tomllib.loads(document_to_toml(document)) == document


@pytest.mark.parametrize("name", ["settings.toml", "demo.toml"])
def test_the_shipped_settings_come_back_equal(name: str) -> None:
    file = Path(hotline.__file__).parent / "defaults" / name
    settings = check_settings(tomllib.loads(file.read_text("utf-8")), file=name, version=1)
    text = document_to_toml(settings_to_document(settings))
    assert check_settings(tomllib.loads(text), file="export.toml", version=1) == settings


def test_it_can_be_read_by_people() -> None:
    document = {
        "skills": ["zh", "粤语"],
        "hotline": {"name": {"zh": "热线", "en": "Hotline"}, "survey": True},
        "agent": [{"number": "1001", "skills": {"zh": 10, "粤语": 3}}, {"number": "1002", "skills": {}}],
        "flow": [{"name": "main", "menu": [{"name": "a", "timeout_s": 5.0, "choice": [{"digit": "1"}]}]}],
        "hours": [],
    }
    assert (
        document_to_toml(document)
        == """\
skills = ["zh", "粤语"]
hours = []

[hotline]
name = { zh = "热线", en = "Hotline" }
survey = true

[[agent]]
number = "1001"
skills = { zh = 10, "粤语" = 3 }

[[agent]]
number = "1002"
skills = {}

[[flow]]
name = "main"

[[flow.menu]]
name = "a"
timeout_s = 5.0

[[flow.menu.choice]]
digit = "1"
"""
    )
