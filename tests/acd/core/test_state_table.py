"""State tables: read from text without holes, or refused."""

from __future__ import annotations

import pytest

from acd.core.state_table import Ignored, read_state_table


def test_every_pair_has_a_state_a_word_or_a_reason() -> None:
    table = read_state_table(
        """
                on     off
        push    off    on
        look    stay   -dark
        """,
        words=("stay",),
        ignored={"dark": "nothing can be seen"},
    )
    assert table == {
        ("on", "push"): "off",
        ("off", "push"): "on",
        ("on", "look"): "stay",
        ("off", "look"): Ignored("nothing can be seen"),
    }


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("push off", "line push: 1 outcomes for 2 states"),
        ("push off away", "line push, state off: unknown outcome away"),
        ("push off -why", "line push, state off: unknown outcome -why"),
    ],
)
def test_a_hole_or_an_unknown_word_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_state_table(f"on off\n{line}", words=(), ignored={})
