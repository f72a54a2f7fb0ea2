"""The catalogue: every text in both languages, holes refused when it is read."""

import pytest

from hotline.catalogue import CatalogueError, in_language, load_catalogue, parse_texts
from hotline.core.settings import Text


def test_the_catalogue_that_comes_with_the_program_is_complete():
    catalogue = load_catalogue()
    assert "wallboard.waiting_now" in catalogue.keys
    assert catalogue.text("wallboard.agents_on", "zh", count=3) == "在线 3"
    assert catalogue.text("wallboard.agents_on", "en", count=3) == "3 signed in"


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"page": {"hello": {"zh": "你好"}}}, "page.hello has zh: allowed exactly zh and en"),
        ({"page": {"hello": {"zh": "你好", "en": ""}}}, "page.hello: zh and en must be texts"),
        ({"page": {"hello": "hi"}}, "page.hello = 'hi': allowed a table with zh and en"),
        ({"page": {"n": {"zh": "{a}", "en": "{b}"}}}, "page.n: zh and en name different values"),
        ({"page": {"hello": {"zh": "你好", "en": "hi", "fr": "salut"}}}, "page.hello has en, fr, zh"),
    ],
)
def test_an_incomplete_text_is_refused_with_its_key(document, complaint):
    with pytest.raises(CatalogueError, match=r"t\.toml") as refused:
        parse_texts(document, file="t.toml")
    assert complaint in str(refused.value)


def test_unknown_key_language_and_missing_value_are_told():
    catalogue = parse_texts({"a": {"b": {"zh": "{n} 个", "en": "{n} of them"}}})
    with pytest.raises(CatalogueError, match=r"no text 'a\.c'"):
        catalogue.text("a.c", "zh")
    with pytest.raises(CatalogueError, match="needs a value for 'n'"):
        catalogue.text("a.b", "zh")
    with pytest.raises(CatalogueError, match="'fr'"):
        in_language(Text("一", "one"), "fr")


def test_a_section_goes_to_a_page_without_its_prefix():
    catalogue = parse_texts({"a": {"b": {"zh": "一", "en": "one"}, "c": {"d": {"zh": "二", "en": "two"}}}})
    assert catalogue.section("a", "en") == {"b": "one", "c.d": "two"}
