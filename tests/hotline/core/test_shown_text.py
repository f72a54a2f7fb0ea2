"""Names that strangers chose are shown as text and nothing else."""

import pytest

from hotline.core.shown_text import shown_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("王伟", "王伟"),
        ("<img onerror=alert(1)>", "<img onerror=alert(1)>"),  # escaping is the page's work
        ("abc\u202etxt.exe", "abc\ufffdtxt.exe"),
        ("\u2066a\u2069", "\ufffda\ufffd"),
        ("a\r\nb\x00", "a\ufffd\ufffdb\ufffd"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("نام\u200cها", "نام\u200cها"),
    ],
)
def test_characters_that_act_on_the_display_are_replaced_by_a_mark(text, shown):
    assert shown_text(text) == shown


def test_four_kilobytes_are_cut():
    assert shown_text("x" * 4096, limit=10) == "x" * 9 + "…"
    assert shown_text("x" * 10, limit=10) == "x" * 10
